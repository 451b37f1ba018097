#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Tests of the program and its manual page; usage: check.sh PROGRAM VERSION PAGE
set -eu

program=$1
version=$2
page=$3
failures=0

check() {
	if [ "$2" = "$3" ]; then
		echo "ok - $1"
	else
		echo "not ok - $1: expected '$2', found '$3'"
		failures=$((failures + 1))
	fi
}

status_of() {
	status=0
	"$@" >/dev/null 2>&1 || status=$?
	echo "$status"
}

check "name" "Hello, Ada!" "$("$program" Ada)"
check "no name" "Hello, world!" "$("$program")"
check "version" "greet $version" "$("$program" --version | cut -d ' ' -f 1,2)"
check "help" 0 "$(status_of "$program" --help)"
check "unknown option" 2 "$(status_of "$program" --nmae)"
check "two names" 2 "$(status_of "$program" a b)"
check "control character" 1 "$(status_of "$program" "$(printf 'a\tb')")"
check "page names the version" 1 "$(grep -c "\"greet $version\"" "$page")"
exit "$((failures > 0))"
