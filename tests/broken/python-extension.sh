#!/bin/bash
printf '#include <Python.h>\nint broken(void) { return missing_name; }\n' >greet.c
cat >setup.py <<'P'
from setuptools import Extension, setup

setup(name="greet", version="1.0", ext_modules=[Extension("greet", ["greet.c"])])
P
python3 setup.py build
