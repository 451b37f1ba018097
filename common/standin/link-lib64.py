#!/usr/bin/python3
"""Make /usr/lib64 a link to the multiarch library directory.

Packages of the RPM family install libraries below /usr/lib64, where Debian's linker, loader and pkg-config
do not look. On amd64 the directory exists and holds the loader: between its removal and the link no program
can be started, so that this is one process that starts none.
"""

import pathlib
import sys
import sysconfig


def main() -> int:
    """Replace the directory by the link; say nothing if it is one already."""
    triplet = sysconfig.get_config_var("MULTIARCH")
    wanted = pathlib.Path("lib") / triplet
    directory = pathlib.Path("/usr/lib64")
    if not (pathlib.Path("/usr") / wanted).is_dir():
        sys.stderr.write(f"/usr/{wanted} is no directory\n")
        return 1
    if directory.is_symlink():
        return 0
    if directory.is_dir():
        entries = list(directory.iterdir())
        lost = [entry.name for entry in entries if not (pathlib.Path("/usr") / wanted / entry.name).exists()]
        if lost:
            sys.stderr.write(f"/usr/lib64 holds what /usr/{wanted} lacks: {', '.join(lost)}\n")
            return 1
        # From here to the link below nothing may be imported or started.
        for entry in entries:
            entry.unlink()
        directory.rmdir()
    directory.symlink_to(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
