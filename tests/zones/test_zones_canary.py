"""Canary persons: after a whole run, and after every kind of failure, no trace of them outside the vault.

Names and document numbers are unmistakable. They are looked for in every file that Sojourn wrote or kept
outside the vault, as text in several encodings, encoded, hashed without a key, and inside compressed and
columnar files; and in every word that a command printed.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import os
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from small_project import HEADER, crossing

PERSONS = 400
SECRET = "a passphrase for the canary test"


def _canary(number: int) -> dict[str, str]:
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
            text = _canary(number)[name]
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


def _contents(file: Path) -> list[bytes]:
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


def _traces(contents: list[bytes]) -> list[str]:
    """The patterns in some bytes; a cheap look at what all of them share comes first."""
    together = b"\n".join(contents)
    return [name for name, pattern in PATTERNS.items() if pattern in together]


def _outside_the_vault(folder: Path) -> list[Path]:
    vault = folder / "local" / "vault"
    return [path for path in folder.rglob("*") if path.is_file() and vault not in path.parents]


class Office:
    """Commands as an office gives them, with every word that they print kept."""

    def __init__(self, folder: Path, temporary: Path) -> None:
        self.folder = folder
        self.words: list[bytes] = []
        self.temporary = temporary
        temporary.mkdir()

    def __call__(self, *arguments: str, expect: int | None = 0) -> str:
        command = [sys.executable, "-m", "sojourn", "-p", str(self.folder), *arguments]
        environment = {**os.environ, "TMPDIR": str(self.temporary)}
        done = subprocess.run(command, capture_output=True, env=environment, check=False, timeout=300)
        self.words += [done.stdout, done.stderr]
        if expect is not None:
            assert done.returncode == expect, done.stderr.decode()
        return done.stdout.decode()

    def assert_clean(self) -> None:
        for file in [
            *_outside_the_vault(self.folder),
            *(p for p in self.temporary.rglob("*") if p.is_file()),
        ]:
            assert _traces(_contents(file)) == [], file
        assert _traces(self.words) == []


@pytest.fixture
def office(project, tmp_path):
    return Office(project, tmp_path / "temporary")


@pytest.fixture
def delivery(tmp_path):
    lines = [crossing(n, **_canary(n)) for n in range(PERSONS)]
    lines[3] = crossing(3, **_canary(3), DAY="2024-02-30")
    lines[5] = crossing(5, **(_canary(5) | {"DOC": "QX000005CANARY;"}))
    lines[7] = crossing(7, **_canary(7)) + ",surplus"
    lines[9] = crossing(9, **_canary(9), NAT="Zwitscherlein0009")
    lines[11] = crossing(11, **(_canary(11) | {"SURNAME": "Zwitscherlein0011" * 40}))
    file = tmp_path / "sent" / "border.csv"
    file.parent.mkdir()
    file.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return file


def test_the_scan_finds_what_it_looks_for(tmp_path):
    """A trace planted in each kind of file is seen."""
    for number, content in enumerate(
        [
            b"...Zwitscherlein0007...",
            "x QX000001CANARY".encode("utf-16-le"),
            gzip.compress(b"Gelbfeder0002"),
            base64.b64encode(b"Zwitscherlein0011"),
            hashlib.sha256(b"QX000003CANARY").hexdigest().encode(),
        ]
    ):
        file = tmp_path / f"trace-{number}"
        file.write_bytes(content)
        assert _traces(_contents(file)), content
    assert len(PATTERNS) >= 19_000


def test_no_trace_outside_the_vault_after_the_whole_path(office, delivery, tmp_path):
    secret = tmp_path / "passphrase"
    secret.write_text(SECRET)
    signed = ["--passphrase-file", str(secret)]
    for person in ("statistician-1", "checker-1", "checker-2", "publisher-1"):
        office("people", "enrol", person, *signed)
    office("receive", "border", str(delivery), "--period", "2024")
    office("--json", "receive", "border", str(delivery), "--period", "2024")
    office("run")
    office("show", "CROSSINGS")
    office("why", "CROSSINGS", "sex=F")
    office("deliveries")
    office("release", "prepare", "2024", "--as", "statistician-1", *signed)
    release = office("release", "list").split()[0]
    for checker in ("checker-1", "checker-2"):
        office("release", "approve", release, "--as", checker, *signed)
    office("release", "publish", release, "--as", "publisher-1", *signed)
    office("doctor")
    vault = office.folder / "local" / "vault"
    inside = [_traces(_contents(path)) for path in vault.rglob("*") if path.is_file()]
    assert any(inside), "the canaries never arrived"
    office.assert_clean()


@pytest.mark.parametrize(
    "failure",
    [
        "held",
        "refused",
        "wrong encoding",
        "wrong period",
        "no agreement",
        "unknown source",
        "not a file",
        "interrupted",
    ],
)
def test_no_trace_outside_the_vault_after_a_failure(office, delivery, failure):
    if failure == "held":
        delivery.write_text(delivery.read_text().replace("2024-", "2O24-"), encoding="utf-8")
        office("receive", "border", str(delivery), "--period", "2024", expect=3)
    elif failure == "refused":
        delivery.write_text(delivery.read_text().replace("SURNAME", "Zwitscherlein0001", 1), encoding="utf-8")
        office("receive", "border", str(delivery), "--period", "2024", expect=3)
    elif failure == "wrong encoding":
        delivery.write_bytes(delivery.read_text().encode("utf-16"))
        office("receive", "border", str(delivery), "--period", "2024", expect=None)
    elif failure == "wrong period":
        office("receive", "border", str(delivery), "--period", "2024-13", expect=2)
    elif failure == "no agreement":
        agreements = office.folder / "strategy" / "agreements.yaml"
        agreements.write_text(
            agreements.read_text().replace("from: 2023-01-01", "from: 2023-01-01, until: 2023-12-31")
        )
        office("receive", "border", str(delivery), "--period", "2024", expect=4)
    elif failure == "unknown source":
        office("receive", "nowhere", str(delivery), "--period", "2024", expect=2)
    elif failure == "not a file":
        office("receive", "border", str(delivery.with_name("absent.csv")), "--period", "2024", expect=2)
    else:
        command = [
            sys.executable,
            "-m",
            "sojourn",
            "-p",
            str(office.folder),
            "receive",
            "border",
            str(delivery),
            "--period",
            "2024",
        ]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=1.5)
        process.kill()
        office.words += list(process.communicate())
    office.assert_clean()
