#!/bin/bash
cat >meson.build <<'M'
project('greet', 'c')
dependency('nowhere-at-all')
M
meson setup build
