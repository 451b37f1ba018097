#!/bin/bash
cat >greet.spec <<'S'
Name: greet
Version: 1.0
Release: 1
Summary: Greeting
License: MIT

%description
Greeting.
%build
cat >greet.c <<C
int main(void) { return missing_name; }
C
cc -o greet greet.c
%files
S
rpmbuild -bb -D "_topdir $PWD" greet.spec
