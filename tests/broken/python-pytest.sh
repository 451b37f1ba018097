#!/bin/bash
mkdir tests
cat >tests/test_greet.py <<'P'
def greet():
    return "hello"


def test_greet():
    assert greet() == "good morning"


def test_other():
    raise ValueError("no such greeting")
P
python3 -m pytest
