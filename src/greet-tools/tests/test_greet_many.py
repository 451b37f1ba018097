# SPDX-License-Identifier: Apache-2.0
"""Tests of greet-many; they run the program with echo in the place of greet."""
import os
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "greet-many")


def run(*arguments, **options):
    process = subprocess.Popen(
        [sys.executable, PROGRAM] + list(arguments),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
    )
    output, errors = process.communicate(options.get("text", ""))
    return process.returncode, output, errors


class GreetManyTest(unittest.TestCase):
    def test_names_from_standard_input(self):
        text = "Ada\n\n# nobody\nGrace # admiral\nAda\n"
        self.assertEqual(run("--program", "echo", text=text), (0, "Ada\nGrace\n", ""))

    def test_names_from_files(self):
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write("Ada\n")
            file.flush()
            self.assertEqual(run("--program", "echo", file.name), (0, "Ada\n", ""))

    def test_failing_program(self):
        self.assertEqual(run("--program", "false", text="Ada\n")[0], 1)

    def test_missing_program(self):
        status, _, errors = run("--program", "/nonexistent/greet", text="Ada\n")
        self.assertEqual(status, 1)
        self.assertIn("/nonexistent/greet", errors)

    def test_missing_file(self):
        status, _, errors = run("/nonexistent/names")
        self.assertEqual(status, 1)
        self.assertIn("/nonexistent/names", errors)

    def test_version(self):
        self.assertEqual(run("--version"), (0, "greet-many 0.4\n", ""))


if __name__ == "__main__":
    unittest.main()
