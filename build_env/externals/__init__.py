"""Externals of manifests that the project answers itself: embedding files, partition tables, solving dependencies."""
