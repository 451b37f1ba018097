import unittest

import tidy


class TestTidy(unittest.TestCase):
    def test_blanks(self):
        self.assertEqual(tidy.tidied("  a   b "), "a b")
