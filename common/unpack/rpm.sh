#!/bin/bash
# Gathers a package as a project holds it: a spec file with its sources beside it, out of a source package or from where
# they lie. Leaves out/NAME.tar, where NAME is what rpm calls the source: the package's files, for src/NAME.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=common/rpm/lib.sh
. "$here/../rpm/lib.sh"

# has_own_files FOLDER: whether there is more in the folder of a package than its packaging
has_own_files() {
    [ -n "$(find "$1" -mindepth 1 -maxdepth 1 ! -name rpm ! -name SPECS ! -name SOURCES ! -name '*.spec' \
        ! -name .gitignore ! -name sources -print -quit)" ]
}

# gather SPEC FOLDER: what the spec file names as its sources, in FOLDER; what is not there is in `missing`
gather() {
    local spec=$1 files file folder
    files=$(source_names "$spec")
    for file in $files; do
        for folder in "${spec%/*}" "$BUILD_SRC/SOURCES" "$BUILD_SRC"; do
            [ ! -f "$folder/$file" ] || break
        done
        if [ -f "$folder/$file" ]; then
            cp "$folder/$file" "$2/"
        else
            missing+=("$file")
        fi
    done
}

need BUILD_SRC BUILD_WORK BUILD_OUT
set_target_macros
given=$BUILD_WORK/given
folder=$(packaging_of "$BUILD_SRC" "$given")
spec=$(the_spec "$folder")
tree=$BUILD_WORK/tree
missing=()
mkdir -p "$tree/rpm"
cp "$spec" "$tree/rpm/"
if [ "$folder" = "$given" ]; then
    # All of it: another target may need what this one does not name.
    find "$given" -mindepth 1 -maxdepth 1 -type f -exec cp -t "$tree/rpm" {} +
fi
gather "$spec" "$tree/rpm"
[ ! -f "$BUILD_SRC/definition.yaml" ] || cp "$BUILD_SRC/definition.yaml" "$tree/"
spec=$tree/rpm/${spec##*/}
if [ "${#missing[@]}" -gt 0 ] && [ "$folder" = "$given" ]; then
    say "note: for this target ${spec##*/} names sources that are not in the source package: ${missing[*]}"
elif [ "${#missing[@]}" -eq 1 ] && has_own_files "$BUILD_SRC"; then
    # Its source stage makes it of the package's own files: then all of them belong to it.
    say "note: ${missing[0]} is not there: the source stage makes it of the package's own files"
    rm -rf "$tree"
    cp -R "$BUILD_SRC" "$tree"
    spec=$(spec_of "$tree" "$given")
elif [ "${#missing[@]}" -gt 0 ]; then
    remote=$(remote_sources "$spec")
    for file in "${missing[@]}"; do
        grep -Fq -- "$file " <<<"$remote" || fail 1 "these sources of ${spec##*/} are not there: ${missing[*]}" \
            "put them beside the spec file"
        say "note: $file is not there: build-env pin NAME@TARGET pins it where the spec file says that it is"
    done
fi
name=$(query_spec "$spec" --srpm --queryformat '%{NAME}\n')
chmod -R u=rwX,go=rX "$tree"
tar --create --file "$BUILD_OUT/${name//\//-}.tar" --directory "$tree" --sort=name --owner=0 --group=0 --numeric-owner .
