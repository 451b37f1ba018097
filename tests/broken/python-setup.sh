#!/bin/bash
mkdir greet
printf 'def greet(:\n    pass\n' >greet/__init__.py
cat >setup.py <<'P'
from setuptools import setup

from greet import greet

setup(name="greet", version="1.0", packages=["greet"])
P
python3 setup.py build
