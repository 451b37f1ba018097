"""Owns the fence around user code: hooks compute and record; they do not write, start programs, ask clock or chance.

Uses Python's audit events, which see every such act also from inside libraries. The fence is a promise about honest
mistakes, not a sandbox. Printed text is caught and returned; errors become `HookError` with file and line. What user
code reads is recorded by `core.reading`, as everything is that planning reads.
"""

from __future__ import annotations

import contextlib
import functools
import io
import os
import sys
import traceback
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.core.errors import BuildEnvError, HookError, Location
from build_env.core.interception import Replacements, user_code

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["guarded"]

_FENCED: ContextVar[bool] = ContextVar("build_env_hook_fence", default=False)
_FORBIDDEN = frozenset(
    {
        "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.chmod", "os.chown",
        "os.truncate", "os.utime", "os.chdir", "os.putenv", "os.unsetenv", "os.system", "os.exec", "os.fork",
        "os.posix_spawn", "subprocess.Popen", "socket.connect", "shutil.rmtree", "shutil.move", "shutil.copyfile",
    }
)  # fmt: skip
# A module that user code imports is compiled each time: Python would write beside its file what it compiled.
_NO_BYTECODE = Replacements((sys, "dont_write_bytecode", True))
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class _SideEffectError(Exception):
    """User code tried to act on the machine."""


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    if not _FENCED.get():
        return
    if event == "open":
        flags = arguments[2] if len(arguments) > 2 else 0  # noqa: PLR2004 - (path, mode, flags) by PEP 578
        if isinstance(flags, int) and flags & _WRITING:
            raise _SideEffectError(f"writes {arguments[0]}")
    elif event in _FORBIDDEN:
        raise _SideEffectError(f"calls {event}({', '.join(map(repr, arguments[:2]))})")


@functools.cache
def _install() -> None:
    # An audit hook cannot be removed; it does nothing outside the fence.
    sys.addaudithook(_audit)


@contextlib.contextmanager
def guarded(what: str, root: Path) -> Iterator[io.StringIO]:
    """Run user code behind the fence; `what` names it in errors. Yields the text that it prints."""
    # Only where user code runs: most commands run none, and randomness takes 10 ms to import.
    from build_env.targets.unstable import UnstableError, refusals  # noqa: PLC0415

    _install()
    printed = io.StringIO()
    token = _FENCED.set(True)
    try:
        with (
            refusals().in_place(),
            _NO_BYTECODE.in_place(),
            user_code(),
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
        ):
            yield printed
    except BuildEnvError:
        raise
    except SyntaxError as error:
        where = Location(file=_shown(error.filename or "?", root), line=error.lineno or 0, column=error.offset or 0)
        raise HookError(f"{what} is not Python: {error.msg}", location=where) from error
    except _SideEffectError as error:
        raise HookError(
            f"{what} {error}",
            location=_place(error, root),
            hint="hooks describe work and do none: record a command with env.run_command_build(...) instead",
        ) from error
    except UnstableError as error:
        raise HookError(
            f"{what} {error}, which is never the same twice",
            location=_place(error, root),
            hint="the same tree must give the same plan: take the value from a variable of the target, a setting "
            "(env.setting) or the environment (os.environ), which are watched",
        ) from error
    except Exception as error:
        text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise HookError(f"{what} raised {text}", location=_place(error, root)) from error
    except SystemExit as error:
        raise HookError(f"{what} tried to end the program", location=_place(error, root)) from error
    finally:
        _FENCED.reset(token)


def _place(error: BaseException, root: Path) -> Location | None:
    """The innermost frame that lies in the project's targets or shared modules."""
    own = Path(__file__).resolve().parent.parent
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(root) and not path.is_relative_to(own):
            return Location(file=_shown(frame.filename, root), line=frame.lineno or 0, column=(frame.colno or -1) + 1)
    return None


def _shown(filename: str, root: Path) -> str:
    path = Path(filename)
    return str(path.relative_to(root)) if path.is_relative_to(root) else filename
