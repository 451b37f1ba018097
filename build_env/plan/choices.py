"""Owns what choices about builds mean for a plan: whose they are, and which conditions they decide. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from build_env.model.choices import Choices
    from build_env.model.package import Need, Package, Packaging
    from build_env.plan.relations import Relations

__all__ = ["whole_where_needed", "with_choices", "with_profiles"]

_Formula = tuple[tuple[str, ...], ...]


def with_choices(
    packages: Mapping[str, Package], asked: Choices, names: Collection[str], taken: Collection[str]
) -> dict[str, Package]:
    """The packages with what is chosen for them: what their definitions say, and for those of `names` what was `asked`.

    Only choices that are `taken` (by the format of the target) count. What the run asked for makes a package `apart`,
    unless its definition says so, too.
    """
    asked = asked.of(taken)

    def chosen(package: Package) -> Package:
        own = package.choices.of(taken)
        if package.name in names and (both := own.and_then(asked)) != own:
            return replace(package, choices=both, apart=asked)
        return replace(package, choices=own) if own != package.choices else package

    result = {}
    for name, package in packages.items():
        variants = {arch: chosen(variant) for arch, variant in package.variants.items()}
        result[name] = replace(chosen(package), variants=variants) if variants else chosen(package)
    return result


def with_profiles(packages: Mapping[str, Package], family: str) -> dict[str, Package]:
    """The packages with conditions about build profiles decided as far as chosen profiles decide them."""
    result = dict(packages)
    for name, package in packages.items():
        packaging = package.packaging.get(family)
        if packaging is not None and package.choices.profiles:
            decided = _decided(packaging, package.choices.profiles)
            result[name] = replace(package, packaging={**package.packaging, family: decided})
    return result


def _decided(packaging: Packaging, profiles: Collection[str]) -> Packaging:
    binaries = tuple(
        replace(binary, profiles=formula)
        for binary in packaging.binaries
        if (formula := _left(binary.profiles, profiles)) is not None
    )
    return replace(
        packaging,
        binaries=binaries,
        build_depends=_needs(packaging.build_depends, profiles),
        all_only=all(binary.every_architecture for binary in binaries) if binaries else packaging.all_only,
        mixed=len({binary.every_architecture for binary in binaries}) > 1 if binaries else packaging.mixed,
    )


def _needs(needs: Iterable[Need], profiles: Collection[str]) -> tuple[Need, ...]:
    left = (
        tuple(
            wanted._replace(profiles=formula)
            for wanted in need
            if (formula := _left(wanted.profiles, profiles)) is not None
        )
        for need in needs
    )
    return tuple(need for need in left if need)


def _left(formula: _Formula, profiles: Collection[str]) -> _Formula | None:
    """What is left to be decided of a formula when these profiles are in force; None where it cannot hold any more."""
    possible = [terms for terms in formula if not any(f"!{name}" in terms for name in profiles)]
    if formula and not possible:
        return None
    left = tuple(tuple(term for term in terms if term not in profiles) for terms in possible)
    return () if () in left else left


def whole_where_needed(
    packages: Mapping[str, Package], relations: Relations, names: Iterable[str]
) -> dict[str, Package]:
    """The packages; those that builds of others of `names` need are made whole, whatever part the run asked for."""
    parts = {name for name, package in packages.items() if package.apart.only}
    needed = {other for name in names if parts for other in relations.everything_for(name) if other != name}
    whole = (packages[name] for name in sorted(parts & needed))
    return {**packages, **{package.name: _whole(package) for package in whole}}


def _whole(package: Package) -> Package:
    choices, apart = replace(package.choices, only=""), replace(package.apart, only="")
    return replace(package, choices=choices, apart=apart)
