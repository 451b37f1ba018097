"""Whatever a build prints, leaves in `out/` and ends with: the run has the right status, and the others are built."""

from __future__ import annotations

import io
import tarfile
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from build_env.engines.collecting import unpack
from build_env.engines.inline import Receiver
from build_env.engines.layout import outcome_of
from build_env.engines.output import LineSplitter
from build_env.model.action import RoomAction
from build_env.model.result import Status
from build_env.schedule.loop import Loop
from build_env.schedule.resources import Capacity
from build_env.store.results import LocalStore, new_run
from build_env.ui.jsonl import JsonListener
from build_env.ui.plain import PlainListener
from tests.support.samples import A, B, plan_of, room, task
from tests.unit.schedule.test_local import FakeEngine, executor_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from build_env.model.events import Event
    from build_env.model.room import RoomOutcome, RoomSpec

PIECES = st.sampled_from(
    [b"\n", b"\r", b"MARK", b" 0 0 1", b" 9 9 9", b"error: x:1: y", b"::error::", b"##vso[a]", b"\xff"]
)
PRINTED = st.lists(st.one_of(PIECES, st.binary(max_size=20)), max_size=30).map(b"".join)
PART = st.one_of(st.sampled_from(["a", "b", "..", "", "n" * 300, "a\nb", "\udcff"]), st.text(max_size=4))
NAMES = st.lists(st.lists(PART, min_size=1, max_size=4).map("/".join), max_size=5)


class HostileEngine(FakeEngine):
    """Rooms that go the real way from bytes to an outcome; the first package does what it wants."""

    printed = b""
    names: tuple[str, ...] = ()
    status = 0

    def run(self, spec: RoomSpec, output: Callable[[str], None]) -> RoomOutcome:
        if spec.labels.get("subject") != A.subject:
            return super().run(spec, output)
        receiver = Receiver(output, trusted=True)
        lines = LineSplitter(receiver.line, spec.limits.log)
        lines.feed(self.printed)
        lines.close()
        receiver.flush()
        if self.status == 0:
            unpack([archive(self.names)], {"out": spec.collect})
        return outcome_of(self.status)


def archive(names: tuple[str, ...]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", encoding="utf-8", errors="surrogateescape") as written:
        for name in names:
            info = tarfile.TarInfo(f"out/{name}")
            info.size = 1
            written.addfile(info, io.BytesIO(b"x"))
    return buffer.getvalue()


@settings(max_examples=60, deadline=None)
@given(PRINTED, NAMES.map(tuple), st.integers(0, 255))
def test_a_build_harms_nobody_but_itself(printed: bytes, names: tuple[str, ...], status: int) -> None:
    with tempfile.TemporaryDirectory() as directory, closing(LocalStore(Path(directory) / "b", new_run("t"))) as store:
        engine = HostileEngine()
        engine.printed, engine.names, engine.status = printed, names, status
        shown: list[str] = []
        listeners = (PlainListener(write=shown.append, groups=True), JsonListener(write=shown.append))

        def sink(event: Event) -> None:
            for listener in listeners:
                listener(event)

        tasks = [replace(task(name), action=RoomAction(room=room())) for name in (A, B)]
        loop = Loop(
            plan=plan_of(*tasks),
            executor=executor_of(Path(directory), store, engine),
            sink=sink,
            capacity=Capacity(slots=2),
            keep_going=True,
        )
        summary = loop.run()
        assert summary.results[B].status is Status.DONE
        bad = summary.results[A]
        assert bad.status is (Status.FAILED if status else bad.status)
        assert "[defect]" not in bad.message, bad.message
        assert summary.exit_code == (0 if bad.ok else 1)
        "".join(shown).encode()  # what cannot be written would end the run
