"""Foundations without domain knowledge: errors, canonical JSON, trees, processes. Standard library only."""
