#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Tests of greet-manpage; run from the directory that holds it.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
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
	"$@" >"$work/out" 2>"$work/err" || status=$?
	echo "$status"
}

echo '.TH @NAME@ 1 "@DATE@" "@VERSION@" \- a & b/c' >"$work/page.in"
echo '@NMAE@' >"$work/bad.in"

check "all variables" '.TH x 1 "2001-02-03" "1.5" \- a & b/c' \
	"$(./greet-manpage --name x --version 1.5 --date 2001-02-03 "$work/page.in")"
check "day of SOURCE_DATE_EPOCH" '.TH x 1 "2001-09-09" "1.5" \- a & b/c' \
	"$(SOURCE_DATE_EPOCH=1000000000 ./greet-manpage --name x --version 1.5 "$work/page.in")"
check "unknown variable" 2 "$(status_of ./greet-manpage --name x --version 1 "$work/bad.in")"
check "unknown option" 2 "$(status_of ./greet-manpage --nmae x "$work/page.in")"
check "missing template" 2 "$(status_of ./greet-manpage --name x --version 1 "$work/none.in")"
check "unusual character" 2 "$(status_of ./greet-manpage --name 'a|b' --version 1 "$work/page.in")"
exit "$((failures > 0))"
