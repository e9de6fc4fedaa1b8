"""Canary persons with unmistakable names and numbers, and the search for any trace of them.

They are looked for as text in several encodings, encoded, hashed without a key, and inside compressed and
columnar files; and in every word that a command printed.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import os
import sqlite3
import zipfile
from collections import defaultdict
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from loaded_commands import LoadedCommands

PERSONS = 400


def canary(number: int) -> dict[str, str]:
    """A person whose names and document number occur nowhere else."""
    return {
        "SURNAME": f"Zwitscherlein{number:04d}",
        "GIVEN": f"Gelbfeder{number:04d}",
        "DOC": f"QX{number:06d}CANARY",
        "BORN": f"19{50 + number % 40}-0{1 + number % 9}-{10 + number % 19}",
    }


def _patterns() -> dict[str, bytes]:
    """What to look for: each identifier as written, in other encodings, encoded, hashed and reversed."""
    found: dict[str, bytes] = {}
    for number in range(PERSONS):
        for name in ("SURNAME", "GIVEN", "DOC"):
            text = canary(number)[name]
            for form in {text, text.upper(), text.lower()}:
                raw = form.encode()
                found[f"{form} as text"] = raw
                found[f"{form} in UTF-16"] = form.encode("utf-16-le")
                found[f"{form} in base64"] = base64.b64encode(raw).rstrip(b"=")[:-1]
                found[f"{form} in hexadecimal"] = raw.hex().encode()
                found[f"{form} reversed"] = raw[::-1]
                for kind in ("md5", "sha1", "sha256"):
                    found[f"{form} hashed with {kind}"] = hashlib.new(kind, raw).hexdigest().encode()
    return found


PATTERNS = _patterns()
BEGINNING = np.dtype(np.uint64)
_BY_BEGINNING: dict[bytes, list[str]] = defaultdict(list)
for _name, _pattern in PATTERNS.items():
    _BY_BEGINNING[_pattern[: BEGINNING.itemsize]].append(_name)
_BEGINNINGS = np.unique(np.frombuffer(b"".join(_BY_BEGINNING), BEGINNING))


def contents(file: Path) -> list[bytes]:
    """The bytes of a file, and of what is packed inside it."""
    raw = file.read_bytes()
    found = [raw]
    if raw[:2] == b"\x1f\x8b":
        found.append(gzip.decompress(raw))
    if raw[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            found += [archive.read(name) for name in archive.namelist()]
    if raw[:4] == b"PAR1":
        table = pq.read_table(io.BytesIO(raw))
        found += [str(column.to_pylist()).encode() for column in table.columns]
        found.append(str(pq.read_metadata(io.BytesIO(raw)).to_dict()).encode())
    if raw[:16] == b"SQLite format 3\x00":
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
            found.append("\n".join(connection.iterdump()).encode())
    return found


def traces(packed: list[bytes]) -> list[str]:
    """The patterns in some bytes: of those alone whose first eight bytes occur, the whole is looked for."""
    together = b"\n".join(packed)
    found = []
    for beginning in _beginnings(np.frombuffer(together, np.uint8)):
        found += [name for name in _BY_BEGINNING[beginning] if PATTERNS[name] in together]
    return found


def _beginnings(text: np.ndarray) -> list[bytes]:
    """Which of the beginnings of patterns occur in some bytes, at whatever place."""
    if len(text) < BEGINNING.itemsize:
        return []
    windows = np.lib.stride_tricks.sliding_window_view(text, BEGINNING.itemsize)
    seen = np.intersect1d(np.ascontiguousarray(windows).view(BEGINNING), _BEGINNINGS)
    return [each.tobytes() for each in seen]


def outside_the_vault(folder: Path) -> list[Path]:
    vault = folder / "local" / "vault"
    return [path for path in folder.rglob("*") if path.is_file() and vault not in path.parents]


class Office:
    """Commands as an office gives them, with every word that they print kept."""

    def __init__(self, folder: Path, temporary: Path, commands: LoadedCommands) -> None:
        self.folder = folder
        self.commands = commands
        self.words: list[bytes] = []
        self.temporary = temporary
        temporary.mkdir()

    def __call__(self, *arguments: str, expect: int | None = 0) -> str:
        environment = {**os.environ, "TMPDIR": str(self.temporary)}
        done = self.commands.run("-p", self.folder, *arguments, env=environment)
        self.words += [os.fsencode(done.stdout), os.fsencode(done.stderr)]
        if expect is not None:
            assert done.returncode == expect, done.stderr
        return done.stdout

    def assert_clean(self) -> None:
        for file in [
            *outside_the_vault(self.folder),
            *(p for p in self.temporary.rglob("*") if p.is_file()),
        ]:
            assert traces(contents(file)) == [], file
        assert traces(self.words) == []
