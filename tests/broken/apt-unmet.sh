#!/bin/bash
mkdir -p empty/DEBIAN
printf 'Package: greet-needs\nVersion: 1\nArchitecture: all\nMaintainer: A <a@example.org>\nDepends: libnowhere1 (>= 2)\nDescription: empty\n' >empty/DEBIAN/control
dpkg-deb --build empty greet-needs_1_all.deb >/dev/null
apt-get install --yes ./greet-needs_1_all.deb
