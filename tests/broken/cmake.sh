#!/bin/bash
cat >CMakeLists.txt <<'C'
cmake_minimum_required(VERSION 3.20)
project(greet C)
find_package(Nowhere REQUIRED)
C
cmake -S . -B build
