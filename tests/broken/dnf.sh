#!/bin/bash
mkdir -p repository etc
createrepo_c --quiet repository
printf '[here]\nname=here\nbaseurl=file://%s/repository\ngpgcheck=1\ngpgkey=file://%s/key\n' "$PWD" "$PWD" >etc/here.repo
dnf -y --disableplugin=local --releasever=8 --installroot="$PWD/root" --setopt=reposdir="$PWD/etc" install package-that-is-not-there
