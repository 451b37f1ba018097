#!/bin/bash
printf 'Source: build-depends\nBinary: build-depends\nArchitecture: any\nVersion: 0\nBuild-Depends: libnowhere-dev, bc\n' >build-depends.dsc
apt-get --yes build-dep ./build-depends.dsc
