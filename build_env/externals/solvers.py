"""Owns what runs inside a room to solve dependencies: scripts for apt, dnf 4 and dnf 5. Text only.

Each solves for an empty system, from the index that the image holds, and changes nothing outside a temporary
directory. Words beginning with `+` are wanted, those with `-` must not be taken. Status 3: the solver is not here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["APT", "DNF4", "DNF5", "MISSING", "TOO_SLOW", "apt_command", "dnf_command"]

MISSING: Final = 3
TOO_SLOW: Final = 124
_SECONDS = "600"

# apt prints what it would fetch: address, file name with version, size, digest.
APT: Final = r"""
set -eu
command -v apt-get >/dev/null || exit 3
arch=$1 recommends=$2
shift 2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir -p "$dir/archives/partial"
: >"$dir/status"
: >"$dir/preferences"
for word; do
    shift
    case $word in
    -*) printf 'Package: %s\nPin: release *\nPin-Priority: -1\n\n' "${word#-}" >>"$dir/preferences" ;;
    +*) set -- "$@" "${word#+}" ;;
    esac
done
if [ -f /etc/apt/preferences ]; then cat /etc/apt/preferences >>"$dir/preferences"; fi
timeout "$SECONDS_AT_MOST" apt-get install --yes -q --print-uris \
    -o "Dir::State::status=$dir/status" -o "Dir::Cache=$dir" -o "Dir::Cache::archives=$dir/archives/" \
    -o "Dir::Etc::preferences=$dir/preferences" -o "APT::Architecture=$arch" -o "APT::Architectures::=$arch" \
    -o "APT::Install-Recommends=$recommends" -o Acquire::ForceHash=SHA256 -o Debug::NoLocking=1 -- "$@"
"""

_PYTHON = r"""
for python in /usr/libexec/platform-python /usr/bin/python3; do
    if [ -x "$python" ] && "$python" -c "import $1" 2>/dev/null; then
        shift
        exec timeout "$SECONDS_AT_MOST" "$python" -c "$@"
    fi
done
exit 3
"""

DNF4: Final = r"""
import json, sys, tempfile
import dnf, dnf.exceptions, dnf.rpm

weak, words = sys.argv[1] == "true", sys.argv[2:]
with tempfile.TemporaryDirectory() as empty, dnf.Base() as base:
    base.conf.read()
    base.conf.substitutions["releasever"] = dnf.rpm.detect_releasever("/") or ""
    base.conf.substitutions.update_from_etc("/")
    base.read_all_repos()
    base.conf.installroot = empty
    base.conf.install_weak_deps = weak
    for repository in base.repos.iter_enabled():
        repository.metadata_expire = -1  # the index of the image, however old it is
        repository.skip_if_unavailable = False
    try:
        base.fill_sack(load_system_repo=False)
        base.read_comps()
        wanted = [word[1:] for word in words if word[0] == "+"]
        base.install_specs(wanted, exclude=[word[1:] for word in words if word[0] == "-"])
        base.resolve()
    except dnf.exceptions.MarkingErrors as error:
        sys.exit("\n".join(line for line in str(error).splitlines() if line))
    except dnf.exceptions.Error as error:
        sys.exit(str(error))
    found = []
    for package in base.transaction.install_set:
        kind, digest = package.returnIdSum()
        found.append(
            {"name": package.name, "version": package.evr, "arch": package.arch, "checksum": kind + ":" + digest}
        )
    json.dump(found, sys.stdout)
"""

DNF5: Final = r"""
import json, sys
import libdnf5

weak, words = sys.argv[1] == "true", sys.argv[2:]
base = libdnf5.base.Base()
base.load_config()
settings = base.get_config()
settings.install_weak_deps = weak
settings.metadata_expire = -1  # the index of the image, however old it is
settings.skip_if_unavailable = False
base.setup()
sack = base.get_repo_sack()
sack.create_repos_from_system_configuration()
sack.load_repos(libdnf5.repo.Repo.Type_AVAILABLE)
unwanted = [word[1:] for word in words if word[0] == "-"]
if unwanted:
    query = libdnf5.rpm.PackageQuery(base)
    query.filter_name(unwanted, libdnf5.common.QueryCmp_GLOB)
    base.get_rpm_package_sack().add_user_excludes(query)
goal = libdnf5.base.Goal(base)
for word in words:
    if word[0] == "+":
        goal.add_install(word[1:])
transaction = goal.resolve()
if transaction.get_problems() != libdnf5.base.GoalProblem_NO_PROBLEM:
    sys.exit("\n".join(transaction.get_resolve_logs_as_strings()))
found = []
for item in transaction.get_transaction_packages():
    package = item.get_package()
    digest = package.get_checksum()
    found.append(
        {
            "name": package.get_name(),
            "version": package.get_evr(),
            "arch": package.get_arch(),
            "checksum": digest.get_type_str() + ":" + digest.get_checksum(),
        }
    )
json.dump(found, sys.stdout)
"""


def apt_command(architecture: str, words: Sequence[str], recommends: str) -> list[str]:
    """The command that asks apt, for packages of `architecture`; `recommends` is `true` or `false`."""
    script = APT.replace("$SECONDS_AT_MOST", _SECONDS)
    return ["/bin/sh", "-c", script, "sh", architecture, recommends, *words]


def dnf_command(module: str, script: str, _architecture: str, words: Sequence[str], recommends: str) -> list[str]:
    """The command that asks the dnf whose Python module is `module`; the room decides on the architecture."""
    find = _PYTHON.replace("$SECONDS_AT_MOST", _SECONDS)
    return ["/bin/sh", "-c", find, "sh", module, script, recommends, *words]
