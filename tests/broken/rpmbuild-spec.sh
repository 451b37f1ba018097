#!/bin/bash
cat >greet.spec <<'S'
Name: greet
Version: 1.0
Release: 1
Summary: Greeting
License: MIT
Nonsense: 3
%description
Greeting.
%files
S
rpmbuild -bb -D "_topdir $PWD" greet.spec
