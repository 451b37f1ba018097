#!/bin/bash
# The layer of the verify stage: lintian, and nothing of the package. The check itself is `build.sh --verify`.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=common/deb/lib.sh
. "$here/lib.sh"

case ${1:-} in
--download) options=(--download-only) finish=tidy_archives ;;
--install) options=() finish=clean_apt ;;
*) fail "$EX_USAGE" "usage: verify.sh --download | --install" ;;
esac
need_root
if command -v lintian >/dev/null; then
    say "lintian is there already"
    exit 0
fi
need_index
offer_archives
run_apt install "${options[@]}" lintian
"$finish"
