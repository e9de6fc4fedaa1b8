"""A decision is for the bytes that were looked at: one that differs, one too many, and it does not hold."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sojourn.errors import NotPermitted
from sojourn.production.publishing import gate_of, prepare_release
from sojourn.production.workspace import Workspace
from sojourn.release import Gate, State
from sojourn.release.records import findings_of, release_row

Change = Callable[[Path], None]
KINDS = {
    "release.json",
    "table.json",
    "observations.parquet",
    "method.sql",
    "protection.json",
    "checksums.txt",
}


def flipped(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def longer(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"\n")


def gone(file: Path) -> None:
    file.unlink()


def linked(file: Path) -> None:
    """The same bytes, but elsewhere, where they can be changed unseen."""
    moved = file.with_name(f"{file.name}.moved")
    file.rename(moved)
    file.symlink_to(moved)


CHANGES: tuple[Change, ...] = (flipped, longer, gone, linked)


@pytest.fixture(scope="module")
def made(office: Workspace) -> tuple[Gate, str]:
    """A gate with a real release, prepared."""
    gate = gate_of(office)
    release = prepare_release(office, office.declarations.people["statistician-1"], "2024")
    for found in findings_of(gate.catalogue, release):
        if found["severity"] == "decide":
            gate.accept(office.declarations.people["checker-1"], release, found["number"], "looked at")
    return gate, release


@contextmanager
def differing(folder: Path, change: Callable[[], None]) -> Iterator[None]:
    """A folder in which something is changed, and is as it was afterwards."""
    kept = folder.with_name("kept")
    shutil.copytree(folder, kept, symlinks=True)
    try:
        change()
        yield
    finally:
        shutil.rmtree(folder)
        kept.rename(folder)


def state(gate: Gate, release: str) -> State:
    with gate.catalogue.act("test", "look", "release") as act:
        return State(release_row(act, release)["state"])


def require_void(gate: Gate, release: str, decisions: list[Callable[[], object]]) -> int:
    """No decision holds when any file is changed in any way, or anything is added; how often it was tried."""
    folder = gate.drafts / "releases" / release
    files = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    assert {file.name for file in files} >= KINDS
    assert len([file for file in files if file.parent.name == "downloads"]) >= 4
    before, tried = state(gate, release), 0
    changes = [(file, change) for file in files for change in CHANGES]
    for number, (file, change) in enumerate(changes):
        with differing(folder, lambda file=file, change=change: change(folder / file)):
            with pytest.raises(NotPermitted, match="are not those that were prepared"):
                decisions[number % len(decisions)]()
            tried += 1
    for add in (
        lambda: (folder / "tables" / "surplus.csv").write_text("Canary"),
        lambda: (folder / ".hidden").write_text("Canary"),
        lambda: (folder / "link.csv").symlink_to("/etc/hostname"),
        lambda: (folder / "folder").symlink_to("/etc"),
        lambda: (folder / "tables" / "empty").mkdir(),
    ):
        for decide in decisions:
            with (
                differing(folder, add),
                pytest.raises(NotPermitted, match="are not those that were prepared"),
            ):
                decide()
            tried += 1
    assert state(gate, release) is before
    return tried


def test_no_decision_holds_for_other_bytes_in_any_state_on_the_way(office, made):
    gate, release = made
    first, second, publisher = (
        office.declarations.people[name] for name in ("checker-1", "checker-2", "publisher-1")
    )
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)
    tried = require_void(gate, release, [lambda: gate.check(first, release)])
    gate.check(first, release)
    tried += require_void(gate, release, [lambda: gate.vote(first, release, approves=True)])
    gate.vote(first, release, approves=True)
    gate.vote(second, release, approves=True)
    publications: list[Callable[[], object]] = [
        lambda: gate.publish(publisher, release),
        lambda: gate.publish(publisher, release, later),
    ]
    tried += require_void(gate, release, publications)
    gate.publish(publisher, release, later)
    tried += require_void(gate, release, publications)
    assert tried >= 200
    assert gate.publish(publisher, release) is State.PUBLISHED
