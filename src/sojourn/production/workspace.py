"""An open country project: its declarations, zones, catalogue, keys and the person at work."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from sojourn.catalogue import Catalogue
from sojourn.catalogue.audit import Witness
from sojourn.catalogue.catalogue import sqlite_url
from sojourn.catalogue.migrate import open_catalogue
from sojourn.contracts.table import Zone
from sojourn.engine import Engine
from sojourn.errors import NotPermitted, ProjectError
from sojourn.production.key_state import adopted_key, key_in_force
from sojourn.project.declarations import SourceDeclaration
from sojourn.project.load import Declarations, load
from sojourn.store.key_sources import KeySource
from sojourn.store.keys import KeyRing, Keys
from sojourn.store.store import Store

__all__ = ["Workspace", "declared_source", "open_workspace"]


@dataclass
class Workspace:
    """Everything that a command works with. A context manager: leaving it gives the catalogue back."""

    declarations: Declarations
    store: Store
    catalogue: Catalogue
    keys: Keys
    ring: KeyRing
    actor: str

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.catalogue.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the project for writing records, with the key in force.

        Raises: ProjectError when another command is writing, or the key was changed since the project was
        opened.
        """
        with self.store.one_writer() as is_outermost:
            if is_outermost and key_in_force(self.catalogue).mark != self.keys.mark:
                raise ProjectError(
                    "The project's key was changed meanwhile.",
                    "Give the command again, or open the project anew.",
                )
            yield

    @contextmanager
    def engine(self, *zones: Zone) -> Iterator[Engine]:
        """A confined connection that can open the named zones and nothing else.

        Raises: NotPermitted for the public zone, since what a connection can read it can write.
        """
        if Zone.PUBLIC in zones:
            raise NotPermitted("Only a release can write to the public zone.")
        settings = self.declarations.settings.engine
        folders = [self.store.zone(zone) for zone in zones]
        with Engine(
            folders, memory=settings.memory, threads=settings.threads, spill=self.spill_folder()
        ) as engine:
            yield engine

    def spill_folder(self) -> Path:
        """Where work that exceeds memory goes: into the secure zone, since it may hold records."""
        folder = self.store.zone(Zone.SECURE) / ".spill"
        folder.mkdir(exist_ok=True, mode=0o700)
        return folder


def open_workspace(folder: Path, *, is_key_lost: bool = False) -> Workspace:
    """Open a project for work; with `is_key_lost`, for nothing but making everything anew under a new key.

    Raises: ProjectError with every mistake in the declarations, or when keys or catalogue cannot be used.
    """
    declarations = load(folder)
    settings, actor = declarations.settings, actor_of(declarations)
    local = folder / "local"
    is_first = not (local / "catalogue.sqlite").exists()
    local.mkdir(exist_ok=True)
    store = Store(local)
    declared = settings.keys
    is_elsewhere = declared.command or declared.descriptor is not None
    source = KeySource(declared.command, declared.descriptor) if is_elsewhere else None
    ring = KeyRing.open(Path(declared.folder), folder, source, is_first=is_first, is_lost=is_key_lost)
    checkpoints = Path(settings.audit.checkpoints).expanduser() if settings.audit.checkpoints else ring.folder
    checkpoints.mkdir(parents=True, exist_ok=True)
    witness = Witness(checkpoints / "audit-checkpoints.jsonl", ring.audit)
    catalogue = open_catalogue(_catalogue_url(settings.catalogue, local), witness)
    try:
        found = adopted_key(catalogue, ring, actor)
        master = ring.master(found.project, found.mark)
        if master is None and is_key_lost:
            master = ring.next_master(found.project, found.mark)
        if master is None:
            raise _wrong_key(ring)
    except BaseException:
        catalogue.close()
        raise
    keys = Keys.of(master, project=found.project, agency=settings.agency.id)
    return Workspace(declarations, store, catalogue, keys, ring, actor)


def _wrong_key(ring: KeyRing) -> ProjectError:
    place = "the secret manager gives" if ring.is_held_elsewhere else f"lies in {ring.folder}"
    return ProjectError(
        f"The key that {place} is not the one with which this project's records were made.",
        "Restore that one from the copy that is kept with the office's keys. If it is lost for good:"
        " `sojourn keys rotate --old-key-is-lost` makes all records anew, under a new key.",
    )


def declared_source(declarations: Declarations, source: str) -> SourceDeclaration:
    """The declaration of a source.

    Raises: ProjectError naming the declared ones when there is none of that name.
    """
    if source not in declarations.sources:
        raise ProjectError(
            f"No source is called {source}.", f"Declared are: {', '.join(sorted(declarations.sources))}."
        )
    return declarations.sources[source]


def _catalogue_url(declared: str | None, local: Path) -> str:
    if declared is None:
        return sqlite_url(local / "catalogue.sqlite")
    if not declared.startswith("env:"):
        return declared
    name = declared.removeprefix("env:")
    if name not in os.environ:
        raise ProjectError(
            f"The catalogue's address is in the environment variable {name}, which is not set.",
            f"Set {name}, for instance to postgresql+psycopg://user@host/database.",
        )
    return os.environ[name]


def actor_of(declarations: Declarations) -> str:
    """Who is at work: the declared person with this login, else the login itself."""
    login = _login()
    for person in declarations.people.values():
        if person.account == login:
            return person.id
    return f"login:{login}"


def _login() -> str:
    """The login of this process as the system knows it: variables of the environment can say anything."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container may run under a number without a name
        return str(os.getuid())
