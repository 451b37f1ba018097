#!/bin/bash
# Shared by build.sh, verify.sh and scan.sh: messages, the target's macros, questions to spec files, and dnf whose
# failures say whether the package or the environment is at fault. Sourced, not run.

# A command in $(…) that fails must end the script too.
shopt -s inherit_errexit

EX_USAGE=2
EX_TEMPFAIL=75 # the network or a mirror is at fault: the same may succeed later
EX_CONFIG=78   # the environment is not ready and will not be by waiting; nothing is known about the package

say() {
    printf '%s\n' "$*"
}

# fail STATUS MESSAGE...: each message is a line of its own
fail() {
    local status=$1
    shift
    printf 'error: %s\n' "$1" >&2
    shift
    [ $# -eq 0 ] || printf '       %s\n' "$@" >&2
    exit "$status"
}

# need NAME...: the variables that the room must provide
need() {
    local name
    for name in "$@"; do
        [ -n "${!name:-}" ] || fail "$EX_USAGE" "$name is not set" "build-all sets it; see the room in docs/"
    done
}

need_root() {
    [ "$(id -u)" -eq 0 ] || fail "$EX_USAGE" "--download and --install need root: they change the image"
}

# rpm_architecture ARCH: the name that RPM has for it
rpm_architecture() {
    case $1 in
    amd64) say x86_64 ;;
    arm64) say aarch64 ;;
    armhf) say armv7hl ;;
    *) fail "$EX_USAGE" "unknown architecture $1" "known are amd64, arm64, armhf" ;;
    esac
}

# set_target_macros: RPM_MACROS says which distribution a spec is evaluated for. They come with every call and not
# from the image, so that a stand-in base gives the answers of the distribution it stands for.
set_target_macros() {
    need RPM_DIST RPM_RHEL
    local name macro
    RPM_MACROS=(-D "dist $RPM_DIST" -D "rhel $RPM_RHEL" -D "el$RPM_RHEL 1")
    # What was chosen about the build. These are the macros that --with and --without of rpmbuild define.
    for name in ${BUILD_WITH:-}; do RPM_MACROS+=(-D "_with_$name --with-$name"); done
    for name in ${BUILD_WITHOUT:-}; do RPM_MACROS+=(-D "_without_$name --without-$name"); done
    while IFS= read -r macro; do
        [ -z "$macro" ] || RPM_MACROS+=(-D "$macro")
    done <<<"${BUILD_DEFINE:-}"
}

# the_spec FOLDER: the one spec file of a folder
the_spec() {
    local specs=("$1"/*.spec)
    [ -f "${specs[0]}" ] || fail 1 "there is no spec file in $1" "a spec file lies at the top of a package, in rpm/ or in SPECS/"
    [ "${#specs[@]}" -eq 1 ] || fail 1 "there is more than one spec file in $1: ${specs[*]##*/}"
    say "${specs[0]}"
}

# unpacked_source FOLDER WORK: the folder, or if a finished source package lies in it without a spec file, WORK with what
# is in that.
unpacked_source() {
    local sources=("$1"/*.src.rpm)
    if compgen -G "$1/*.spec" >/dev/null || [ ! -f "${sources[0]}" ]; then
        say "$1"
        return 0
    fi
    [ "${#sources[@]}" -eq 1 ] || fail 1 "there is more than one source package in $1: ${sources[*]##*/}"
    mkdir -p "$2"
    rpm2cpio "${sources[0]}" | (cd "$2" && cpio --quiet --extract --no-absolute-filenames --unconditional) >&2
    say "$2"
}

# packaging_of PACKAGE WORK: the folder of its spec file: rpm/, which may stand beside upstream's own, else SPECS/, else the
# top of the package; of a finished source package WORK, where it is unpacked.
packaging_of() {
    local folder
    for folder in "$1/rpm" "$1/SPECS"; do
        if compgen -G "$folder/*.spec" >/dev/null; then
            say "$folder"
            return 0
        fi
    done
    unpacked_source "$1" "$2"
}

# query_spec SPEC ARGUMENT...: the answer of rpmspec, sorted. rpmspec leaves a macro it does not know as it is and
# ends with 0; no answer holds a percent sign otherwise.
query_spec() {
    local spec=$1 answer macros hint='write %{?name} where nothing is a good value'
    shift
    answer=$(rpmspec --query "${RPM_MACROS[@]}" -D "_sourcedir ${spec%/*}" "$@" "$spec") \
        || fail 1 "${spec##*/} cannot be evaluated; rpmspec says why above"
    case $answer in
    *%*)
        macros=$(printf '%s\n' "$answer" | grep -oE '%[{(?!]*[A-Za-z_][A-Za-z0-9_]*[)}]*' | LC_ALL=C sort -u | head -n 3 | xargs)
        case $macros in *%auto*) hint="rpmautospec process-distgit gives a spec without %autorelease and %autochangelog" ;; esac
        fail 1 "${spec##*/} uses a macro that does not exist here: ${macros:-%}" "$hint"
        ;;
    esac
    printf '%s\n' "$answer" | LC_ALL=C sort -u | sed '/^$/d; /^rpmlib(/d'
}

# spec_of PACKAGE WORK: the spec file of a package as the build takes it; see packaging_of
spec_of() {
    local folder
    folder=$(packaging_of "$1" "$2")
    the_spec "$folder"
}

# source_names SPEC: the names of the files that are its sources and patches
source_names() {
    query_spec "$1" --srpm --queryformat '[%{SOURCE}\n][%{PATCH}\n]' | sed 's,.*/,,; /^(none)$/d'
}

# remote_sources SPEC: lines "NAME URL" for those that can be fetched, as rpmspec expands them
remote_sources() {
    rpmspec --parse "${RPM_MACROS[@]}" -D "_sourcedir ${1%/*}" "$1" 2>/dev/null | awk '
        /^%(package|description|prep|build|install|check|files|changelog|pre|post)/ { exit }
        match(tolower($0), /^[ \t]*(source|patch)[0-9]*[ \t]*:[ \t]*/) {
            url = substr($0, RLENGTH + 1)
            sub(/[ \t]+$/, "", url)
            name = url
            sub(/.*\//, "", name)
            if (url ~ /^https?:\/\/[!-~]+$/ && name != "") print name, url
        }'
}

# What was fetched for this layer, by --download or when it was made before, is given to dnf, which looks for a package in the
# folder of its repository; which one that was does not matter, the digest decides.
offer_archives() {
    local repository folder
    for folder in "$BUILD_IN/archives" "${BUILD_ARCHIVES:-}"; do
        compgen -G "$folder/*.rpm" >/dev/null || continue
        for repository in /var/cache/dnf/*/; do
            mkdir -p "$repository/packages"
            cp "$folder"/*.rpm "$repository/packages/"
        done
    done
}

# The packages that were fetched leave the room, where it wants them. They stay for --install, too, but not in the layer.
keep_archives() {
    [ -n "${BUILD_ARCHIVES:-}" ] || return 0
    mkdir -p "$BUILD_ARCHIVES"
    find /var/cache/dnf -path '*/packages/*' -name '*.rpm' -exec cp -t "$BUILD_ARCHIVES" {} ';'
}

# run_dnf ARGUMENT...: dnf; on failure it returns 1, and trouble with fetching ends here. The index is the one that
# the image holds: it was pinned together with it, and a new one would change the result without a change of the key.
run_dnf() {
    local status=0 log
    log=$(mktemp)
    LC_ALL=C.UTF-8 dnf -y --setopt='*.metadata_expire=never' --setopt=keepcache=True --setopt=install_weak_deps=False "$@" 2>&1 \
        | tee "$log" || status=$?
    if [ "$status" -eq 0 ]; then
        rm -f "$log"
        return 0
    fi
    if grep -Eq 'Status code: 404|[Cc]hecksum does ?n.t match|incorrect checksum' "$log"; then
        fail "$EX_CONFIG" "environment, not package: the mirror no longer has what the image's index names" \
            "run again with --refresh"
    fi
    if grep -Eq 'Failed to download|Error downloading|Cannot download|Curl error|All mirrors were tried|Status code' \
        "$log"; then
        fail "$EX_TEMPFAIL" "environment, not package: a repository of the distribution cannot be reached" \
            "run again later, or point the settings to another mirror"
    fi
    if grep -Eq 'GPG check FAILED|Bad GPG signature|is not signed|No space left on device|no enabled repositories' \
        "$log"; then
        fail "$EX_CONFIG" "environment, not package: dnf cannot use what it has; it says why above"
    fi
    return 1
}

# Downloaded packages would enter the layer; the index stays, because later layers resolve from it.
clean_dnf() {
    keep_archives
    dnf -y --quiet clean packages
}
