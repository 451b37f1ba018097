"""Owns who answers an external: a program of this machine if there is one, else the project itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from build_env.externals.depsolve import DEPSOLVE_APT, DEPSOLVE_DNF4, DEPSOLVE_DNF5
from build_env.externals.embed import EMBED_FILE
from build_env.externals.partition import PARTITION
from build_env.externals.program import Context, answer

if TYPE_CHECKING:
    from build_env.externals.executables import ProgramRunner
    from build_env.externals.program import Program

__all__ = ["OWN", "ProjectRunner"]

OWN: Final[dict[str, Program]] = {
    program.name: program for program in (DEPSOLVE_APT, DEPSOLVE_DNF4, DEPSOLVE_DNF5, EMBED_FILE, PARTITION)
}


@dataclass(frozen=True, kw_only=True)
class ProjectRunner:
    """The `ExternalRunner` of the project. Programs in the search path go before its own externals."""

    programs: ProgramRunner
    context: Context

    def run(self, name: str, tree: object) -> object:
        """See `ExternalRunner.run`."""
        if self.programs.find(name):
            return self.programs.run(name, tree)
        return self.run_own(name, tree)

    def run_own(self, name: str, tree: object) -> object:
        """Only the project's own: what others call must not lead back to them."""
        program = OWN.get(name)
        if program is None:
            raise self.programs.not_found(name, tuple(OWN))
        return answer(program, tree, self.context)
