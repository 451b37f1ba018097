#!/bin/bash
printf 'all: greet\ngreet: missing.c\n\tcc -o $@ $<\n' >Makefile
make
