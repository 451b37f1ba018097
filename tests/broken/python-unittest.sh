#!/bin/bash
cat >test_greet.py <<'P'
import unittest


class Greet(unittest.TestCase):
    def test_greet(self):
        self.assertEqual("hello", "good morning")

    def test_import(self):
        import nowhere
P
python3 -m unittest
