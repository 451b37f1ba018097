#!/bin/bash
cat >greet.spec <<'S'
Name: greet
Version: 1.0
Release: 1
Summary: Greeting
License: MIT
Source0: greet-1.0.tar.gz
%description
Greeting.
%prep
%setup -q
%files
S
rpmbuild -bb -D "_topdir $PWD" greet.spec
