#!/bin/bash
# Measures what this stand-in base offers and installs the package that says so to dnf and rpmbuild.
# Has to be run again, with a higher version, after every installation by apt. Argument: the version.
set -eu

version=${1:?version of build-env-standin}
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

python3 "$here/measure-provides.py" "$here/names.tsv" "$version" > "$scratch/build-env-standin.spec"
rpmbuild -bb --quiet -D "_topdir $scratch/top" -D "_rpmdir $scratch" -D "_rpmfilename %%{NAME}.rpm" \
    -D "_buildhost build-env" "$scratch/build-env-standin.spec"
dnf -y install "$scratch/build-env-standin.rpm"
# The package is no guess: nothing works without these.
rpm -q --whatprovides gcc make rpm-build rpmlint 'dnf-command(builddep)' 'rtld(GNU_HASH)' /bin/sh > /dev/null
