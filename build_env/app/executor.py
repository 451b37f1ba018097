"""Owns the making of the executor: the engine, the store and the publisher of a run put together."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from build_env.app.limits import proxy_variables, room_limits
from build_env.core.errors import EnvironmentNotReady
from build_env.core.later import imported_later
from build_env.engines.native import NativeRooms
from build_env.model.room import TimeLimit
from build_env.publish.local import LocalPublisher
from build_env.publish.model import CHANNEL
from build_env.schedule.local import LocalExecutor
from build_env.work.kind import Hands
from build_env.work.orders import Orders
from build_env.work.rooms import RoomWork
from build_env.work.worker import Worker

with imported_later():
    from build_env.publish import records, signing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from build_env.app.containers import Containers
    from build_env.app.session import Session
    from build_env.core.paths import ProjectPaths
    from build_env.model.artifact import Isolation
    from build_env.model.identity import TaskName
    from build_env.model.options import BuildOptions
    from build_env.model.room import RoomSpec
    from build_env.ports import Engine
    from build_env.publish.signing import Signer
    from build_env.settings import Settings

__all__ = ["MissingEngine", "new_executor", "time_limit"]


@dataclass(frozen=True, kw_only=True)
class MissingEngine:
    """Stands for an engine that does not answer: a plan can be shown, results are asked for as it would, none made."""

    isolation: Isolation

    def run(self, spec: RoomSpec, output: Callable[[str], None]) -> NoReturn:  # noqa: ARG002 - the port's
        """See `Engine.run`."""
        raise EnvironmentNotReady(
            "no container engine answers", hint="start it; build-env doctor shows what is missing"
        )

    def cancel(self) -> None:
        """See `Engine.cancel`; nothing runs."""


def new_executor(session: Session, anew: frozenset[TaskName]) -> LocalExecutor:
    """The executor of the session's run; tasks of `anew` are done whatever the store has."""
    options, store, claims, containers = session.options, session.store, session.claims, session.containers
    paths, settings = session.project.paths, session.project.settings
    directory = paths.rooms / session.run.id
    images = containers.target_images(store) if containers else None
    hands = Hands(
        trees=session.project.trees,
        store=store,
        publisher=LocalPublisher(
            root=paths.root,
            deploy=paths.deploy,
            repositories=paths.repositories,
            store=store,
            signer=lambda: _signer(settings, paths),
            label=settings.repository_label,
            digest_of=session.digests.digest,
            publishes=options.publishes,
            final=settings.final_versions,
            replaces=frozenset(settings.replaces.split()),
        ),
        rooms=RoomWork(
            worker=Worker(
                engine=_engine(options, containers, directory),
                store=store,
                directory=directory,
                downloads=paths.downloads,
                caches=paths.caches,
                images=images,
                ssh_agent=os.environ.get("SSH_AUTH_SOCK", ""),
                proxies=proxy_variables(settings, os.environ),
            ),
            orders=_orders(session),
            claims=claims,
        ),
        images=images,
    )
    return LocalExecutor(logs=paths.logs, hands=hands, claims=claims, anew=anew)


def _orders(session: Session) -> Orders:
    project, options = session.project, session.options
    return Orders(
        trees=project.trees,
        store=session.store,
        labels={
            "project": project.checkout,
            "run": session.run.id,
            "architectures": ",".join(options.architectures),
        },
        reused_prefix=f"{project.settings.image_prefix}-{project.checkout}-" if options.container else "",
        recreate=options.recreate,
        caches=project.settings.room_caches,
        limit=time_limit(options, project.settings),
        limits=room_limits(
            project.settings,
            together=options.memory_bytes,
            machine=session.containers.connection.facts.memory if session.containers else 0,
        ),
    )


def _signer(settings: Settings, paths: ProjectPaths) -> Signer:
    """The signer with the key of the settings, else with the project's own, which is made when there is none."""
    if settings.signing_key:
        home = paths.root / settings.signing_home if settings.signing_home else None
        return signing.configured_signer(home, settings.signing_key)
    trusted = records.trusted_key(paths.repositories / CHANNEL)
    return signing.ensure_project_key(
        paths.private / "gnupg", f"{settings.repository_label} package repository", trusted
    )


def time_limit(options: BuildOptions, settings: Settings) -> TimeLimit | None:
    """The option says it, else the setting; either may say that there is none."""
    if options.timeout is not None:
        seconds, origin = options.timeout, "--timeout"
    else:
        seconds, origin = settings.timeout, f"timeout in {settings.origins.get('timeout', '')}"
    return TimeLimit(seconds=seconds, origin=origin) if seconds else None


def _engine(options: BuildOptions, containers: Containers | None, directory: Path) -> Engine:
    if options.native:
        return NativeRooms(rooms=directory, install=options.install)
    return containers.rooms if containers else MissingEngine(isolation=options.isolation)
