"""Benchmarks: each prints one table; rivals are measured in the same run."""
