#!/bin/bash
# Fetches the sources of a spec that lie on servers: find-sources.sh FOLDER, that of the package. Prints
#   version VERSION
#   file DIGEST SIZE NAME URL       each that is not in the folder
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=common/rpm/lib.sh
. "$here/lib.sh"
# shellcheck source=common/fetch/fetch.sh
. "${here%/*}/fetch/fetch.sh"

folder=${1:-}
[ -d "$folder" ] || fail "$EX_USAGE" "usage: find-sources.sh FOLDER"
need BUILD_WORK
set_target_macros
spec=$(readlink -f "$(spec_of "$folder" "$BUILD_WORK/given")")
say "version $(query_spec "$spec" --srpm --queryformat '%{VERSION}\n')"
names=$(source_names "$spec")
while read -r name url; do
    grep -Fxq -- "$name" <<<"$names" || continue
    for place in "${spec%/*}" "$folder/SOURCES" "$folder"; do
        [ ! -f "$place/$name" ] || continue 2
    done
    download "$url" "$BUILD_WORK/$name" || explain_download "$url"
    say "file $(digest_of "$BUILD_WORK/$name") $(stat -c %s "$BUILD_WORK/$name") $name $url"
done < <(remote_sources "$spec")
