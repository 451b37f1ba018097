#!/bin/bash
# Gathers a package as a project holds it: the tree of a Debian source package, or of a directory that has packaging.
# With NAME VERSION DIGEST the source package is that of the distribution whose .dsc has the digest. Leaves out/NAME.tar, where NAME is that of the source: the package's files, for src/NAME. Upstream tarballs lie at its
# top, so that the source package that is made of it has the same; its patches are not applied.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=common/deb/lib.sh
. "$here/../deb/lib.sh"

need BUILD_SRC BUILD_WORK BUILD_OUT
tree=$BUILD_WORK/tree
if [ $# -eq 3 ]; then
    BUILD_SRC=$BUILD_WORK/fetched
    mkdir "$BUILD_SRC"
    (cd "$BUILD_SRC" && apt-get -qq -o Acquire::Retries=3 source --download-only --only-source "$1=$2") \
        || fail "$EX_CONFIG" "the source package $1 $2 cannot be fetched; apt says why above"
    sha256sum --check --quiet <<<"$3  $BUILD_SRC/${1}_${2#*:}.dsc" || fail 1 "it is not the source package that the index names"
fi
sources=("$BUILD_SRC"/*.dsc)
if [ -f "$BUILD_SRC/deb/changelog" ] || [ -f "$BUILD_SRC/debian/changelog" ] || [ ! -f "${sources[0]}" ]; then
    cp -R "$BUILD_SRC" "$tree"
else
    dpkg-source --skip-patches --no-copy --extract "${sources[0]}" "$tree"
    find "$BUILD_SRC" -maxdepth 1 -type f -name '*.orig*.tar.*' -exec cp -t "$tree" {} +
fi
changelog=$tree/deb/changelog
[ -f "$changelog" ] || changelog=$tree/debian/changelog
[ -f "$changelog" ] || fail 1 "it has no debian/changelog"
name=$(dpkg-parsechangelog -l "$changelog" -S Source)
[ -n "$name" ] || fail 1 "debian/changelog names no source package"
chmod -R u=rwX,go=rX "$tree"
tar --create --file "$BUILD_OUT/${name//\//-}.tar" --directory "$tree" --sort=name --owner=0 --group=0 --numeric-owner .
