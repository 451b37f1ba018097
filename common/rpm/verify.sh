#!/bin/bash
# The layer of the verify stage: rpmlint, and nothing of the package. The check itself is `build.sh --verify`.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=common/rpm/lib.sh
. "$here/lib.sh"

case ${1:-} in
--download) options=(--downloadonly) finish=keep_archives ;;
--install) options=() finish=clean_dnf ;;
*) fail "$EX_USAGE" "usage: verify.sh --download | --install" ;;
esac
need_root
if command -v rpmlint >/dev/null; then
    say "rpmlint is there already"
    exit 0
fi
offer_archives
run_dnf install "${options[@]}" rpmlint || fail 1 "rpmlint cannot be installed; dnf says why above"
"$finish"
