#!/bin/bash
mkdir t
cat >t/greet.t <<'P'
use Test::More tests => 2;
is("hello", "good morning", "the greeting");
ok(1, "the other");
P
prove t
