#!/bin/bash
mkdir -p repository etc
createrepo_c --quiet repository
printf '[here]\nname=here\nbaseurl=file://%s/repository\ngpgcheck=1\ngpgkey=file://%s/key\n' "$PWD" "$PWD" >etc/here.repo
printf 'Name: build-depends\nVersion: 0\nRelease: 0\nSummary: x\nLicense: none\nBuildRequires: nowhere-devel >= 2\n\n%%description\nx\n' >build-depends.spec
dnf -y --disableplugin=local --releasever=8 --installroot="$PWD/root" --setopt=reposdir="$PWD/etc" builddep --spec build-depends.spec
