#!/bin/bash
cat >greet.cc <<'C'
#include <string>
#include <vector>
#include <missing/header.h>
int main() { return 0; }
C
cat >types.cc <<'C'
#include <string>
int main() { std::string text = 5; return text.sizes(); }
C
printf 'all: types.o greet.o\n%%.o: %%.cc\n\tg++ -c $<\n' >Makefile
make -k
