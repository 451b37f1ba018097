"""Owns what a package format is: everything in which one kind of package differs from another, as frozen data.

A format answers questions and holds no state; who asks must not know its name. It must not plan, build or switch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build_env.core.shapes import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from build_env.formats.compare import Opened
    from build_env.formats.further import Further
    from build_env.formats.view import Repository
    from build_env.model.package import Need, Package, Packaging
    from build_env.model.source import FoundSource

__all__ = ["Finder", "Format", "PackageFacts", "Program", "Scan"]


@dataclass(frozen=True, kw_only=True)
class PackageFacts:
    """What a built package says of itself: its name, the names it provides, what it needs when installed.

    `architecture` is empty for one that serves all; `foreign` tells that it serves packages of other ones.
    """

    name: str
    provides: tuple[str, ...] = ()
    depends: tuple[Need, ...] = ()
    architecture: str = ""
    foreign: bool = False


@dataclass(frozen=True, kw_only=True)
class Scan:
    """What of the packaging only a room may read, because parsing it runs code.

    The hook `run_scan` says how; its room sees the packaging directories and leaves the file `report`. `read` gives the
    packages with what the report (its text) says for a target (its name), and raises InputError when it is not what the
    hook should write.
    `subject` is what a person reads behind the stage.

    `of_pins`: what the packaging of sources from the distribution's archive says is only known when these are fetched.
    No hook is asked: the source stage of each leaves a report, and `read` gets them one after the other.
    """

    subject: str
    report: str
    read: Callable[[Mapping[str, Package], str, str], dict[str, Package]]
    of_pins: bool = False


@dataclass(frozen=True, kw_only=True)
class Finder:
    """How sources are found by a distribution's own tools, in a room of its source image that sees the `folders`.

    `script` is called with what is looked for; if it `installs` what it needs, as root. `read` gets the name of the
    source and what the script printed, and raises InputError when it is not what it should be.
    """

    script: str
    folders: tuple[str, ...]
    read: Callable[[str, str], FoundSource]
    installs: bool = False


@dataclass(frozen=True, kw_only=True)
class Program:
    """A program of the host that publishing needs: the Debian package that holds it, and what it does for us.

    With `library` it is a shared library, which a Python module from elsewhere is linked with.
    """

    name: str
    package: str
    purpose: str
    library: bool = False


@dataclass(frozen=True, kw_only=True)
class Format:
    """One package format.

    Packaging: `packaging` are the directories of a package in which it may lie; only rooms of this format see them, and
    the first may hold a build script. Behind them comes the package's top, if a name there ends with one of `at_top`;
    the first place with packaging in it counts. `source_names` is what a source may be called. `read_packaging` reads
    one (directory, name in errors) or gives None where it has none; `scan` is for what it cannot read. `upstream` gives
    those of some names (at the top, or beside the package) that are files of the source besides its tree. `source_name`
    is how packaging in a package's directory calls its source (empty: nothing says). A finished source package is a
    file with `source_suffix`; `source_files` gives its name and those of all files that it consists of, and raises
    InputError.
    `import_word` is what `build-env import` calls what the hook `run_unpack` takes apart (empty: it takes nothing).
    `dependency_set` is the artifact of a source stage that lists what the build installs.

    Files, by their name: `is_content` enters keys of dependents, `is_published` goes to users, `is_binary` is a built
    package, `is_installed` one that dependents install; `plain_path` is where a published file lies below
    `build/deploy/` for a suite. Names that end with one of `about_builds` tell of the build and may differ.

    `cross_profiles` are the build profiles in force where a package is cross-built; conditions of needs ask for them.
    `choices` are the names of those of `model.choices` that mean something to a build, `source_choices` the ones that
    its source stage must know, too.

    Bytes: `build_depends` reads the needs in the dependency set, `package_facts` a built package (None when it cannot
    be read here); without them dependents see every package that the plan gives. `opened` takes a package apart that
    is no archive known to `compare`.

    `repository` is how packages are published. Packages named in `essential` are on every client already: who
    publishes one replaces it everywhere, so that must be meant.

    `further` is how builds get to read a repository beside those of the distribution; None where nothing can.

    Host: `programs` and Python `modules` (name → purpose) that publishing needs; `stand_in` tells that build-env can
    make a base image itself where the real one cannot be had. With a `finder` a source can be one of the distribution's
    (the field `archive` of a definition); its script gets a name, and a version if one is meant. `upstream_finder`
    finds the files that packaging names on servers (the field `sources`); its script gets a package's directory.
    """

    name: str
    packaging: tuple[str, ...]
    at_top: tuple[str, ...] = ()
    source_names: Text = field(default_factory=Text)
    read_packaging: Callable[[Path, str], Packaging | None]
    source_name: Callable[[Path], str] = lambda _directory: ""
    source_suffix: str = ""
    source_files: Callable[[Path], tuple[str, tuple[str, ...]]] = lambda path: (path.stem, (path.name,))
    import_word: str = ""
    scan: Scan | None = None
    upstream: Callable[[Path, Sequence[str]], tuple[str, ...]] = lambda _directory, _names: ()
    dependency_set: str
    is_content: Callable[[str], bool]
    is_published: Callable[[str], bool]
    is_binary: Callable[[str], bool]
    is_installed: Callable[[str], bool]
    plain_path: Callable[[str, str], str]
    repository: Repository
    about_builds: tuple[str, ...] = ()
    cross_profiles: frozenset[str] = frozenset()
    choices: frozenset[str] = frozenset()
    source_choices: frozenset[str] = frozenset()
    build_depends: Callable[[str], tuple[Need, ...]] | None = None
    package_facts: Callable[[Path], PackageFacts | None] | None = None
    opened: Callable[[bytes], Opened | None] | None = None
    further: Further | None = None
    programs: tuple[Program, ...] = ()
    modules: Mapping[str, str] = field(default_factory=dict)
    stand_in: bool = False
    finder: Finder | None = None
    upstream_finder: Finder | None = None
    essential: frozenset[str] = frozenset()
