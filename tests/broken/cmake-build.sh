#!/bin/bash
printf 'int main(void) { return missing_name; }\n' >main.c
cat >CMakeLists.txt <<'C'
cmake_minimum_required(VERSION 3.20)
project(greet C)
add_executable(greet main.c)
C
cmake -S . -B build -G Ninja && cmake --build build
