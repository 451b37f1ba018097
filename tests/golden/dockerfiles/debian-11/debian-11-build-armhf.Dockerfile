# Dockerfiles/debian/build.Dockerfile.j2 for amd64, platform of the host
FROM debian:11

ARG USER_ID=1000
ARG GROUP_ID=1000
ARG PREFIX=build-env
LABEL build-env.prefix="${PREFIX}"
ENV DEBIAN_FRONTEND=noninteractive

# Up to the first installation both Dockerfiles of the family have the same steps: in one run the engine does them once.
# An index that cannot be fetched must not pass unseen; translations and recommendations are of no use here. What a
# power failure leaves of an image or a layer is thrown away, so dpkg need not sync; nobody searches manual pages. What
# apt makes of the index stays for the layers, which halves the time of each call there; images of Docker tell it otherwise.
# Some programs ask for the name of the user; the room itself runs with the numbers.
RUN set -eu; \
    mkdir -p /var/lib/build-env; \
    printf '%s\n' 'APT::Update::Error-Mode "any";' 'APT::Install-Recommends "false";' 'Acquire::Languages "none";' \
        'Dir::Cache::srcpkgcache "/var/lib/build-env/srcpkgcache.bin";' > /etc/apt/apt.conf.d/zz-build-env; \
    echo force-unsafe-io > /etc/dpkg/dpkg.cfg.d/90build-env; \
    echo 'man-db man-db/auto-update boolean false' | debconf-set-selections; \
    getent group "$GROUP_ID" > /dev/null || groupadd --gid "$GROUP_ID" builder; \
    getent passwd "$USER_ID" > /dev/null \
        || useradd --uid "$USER_ID" --gid "$GROUP_ID" --no-create-home --home-dir /build/work builder; \
    mkdir -p /build
WORKDIR /build

# The lists stay: `apt-get source` and the layers resolve from them.
RUN set -eu; \
    apt-get update; \
    left_out='--path-exclude=/usr/share/doc/* --path-exclude=/usr/share/info/* --path-exclude=/usr/share/locale/* \
        --path-exclude=/usr/share/man/* --path-include=/usr/share/doc/*/copyright'; \
    for option in $left_out; do set -- "$@" -o "Dpkg::Options::=$option"; done; \
    apt-get install --yes "$@" ca-certificates dpkg-dev; \
    rm -f /var/cache/apt/archives/*.deb /var/cache/apt/pkgcache.bin

# Only suites that have the foreign architecture, too, may stay: `Multi-Arch: same` packages need equal versions.
# What the base took from a suite that goes away is brought back to the versions of those that stay.
RUN set -eu; \
    keep=' bullseye '; \
    dropped=; \
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do \
        [ -f "$file" ] || continue; \
        awk -v keep="$keep" ' \
            /^[ \t]*deb(-src)?[ \t]/ { \
                uri = 2; \
                if ($2 ~ /^\[/) { while ($uri !~ /\]$/ && uri < NF) uri++; uri++ } \
                if (!index(keep, " " $(uri + 1) " ")) next \
            } \
            { print }' "$file" > /tmp/sources; \
        cmp -s /tmp/sources "$file" || dropped=yes; \
        cat /tmp/sources > "$file"; \
    done; \
    for file in /etc/apt/sources.list.d/*.sources; do \
        [ -f "$file" ] || continue; \
        awk -v keep="$keep" ' \
            BEGIN { RS = ""; FS = "\n"; ORS = "\n\n" } \
            { \
                text = ""; left = 1; \
                for (i = 1; i <= NF; i++) { \
                    line = $i; \
                    if (tolower(line) ~ /^suites:/) { \
                        count = split(line, words, /[ \t]+/); left = 0; line = words[1]; \
                        for (w = 2; w <= count; w++) if (index(keep, " " words[w] " ")) { line = line " " words[w]; left++ } \
                    } \
                    text = text (i > 1 ? "\n" : "") line \
                } \
                if (left) print text \
            }' "$file" > /tmp/sources; \
        for word in $(sed -n -E 's/^Suites:(.*)$/\1/Ip' "$file"); do \
            case "$keep" in *" $word "*) ;; *) dropped=yes ;; esac; \
        done; \
        cat /tmp/sources > "$file"; \
    done; \
    rm -f /tmp/sources; \
    if [ -n "$dropped" ]; then \
        printf '%s\n' 'Package: *' 'Pin: release n=bullseye*' 'Pin-Priority: 1001' \
            > /etc/apt/preferences.d/build-env-downgrade; \
        apt-get update; \
        apt-get --yes --allow-downgrades dist-upgrade; \
        rm /etc/apt/preferences.d/build-env-downgrade; \
    fi

RUN set -eu; \
    left_out='--path-exclude=/usr/share/doc/* --path-exclude=/usr/share/info/* --path-exclude=/usr/share/locale/* \
        --path-exclude=/usr/share/man/* --path-include=/usr/share/doc/*/copyright'; \
    for option in $left_out; do set -- "$@" -o "Dpkg::Options::=$option"; done; \
    apt-get install --yes "$@" build-essential debhelper fakeroot; \
    rm -f /var/cache/apt/archives/*.deb /var/cache/apt/pkgcache.bin

# The C library and the C++ library of the foreign architecture are named here, because build dependencies that are
# all tools bring nothing foreign, and dpkg-shlibdeps needs them.
RUN set -eu; \
    dpkg --add-architecture armhf; \
    apt-get update || { \
        printf '%s\n' 'error: the index of bullseye cannot be had for both amd64 and armhf' \
            '       an architecture whose suites are out of step gets SUITES_FOR in packages.conf.py of the target' \
            '       build-env doctor --probe says which suites each has' >&2; \
        exit 1; \
    }; \
    left_out='--path-exclude=/usr/share/doc/* --path-exclude=/usr/share/info/* --path-exclude=/usr/share/locale/* \
        --path-exclude=/usr/share/man/* --path-include=/usr/share/doc/*/copyright'; \
    for option in $left_out; do set -- "$@" -o "Dpkg::Options::=$option"; done; \
    apt-get install --yes "$@" crossbuild-essential-armhf libc6-dev:armhf libstdc++-10-dev:armhf; \
    rm -f /var/cache/apt/archives/*.deb /var/cache/apt/pkgcache.bin
