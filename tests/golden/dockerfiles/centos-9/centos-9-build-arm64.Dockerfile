# Dockerfiles/rhel/build.Dockerfile.j2 for arm64, platform linux/arm64
FROM quay.io/centos/centos:stream9

ARG USER_ID=1000
ARG GROUP_ID=1000
ARG PREFIX=build-env
LABEL build-env.prefix="${PREFIX}"
# A repository that does not answer is an error of the environment and must not pass for one without packages.
RUN set -eu; \
    dnf -y --setopt=skip_if_unavailable=False install 'dnf-command(builddep)' 'dnf-command(config-manager)'
# A stand-in base has no such repository.
RUN set -eu; \
    if dnf repolist --all | awk '{ print $1 }' | grep -qx 'crb'; then \
        dnf config-manager --set-enabled 'crb'; \
    fi
# The index stays: the layers with the build dependencies resolve from it.
RUN set -eu; \
    dnf -y --setopt=skip_if_unavailable=False --setopt=install_weak_deps=False install \
        rpm-build gcc make cpio diffutils file findutils gzip patch tar xz; \
    dnf makecache; \
    dnf -y clean packages

# Some programs ask for the name of the user; the room itself runs with the numbers.
RUN set -eu; \
    getent group "$GROUP_ID" > /dev/null || groupadd --gid "$GROUP_ID" builder; \
    getent passwd "$USER_ID" > /dev/null \
        || useradd --uid "$USER_ID" --gid "$GROUP_ID" --no-create-home --home-dir /build/work builder; \
    mkdir -p /build
WORKDIR /build
