"""Owns the whole surface that `packages.conf.py` and `package.py` may import.

(the table of hooks follows here)
"""

from build_env.model.command import ImageKind, Mount
from build_env.model.package import Archive, Package
from build_env.model.target import Host, Options
from build_env.ports import Env

__all__ = ["Archive", "Env", "Host", "ImageKind", "Mount", "Options", "Package"]
