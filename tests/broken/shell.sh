#!/bin/bash
printf 'all:\n\tprogram-that-is-not-there --version\n' >Makefile
make
