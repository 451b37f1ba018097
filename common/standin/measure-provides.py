#!/usr/bin/python3
"""Print the spec of a package without files whose Provides are what this Debian system really holds.

Owns the translation of a Debian system into RPM capabilities. Nothing is claimed: package names count where
dpkg says "installed", libraries where elfdeps finds the soname, programs and pkg-config modules where the
file exists. Arguments: the table of names, the version to give the package.
"""

import pathlib
import re
import subprocess
import sys
import sysconfig

PROGRAM_DIRECTORIES = ("/usr/bin", "/usr/sbin", "/usr/libexec")
# Debian has joined /bin with /usr/bin; scripts name both.
SHORT_FORMS = {"/usr/bin": "/bin", "/usr/sbin": "/sbin"}
DNF_PLUGINS = {"builddep": "builddep", "config-manager": "config_manager", "download": "download"}
SPEC_HEAD = """\
Name: build-env-standin
Version: {version}
Release: 1
Summary: What a Debian system offers, in the words of the RPM family
License: Apache-2.0
AutoReqProv: no
{provides}

%description
Lets dnf and rpmbuild see what dpkg installed in a stand-in base. Made by measuring that base; it holds no
files and has to be made again after every installation by apt.

%files
"""


def output(*argv: str, stdin: str = "") -> list[str]:
    """Return the lines a program printed; what it complains about stays visible."""
    done = subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True, input=stdin)
    return done.stdout.splitlines()


def read_names(path: pathlib.Path) -> dict[str, list[str]]:
    """Read the table: Debian package name to the names in the RPM family."""
    table: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            debian, names = line.split("\t")
            table.setdefault(debian, []).extend(names.split())
    return table


def upstream_version(version: str) -> str:
    """Reduce a Debian version to what RPM accepts: no epoch, no revision, no dash, no addition for a repack."""
    bare = version.split(":", 1)[-1].rsplit("-", 1)[0]
    bare = re.sub(r"[+~](dfsg|ds|debian|really|nmu|deb).*", "", bare)
    return re.sub(r"[^A-Za-z0-9._~^+]", ".", bare)


def package_provides(table: dict[str, list[str]]) -> set[str]:
    """Names with versions of the installed packages that the table knows."""
    isa = output("rpm", "--eval", "%{?_isa}")[0]
    provides: set[str] = set()
    query = output("dpkg-query", "--show", "--showformat=${db:Status-Status}\t${binary:Package}\t${Version}\n")
    for line in query:
        status, package, version = line.split("\t")
        names = table.get(package.split(":", 1)[0], []) if status == "installed" else []
        for name in names:
            provides.add(f"{name} = {upstream_version(version)}")
            if isa:
                provides.add(f"{name}{isa} = {upstream_version(version)}")
    return provides


def library_provides() -> set[str]:
    """Sonames and symbol versions of the libraries that the loader finds."""
    triplet = sysconfig.get_config_var("MULTIARCH")
    directory = pathlib.Path("/usr/lib") / triplet
    # Several links may lead to one file. Scripts of the linker have the same ending: elfdeps fails at them.
    libraries = {file.resolve() for file in directory.glob("*.so*") if file.is_file()}
    files = sorted(str(file) for file in libraries if file.read_bytes()[:4] == b"\x7fELF")
    found = set(output("/usr/lib/rpm/elfdeps", "--provides", stdin="\n".join(files) + "\n"))
    # The loader understands GNU hash tables; no file says so.
    return found | {"rtld(GNU_HASH)"}


def program_provides() -> set[str]:
    """Paths of programs, in the long and the short form."""
    provides: set[str] = set()
    for name in PROGRAM_DIRECTORIES:
        directory = pathlib.Path(name)
        for file in directory.iterdir() if directory.is_dir() else ():
            if file.is_file() and file.stat().st_mode & 0o111 and re.fullmatch(r"[A-Za-z0-9._+\[-]+", file.name):
                provides.add(f"{name}/{file.name}")
                if name in SHORT_FORMS:
                    provides.add(f"{SHORT_FORMS[name]}/{file.name}")
    return provides


def module_provides() -> set[str]:
    """Modules of pkg-config with their versions, the plugins of dnf and the interface of Python."""
    provides: set[str] = set()
    for line in output("pkg-config", "--list-package-names"):
        version = output("pkg-config", "--modversion", line)
        provides.add(f"pkgconfig({line}) = {version[0]}" if version and version[0] else f"pkgconfig({line})")
    packages = pathlib.Path("/usr/lib/python3/dist-packages/dnf-plugins")
    for command, module in DNF_PLUGINS.items():
        if (packages / f"{module}.py").exists():
            provides.add(f"dnf-command({command})")
    provides.add(f"python(abi) = {sys.version_info.major}.{sys.version_info.minor}")
    return provides


def main() -> int:
    """Print the spec."""
    table, version = read_names(pathlib.Path(sys.argv[1])), sys.argv[2]
    provides = package_provides(table) | library_provides() | program_provides() | module_provides()
    # A percent sign or a blank inside a name would be read as something else; no such capability is needed.
    lines = [f"Provides: {name}" for name in sorted(provides) if "%" not in name]
    sys.stdout.write(SPEC_HEAD.format(version=version, provides="\n".join(lines)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
