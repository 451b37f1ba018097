#!/bin/bash
# The package script of the Debian family: turns src/PACKAGE into a source package (--source), fetches and installs its
# build dependencies (--download, --install), builds its binary packages (--build) and checks the results (--verify).
# It runs in a room; what it may rely on is described with the room: BUILD_* variables and in/, work/, out/.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=common/deb/lib.sh
. "$here/lib.sh"

DEPENDS_FILE=build-depends.dsc
CONTROL_FILE=pinned-control.txt
CROSS_PROFILES='cross,nocheck'

usage() {
    cat <<'TEXT'
usage: build.sh [--source] [--build[=STEP]] [--verify] [--download] [--install] [--arch=ARCH] [--docker=TARGET]
                [--archive-version=VERSION --archive-sha256=DIGEST [--archive-suffix=SUFFIX] [--archive-patch=FILE]...]
                [--fetch=NAME=DIGEST=URL]...
                [--print-target | --print-package-name | --print-package-version]
No stage: source, build and verify. --install installs build dependencies, --download only fetches them, so that
--install needs no network then; both need root.
--build=STEP does one step of a build: extract, make (configure and compile), package; without a step, all.
--archive-version: the source package is the distribution's own; DIGEST is that of its .dsc file. SUFFIX is put
behind its version, and patches (below the build root) on top of its own.
--fetch: an upstream tarball, which is fetched if it is of this version and none of its name is given.
TEXT
}

# ---------------------------------------------------------------------------------------------- facts

is_cross() {
    [ "$ARCH" != "$BUILD_HOST_ARCH" ]
}

# What was chosen about the build comes in variables: BUILD_PROFILES and BUILD_OPTIONS are words, BUILD_ONLY is arch or
# indep. has_word WORDS WORD
has_word() {
    case " $1 " in *" $2 "*) return 0 ;; *) return 1 ;; esac
}

# profiles_in_force: for dpkg and apt, which want commas
profiles_in_force() {
    local profiles=${BUILD_PROFILES:-}
    ! is_cross || profiles="${CROSS_PROFILES/,/ } $profiles"
    xargs <<<"$profiles" | tr ' ' ,
}

# field FILE NAME: the value of a field of a control file, continuation lines included
field() {
    awk -v name="$2" '
        /^-----BEGIN PGP SIGNATURE/ { exit }
        /^[^ \t]/ { found = 0 }
        tolower($0) ~ "^" tolower(name) ":" { found = 1; sub(/^[^:]*:[ \t]*/, "") }
        found { print }' "$1"
}

# The folder of packaging: deb/, which may stand beside upstream's own debian/, else debian/.
packaging() {
    local folder=$BUILD_SRC/deb
    [ -f "$folder/changelog" ] || folder=$BUILD_SRC/debian
    [ -f "$folder/changelog" ] || fail 1 "$BUILD_SRC has no debian/changelog" \
        "packaging for Debian lies in the folder debian (or deb) of a package"
    say "$folder"
}

changelog() {
    local file
    file=$(packaging)/changelog
    printf '%s %s\n' "$(dpkg-parsechangelog -l "$file" -S Source)" "$(dpkg-parsechangelog -l "$file" -S Version)"
}

print_name() {
    if [ -n "${BUILD_PACKAGE:-}" ]; then say "$BUILD_PACKAGE"; else changelog | cut -d ' ' -f 1; fi
}

print_version() {
    if [ -n "$archive_version" ]; then say "$archive_version$archive_suffix"; else changelog | cut -d ' ' -f 2; fi
}

print_target() {
    say "${docker:-$(. /etc/os-release && echo "$ID/$VERSION_ID")}"
}

# The one source package of a folder.
find_dsc() {
    local file found=''
    for file in "$1"/*.dsc; do
        if [ ! -f "$file" ] || [ "${file##*/}" = "$DEPENDS_FILE" ]; then continue; fi
        [ -z "$found" ] || fail 1 "more than one source package: ${found##*/} and ${file##*/}"
        found=$file
    done
    [ -n "$found" ] || fail 1 "no source package (.dsc) in $1"
    say "$found"
}

# --------------------------------------------------------------------------------------------- source

# What the layer of build dependencies is made from. Name and version are constant, so that packages with equal
# build dependencies share a layer and a new version of the package makes no new one.
write_depends() {
    {
        printf '%s\n' "Source: build-depends" "Binary: build-depends" "Architecture: any" "Version: 0"
        awk '
            /^-----BEGIN PGP SIGNATURE/ { exit }
            /^[^ \t]/ { found = /^Build-(Depends|Conflicts)(-Arch|-Indep)?:/ }
            found { print }' "$1"
    } >"$BUILD_OUT/$DEPENDS_FILE"
}

# The bytes of a source package depend on the folder's name, on modes and on times, so a copy gets fixed ones.
copy_tree() {
    local tree=$1
    rm -rf "$tree"
    mkdir -p "${tree%/*}"
    cp -R "$BUILD_SRC" "$tree"
    chmod -R u=rwX,go=rX "$tree"
    if [ -f "$tree/deb/changelog" ]; then
        rm -rf "$tree/debian" # upstream's own, which ours stands in for
        mv "$tree/deb" "$tree/debian"
        rm -f "$tree/debian/build.sh"
    fi
    rm -rf "$tree/rpm"
    rm -f "$tree/definition.yaml" "$tree/build.yaml" "$tree/package.py"
    find "$tree" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
}

# upstream_files STEM: the tarballs NAME_VERSION.orig… that dpkg-source will look for: given beside the package's
# directory, or else pinned
upstream_files() {
    local stem=$1 file folder=$BUILD_WORK/fetched word wanted=()
    for word in "${fetches[@]}"; do
        [ -f "${BUILD_SRC%/*}/${word%%=*}" ] || wanted+=("$word")
    done
    if [ "${#wanted[@]}" -gt 0 ]; then
        need BUILD_DOWNLOADS
        # shellcheck source=common/fetch/fetch.sh
        . "${here%/*}/fetch/fetch.sh"
        fetch_pinned "$folder" "$stem.orig[.-]*" "${wanted[@]}" >&2
    fi
    for file in {"${BUILD_SRC%/*}","$folder"}/"$stem".orig{.tar.*,-*.tar.*}; do
        [ ! -f "$file" ] || say "$file"
    done
}

# unpack_upstream TREE FILE: as dpkg-source does it, components into directories of their own
unpack_upstream() {
    local tree=$1 file=$2 place=$1 inner=$BUILD_WORK/source/unpacked found=()
    case ${file##*/} in
    *.asc) return 0 ;;
    *.orig-*.tar.*)
        place=${file##*.orig-}
        place=$tree/${place%.tar.*}
        ;;
    esac
    rm -rf "$inner"
    mkdir -p "$inner" "$place"
    tar --extract --file "$file" --directory "$inner" --no-same-owner
    mapfile -d '' found < <(find "$inner" -mindepth 1 -maxdepth 1 -print0)
    if [ "${#found[@]}" -eq 1 ] && [ -d "${found[0]}" ]; then inner=${found[0]}; fi
    # Packaging of upstream's own gives way, as for dpkg-source.
    [ "$place" != "$tree" ] || rm -rf "$inner/debian"
    cp -R "$inner/." "$place/"
}

# take_upstream TREE FILE...: the tarballs where dpkg-source looks, and in the tree if it is but packaging
take_upstream() {
    local tree=$1 file
    if [ -z "$(only_packaging "$tree")" ]; then
        cp "${@:2}" "$BUILD_OUT/"
        return 0
    fi
    for file in "${@:2}"; do
        unpack_upstream "$tree" "$file"
        cp "$file" "$BUILD_OUT/"
    done
    chmod -R u=rwX,go=rX "$tree"
    find "$tree" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
}

# only_packaging TREE: says so if there is nothing in it but debian/
only_packaging() {
    [ -n "$(find "$1" -mindepth 1 -maxdepth 1 ! -name debian ! -name '.git*' -print -quit)" ] || say yes
}

# take_back_patches TREE: what the patches of the series changed in it, if they are applied: the archive that is made of
# the tree must be the one that they are for
take_back_patches() {
    local tree=$1 series=$1/debian/patches/series names=() name
    [ ! -f "$series" ] || mapfile -t names < <(sed 's/[[:space:]#].*//; /^$/d' "$series")
    [ ! -s "$tree/.pc/applied-patches" ] || mapfile -t names <"$tree/.pc/applied-patches"
    rm -rf "$tree/.pc"
    [ "${#names[@]}" -gt 0 ] || return 0
    if patch_tree "$tree" "${names[0]}" --dry-run || ! patch_tree "$tree" "${names[-1]}" --dry-run --reverse; then
        return 0
    fi
    say "the patches of debian/patches are applied: they are taken back"
    for name in $(printf '%s\n' "${names[@]}" | tac); do
        patch_tree "$tree" "$name" --reverse || fail 1 "debian/patches/$name is applied in part only" \
            "apply all patches of the series (quilt push -a) or none (quilt pop -a)"
    done
}

# patch_tree TREE NAME OPTION...: patch, with one of the series
patch_tree() {
    patch --directory="$1" --strip=1 --force --silent --no-backup-if-mismatch --reject-file=- "${@:3}" \
        <"$1/debian/patches/$2" >/dev/null 2>&1
}

# A package of the format 3.0 (quilt) has an upstream archive: without one everything but debian/ is made one.
make_upstream_archive() {
    local tree=$1 name=$2 version=$3
    tar --create --directory "${tree%/*}" --exclude "${tree##*/}/debian" --sort=name --format=gnu \
        --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" "${tree##*/}" \
        | gzip -9n >"$BUILD_OUT/${name}_${version}.orig.tar.gz"
}

source_tree() {
    local name version upstream tree dsc found given watched=''
    read -r name version <<<"$(changelog)"
    [ -n "$version" ] || fail 1 "debian/changelog names no version"
    upstream=${version#*:}
    upstream=${upstream%-*}
    tree=$BUILD_WORK/source/$name-$upstream
    SOURCE_DATE_EPOCH=$(dpkg-parsechangelog -l "$(packaging)/changelog" -S Timestamp)
    export SOURCE_DATE_EPOCH
    copy_tree "$tree"
    found=$(upstream_files "${name}_$upstream")
    mapfile -t given <<<"$found"
    if [ -z "$found" ]; then given=(); fi
    if [ "${#given[@]}" -gt 0 ]; then
        take_upstream "$tree" "${given[@]}"
    elif grep -qs quilt "$tree/debian/source/format"; then
        [ ! -f "$tree/debian/watch" ] || watched="debian/watch may find it: build-env pin ${BUILD_PACKAGE:-$name}@$(print_target)"
        [ -z "$(only_packaging "$tree")" ] || fail 1 "$name $upstream has packaging only, and no upstream tarball" \
            "put ${name}_$upstream.orig.tar.gz (or .xz, .bz2) into the package's directory or beside it" \
            ${watched:+"$watched"}
        say "no ${name}_$upstream.orig.tar.* is given: it is made of what the package has outside of debian/"
        take_back_patches "$tree"
        make_upstream_archive "$tree" "$name" "$upstream"
    fi
    (cd "$BUILD_OUT" && dpkg-source --build "$tree") || fail 1 "dpkg-source cannot make the source package; it says why above"
    dsc=$(find_dsc "$BUILD_OUT")
    write_depends "$dsc"
}

digest_matches() {
    [ -f "$1" ] && [ "$(sha256sum <"$1" | cut -d ' ' -f 1)" = "$2" ]
}

# files_of DSC: one line "DIGEST NAME" for each file that belongs to it
files_of() {
    field "$1" Checksums-Sha256 | awk 'NF == 3 { print $1, $3 }'
}

# archive_complete FOLDER DSC: the .dsc is the pinned one and its files are those that it names
archive_complete() {
    local digest file
    digest_matches "$1/$2" "$archive_sha256" || return 1
    while read -r digest file; do
        digest_matches "$1/$file" "$digest" || return 1
    done < <(files_of "$1/$2")
}

copy_archive() {
    local from=$1 dsc=$2 to=$3 digest file
    for file in "$dsc" $(files_of "$from/$dsc" | cut -d ' ' -f 2); do
        # Another run may read the cache now: it sees a whole file or none.
        cp "$from/$file" "$to/.$file.$$"
        mv -f "$to/.$file.$$" "$to/$file"
    done
}

download_archive() {
    local name=$1 folder=$2 status=0 log known
    rm -rf "$folder"
    mkdir -p "$folder"
    log=$BUILD_WORK/download.log
    (cd "$folder" && apt-get -qq -o Acquire::Retries=3 source --download-only --only-source \
        "$name=$archive_version") >"$log" 2>&1 || status=$?
    cat "$log"
    [ "$status" -ne 0 ] || return 0
    if grep -q 'You must put some .*deb-src' "$log"; then
        fail "$EX_CONFIG" "the image holds no index of source packages" "run again with --refresh"
    fi
    if grep -Eq "Can not find version|Unable to find a source package|Couldn't find" "$log"; then
        known=$(apt-cache showsrc --only-source "$name" 2>/dev/null | sed -n 's/^Version: //p' | sort -u | xargs)
        fail "$EX_CONFIG" "the archive of $(print_target) has no $name $archive_version; its index has: ${known:-nothing}" \
            "correct the pin in src/$name/definition.yaml, or run again with --refresh when the image is old"
    fi
    if grep -Eq '404 +Not Found' "$log"; then
        fail "$EX_CONFIG" "the mirror does not have a file of $name $archive_version that its index names" \
            "when the image is old: run again with --refresh; else the mirror is incomplete: run again later"
    fi
    fail "$EX_TEMPFAIL" "$name $archive_version is not in the download cache and cannot be fetched" \
        "connect to the network and run again"
}

source_archive() {
    local name dsc cache fetched
    need BUILD_PACKAGE BUILD_DOWNLOADS
    [ -n "$archive_version" ] || fail "$EX_USAGE" "--archive-sha256 needs --archive-version"
    [[ $archive_sha256 =~ ^[0-9a-f]{64}$ ]] || fail "$EX_USAGE" "--archive-sha256 needs a digest of 64 digits"
    name=$BUILD_PACKAGE
    dsc=${name}_${archive_version#*:}.dsc
    cache=$BUILD_DOWNLOADS
    if archive_complete "$cache" "$dsc"; then
        say "$dsc comes from the download cache"
    else
        fetched=$BUILD_WORK/download
        download_archive "$name" "$fetched"
        [ -f "$fetched/$dsc" ] || fail 1 "the archive did not give $dsc"
        digest_matches "$fetched/$dsc" "$archive_sha256" || fail 1 "$dsc is not the pinned one" \
            "pinned $archive_sha256" "found  $(sha256sum <"$fetched/$dsc" | cut -d ' ' -f 1)"
        archive_complete "$fetched" "$dsc" || fail "$EX_TEMPFAIL" "a file of $dsc has not the digest that $dsc gives"
        copy_archive "$fetched" "$dsc" "$cache"
    fi
    if [ -n "$archive_suffix${archive_patches[*]}" ]; then
        change_archive "$cache" "$dsc"
    else
        copy_archive "$cache" "$dsc" "$BUILD_OUT"
    fi
    dsc=$(find_dsc "$BUILD_OUT")
    write_depends "$dsc"
    # What it builds and what that needs, for the next plan: nothing else says it before the source is fetched.
    { say "#package $name"; unpacked_control "$dsc"; } >"$BUILD_OUT/$CONTROL_FILE"
}

unpacked_control() {
    local tree=$BUILD_WORK/unpacked
    rm -rf "$tree"
    dpkg-source --no-check --skip-patches --extract "$1" "$tree" >"$BUILD_WORK/unpacked.log" 2>&1 || {
        cat "$BUILD_WORK/unpacked.log" >&2
        fail 1 "$1 cannot be unpacked"
    }
    grep -v '^#' "$tree/debian/control"
}

# change_archive FOLDER DSC: the source package with a version and patches of ours; what is upstream's stays as it is
change_archive() {
    local from=$1 tree=$BUILD_WORK/source/changed digest file epoch
    rm -rf "$tree"
    mkdir -p "${tree%/*}"
    dpkg-source --no-check --skip-patches --extract "$from/$2" "$tree"
    for file in "${archive_patches[@]}"; do
        add_patch "$tree" "$BUILD_ROOT/$file"
    done
    # One second later than the distribution's: the same bytes whenever it is made.
    epoch=$(($(dpkg-parsechangelog -l "$tree/debian/changelog" -S Timestamp) + 1))
    add_entry "$tree/debian/changelog" "$epoch"
    export SOURCE_DATE_EPOCH=$epoch
    find "$tree" -exec touch -h -d "@$epoch" {} +
    while read -r digest file; do
        case $file in *.orig.tar.* | *.orig-*.tar.*) cp "$from/$file" "$BUILD_OUT/" ;; esac
    done < <(files_of "$from/$2")
    (cd "$BUILD_OUT" && dpkg-source --build "$tree")
}

# add_patch TREE FILE: the last of the series; a package that has no series gets it applied
add_patch() {
    local name=${2##*/} series=$1/debian/patches/series
    [ -f "$2" ] || fail 1 "the patch $2 is not there"
    if grep -qs quilt "$1/debian/source/format"; then
        mkdir -p "${series%/*}"
        [ ! -e "${series%/*}/$name" ] || fail 1 "$archive_version has a patch $name itself" "give the file another name"
        cp "$2" "${series%/*}/$name"
        chmod 644 "${series%/*}/$name"
        # A last line without its end must not swallow the name.
        [ ! -s "$series" ] || [ -z "$(tail -c 1 "$series")" ] || say >>"$series"
        say "$name" >>"$series"
    else
        patch --directory="$1" --strip=1 --no-backup-if-mismatch --forward <"$2" || fail 1 "the patch $name does not apply"
    fi
}

# add_entry CHANGELOG EPOCH: a version of ours on top
add_entry() {
    local own=$BUILD_WORK/changelog source distribution maintainer
    source=$(dpkg-parsechangelog -l "$1" -S Source)
    distribution=$(dpkg-parsechangelog -l "$1" -S Distribution)
    maintainer=$(dpkg-parsechangelog -l "$1" -S Maintainer)
    {
        printf '%s (%s) %s; urgency=medium\n\n' "$source" "$(print_version)" "$distribution"
        say "  * Built from $archive_version by build-env."
        [ "${#archive_patches[@]}" -eq 0 ] || printf '  * Patch: %s\n' "${archive_patches[@]##*/}"
        printf '\n -- %s  %s\n\n' "$maintainer" "$(LC_ALL=C date --utc --rfc-email --date="@$2")"
        cat "$1"
    } >"$own"
    cat "$own" >"$1"
}

# given_source: whether the package is a finished source package
given_source() {
    [ ! -f "$BUILD_SRC/deb/control" ] && [ ! -f "$BUILD_SRC/debian/control" ] && compgen -G "$BUILD_SRC/*.dsc" >/dev/null
}

source_given() {
    local dsc digest file files
    dsc=$(find_dsc "$BUILD_SRC")
    files=$(files_of "$dsc")
    [ -n "$files" ] || fail 1 "${dsc##*/} names no files" "a source package has the field Checksums-Sha256"
    while read -r digest file; do
        digest_matches "$BUILD_SRC/$file" "$digest" || fail 1 "$file is not the file that ${dsc##*/} means" \
            "there it has the digest $digest" "fetch both again"
    done <<<"$files"
    copy_archive "$BUILD_SRC" "${dsc##*/}" "$BUILD_OUT"
    write_depends "$dsc"
}

stage_source() {
    need BUILD_WORK BUILD_OUT
    if [ -n "$archive_version$archive_sha256" ]; then
        source_archive
    else
        need BUILD_SRC
        if given_source; then source_given; else source_tree; fi
    fi
}

# -------------------------------------------------------------------------------------------- install

# local_packages [FOLDER]: the local packages, without those that hold debug symbols
local_packages() {
    local file
    for file in "$BUILD_IN/${1:-packages}"/*.deb; do
        [ -f "$file" ] || continue
        case ${file##*/} in *-dbgsym_*) ;; *) say "$file" ;; esac
    done
}

# package_fields FILE NAME...: the values of fields of a .deb file on one line
package_fields() {
    local file=$1 format
    shift
    # shellcheck disable=SC2016 # the variables are those of dpkg-deb
    format=$(printf '${%s} ' "$@")
    dpkg-deb --show --showformat "$format" "$file"
}

is_installed() {
    local wanted found name arch
    read -r name arch wanted <<<"$(package_fields "$1" Package Architecture Version)"
    # shellcheck disable=SC2016 # the variables are those of dpkg-query
    found=$(dpkg-query --show --showformat '${db:Status-Status} ${Version}' "$name:$arch" 2>/dev/null) || return 1
    [ "$found" = "installed $wanted" ]
}

# prepare_set FOLDER...: SET are the words for apt-get that make one set of what the build needs and the local packages of
# the folders, these in exactly their versions; FILES are those. One set, so that what is fetched is what is installed.
prepare_set() {
    local folder=$BUILD_WORK/set dsc file line name arch version profiles exact='' named=''
    dsc=$folder/$DEPENDS_FILE
    mkdir -p "$folder"
    mapfile -t FILES < <(for file in "$@"; do local_packages "$file"; done)
    SET=(--allow-downgrades -o "Dir::Etc::preferences=$folder/preferences")
    for file in "${FILES[@]}"; do
        read -r name arch version <<<"$(package_fields "$file" Package Architecture Version)"
        [ "$arch" != all ] || arch=$BUILD_HOST_ARCH
        SET+=(--with-source "$file")
        exact+="$name:$arch (= $version), "
        printf 'Package: %s:%s\nPin: version %s\nPin-Priority: 1001\n\n' "$name" "$arch" "$version"
    done >"$folder/preferences"
    cat /etc/apt/preferences >>"$folder/preferences" 2>/dev/null || true
    while IFS= read -r line; do
        case $line in Build-Depends:*) line="Build-Depends: $exact${line#*:}" named=yes ;; esac
        say "$line"
    done <"$BUILD_IN/dependencies/$DEPENDS_FILE" >"$dsc"
    [ -n "$named" ] || say "Build-Depends: $exact" >>"$dsc"
    profiles=$(profiles_in_force)
    ! is_cross || SET+=(-a "$ARCH")
    [ -z "$profiles" ] || SET+=(-P "$profiles")
    [ -z "${BUILD_ONLY:-}" ] || SET+=("--$BUILD_ONLY-only")
    SET+=(build-dep "$dsc")
}

# install_set OPTION...: apt-get with the set and the options
install_set() {
    local file missing=''
    while read -r file; do
        is_installed "$file" || missing=yes
    done < <(local_packages)
    # apt takes the same version with other bytes for up to date; a kept room has to install it again.
    [ "${BUILD_REINSTALL:-0}" = 0 ] || [ -z "$(local_packages)" ] || missing=yes
    FILES=()
    if [ -z "$missing" ] && check_depends "$BUILD_IN/dependencies/$DEPENDS_FILE" >/dev/null; then
        say "the build dependencies are installed already"
        return 0
    fi
    prepare_set packages
    # What only a later alternative names is ours to give where the distribution has none of the earlier.
    if [ -n "$(local_packages alternatives)" ] && ! apt-get --simulate --quiet=2 "${SET[@]}" >/dev/null 2>&1; then
        prepare_set packages alternatives
    fi
    run_apt "$@" "${SET[@]}" || explain_unmet
}

# A tool that runs during a cross build has the host's architecture, and apt takes it for a build dependency of
# another architecture only when it says so.
explain_unmet() {
    local file name kind arch lines=()
    if is_cross; then
        for file in $(local_packages); do
            read -r name arch kind <<<"$(package_fields "$file" Package Architecture Multi-Arch)"
            [ "$arch" != "$ARCH" ] || continue
            case $kind in foreign | allowed) ;; *) lines+=("$name ($arch)") ;; esac
        done
    fi
    if [ "${#lines[@]}" -gt 0 ]; then
        fail 1 "the build dependencies for $ARCH cannot be installed on $BUILD_HOST_ARCH" \
            "these local packages lack the field \"Multi-Arch: foreign\", so they serve no other architecture:" \
            "${lines[@]}" "add the field to deb/control of each that is a build tool"
    fi
    fail 1 "the build dependencies for $ARCH cannot be installed; apt-get says why above"
}

# check_depends DEPENDS_FILE: fails, and says what is missing, when not all build dependencies are installed
check_depends() {
    local options=() name file=$1 profiles
    profiles=$(profiles_in_force)
    ! is_cross || options=(-a "$ARCH")
    [ -z "$profiles" ] || options+=(-P "$profiles")
    case ${BUILD_ONLY:-} in
    arch) options+=(-B) ;;
    indep) options+=(-A) ;;
    esac
    # dpkg refuses TOOL:native of a tool that says that it serves every architecture. apt installs it, and so it is meant.
    file=$(mktemp)
    cat "$1" >"$file"
    while IFS=: read -r name _; do
        # shellcheck disable=SC2016 # the variable is that of dpkg-query
        if dpkg-query --show --showformat '${Multi-Arch}\n' "$name" 2>/dev/null | grep -q '^foreign$'; then
            sed -i "s/\([ ,|]\)${name//./\\.}:native/\1$name/g" "$file"
        fi
    done < <(grep -oE '[a-z0-9][a-z0-9.+-]*:native' "$1" | sort -u)
    dpkg-checkbuilddeps "${options[@]}" "$file" 2>&1 || { rm -f "$file"; return 1; }
    rm -f "$file"
}

# In a container the layer has them; a machine that is its own room may lack some.
need_build_depends() {
    local file=$source_folder/$DEPENDS_FILE missing
    [ -f "$file" ] || return 0
    missing=$(check_depends "$file") || fail "$EX_CONFIG" "${missing#dpkg-checkbuilddeps: error: }" \
        "with --target $(print_target) the package is built in a container, which gets them" \
        "with --install they are installed on this machine"
}

prepare_install() {
    local file=$BUILD_IN/dependencies/$DEPENDS_FILE
    need BUILD_IN BUILD_WORK ARCH BUILD_HOST_ARCH
    need_root
    need_index
    offer_archives
    [ -f "$file" ] || fail 1 "$file is not there" "the source stage makes it"
}

stage_download() {
    prepare_install
    install_set --download-only
    tidy_archives
}

stage_install() {
    prepare_install
    install_set
    if [ "${BUILD_REINSTALL:-0}" = 1 ] && [ "${#FILES[@]}" -gt 0 ]; then
        run_apt install --reinstall --allow-downgrades "${FILES[@]}" || explain_unmet
    fi
    clean_apt
}

# ---------------------------------------------------------------------------------------------- build

# binary_option DSC: which of -b -A -B this task needs; nothing when it has nothing to make
binary_option() {
    local word any='' all=''
    for word in $(field "$1" Architecture); do
        if [ "$word" = all ]; then
            [ "$BUILD_ARCH_ALL" != 1 ] || all=yes
        elif [ "${BUILD_ONLY:-}" != indep ] && dpkg-architecture -f -a "$ARCH" -i "$word" 2>/dev/null; then
            any=yes
        fi
    done
    case $any,$all in
    yes,yes) say -b ;;
    yes,) say -B ;;
    ,yes) say -A ;;
    esac
}

# The steps are calls of their own, so that a build that failed can go on with its tree, mended by hand, from the step
# that failed. What one step knows the next ones find in this file; without it there is nothing to make.
build_state() {
    say "$BUILD_WORK/build.state"
}

build_extract() {
    local dsc option tree folder=$BUILD_WORK/build
    dsc=$(find_dsc "$source_folder")
    rm -rf "$folder" "$(build_state)"
    option=$(binary_option "$dsc")
    if [ -z "$option" ]; then
        say "nothing to make for $ARCH: $(field "$dsc" Source) has Architecture: $(field "$dsc" Architecture | xargs)"
        return 0
    fi
    need_build_depends
    tree=$folder/$(field "$dsc" Source)
    mkdir -p "$folder"
    dpkg-source --extract "$dsc" "$tree"
    say "$option $tree" >"$(build_state)"
}

# build_profiles CONTROL: nobody publishes packages for Debian's installer, so they are not built. A package without them
# gets no profile for that: dpkg writes profiles into each package.
build_profiles() {
    local profiles
    profiles=$(profiles_in_force | tr , ' ')
    if grep -Eqi '^(XC-)?Package-Type:[[:space:]]*udeb[[:space:]]*$' "$1"; then
        profiles+="${profiles:+ }noudeb"
    fi
    printf '%s\n' "$profiles"
}

# buildpackage OPTION TREE ARGUMENT...: dpkg-buildpackage in the tree
buildpackage() {
    local option=$1 tree=$2 options=() word
    shift 2
    SOURCE_DATE_EPOCH=$(dpkg-parsechangelog -l "$tree/debian/changelog" -S Timestamp)
    DEB_BUILD_OPTIONS="parallel=${BUILD_JOBS:-1}${BUILD_OPTIONS:+ $BUILD_OPTIONS}"
    # Policy has these two as options, too, and a profile of that name means both.
    for word in nocheck nodoc; do
        if has_word "${BUILD_PROFILES:-}" "$word" && ! has_word "$DEB_BUILD_OPTIONS" "$word"; then
            DEB_BUILD_OPTIONS+=" $word"
        fi
    done
    if is_cross; then
        # Whether a foreign program can run depends on the machine around the room; the result must not.
        has_word "$DEB_BUILD_OPTIONS" nocheck || DEB_BUILD_OPTIONS+=" nocheck"
        options=(-a "$ARCH")
    fi
    DEB_BUILD_PROFILES=$(build_profiles "$tree/debian/control")
    export SOURCE_DATE_EPOCH DEB_BUILD_OPTIONS DEB_BUILD_PROFILES
    # What is needed was looked at when it was extracted.
    (cd "$tree" && dpkg-buildpackage -us -uc -d "$option" "${options[@]}" "$@")
}

build_make() {
    local option tree targets
    read -r option tree <"$(build_state)"
    case $option in
    -b) targets=build ;;
    -B) targets=build-arch ;;
    -A) targets=build-indep ;;
    esac
    # A tree that this step has begun with is as somebody left it: cleaning could undo what was mended.
    if [ ! -e "$tree.begun" ]; then
        : >"$tree.begun"
        targets=clean,$targets
    fi
    buildpackage "$option" "$tree" --rules-target="$targets"
}

build_package() {
    local option tree file
    read -r option tree <"$(build_state)"
    # What is built is not built again.
    buildpackage "$option" "$tree" --no-pre-clean
    for file in "$BUILD_WORK"/build/*.{deb,ddeb,udeb,buildinfo,changes}; do
        [ ! -f "$file" ] || mv "$file" "$BUILD_OUT/"
    done
}

stage_build() {
    local step
    need BUILD_WORK BUILD_OUT BUILD_ARCH_ALL ARCH BUILD_HOST_ARCH
    for step in $build_steps; do
        [ "$step" = extract ] || [ -f "$(build_state)" ] || return 0
        "build_$step"
    done
}

# --------------------------------------------------------------------------------------------- verify

# tell_older DEB...: say of which of them the distribution has the same or a higher version: apt takes that one
tell_older() {
    local file name version theirs
    for file in "$@"; do
        name=$(dpkg-deb --field "$file" Package)
        version=$(dpkg-deb --field "$file" Version)
        theirs=$(apt-cache --no-all-versions show "$name" 2>/dev/null | sed -n 's/^Version: //p' | head -n 1) || theirs=''
        if [ -n "$theirs" ] && dpkg --compare-versions "$theirs" ge "$version"; then
            say "note: the distribution has $name $theirs: clients take $version only with build-env.pref"
        fi
    done
}

# lintian ends with 2 for errors in a package and for faults of its own alike, so its tags decide.
stage_verify() {
    local files=() file dsc status=0 log errors warnings
    need BUILD_WORK
    dsc=$(find_dsc "$source_folder")
    for file in "$dsc" "$build_folder"/*.deb; do
        [ ! -f "$file" ] || files+=("$file")
    done
    command -v lintian >/dev/null || fail "$EX_CONFIG" "lintian is not installed" "verify.sh --install installs it"
    log=$BUILD_WORK/lintian.log
    lintian --no-cfg --fail-on error --display-info --suppress-tags-from-file "$here/lintian-tags.ignore" \
        "${files[@]}" >"$log" 2>&1 || status=$?
    cat "$log"
    errors=$(grep -c '^E: ' "$log" || true)
    warnings=$(grep -c '^W: ' "$log" || true)
    say "lintian: ${#files[@]} files, $errors errors, $warnings warnings"
    tell_older "${files[@]:1}"
    [ "$errors" -eq 0 ] || fail 1 "lintian found $errors errors" \
        "what is meant so: a line in debian/PACKAGE.lintian-overrides"
    [ "$status" -eq 0 ] || fail 1 "lintian could not check the files: it ended with status $status"
}

# ----------------------------------------------------------------------------------------------- main

do_source='' do_build='' do_verify='' do_download='' do_install='' prints='' build_steps='extract make package'
docker='' fetches=() archive_version='' archive_sha256='' archive_suffix='' archive_patches=()
for argument in "$@"; do
    case $argument in
    --source) do_source=yes ;;
    --build) do_build=yes ;;
    --build=extract | --build=make | --build=package) do_build=yes build_steps=${argument#*=} ;;
    --verify) do_verify=yes ;;
    --download) do_download=yes ;;
    --install) do_install=yes ;;
    --arch=?*) ARCH=${argument#*=} ;;
    --docker=?*) docker=${argument#*=} ;;
    --archive-version=?*) archive_version=${argument#*=} ;;
    --archive-sha256=?*) archive_sha256=${argument#*=} ;;
    --archive-suffix=*) archive_suffix=${argument#*=} ;;
    --fetch=?*=?*=?*) fetches+=("${argument#*=}") ;;
    --archive-patch=?*) archive_patches+=("${argument#*=}") ;;
    --print-target | --print-package-name | --print-package-version) prints+=" ${argument#--print-}" ;;
    --help) usage; exit 0 ;;
    *) usage >&2; fail "$EX_USAGE" "unknown option $argument" ;;
    esac
done
case ${ARCH:-amd64} in
amd64 | arm64 | armhf) ;;
*) fail "$EX_USAGE" "unknown architecture $ARCH" "known are amd64, arm64, armhf" ;;
esac
if [ -n "$prints" ]; then
    for what in $prints; do
        case $what in
        target) print_target ;;
        package-name) print_name ;;
        package-version) print_version ;;
        esac
    done
    exit 0
fi
[ -n "$do_source$do_build$do_verify$do_download$do_install" ] || do_source=yes do_build=yes do_verify=yes

# A stage reads what an earlier task made, or what an earlier stage of this very call made.
source_folder=${BUILD_IN:-}/source
build_folder=${BUILD_IN:-}/build
[ -z "$do_source" ] || source_folder=${BUILD_OUT:-}
[ -z "$do_build" ] || build_folder=${BUILD_OUT:-}

[ -z "$do_source" ] || stage_source
[ -z "$do_download" ] || stage_download
[ -z "$do_install" ] || stage_install
[ -z "$do_build" ] || stage_build
[ -z "$do_verify" ] || stage_verify
