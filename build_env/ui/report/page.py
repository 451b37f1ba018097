"""Owns the page: what its template is given, and the rule that it loads and runs nothing but its own two parts.

Everything is escaped by the template engine; the only text put in as it is are the page's own style and script, and
the browser is told their digests and to refuse all else.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from importlib import resources
from typing import TYPE_CHECKING, Any

import jinja2

from build_env import __version__
from build_env.model.result import Status
from build_env.ui.report.chain import critical_chain
from build_env.ui.report.logs import excerpts
from build_env.ui.report.matrix import make_matrix
from build_env.ui.report.timeline import make_timeline
from build_env.ui.report.views import SYMBOLS, WORDS, task_views
from build_env.ui.text import clean
from build_env.ui.words import count, duration

if TYPE_CHECKING:
    from pathlib import Path

    from build_env.ui.record import RunRecord

__all__ = ["render_page"]

_PARTS = resources.files("build_env.ui.report")


def render_page(run: RunRecord, *, root: Path, when: str = "") -> str:
    """The whole page."""
    return _template().render(**_own_parts(), **_facts(run, root), when=clean(when), version=__version__) + "\n"


@functools.cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_part("page.html.j2"))


def _part(name: str) -> str:
    return (_PARTS / name).read_text(encoding="utf-8")


def _own_parts() -> dict[str, Any]:
    style, script = _part("page.css"), _part("page.js")
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return {"style": style, "script": script, "policy": policy}


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}"


def _facts(run: RunRecord, root: Path) -> dict[str, Any]:
    records = list(run.tasks.values())
    chain = critical_chain(run.tasks)
    views = task_views(run, chain, excerpts(records, root))
    ran = [record for record in records if record.ran]
    verdict, headline = _verdict(run)
    numbers = {status: sum(record.status is status for record in records) for status in WORDS}
    return {
        "title": clean(_title(run)),
        "verdict": verdict,
        "headline": headline,
        "facts": _summary(run, sum(record.seconds for record in chain), len(chain)),
        "error": [clean(line) for line in run.error.lines()] if run.error else [],
        "numbers": {status: number for status, number in numbers.items() if number},
        "words": WORDS,
        "symbols": SYMBOLS,
        "tasks": list(views.values()),
        "views": views,
        "failures": [view for view in views.values() if view.status is Status.FAILED],
        "matrix": make_matrix(records, run.targets),
        "timeline": make_timeline(ran, chain, run.began, run.ended) if ran else None,
        "chain": [views[record.task.name] for record in chain],
        "deployed": [clean(path) for path in run.summary.deployed] if run.summary else [],
        "notes": [clean(note) for note in (*run.notes, *(run.summary.notes if run.summary else ()))],
    }


def _title(run: RunRecord) -> str:
    targets = [f"{target} on {', '.join(archs)}" if archs else target for target, archs in run.targets.items()]
    return "; ".join(targets) or "build-env"


def _verdict(run: RunRecord) -> tuple[str, str]:
    """The class of the headline and its words."""
    statuses = [record.status for record in run.tasks.values()]
    failed = statuses.count(Status.FAILED)
    if failed:
        lost = statuses.count(Status.NOT_RUN)
        return "failed", f"{count(failed, 'task')} failed" + (f", {lost} not run" if lost else "")
    if run.error is not None:
        return "failed", "the run ended early"
    if Status.INTERRUPTED in statuses:
        return "interrupted", "the run was stopped"
    if Status.DONE not in statuses:
        return "hit", f"nothing to do: {count(len(statuses), 'task')} up to date"
    return "done", f"{count(statuses.count(Status.DONE), 'task')} done"


def _summary(run: RunRecord, chain: float, links: int) -> list[tuple[str, str]]:
    facts = [("Tasks", str(len(run.tasks))), ("Time", duration(run.ended - run.began))]
    if links:
        facts.append(("Longest chain", f"{duration(chain)} in {count(links, 'task')}"))
    work = sum(record.seconds for record in run.tasks.values())
    return [*facts, ("Work", duration(work))] if links else facts
