#!/bin/bash
# Shared by build.sh and verify.sh: messages, and apt-get whose failures say whether the package or the
# environment is at fault. Sourced, not run.

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

# The index is the one that the image holds: it was pinned together with it, and a new one would change the
# result without a change of the key.
need_index() {
    local lists=(/var/lib/apt/lists/*_Packages*)
    [ -e "${lists[0]}" ] || fail "$EX_CONFIG" "the image holds no package index" "run again with --refresh"
}

# Where packages lie that were fetched: --download leaves them there for --install, and a room that sets it keeps them. Not
# apt's own folder: images of Docker tell apt to empty that one after each call.
APT_ARCHIVES=${BUILD_ARCHIVES:-/var/cache/build-env}

# What was fetched for this layer before is given back, so that it can be made again when the mirror has moved on.
offer_archives() {
    mkdir -p "$APT_ARCHIVES/partial"
    chown _apt "$APT_ARCHIVES/partial"
    [ ! -d "$BUILD_IN/archives" ] || cp "$BUILD_IN"/archives/*.deb "$APT_ARCHIVES/"
}

# run_apt ARGUMENT...: apt-get; on failure APT_LOG names a file with what it said. Trouble with fetching ends here.
run_apt() {
    local status=0
    APT_LOG=$(mktemp)
    DEBIAN_FRONTEND=noninteractive apt-get --yes --quiet -o "Dir::Cache::archives=$APT_ARCHIVES" \
        -o Dpkg::Use-Pty=0 -o APT::Install-Recommends=false -o Acquire::Retries=3 "$@" 2>&1 \
        | tee "$APT_LOG" || status=$?
    if [ "$status" -eq 0 ]; then
        rm -f "$APT_LOG"
        return 0
    fi
    if grep -Eq '(^|[[:space:]])404 +Not Found' "$APT_LOG"; then
        fail "$EX_CONFIG" "the index snapshot of the image is out of date: the mirror no longer has these files" \
            "run again with --refresh"
    fi
    if grep -Eq 'Failed to fetch|Unable to connect|Temporary failure resolving|Hash Sum mismatch' "$APT_LOG"; then
        fail "$EX_TEMPFAIL" "the mirror cannot be reached or is being changed" "run again later"
    fi
    return "$status"
}

# Nothing but packages stays where packages are kept.
tidy_archives() {
    rm -rf "$APT_ARCHIVES/partial" "$APT_ARCHIVES/lock"
}

# Two caches of 79 MB each would enter the layer; apt makes them anew. Nor does what was fetched.
clean_apt() {
    tidy_archives
    [ -n "${BUILD_ARCHIVES:-}" ] || rm -rf "$APT_ARCHIVES"
    rm -f /var/cache/apt/pkgcache.bin /var/cache/apt/srcpkgcache.bin
}
