"""Engines make rooms: `docker` in containers, `native` in a directory of this machine."""
