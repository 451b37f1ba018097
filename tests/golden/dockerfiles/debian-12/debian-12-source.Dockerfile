# Dockerfiles/debian/source.Dockerfile.j2 for amd64, platform of the host
FROM debian:12

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

# Source packages: both forms of a sources file may be present.
RUN set -eu; \
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do \
        [ -f "$file" ] || continue; \
        grep -E '^[[:space:]]*deb-src[[:space:]]' "$file" > /dev/null && continue; \
        sed -n -E 's/^([[:space:]]*)deb([[:space:]])/\1deb-src\2/p' "$file" > /tmp/deb-src; \
        cat /tmp/deb-src >> "$file"; \
        rm /tmp/deb-src; \
    done; \
    for file in /etc/apt/sources.list.d/*.sources; do \
        [ -f "$file" ] || continue; \
        sed -i -E 's/^(Types:[[:space:]]*deb)[[:space:]]*$/\1 deb-src/I' "$file"; \
    done
RUN apt-get update && rm -f /var/cache/apt/pkgcache.bin
