#!/bin/bash
cat >greet.c <<'C'
#include <stdio.h>
int main(void)
{
    unused();
    return missing_name;
}
C
cat >other.c <<'C'
int other(void) { return 0 }
C
printf 'all: greet.o other.o\n%%.o: %%.c\n\tcc -Wall -c $<\n' >Makefile
make
