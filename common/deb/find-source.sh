#!/bin/bash
# Finds a source package of the distribution: find-source.sh NAME [VERSION], the newest without a version.
# Prints what the index that the image holds says of it:
#   known VERSION                   each version that there is
#   version VERSION                 the one that is meant; what follows are its files, the .dsc first
#   file DIGEST SIZE NAME URL
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=common/deb/lib.sh
. "$here/lib.sh"

# versions NAME: the versions of a source package, the newest first
versions() {
    local version newest='' found=()
    mapfile -t found < <(apt-cache showsrc --only-source "$1" 2>/dev/null | sed -n 's/^Version: //p' | sort -u)
    while [ "${#found[@]}" -gt 0 ]; do
        newest=${found[0]}
        for version in "${found[@]}"; do
            ! dpkg --compare-versions "$version" gt "$newest" || newest=$version
        done
        say "$newest"
        mapfile -t found < <(printf '%s\n' "${found[@]}" | grep -Fxv -- "$newest")
    done
}

# sources_of BINARY: the source packages that build it
sources_of() {
    apt-cache showsrc "$1" 2>/dev/null | sed -n 's/^Package: //p' | sort -u | xargs
}

name=${1:-} wanted=${2:-}
[ -n "$name" ] || fail "$EX_USAGE" "usage: find-source.sh NAME [VERSION]"
compgen -G '/var/lib/apt/lists/*_Sources*' >/dev/null \
    || fail "$EX_CONFIG" "the image holds no index of source packages" "run again with --refresh"
where=$(. /etc/os-release && echo "the archive of $ID/$VERSION_ID")
mapfile -t known < <(versions "$name")
if [ "${#known[@]}" -eq 0 ]; then
    sources=$(sources_of "$name")
    [ -z "$sources" ] || fail 1 "$name is no source package, it is built from $sources" "a source is found by its own name"
    fail 1 "$where has no source package $name" \
        "names are those of the distribution; when the image is old: run again with --refresh"
fi
version=${wanted:-${known[0]}}
printf '%s\n' "${known[@]}" | grep -Fxq -- "$version" \
    || fail 1 "$where has no $name $version" "its index has: ${known[*]}"
printf 'known %s\n' "${known[@]}"
say "version $version"
apt-get -qq source --print-uris --only-source "$name=$version" | awk '
    $4 ~ /^SHA256:/ {
        gsub(/\047/, "", $1)
        sub(/^SHA256:/, "", $4)
        line = "file " $4 " " $3 " " $2 " " $1
        if ($2 ~ /\.dsc$/) print line
        else rest = rest line "\n"
    }
    END { printf "%s", rest }'
