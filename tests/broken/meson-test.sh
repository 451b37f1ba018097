#!/bin/bash
printf 'int main(void) { return 3; }\n' >check.c
cat >meson.build <<'M'
project('greet', 'c')
test('counting', executable('check', 'check.c'))
M
meson setup build >/dev/null && meson compile -C build >/dev/null && meson test -C build
