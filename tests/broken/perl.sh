#!/bin/bash
# shellcheck disable=SC2016,SC2164 # it fails where it is meant to
mkdir -p lib
printf 'package Greet;\nuse strict;\nsub greet { my $name = shift; print "hello $nmae\\n" }\n1;\n' >lib/Greet.pm
printf 'use lib "lib";\nuse Greet;\n' >greet.pl
perl greet.pl
