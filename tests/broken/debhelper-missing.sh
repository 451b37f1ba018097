#!/bin/bash
# shellcheck disable=SC2016,SC2164 # it fails where it is meant to
# deb: the least that debhelper needs
mkdir -p greet/debian/source
cd greet
printf 'greet (1.0-1) unstable; urgency=medium\n\n  * First.\n\n -- A <a@example.org>  Thu, 01 Jan 2026 00:00:00 +0000\n' >debian/changelog
printf 'Source: greet\nMaintainer: A <a@example.org>\nBuild-Depends: debhelper-compat (= 13)\n\nPackage: greet\nArchitecture: any\nDescription: greeting\n More of it.\n' >debian/control
printf '#!/usr/bin/make -f\n%%:\n\tdh $@\n' >debian/rules
chmod +x debian/rules
printf '3.0 (native)\n' >debian/source/format
printf 'Package: greet-doc\nArchitecture: all\nDescription: documentation\n More of it.\n' | cat debian/control <(echo) - >control && mv control debian/control
printf 'all:\ninstall:\n\tmkdir -p $(DESTDIR)/usr/bin\n\ttouch $(DESTDIR)/usr/bin/greet $(DESTDIR)/usr/bin/forgotten\n' >Makefile
printf 'usr/bin/greet\n' >debian/greet.install
dpkg-buildpackage -us -uc -b
