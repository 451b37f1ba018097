#!/bin/bash
cat >configure.ac <<'A'
AC_INIT([greet], [1.0])
AC_PROG_CC
AC_CHECK_LIB([nowhere], [nothing], [], [AC_MSG_ERROR([libnowhere is needed])])
AC_OUTPUT
A
autoconf && ./configure
