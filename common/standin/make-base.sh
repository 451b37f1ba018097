#!/bin/bash
# Turns a minimal Debian 12 system into a stand-in for the base image of an Enterprise Linux distribution.
# Owns every cure that makes dnf, rpmbuild and specs behave as they do there. Runs as root while the base is
# made, by Dockerfiles/standin/Dockerfile.j2. Argument: what the base stands for, "centos/8".
set -eu

if [ $# -ne 1 ] || [ -z "${1##*/}" ]; then
    echo "usage: make-base.sh DISTRIBUTION/RELEASE" >&2
    exit 2
fi
stand_in_for=$1
release=${stand_in_for##*/}
here=$(cd "$(dirname "$0")" && pwd)
shared=/usr/share/build-env-standin

# pkgconf must be there always: which dependencies rpmbuild derives for a -devel package depends on it.
packages=(
    rpm dnf dnf-plugins-core createrepo-c python3-rpm rpmlint
    gcc libc6-dev make pkgconf debugedit
    bzip2 cpio diffutils file findutils patch tar unzip xz-utils zstd
    ca-certificates
)
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -qq -y --no-install-recommends "${packages[@]}"
apt-get clean
rm -rf /var/lib/apt/lists/*

# Scripts of rpm and many specs rely on features of bash: with dash, brp-compress leaves manual pages
# uncompressed and still exits 0.
ln -sf bash /bin/sh

python3 "$here/link-lib64.py"

mkdir -p "$shared" /usr/lib/rpm/macros.d /etc/yum.repos.d /etc/dnf/vars "$shared/repository"
cp "$here/macros.stand-in" /usr/lib/rpm/macros.d/
cp "$here/names.tsv" "$here/measure-provides.py" "$here/install-provides.sh" "$shared/"

# This plugin reports an error on every call without its own directory.
rm -f /etc/dnf/plugins/local.conf
printf '%s\n' "$release" > /etc/dnf/vars/releasever
# Debian's defaults differ: there a repository that cannot be reached is passed over in silence.
sed -i -e 's/^skip_if_unavailable=.*/skip_if_unavailable=False/' -e 's/^best=.*/best=True/' /etc/dnf/dnf.conf

# dnf refuses to work when no repository is enabled, even if everything asked for is installed. No package can
# come from this one, so that it has no key either.
createrepo_c --quiet "$shared/repository"
cat > /etc/yum.repos.d/build-env-standin.repo <<REPOSITORY
[build-env-standin]
name=Empty repository of a stand-in base
baseurl=file://$shared/repository
enabled=1
gpgcheck=0
skip_if_unavailable=False
REPOSITORY
# Marks the base as a stand-in for whoever looks from inside.
printf '%s\n' "$stand_in_for" > "$shared/stands-for"

rpm --initdb
"$shared/install-provides.sh" 1
dnf clean all --quiet
