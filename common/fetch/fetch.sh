#!/bin/bash
# Shared by the package scripts: files that a definition pins, from the download cache or the network. Sourced, not
# run, behind a lib.sh, which brings say, fail, need and the exit statuses.

# digest_of FILE: its SHA-256
digest_of() {
    sha256sum <"$1" | cut -d ' ' -f 1
}

# download URL FILE: by what the image has; DOWNLOAD_LOG is what it said
download() {
    local status=0
    DOWNLOAD_LOG=$BUILD_WORK/download.log
    if command -v curl >/dev/null; then
        curl --fail --silent --show-error --location --retry 3 --output "$2" -- "${1%%#*}" >"$DOWNLOAD_LOG" 2>&1 || status=$?
    else
        /usr/lib/apt/apt-helper -o Acquire::Retries=3 download-file "${1%%#*}" "$2" >"$DOWNLOAD_LOG" 2>&1 || status=$?
    fi
    return "$status"
}

# explain_download URL: ends, and says whose fault it is
explain_download() {
    cat "$DOWNLOAD_LOG" >&2
    if grep -Eq '40[0-9] ' "$DOWNLOAD_LOG" || grep -Eq 'error: 4[0-9][0-9]' "$DOWNLOAD_LOG"; then
        fail 1 "the server does not give $1" "correct the address in the definition or the packaging"
    fi
    fail "$EX_TEMPFAIL" "$1 is not in the download cache and cannot be fetched" "connect to the network and run again"
}

# fetch URL DIGEST FILE: the file with that digest. Another run may read the cache: it sees a whole file or none.
fetch() {
    local url=$1 digest=$2 file=$3 kept=$BUILD_DOWNLOADS/${3##*/}
    mkdir -p "${file%/*}"
    if [ -f "$kept" ] && [ "$(digest_of "$kept")" = "$digest" ]; then
        say "${file##*/} comes from the download cache"
        cp "$kept" "$file"
        return 0
    fi
    download "$url" "$file" || explain_download "$url"
    [ "$(digest_of "$file")" = "$digest" ] || fail 1 "$url is not the file that is pinned" \
        "pinned $digest" "found  $(digest_of "$file")" \
        "build-env pin ${BUILD_PACKAGE:-PACKAGE} --update takes what is there now, if that is meant"
    say "${file##*/} was fetched from $url"
    cp "$file" "$BUILD_DOWNLOADS/.${file##*/}.$$"
    mv -f "$BUILD_DOWNLOADS/.${file##*/}.$$" "$kept"
}

# fetch_pinned FOLDER PATTERN WORD...: those of the words NAME=DIGEST=URL whose names fit a pattern of the shell
fetch_pinned() {
    local folder=$1 pattern=$2 word name rest
    shift 2
    for word in "$@"; do
        name=${word%%=*}
        rest=${word#*=}
        # shellcheck disable=SC2254 # it is a pattern
        case $name in
        $pattern) fetch "${rest#*=}" "${rest%%=*}" "$folder/$name" ;;
        esac
    done
}
