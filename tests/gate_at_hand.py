"""A gate at hand: people who may change between acts, a clock that can be moved, releases that cost little.

Releases are written by a writer of a few small files in place of that of all downloads; what the gate itself
does with a folder (hash, copy, proof, manifest) is the real thing. The catalogue is SQLite in a file, whose
writing is not waited for: nothing here is about power cuts.

    with gate_at_hand(monkeypatch, folder, empty_catalogue(folder)) as hand:
        made = hand.prepared("anna")
        hand.gate.check(hand.people["carl"], made)
"""

from __future__ import annotations

import datetime
import hashlib
import itertools
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa

from portal_publication import AGENCY, COUNTRY, inflow
from sojourn.catalogue import Catalogue, schema
from sojourn.catalogue.migrate import open_catalogue
from sojourn.disclosure.protect import SEAL, Protected
from sojourn.dissemination.publication import PublishedTable, ReleaseDescription
from sojourn.project.people import Person
from sojourn.release import Gate, State
from sojourn.release.findings import Finding, Severity
from sojourn.release.gate import DraftTable

NOON = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)
# What the machine would find; the real checks have tests of their own.
DECIDE = Finding("small-counts", Severity.DECIDE, "INFLOW", "3 counts are 1 or 2.")
NOTE = Finding("no-counts", Severity.NOTE, "INFLOW", "No table shows the counts.")
BLOCKS = Finding("no-source", Severity.BLOCKS, "INFLOW", "No source is named.")
_TABLE = inflow("1", years=("2024",))


def person(identifier: str, *roles: str, subject: str | None = None, organisation: str = "nso") -> Person:
    """A declared person."""
    return Person.model_validate(
        {"id": identifier, "organisation": organisation, "roles": list(roles), "subject": subject}
    )


def people() -> dict[str, Person]:
    """A small office; `anna-too` is anna under another name."""
    declared = [
        person("anna", "statistician", subject="anna@nso"),
        person("anna-too", "statistician", "disclosure_checker", "coordinator", subject="anna@nso"),
        person("bela", "statistician"),
        person("carl", "disclosure_checker"),
        person("dora", "disclosure_checker"),
        person("emil", "coordinator"),
        person("fred", "publisher"),
        person("gina", "administrator"),
        person("hugo", "auditor"),
        person("iris", "data_producer", organisation="border_guard"),
    ]
    return {one.id: one for one in declared}


@dataclass(frozen=True)
class _Cells:
    """Observations of a table, as a relation would give them."""

    cells: pa.Table

    def to_arrow(self) -> pa.Table:
        return self.cells


def write_few_files(folder: Path, release: ReleaseDescription, tables: Sequence[PublishedTable]) -> str:
    """A release in a folder named by its content, with a small file of each kind."""
    files = {"release.json": release.model_dump_json().encode()}
    for table in tables:
        place = f"tables/{table.description.id}"
        files[f"{place}/table.json"] = table.description.id.encode()
        files[f"{place}/downloads/{table.description.id}.csv"] = table.method_sql.encode()
    listed = "".join(f"{hashlib.sha256(files[path]).hexdigest()}  {path}\n" for path in sorted(files))
    name = hashlib.sha256(listed.encode()).hexdigest()
    for path, content in {**files, "checksums.txt": listed.encode()}.items():
        file = folder / "releases" / name / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return name


@dataclass
class GateAtHand:
    """A gate with its people, its clock and its folders."""

    folder: Path
    catalogue: Catalogue
    people: dict[str, Person]
    gate: Gate
    time: datetime.datetime = NOON
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def now(self) -> datetime.datetime:
        """A moment later than any before: no two things happen at once."""
        self.time += datetime.timedelta(microseconds=1)
        return self.time

    def prepared(
        self,
        author: str = "anna",
        identifier: str = "migration",
        found: Sequence[Finding] = (),
        version: int | None = None,
    ) -> str:
        """A release of one table that differs from any other, in the version that comes next."""
        wanted = version if version is not None else 1 + self.latest(identifier)
        release = ReleaseDescription.model_validate(
            {
                "id": identifier,
                "version": str(wanted),
                "title": {"en": "Migration", "ar": "الهجرة"},
                "agency": AGENCY,
                "country": COUNTRY,
                "prepared_at": self.time,
                "tables": (_TABLE.description.id,),
                "languages": ("en",),
            }
        )
        protected: Any = Protected(_Cells(_TABLE.observations), {"rules": {"round_to": 5}}, SEAL)  # type: ignore[arg-type]
        draft = DraftTable(_TABLE.description, protected, f"select {next(self.numbers)}")
        return self.gate.prepare(
            self.people[author], release, [draft], {"en": "Yearly."}, "test", lambda *_: found
        )

    def latest(self, identifier: str = "migration") -> int:
        """The last version that was published."""
        with self.catalogue.engine.connect() as connection:
            query = "SELECT coalesce(max(version), 0) FROM release WHERE id = ? AND published_at IS NOT NULL"
            return int(connection.exec_driver_sql(query, (identifier,)).scalar_one())

    def checked(self, made: str, by: str = "carl") -> str:
        """A release after its check."""
        self.gate.check(self.people[by], made)
        return made

    def approved(self, made: str, *by: str) -> str:
        """A release after check and votes."""
        self.checked(made)
        for voter in by or ("carl", "dora"):
            self.gate.vote(self.people[voter], made, approves=True)
        return made

    def published(self, made: str) -> str:
        """A release before the public."""
        self.gate.publish(self.people["fred"], self.approved(made))
        return made

    def embargoed(self, made: str, hours: float = 1) -> str:
        """An approved release with a moment."""
        self.gate.publish(
            self.people["fred"], self.approved(made), self.time + datetime.timedelta(hours=hours)
        )
        return made

    def in_state(self, state: State, author: str = "anna", identifier: str = "migration") -> str:
        """A release that the right people have brought into a state."""
        made = self.prepared(author, identifier)
        if state is State.PREPARED:
            return made
        if state is State.RETURNED:
            self.gate.send_back(self.people["carl"], made, "Totals do not agree.")
            return made
        if state is State.CHECKED:
            return self.checked(made)
        if state is State.APPROVED:
            return self.approved(made)
        if state is State.EMBARGOED:
            return self.embargoed(made)
        self.published(made)
        if state is State.SUPERSEDED:
            self.published(self.prepared(author, identifier))
        if state is State.WITHDRAWN:
            self.gate.withdraw(self.people["fred"], made, {"en": "Wrong period."})
        return made

    def state(self, release: str) -> State:
        """Where a release stands."""
        with self.catalogue.engine.connect() as connection:
            query = "SELECT state FROM release WHERE hash = ?"
            return State(connection.exec_driver_sql(query, (release,)).scalar_one())

    def rows(self) -> list[dict[str, Any]]:
        """The releases that the catalogue knows."""
        return self.catalogue.rows(sa.select(schema.release))

    def votes(self, release: str) -> list[dict[str, Any]]:
        """The votes on a release, as the catalogue has them."""
        table = schema.approval
        return self.catalogue.rows(sa.select(table).where(table.c.release_hash == release))

    @property
    def public(self) -> Path:
        """The public zone."""
        return self.gate.public.folder

    def public_files(self) -> dict[str, bytes]:
        """Every file of the public zone by its place."""
        return contents(self.public)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file under a folder by its place, with what is in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def empty_catalogue(folder: Path) -> Path:
    """A file with an empty catalogue, to be copied: to make one takes as long as a hundred acts."""
    file = folder / "empty.sqlite"
    if not file.exists():
        open_catalogue(f"sqlite:///{file}", None).close()
    return file


def quick_catalogue(file: Path) -> Catalogue:
    """A catalogue whose writing is not waited for."""
    catalogue = open_catalogue(f"sqlite:///{file}", None)
    catalogue.engine.dispose()

    @sa.event.listens_for(catalogue.engine, "connect")
    def _quick(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA synchronous=OFF")

    return catalogue


@contextmanager
def gate_at_hand(
    patch: pytest.MonkeyPatch, folder: Path, empty: Path, declared: Mapping[str, Person] | None = None
) -> Iterator[GateAtHand]:
    """A gate in a folder, with an empty catalogue and an empty public zone."""
    patch.setattr("sojourn.release.gate.write_release_folder", write_few_files)
    patch.setattr("sojourn.store.durable.synchronise", lambda _path: None)
    patch.setattr("os.fsync", lambda _descriptor: None)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(empty, folder / "catalogue.sqlite")
    catalogue = quick_catalogue(folder / "catalogue.sqlite")
    for name in ("secure/drafts", "vault", "public"):
        (folder / name).mkdir(parents=True)
    known = dict(declared or people())
    gate = Gate(catalogue, folder / "secure/drafts", folder / "public", known)
    hand = GateAtHand(folder, catalogue, known, gate)
    patch.setattr(catalogue, "_clock", hand.now)
    try:
        yield hand
    finally:
        catalogue.close()


def manifest_of(hand: GateAtHand) -> dict[str, Any]:
    """The manifest as it lies in the public zone."""
    found: dict[str, Any] = json.loads((hand.public / "releases.json").read_text(encoding="utf-8"))
    return found
