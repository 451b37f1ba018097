#!/bin/bash
cat >configure.ac <<'A'
AC_INIT([greet], [1.0])
AM_INIT_AUTOMAKE([foreign])
AC_CONFIG_FILES([Makefile])
AC_OUTPUT
A
printf 'TESTS = good.sh counting.sh\n' >Makefile.am
printf '#!/bin/sh\necho "error: this message is what the test is about"\n' >good.sh
printf '#!/bin/sh\necho "expected 3, got 4"\nexit 1\n' >counting.sh
chmod +x ./*.sh
autoreconf -i >/dev/null 2>&1 && ./configure >/dev/null && make check VERBOSE=1
