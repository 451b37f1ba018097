#!/bin/bash
cat >Makefile.PL <<'P'
use ExtUtils::MakeMaker;
use Nowhere::AtAll;
WriteMakefile(NAME => "Greet");
P
perl Makefile.PL
