#!/bin/bash
mkdir -p repository etc
cat >greet.spec <<'S'
Name: greet
Version: 1.0
Release: 1
Summary: Greeting
License: MIT
BuildArch: noarch
Requires: libnowhere.so.1()(64bit)
%description
Greeting.
%files
S
rpmbuild --quiet -bb -D "_topdir $PWD" greet.spec && cp RPMS/noarch/*.rpm repository
createrepo_c --quiet repository
printf '[here]\nname=here\nbaseurl=file://%s/repository\ngpgcheck=1\ngpgkey=file://%s/key\n' "$PWD" "$PWD" >etc/here.repo
dnf -y --disableplugin=local --releasever=8 --installroot="$PWD/root" --setopt=reposdir="$PWD/etc" install greet
