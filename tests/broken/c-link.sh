#!/bin/bash
printf 'int missing(void);\nint main(void) { return missing(); }\n' >main.c
printf 'greet: main.c\n\tcc -o $@ $< -lnothere_at_all || cc -o $@ $<\n' >Makefile
make
