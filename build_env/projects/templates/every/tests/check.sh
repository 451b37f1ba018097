#!/bin/sh
# Tests the program; usage: check.sh PROGRAM VERSION
set -eu
[ "$("$1")" = "Hello from @NAME@" ]
[ "$("$1" --version)" = "@NAME@ $2" ]
echo "all tests passed"
