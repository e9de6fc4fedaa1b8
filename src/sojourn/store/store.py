"""Versions of tables: immutable Parquet folders, named by what made them.

A version's name is a fingerprint of the code, the settings and the versions that it was made from. It is
written beside its place, put on the disk and renamed, and only then named in the catalogue: whoever
reads sees whole versions only. The public zone is not written here; `release` is its only door.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from sojourn.contracts.microdata import Identity
from sojourn.contracts.table import Sensitivity, Table, Zone
from sojourn.errors import ContractBroken, NotPermitted, ProjectError
from sojourn.store.durable import copy_hashed, file_sha256, place_folder, synchronise

__all__ = ["Store", "Version"]

_WRITING = ".writing"
_ABOUT = "version.json"


@dataclass(frozen=True)
class Version:
    """One immutable version of a table."""

    name: str
    zone: Zone
    fingerprint: str
    folder: Path
    rows: int

    @property
    def files(self) -> list[Path]:
        """The version's Parquet files in order."""
        return sorted(self.folder.glob("*.parquet"))


class Store:
    """The zones of one project on disk."""

    def __init__(self, local: Path) -> None:
        self.local = local
        self._holder: int | None = None
        for zone, mode in ((Zone.VAULT, 0o700), (Zone.SECURE, 0o700), (Zone.PUBLIC, 0o755)):
            (local / zone).mkdir(parents=True, exist_ok=True, mode=mode)

    def zone(self, zone: Zone) -> Path:
        """The folder of a zone."""
        return self.local / zone

    @contextmanager
    def one_writer(self) -> Iterator[bool]:
        """Hold the project for writing; what an interrupted writer left unfinished is removed first.

        Work that holds it may ask for it again; whether this is the first time is what the block is given.

        Raises: ProjectError when another command is writing.
        """
        if self._holder == threading.get_ident():
            yield False
            return
        with (self.local / ".writer").open("w") as opened:
            try:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise ProjectError(
                    "Another command is writing to this project.",
                    "Wait until it has ended, then give yours again.",
                ) from error
            self._holder = threading.get_ident()
            try:
                for leftover in self.leftovers():
                    shutil.rmtree(leftover)
                yield True
            finally:
                self._holder = None

    def leftovers(self) -> list[Path]:
        """Folders that a writer began and did not finish."""
        return [path for zone in Zone for path in (self.zone(zone) / _WRITING).glob("*")]

    def version(self, contract: type[Table], name: str, fingerprint: str) -> Version | None:
        """A version that is wholly on the disk, or none."""
        return self.version_in(contract.zone, name, fingerprint)

    def version_in(self, zone: Zone, name: str, fingerprint: str) -> Version | None:
        """A version in a zone by its name and fingerprint, or none."""
        folder = self.zone(zone) / name / fingerprint
        about = folder / _ABOUT
        if not about.is_file():
            return None
        return Version(name, zone, fingerprint, folder, int(json.loads(about.read_text())["rows"]))

    @contextmanager
    def writing(
        self, contract: type[Table], name: str, fingerprint: str, extra: tuple[str, ...] = ()
    ) -> Iterator[Path]:
        """A folder to write Parquet files into; it becomes the version when the block ends well.

        `extra` names columns beyond the contract's, such as dimensions or replicate weights.

        Raises: NotPermitted for the public zone; ContractBroken if a file's columns are not the contract's.
        """
        place = self._place(contract.zone, name, fingerprint)
        with self.beside(contract.zone) as made:
            yield made
            files = sorted(made.glob("*.parquet"))
            rows = sum(_rows_of(file, contract, extra) for file in files)
            about = {
                "name": name,
                "contract": contract.__name__,
                "rows": rows,
                "files": {file.name: file_sha256(file) for file in files},
            }
            (made / _ABOUT).write_text(json.dumps(about, indent=1))
            place_folder(made, place)

    def _place(self, zone: Zone, name: str, fingerprint: str) -> Path:
        """Where a version of a zone is written or removed.

        Raises: NotPermitted for the public zone, or a name that would lead there.
        """
        if zone is Zone.PUBLIC:
            raise NotPermitted("Only a release can write to the public zone.")
        place, within = self.zone(zone) / name / fingerprint, self.zone(zone).resolve()
        if within not in place.resolve().parents or not (name and fingerprint):
            raise NotPermitted("A version lies in its own zone.")
        return place

    def damage(self, zone: Zone, name: str, fingerprint: str) -> str | None:
        """What is wrong with a version that the catalogue names, or none."""
        folder = self.zone(zone) / name / fingerprint
        if not (folder / _ABOUT).is_file():
            return "it is not there"
        listed: Mapping[str, str] = json.loads((folder / _ABOUT).read_text())["files"]
        present = {file.name for file in folder.glob("*.parquet")}
        if present != set(listed):
            return "its files are not those that were written"
        changed = [file for file, digest in listed.items() if file_sha256(folder / file) != digest]
        return f"{', '.join(changed)} was changed" if changed else None

    def remove(self, zone: Zone, name: str, fingerprint: str) -> None:
        """Remove a version that the catalogue does not name.

        It leaves its place in one step; what an interruption leaves of it, the next writer removes.
        """
        folder = self._place(zone, name, fingerprint)
        if folder.is_dir():
            with self.beside(zone) as gone:
                folder.rename(gone / fingerprint)
                synchronise(folder.parent)

    def unnamed(self, named: set[tuple[str, str, str]]) -> list[tuple[Zone, str, str]]:
        """Versions on the disk that are not among the named (zone, name, fingerprint)."""
        found = []
        for zone in (Zone.VAULT, Zone.SECURE):
            for about in self.zone(zone).glob(f"*/*/{_ABOUT}"):
                place = (zone, about.parent.parent.name, about.parent.name)
                if place not in named:
                    found.append(place)
        return found

    def keep_delivery(self, file: Path) -> tuple[str, int]:
        """Keep a delivered file as received, named by its checksum; return checksum and size in bytes."""
        with self.beside(Zone.VAULT) as made, file.open("rb") as opened:
            digest, size = copy_hashed(opened, made / "content")
            if self.delivery(digest) is None:
                os.chmod(made / "content", 0o400)
                place_folder(made, self.zone(Zone.VAULT) / "deliveries" / digest)
        return digest, size

    def delivery(self, digest: str) -> Path | None:
        """The content of a delivered file, or none."""
        content = self.zone(Zone.VAULT) / "deliveries" / digest / "content"
        return content if content.is_file() else None

    @contextmanager
    def beside(self, zone: Zone) -> Iterator[Path]:
        """A folder for unfinished work of a zone; it is gone when the block ends, whatever happens.

        Raises: NotPermitted for the public zone.
        """
        if zone is Zone.PUBLIC:
            raise NotPermitted("Only a release can write to the public zone.")
        writing = self.zone(zone) / _WRITING
        writing.mkdir(exist_ok=True, mode=0o700)
        made = writing / f"{os.getpid()}-{os.urandom(6).hex()}"
        made.mkdir(mode=0o700)
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)


def _rows_of(file: Path, contract: type[Table], extra: tuple[str, ...]) -> int:
    """The rows of a file whose columns are the contract's, in the zone where they may lie."""
    opened = pq.ParquetFile(file)
    names = set(opened.schema_arrow.names)
    surplus = names - set(contract.columns) - set(extra)
    absent = set(contract.keys()) - names
    identifying = {name for name in extra if name in Identity.columns and name not in contract.columns}
    if surplus or absent or identifying:
        wrong = sorted(surplus | absent | identifying)
        raise ContractBroken(f"A version of {contract.__name__} has the wrong columns: {', '.join(wrong)}.")
    leaks = [
        n
        for n in names
        if n in contract.columns and contract.columns[n].sensitivity is Sensitivity.IDENTIFIES
    ]
    if leaks and contract.zone is not Zone.VAULT:
        raise ContractBroken(f"{', '.join(leaks)} identifies persons and may lie in the vault only.")
    return int(opened.metadata.num_rows)
