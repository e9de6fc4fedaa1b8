"""What the site knows: a snapshot of the public zone that one answer is made from, whole.

The manifest is looked at on every request and read again when it has changed. An answer is made from one
snapshot and never from two. Every file of a release is checked against the list that the release is
named by before anything of it is shown, and again when the file changes on the disk.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from io import BufferedReader
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from sojourn.dissemination.descriptions import (
    Agency,
    Country,
    Download,
    Manifest,
    ReleaseDescription,
    ReleaseEntry,
    TableDescription,
)
from sojourn.dissemination.published import MANIFEST, changed_files, checksums_of, read_manifest
from sojourn.dissemination.search import SearchIndex
from sojourn.dissemination.selection import Cells
from sojourn.dissemination.wording import languages
from sojourn.dissemination.zone import NotInZone, PublicZone
from sojourn.errors import ProjectError

__all__ = ["OpenRelease", "Site", "Snapshot"]

_LOG = logging.getLogger("sojourn.portal")
_TABLES_HELD = 16
_DRAWINGS_HELD = 256
_LOOK_AGAIN_AFTER = 1.0
_NOTHING = Manifest(agency=Agency(id="NONE", name={}), country=Country(code="_X", name={}))


@dataclass(frozen=True, eq=False)
class OpenRelease:
    """A release whose every file is the one that was published."""

    entry: ReleaseEntry
    description: ReleaseDescription
    tables: Mapping[str, TableDescription]
    checksums: Mapping[str, str]
    zone: PublicZone = field(repr=False)

    def cells(self, table: str) -> Cells:
        """The cells of a table, read and checked anew."""
        content = self._checked(f"tables/{table}/observations.parquet")
        return Cells(self.tables[table], pq.read_table(pa.BufferReader(content)))

    def method_sql(self, table: str) -> str:
        """The SQL that made a table, as published."""
        return self._checked(f"tables/{table}/{self.tables[table].method.sql_file}").decode(
            "utf-8", "replace"
        )

    def download(self, table: str, file: str) -> tuple[Download, BufferedReader]:
        """A file of the whole table.

        Raises: NotInZone if the table's description does not name it.
        """
        for named in self.tables[table].downloads:
            if named.file == file:
                return named, self.zone.open("releases", self.entry.hash, "tables", table, "downloads", file)
        raise NotInZone("The table has no such file.")

    def _checked(self, path: str) -> bytes:
        with self.zone.open("releases", self.entry.hash, *path.split("/")) as opened:
            content = opened.read()
        if hashlib.sha256(content).hexdigest() != self.checksums.get(path):
            raise NotInZone("The file is not the one that was published.")
        return content


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The public zone as it stood when the manifest was last read."""

    manifest: Manifest
    digest: str
    releases: Mapping[str, OpenRelease]

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The languages of the site, its own first: those that are declared and that there are words for."""
        offered = languages()
        declared = tuple(it for it in self.manifest.languages if it in offered)
        return declared or (offered[:1] if self.manifest.languages else offered)

    @property
    def unshown(self) -> tuple[ReleaseEntry, ...]:
        """Releases that the manifest lists but whose files are not those that were published."""
        return tuple(
            entry
            for entry in self.manifest.newest_first()
            if entry.status != "withdrawn" and entry.hash not in self.releases
        )

    @cached_property
    def current(self) -> dict[str, OpenRelease]:
        """For each table the release that holds its figures of today, by the order of publication."""
        found: dict[str, OpenRelease] = {}
        for wanted in ("current", "superseded"):
            for entry in self.manifest.newest_first():
                release = self.releases.get(entry.hash)
                if entry.status == wanted and release is not None:
                    for table in entry.tables:
                        found.setdefault(table, release)
        return found

    def vintages(self, table: str) -> tuple[ReleaseEntry, ...]:
        """Every release that ever held a table, newest first."""
        return tuple(entry for entry in self.manifest.newest_first() if table in entry.tables)

    @cached_property
    def index(self) -> SearchIndex:
        """The words of the current tables."""
        return SearchIndex(release.tables[table] for table, release in self.current.items())


class Site:
    """The public zone behind the pages, with what was read of it lately."""

    def __init__(self, public: Path) -> None:
        self._zone = PublicZone(public)
        self._lock = threading.Lock()
        self._seen: tuple[int, ...] | None = None
        self._looked = 0.0
        self._files: dict[str, tuple[object, ...]] = {}
        self._snapshot = Snapshot(_NOTHING, "none", {})
        self._cells: OrderedDict[tuple[str, str], Cells] = OrderedDict()
        self._drawings: OrderedDict[tuple[object, ...], bytes] = OrderedDict()
        self.snapshot()

    def snapshot(self) -> Snapshot:
        """The zone as it stands now."""
        with self._lock:
            try:
                seen: tuple[int, ...] | None = self._zone.signature(MANIFEST)
            except NotInZone:
                seen = None
            if seen != self._seen or self._files_changed():
                self._read(seen)
            return self._snapshot

    def cells(self, release: OpenRelease, table: str) -> Cells:
        """The cells of a table, kept for the next reader."""
        key = (release.entry.hash, table)
        with self._lock:
            if key in self._cells:
                self._cells.move_to_end(key)
                return self._cells[key]
        cells = release.cells(table)
        with self._lock:
            self._cells[key] = cells
            while len(self._cells) > _TABLES_HELD:
                self._cells.popitem(last=False)
        return cells

    def drawing(self, key: tuple[object, ...]) -> bytes | None:
        """A drawing made before, or `None`."""
        with self._lock:
            return self._drawings.get(key)

    def keep_drawing(self, key: tuple[object, ...], drawing: bytes) -> bytes:
        """Keep a drawing for the next reader."""
        with self._lock:
            self._drawings[key] = drawing
            while len(self._drawings) > _DRAWINGS_HELD:
                self._drawings.popitem(last=False)
        return drawing

    def _read(self, seen: tuple[int, ...] | None) -> None:
        try:
            manifest = read_manifest(self._zone) or _NOTHING
        except ProjectError:
            # The manifest is replaced in one step, so this is damage: what was shown stays shown.
            _LOG.exception("the manifest cannot be read")
            self._seen = seen
            return
        releases, files = {}, {}
        for entry in manifest.releases:
            if entry.status == "withdrawn":
                continue
            opened = self._opened(entry)
            files[entry.hash] = self._signatures(entry.hash, opened)
            if opened is not None:
                releases[entry.hash] = opened
            else:
                _LOG.error("release %s is not shown: its files are not those published", entry.hash)
        digest = hashlib.sha256(
            manifest.model_dump_json().encode() + repr(sorted(releases)).encode()
        ).hexdigest()
        self._snapshot = Snapshot(manifest, digest, releases)
        self._files = files
        self._seen, self._looked = seen, time.monotonic()

    def _files_changed(self) -> bool:
        """Whether a file of a listed release has changed on the disk; looked at once a second at most."""
        if time.monotonic() - self._looked < _LOOK_AGAIN_AFTER:
            return False
        self._looked = time.monotonic()
        return any(
            self._signatures(release, self._snapshot.releases.get(release)) != seen
            for release, seen in self._files.items()
        )

    def _signatures(self, release: str, opened: OpenRelease | None) -> tuple[object, ...]:
        paths = ["checksums.txt", *(opened.checksums if opened else ())]
        found: list[object] = []
        for path in paths:
            try:
                found.append(self._zone.signature("releases", release, *path.split("/")))
            except NotInZone:
                found.append(None)
        return tuple(found)

    def _opened(self, entry: ReleaseEntry) -> OpenRelease | None:
        """A release, or `None` if anything of it is not as it was published."""
        if changed_files(self._zone, entry.hash):
            return None
        folder = ("releases", entry.hash)
        try:
            description = ReleaseDescription.model_validate_json(self._zone.read(*folder, "release.json"))
            tables = {
                table: TableDescription.model_validate_json(
                    self._zone.read(*folder, "tables", table, "table.json")
                )
                for table in entry.tables
            }
            checksums = checksums_of(self._zone, entry.hash)
        except (NotInZone, ValidationError):
            _LOG.exception("release %s cannot be understood", entry.hash)
            return None
        return OpenRelease(entry, description, tables, checksums, self._zone)
