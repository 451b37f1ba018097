"""Tidies lines of text."""

import sys


def tidied(line):
    """The words of a line with one blank between them."""
    return " ".join(line.split())


def main():
    """Tidy standard input."""
    for line in sys.stdin:
        print(tidied(line))
