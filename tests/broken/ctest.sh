#!/bin/bash
printf '#include <stdio.h>\nint main(void) { puts("expected 3, got 4"); return 1; }\n' >check.c
cat >CMakeLists.txt <<'C'
cmake_minimum_required(VERSION 3.20)
project(greet C)
enable_testing()
add_executable(check check.c)
add_test(NAME counting COMMAND check)
C
cmake -S . -B build >/dev/null && cmake --build build >/dev/null && cd build && ctest --output-on-failure
