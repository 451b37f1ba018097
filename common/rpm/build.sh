#!/bin/bash
# The package script of the RPM family: turns src/PACKAGE into a source package (--source), fetches and installs its
# build dependencies (--download, --install), builds its binary packages (--build) and checks the results (--verify).
# It runs in a room; what it may rely on is described with the room: BUILD_* variables and in/, work/, out/.
# RPM_DIST (".el8") and RPM_RHEL ("8") say which distribution the packages are for.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=common/rpm/lib.sh
. "$here/lib.sh"

DEPENDS_FILE=build-depends.spec
NAMES_FILE=declared-names.txt
# The architectures a package may be built for, in the words of RPM.
RPM_ARCHITECTURES=(x86_64 aarch64 armv7hl)

usage() {
    cat <<'TEXT'
usage: build.sh [--source] [--build[=STEP]] [--verify] [--download] [--install] [--ask] [--arch=ARCH] [--docker=TARGET]
                [--fetch=NAME=DIGEST=URL]...
                [--print-target | --print-package-name | --print-package-version]
No stage: source, build and verify. --install installs build dependencies, --download only fetches them, so that
--install needs no network then; both need root. --ask writes the set of build dependencies with those that
%generate_buildrequires names when that much is installed.
--build=STEP does one step of a build: extract, make (configure and compile), install, package; without a step, all.
--fetch: a source that is fetched if it is one of the spec and is not given.
TEXT
}

# ---------------------------------------------------------------------------------------------- facts

# The folder of the spec file.
packaging() {
    packaging_of "$BUILD_SRC" "$BUILD_WORK/given"
}

print_name() {
    local spec
    spec=$(the_spec "$(packaging)")
    query_spec "$spec" --srpm --queryformat '%{NAME}\n'
}

print_version() {
    local spec
    spec=$(the_spec "$(packaging)")
    query_spec "$spec" --srpm --queryformat '%{VERSION}-%{RELEASE}\n'
}

print_target() {
    say "${docker:-$(. /etc/os-release && echo "$ID/${VERSION_ID%%.*}")}"
}

# The one source package of a folder.
find_srpm() {
    local found=("$1"/*.src.rpm)
    [ -f "${found[0]}" ] || fail 1 "no source package (.src.rpm) in $1"
    [ "${#found[@]}" -eq 1 ] || fail 1 "more than one source package: ${found[*]##*/}"
    say "${found[0]}"
}

# set_build_macros: RPM_MACROS also makes the bytes of the results independent of the machine. The place of the work
# is among those bytes (debug paths, build ids, the spec in the header), so it is the same in every room.
set_build_macros() {
    need BUILD_WORK SOURCE_DATE_EPOCH
    set_target_macros
    top=$BUILD_WORK/rpmbuild
    RPM_MACROS+=(
        -D "_topdir $top"
        -D "_specdir $top/SOURCES"
        -D "_tmppath $top/tmp"
        -D '_srcdefattr (-,root,root)'
        -D '_buildhost build-env'
        -D 'source_date_epoch_from_changelog 0'
        -D 'use_source_date_epoch_as_buildtime 1'
        -D 'clamp_mtime_to_source_date_epoch 1'
        -D 'build_mtime_policy clamp_to_source_date_epoch'
        -D "_smp_build_ncpus ${BUILD_JOBS:-1}"
    )
    # Releases before 4.16 know only the variable.
    export RPM_BUILD_NCPUS=${BUILD_JOBS:-1}
    umask 022
}

make_top() {
    rm -rf "$top"
    mkdir -p "$top"/{BUILD,BUILDROOT,RPMS,SOURCES,SRPMS,tmp}
}

# take RESULT...: moves results to out/, with times that do not tell when they were made
take() {
    touch -d "@$SOURCE_DATE_EPOCH" "$@"
    mv -f "$@" "$BUILD_OUT/"
}

# --------------------------------------------------------------------------------------------- source

# make_archive FILE: the package's own sources as an archive that always has the same bytes
make_archive() {
    local file=$1 folder=${1##*/} compress=()
    case $file in
    *.tar.gz) compress=(gzip -9n) ;;
    *.tar.xz) compress=(xz -9 --threads=1) ;;
    *) fail 1 "there is no ${file##*/} beside the spec" "only a .tar.gz or .tar.xz is made of the package's own sources" ;;
    esac
    folder=${folder%.tar.*}
    tar --create --directory "$BUILD_SRC" --exclude=./rpm --exclude=./SPECS --exclude=./SOURCES --exclude='./*.spec' \
        --exclude=./deb --exclude=./debian --exclude=./definition.yaml \
        --exclude=./build.yaml --exclude=./package.py --transform="s,^\.,$folder,S" --sort=name --format=gnu \
        --owner=0 --group=0 --numeric-owner --mode='u=rwX,go=rX' --mtime="@$SOURCE_DATE_EPOCH" . \
        | "${compress[@]}" >"$file"
}

# is_pinned NAME: whether there is a --fetch for it
is_pinned() {
    local word
    for word in "${fetches[@]}"; do
        [ "${word%%=*}" != "$1" ] || return 0
    done
    return 1
}

# Sources and patches that lie beside the spec, in SOURCES/ or at the top of the package are taken from there, or lie
# beside the package's directory; those that are pinned are fetched; what is missing then must be our own archive.
collect_sources() {
    local spec=$1 files file folder made='' beside
    beside=$(packaging)
    files=$(source_names "$spec")
    for file in $files; do
        for folder in "$beside" "$BUILD_SRC/SOURCES" "$BUILD_SRC" "${BUILD_SRC%/*}"; do
            [ ! -f "$folder/$file" ] || break
        done
        if [ -f "$folder/$file" ]; then
            cp "$folder/$file" "$top/SOURCES/"
        elif is_pinned "$file"; then
            need BUILD_DOWNLOADS
            # shellcheck source=common/fetch/fetch.sh
            . "${here%/*}/fetch/fetch.sh"
            fetch_pinned "$top/SOURCES" "$file" "${fetches[@]}"
        else
            [ -z "$made" ] || fail 1 "neither $made nor $file lies beside the spec"
            made=$file
            say "note: $file is made of the package's own files: it does not lie beside the spec"
            make_archive "$top/SOURCES/$file"
        fi
    done
}

# depends_lines SPEC RPM_ARCHITECTURE: what a build for the architecture needs, as lines of a spec
depends_lines() {
    local requires conflicts
    requires=$(query_spec "$1" --target "$2" --srpm --requires)
    conflicts=$(query_spec "$1" --target "$2" --srpm --conflicts)
    [ -z "$requires" ] || printf '%s\n' "$requires" | sed 's/^/BuildRequires: /'
    [ -z "$conflicts" ] || printf '%s\n' "$conflicts" | sed 's/^/BuildConflicts: /'
}

set_head() {
    printf '%s\n' 'Name: build-depends' 'Version: 0' 'Release: 0' 'Summary: Build dependencies' 'License: none'
}

set_foot() {
    printf '%s\n' '' '%description' 'The build dependencies of a package.'
}

# What the layer of build dependencies is made from. Name and version are constant, so that packages with equal
# build dependencies share a layer and a new version of the package makes no new one. The source package is made
# once, so the answers for all architectures are in it.
write_depends() {
    local spec=$1 arch first='' lines
    local -A answers
    for arch in "${RPM_ARCHITECTURES[@]}"; do
        answers[$arch]=$(depends_lines "$spec" "$arch")
    done
    first=${answers[${RPM_ARCHITECTURES[0]}]}
    lines=$first
    for arch in "${RPM_ARCHITECTURES[@]}"; do
        [ "${answers[$arch]}" = "$first" ] || lines=''
    done
    {
        set_head
        if [ -n "$lines" ]; then
            say "$lines"
        else
            for arch in "${RPM_ARCHITECTURES[@]}"; do
                [ -z "${answers[$arch]}" ] || printf '%%ifarch %s\n%s\n%%endif\n' "$arch" "${answers[$arch]}"
            done
        fi
        set_foot
    } >"$top/$DEPENDS_FILE"
}

# Only what the spec declares may be published. As above the answers for all architectures are in one file.
write_names() {
    local arch
    for arch in "${RPM_ARCHITECTURES[@]}"; do
        query_spec "$1" --target "$arch" --queryformat '%{NAME}\n'
    done | LC_ALL=C sort -u >"$top/$NAMES_FILE"
}

stage_source() {
    local spec srpm
    need BUILD_SRC BUILD_OUT
    set_build_macros
    make_top
    spec=$(the_spec "$(packaging)")
    cp "$spec" "$top/SOURCES/"
    chmod 644 "$top/SOURCES/${spec##*/}"
    spec=$top/SOURCES/${spec##*/}
    collect_sources "$spec"
    chmod -R u=rwX,go=rX "$top/SOURCES"
    find "$top/SOURCES" -exec touch -d "@$SOURCE_DATE_EPOCH" {} +
    write_depends "$spec"
    write_names "$spec"
    rpmbuild -bs "${RPM_MACROS[@]}" "$spec"
    srpm=$(find_srpm "$top/SRPMS")
    take "$srpm" "$top/$DEPENDS_FILE" "$top/$NAMES_FILE"
}

# -------------------------------------------------------------------------------------------- install

# local_packages [FOLDER]: the local packages, without those that hold debug symbols
local_packages() {
    local file
    for file in "$BUILD_IN/${1:-packages}"/*.rpm; do
        [ -f "$file" ] || continue
        case ${file##*/} in *-debuginfo-* | *-debugsource-* | *.src.rpm) ;; *) say "$file" ;; esac
    done
}

# make_set FILE: SET is a package that needs what FILE, the set of build dependencies, names. With it dnf finds all at once,
# and comes to the same when it fetches and when it installs. A macro could run a program here, as root and with network:
# the file has none but the tests for the architecture.
make_set() {
    local folder=$BUILD_WORK/set
    rm -rf "$folder"
    mkdir -p "$folder"
    ! grep -v -E '^%(ifarch [a-z0-9_ ]+|endif|description)$' "$1" | grep -F % \
        || fail 1 "the set of build dependencies has macros" "the source stage writes what they stand for"
    {
        set_head
        sed -n 's/^BuildRequires:/Requires:/p; /^%ifarch/p; /^%endif/p' "$1"
        set_foot
        say '%files'
    } >"$folder/$DEPENDS_FILE"
    rpmbuild --quiet -bb -D "_topdir $folder" -D 'debug_package %{nil}' "$folder/$DEPENDS_FILE" >"$folder/log" 2>&1 || {
        cat "$folder/log" >&2
        fail 1 "the set of build dependencies cannot be read; rpmbuild says why above"
    }
    SET=("$folder"/RPMS/*/*.rpm)
}

# sort_local FOLDER...: the local packages by what dnf has to do with them. It takes the same version with other bytes for
# up to date, and an older one for no update: a kept room needs three commands.
sort_local() {
    local file name installed
    OTHER=() OLDER=() SAME=()
    while read -r file; do
        name=$(rpm --query --package --queryformat '%{NAME}.%{ARCH}' "$file")
        if ! installed=$(rpm --query --queryformat '%{SHA256HEADER}\n' "$name" 2>/dev/null); then
            OTHER+=("$file")
        elif ! rpm --query "$(rpm --query --package "$file")" >/dev/null 2>&1; then
            # Another version is there: install covers a newer file, downgrade an older one.
            OTHER+=("$file")
            OLDER+=("$file")
        elif [ "${BUILD_REINSTALL:-0}" = 1 ] \
            || [ "$installed" != "$(rpm --query --package --queryformat '%{SHA256HEADER}\n' "$file")" ]; then
            SAME+=("$file")
        fi
    done < <(for file in "$@"; do local_packages "$file"; done)
}

# can_install: whether dnf finds all that the set needs, as far as it is told; it changes nothing
can_install() {
    local said
    said=$(LC_ALL=C.UTF-8 dnf --assumeno --setopt='*.metadata_expire=never' install "${OTHER[@]}" "${SET[@]}" 2>&1 || true)
    grep -Eq '^(Operation aborted|Nothing to do)' <<<"$said"
}

# is_complete: whether nothing must be fetched; rpm answers in no time what takes dnf seconds
is_complete() {
    rpm --upgrade --test --oldpackage --replacepkgs "${OTHER[@]}" "${SET[@]}" >/dev/null 2>&1
}

explain_unmet() {
    fail 1 "the build dependencies for $ARCH cannot be installed; dnf says why above" \
        "a package of src/ is installed only when BuildRequires or definition.yaml name it"
}

prepare_install() {
    local file=$BUILD_IN/dependencies/$DEPENDS_FILE
    need BUILD_IN BUILD_WORK ARCH
    need_root
    [ -f "$file" ] || fail 1 "$file is not there" "the source stage makes it"
    offer_archives
    make_set "$file"
    sort_local packages
    is_complete && return 0
    # What only a later alternative names is ours to give where the distribution has none of the earlier.
    [ -z "$(local_packages alternatives)" ] || can_install || sort_local packages alternatives
}

stage_download() {
    prepare_install
    if is_complete; then
        say "nothing has to be fetched"
        return 0
    fi
    run_dnf install --downloadonly "${OTHER[@]}" "${SET[@]}" || explain_unmet
    keep_archives
}

stage_install() {
    prepare_install
    if [ "${#OTHER[@]}${#SAME[@]}" = 00 ] && is_complete; then
        say "the build dependencies are installed already"
    else
        if [ "${#OLDER[@]}" -gt 0 ]; then
            run_dnf install "${OTHER[@]}" || explain_unmet
            run_dnf downgrade "${OLDER[@]}" || explain_unmet
        fi
        run_dnf install "${OTHER[@]}" "${SET[@]}" || explain_unmet
        [ "${#SAME[@]}" -eq 0 ] || run_dnf reinstall "${SAME[@]}" || explain_unmet
        rpm --erase build-depends
    fi
    clean_dnf
}

# ------------------------------------------------------------------------------------------------ ask

unpack_srpm() {
    local srpm
    srpm=$(find_srpm "$source_folder")
    make_top
    rpm2cpio "$srpm" | (cd "$top/SOURCES" && cpio --quiet --extract)
}

# rpmbuild says what is missing with status 11, and leaves all that it knows of in the header of a source package.
stage_ask() {
    local spec status=0 made requires
    need BUILD_OUT ARCH
    set_build_macros
    unpack_srpm
    spec=$(the_spec "$top/SOURCES")
    rpmbuild -br "${RPM_MACROS[@]}" "$spec" || status=$?
    made=("$top"/SRPMS/*.rpm)
    case $status,${#made[@]},$([ ! -f "${made[0]}" ] || echo there) in
    0,1,there | 11,1,there) ;;
    *) fail 1 "rpmbuild could not find out what ${spec##*/} needs: it ended with status $status" ;;
    esac
    requires=$(rpm --query --package --requires "${made[0]}" | LC_ALL=C sort -u | sed '/^rpmlib(/d; s/^/BuildRequires: /')
    {
        set_head
        say "$requires"
        set_foot
    } >"$top/$DEPENDS_FILE"
    take "$top/$DEPENDS_FILE"
}

# ---------------------------------------------------------------------------------------------- build

# Parsing the spec shows which binary packages it makes.
check_task() {
    local spec=$1 architectures
    architectures=$(query_spec "$spec" --queryformat '%{ARCH}\n')
    if [ "$architectures" = noarch ]; then
        [ "$BUILD_ARCH_ALL" = 1 ] || fail 1 "${spec##*/} makes only packages of every architecture (noarch)" \
            "another task makes them; this one has nothing to do"
    else
        [ "$ARCH" = "$BUILD_HOST_ARCH" ] || fail "$EX_USAGE" "an image for $BUILD_HOST_ARCH cannot build for $ARCH" \
            "packages of this family are built in an image of their own architecture"
    fi
}

# In a container the layer has what is required; a machine that is its own room may lack some.
explain_failure() {
    if grep -q '^error: Failed build dependencies' "$2"; then
        fail "$EX_CONFIG" "build dependencies are missing; rpmbuild says above which" \
            "with --target $(print_target) the package is built in a container, which gets them" \
            "with --install they are installed on this machine"
    fi
    exit "$1"
}

# rpmbuild_from STAGE SCRIPT...: rpmbuild up to a stage, in which these scripts of the spec were done before and end at
# once. Packages that rpmbuild's own --short-circuit makes cannot be installed. From 4.20 on, rpmbuild begins with an empty
# tree unless it is told that %prep is left out; some releases before 4.15 have no word for that, and need none.
rpmbuild_from() {
    local stage=$1 script skipped=() log=$BUILD_WORK/rpmbuild.log status=0
    shift
    for script in "$@"; do
        skipped+=(-D "__spec_${script}_pre exit 0")
    done
    if [ "$#" -gt 0 ] && [[ $(rpmbuild --help) == *--noprep* ]]; then
        skipped+=(--noprep)
    fi
    rpmbuild "$stage" "${RPM_MACROS[@]}" "${skipped[@]}" "$(the_spec "$top/SOURCES")" 2>&1 | tee "$log" || status=$?
    [ "$status" -eq 0 ] || explain_failure "$status" "$log"
}

# The steps are calls of their own, so that a build that failed can go on with its tree, mended by hand, from the step
# that failed.
build_extract() {
    unpack_srpm
    check_task "$(the_spec "$top/SOURCES")"
    rpmbuild_from -bp
}

build_make() {
    rpmbuild_from -bc prep
}

# rpmbuild looks at the files in this step, too. The links that it lays then would be there when it makes the packages,
# and of their directories it announces only those that it made.
build_install() {
    RPM_MACROS+=(-D '_build_id_links none')
    rpmbuild_from -bi prep buildrequires conf build
}

build_package() {
    local spec file results=()
    set_build_macros # without what the step before added, when all are done in one call
    spec=$(the_spec "$top/SOURCES")
    rpmbuild_from -bb prep buildrequires conf build install check
    for file in "$top"/RPMS/*/*.rpm; do
        case $file in
        */noarch/*) [ "$BUILD_ARCH_ALL" = 1 ] || continue ;;
        *) [ "${BUILD_ONLY:-}" != indep ] || continue ;;
        esac
        [ ! -f "$file" ] || results+=("$file")
    done
    [ "${#results[@]}" -gt 0 ] || fail 1 "${spec##*/} made no packages"
    take "${results[@]}"
}

stage_build() {
    local step
    need BUILD_OUT BUILD_ARCH_ALL ARCH BUILD_HOST_ARCH
    set_build_macros
    for step in $build_steps; do
        "build_$step"
    done
}

# --------------------------------------------------------------------------------------------- verify

# set_lint_options: release 1 and release 2 of rpmlint have different options; the file of filters serves both.
set_lint_options() {
    local filters=$BUILD_WORK/rpmlint.filters own
    cp "$here/rpmlint.filters" "$filters"
    chmod u+w "$filters"
    # What the package says of itself, where its packaging is.
    for own in "$BUILD_SRC"/{rpm,SPECS,.}/*.rpmlintrc; do
        [ ! -f "$own" ] || cat "$own" >>"$filters"
    done
    # Packages may be checked in a room of another architecture, which is faster than emulation. There rpmlint does
    # not understand a dependency that names the architecture, name(aarch-64), and reports it as missing.
    if [ "$ARCH" != "$BUILD_HOST_ARCH" ]; then
        say 'addFilter("no-library-dependency-on")' >>"$filters"
    fi
    lint_options=(-f "$filters")
    case $(rpmlint --version 2>/dev/null) in
    2.*) lint_options=(-c "$here/rpmlint.toml" -r "$filters" --ignore-unused-rpmlintrc) ;;
    esac
}

lint() {
    local status=0
    rpmlint "${lint_options[@]}" "$@" || status=$?
    case $status in
    0) ;;
    64) lint_errors=yes ;;
    *) fail 1 "rpmlint could not check the files: it ended with status $status" ;;
    esac
}

# rpmlint knows the relations of the binary packages only when it sees all of a source together; two source
# packages at once confuse it.
stage_verify() {
    local file srpm binaries=()
    need BUILD_WORK BUILD_SRC BUILD_PACKAGE ARCH BUILD_HOST_ARCH
    command -v rpmlint >/dev/null || fail "$EX_CONFIG" "rpmlint is not installed" "verify.sh --install installs it"
    for file in "$build_folder"/*.rpm; do
        case $file in *-debuginfo-* | *-debugsource-* | *.src.rpm) continue ;; esac
        [ ! -f "$file" ] || binaries+=("$file")
    done
    srpm=$(find_srpm "$source_folder")
    set_lint_options
    lint_errors=
    lint "$srpm"
    [ "${#binaries[@]}" -eq 0 ] || lint "${binaries[@]}"
    [ -z "$lint_errors" ] || fail 1 "rpmlint found errors" \
        "what is meant so: addFilter(\"WORDS\") in a file $BUILD_PACKAGE.rpmlintrc beside the spec"
}

# ----------------------------------------------------------------------------------------------- main

fetches=()
do_source='' do_build='' do_verify='' do_download='' do_install='' do_ask='' prints='' docker=''
build_steps='extract make install package'
for argument in "$@"; do
    case $argument in
    --source) do_source=yes ;;
    --build) do_build=yes ;;
    --build=extract | --build=make | --build=install | --build=package) do_build=yes build_steps=${argument#*=} ;;
    --verify) do_verify=yes ;;
    --download) do_download=yes ;;
    --install) do_install=yes ;;
    --ask) do_ask=yes ;;
    --fetch=?*=?*=?*) fetches+=("${argument#*=}") ;;
    --arch=?*) ARCH=${argument#*=} ;;
    --docker=?*) docker=${argument#*=} ;;
    --print-target | --print-package-name | --print-package-version) prints+=" ${argument#--print-}" ;;
    --help) usage; exit 0 ;;
    *) usage >&2; fail "$EX_USAGE" "unknown option $argument" ;;
    esac
done
# Only its check counts here: RPM has names of its own.
rpm_architecture "${ARCH:-amd64}" >/dev/null
if [ -n "$prints" ]; then
    for what in $prints; do
        case $what in
        target) print_target ;;
        *)
            need BUILD_SRC
            set_target_macros
            "print_${what#package-}"
            ;;
        esac
    done
    exit 0
fi
[ -n "$do_source$do_build$do_verify$do_download$do_install$do_ask" ] || do_source=yes do_build=yes do_verify=yes

# A stage reads what an earlier task made, or what an earlier stage of this very call made.
source_folder=${BUILD_IN:-}/source
build_folder=${BUILD_IN:-}/build
[ -z "$do_source" ] || source_folder=${BUILD_OUT:-}
[ -z "$do_build" ] || build_folder=${BUILD_OUT:-}

[ -z "$do_source" ] || stage_source
[ -z "$do_download" ] || stage_download
[ -z "$do_install" ] || stage_install
[ -z "$do_ask" ] || stage_ask
[ -z "$do_build" ] || stage_build
[ -z "$do_verify" ] || stage_verify
