#!/bin/bash
cat >greet.spec <<'S'
Name: greet
Version: 1.0
Release: 1
Summary: Greeting
License: MIT

%description
Greeting.
%install
mkdir -p %{buildroot}/usr/bin
touch %{buildroot}/usr/bin/greet %{buildroot}/usr/bin/forgotten
%files
/usr/bin/greet
S
rpmbuild -bb -D "_topdir $PWD" greet.spec
