"""Owns the question whether a mirror's suites are in step: the script that asks, and what its answers mean. Pure.

A mirror may list an index that it does not have, or an index whose files it does not have; either only for some
architectures. An image that enables such a suite cannot be built, or its layers cannot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from build_env.setup.facts import Check, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["SCRIPT", "Suites", "judge", "parse_answers"]

_FINE = "ok"
_WORDS = {"index": "no usable index", "pool": "an index whose files cannot be fetched"}

# Run as root in a throw-away room of the base; the architectures are its arguments.
SCRIPT = r"""
set -u
cd /tmp && mkdir -p probe/files && chmod 755 probe probe/files && cd probe && : > nothing-installed
own=$(dpkg --print-architecture)
keys=
for file in /usr/share/keyrings/debian-archive-keyring.gpg /usr/share/keyrings/ubuntu-archive-keyring.gpg; do
    [ ! -f "$file" ] || keys=" signed-by=$file"
done
# What the base is set up to read, whatever the form of its sources files: URI and suite of each.
apt-get update --print-uris | sed -n -E "s,^'(.*)/dists/([^/]*)/InRelease' .*,\1 \2,p" | sort -u > repositories
for arch; do
    [ "$arch" = "$own" ] || dpkg --add-architecture "$arch"
    while read -r uri suite; do
        rm -rf lists && mkdir -p lists/partial
        echo "deb [arch=$arch$keys] $uri $suite main" > source.list
        options="-o Dir::Etc::sourcelist=$PWD/source.list -o Dir::Etc::sourceparts=/dev/null
            -o Dir::State::lists=$PWD/lists -o Dir::State::status=$PWD/nothing-installed
            -o Acquire::Languages=none -o Acquire::Retries=2
            -o APT::Update::Error-Mode=any -o APT::Sandbox::User=root"
        if ! apt-get -q $options update; then
            echo "probe $suite $arch index"
            continue
        fi
        index=$(apt-get $options indextargets --format '$(FILENAME)' 'Created-By: Packages' | head -n 1)
        # A package whose newest files arrive late where suites are out of step, else the first there is.
        name=$([ -z "$index" ] || /usr/lib/apt/apt-helper cat-file "$index" | awk -v arch="$arch" '
            BEGIN { split("libc6 openssl libssl3 linux-libc-dev", early); best = 9 }
            /^Package: / { name = $2 }
            /^Architecture: / && $2 == arch {
                if (first == "") first = name
                for (i in early) if (name == early[i] && i < best) best = i
            }
            END { print best < 9 ? early[best] : first }')
        if [ -n "$name" ] && ! (cd files && apt-get -q $options download "$name:$arch"); then
            echo "probe $suite $arch pool"
        else
            echo "probe $suite $arch ok"
        fi
    done < repositories
done
"""


@dataclass(frozen=True, kw_only=True)
class Suites:
    """Which suites a target uses: `plain`, and `special` for single architectures."""

    target: str
    architectures: tuple[str, ...]
    plain: tuple[str, ...]
    special: Mapping[str, tuple[str, ...]]

    def used(self, arch: str) -> tuple[str, ...]:
        """The suites that the target's images for `arch` enable."""
        return self.special.get(arch) or self.plain


def parse_answers(lines: Iterable[str]) -> dict[tuple[str, str], str]:
    """(suite, architecture) to `ok`, `index` or `pool`; of several sources with that suite the worst counts."""
    answers: dict[tuple[str, str], str] = {}
    for line in lines:
        match line.split():
            case ["probe", suite, arch, answer]:
                if answers.get((suite, arch), _FINE) == _FINE:
                    answers[suite, arch] = answer
            case _:
                continue
    return answers


def judge(suites: Suites, answers: Mapping[tuple[str, str], str]) -> tuple[Check, ...]:
    """A check per architecture: a suite in use that is out of step is missing, one left out that works is a note."""
    mend = _line(suites, answers)
    checks = []
    for arch in suites.architectures:
        used = suites.used(arch)
        broken = [suite for suite in used if answers.get((suite, arch)) != _FINE]
        spare = [suite for suite in suites.plain if suite not in used and answers.get((suite, arch)) == _FINE]
        state, text = State.OK, f"{', '.join(used)} can be used"
        if broken:
            state = State.MISSING
            text = "; ".join(f"{suite} has {_words(answers.get((suite, arch)))} for {arch}" for suite in broken)
        elif spare:
            state, text = State.NOTE, f"{text}; {', '.join(spare)} too, which the target leaves out"
        checks.append(
            Check(
                name=f"suites {suites.target} {arch}",
                purpose=f"the mirror has what builds for {arch} need",
                state=state,
                text=text,
                mend="" if state is State.OK else mend,
            )
        )
    return tuple(checks)


def _words(answer: str | None) -> str:
    return _WORDS.get(answer or "", "no answer from the mirror")


def _line(suites: Suites, answers: Mapping[tuple[str, str], str]) -> str:
    """The line for the target's file that fits the answers."""
    fitting = {arch: _fitting(suites.plain, arch, answers) for arch in suites.architectures}
    special = {arch: fit for arch, fit in fitting.items() if fit and fit != suites.plain}
    if not all(fitting.values()):
        return "look at the sources of the base image: no suite of it can be used for some architecture"
    file = f"targets/{suites.target}/packages.conf.py"
    return f"SUITES_FOR = {special!r} in {file}" if special else f"remove SUITES_FOR from {file}"


def _fitting(plain: Sequence[str], arch: str, answers: Mapping[tuple[str, str], str]) -> tuple[str, ...]:
    return tuple(suite for suite in plain if answers.get((suite, arch)) == _FINE)
