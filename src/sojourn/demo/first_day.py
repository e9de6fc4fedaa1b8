"""The demonstration's first day: generate the country, receive, make tables, release.

Given again for the same country, it goes on where it stopped; what is done is not done again.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sojourn.demo.generation import generate
from sojourn.errors import ProjectError
from sojourn.production.accounts import enrol
from sojourn.production.publishing import gate_of, prepare_release
from sojourn.production.receive import Receipt, receive
from sojourn.production.tables import run_tables
from sojourn.production.workspace import Workspace, open_workspace
from sojourn.release import State
from sojourn.release.findings import Severity
from sojourn.release.records import findings_of

__all__ = ["FirstDay", "first_day"]

_RELEASE = "2024"
_AUTHOR, _CHECKERS, _PUBLISHER = "statistician-1", ("checker-1", "checker-2"), "publisher-1"
_ABOUT = "demo.json"
# The register is the truth's imperfect mirror: it may hold more damaged rows than a ministry's usual file.
_ACCEPT = "demonstration: the damage is part of the story"


@dataclass(frozen=True)
class FirstDay:
    """What the day brought: the receipts, the published release, where the passphrases lie."""

    receipts: tuple[Receipt, ...]
    release: str
    passphrases: Path


def first_day(folder: Path, *, persons: int, seed: int, on_step: Callable[[str, int, int], None]) -> FirstDay:
    """Make a demonstration country in a folder and take it to a published release.

    Raises: ProjectError if the folder holds something else than this demonstration.
    """
    deliveries = _country(folder, persons, seed, on_step)
    with open_workspace(folder) as workspace:
        receipts = []
        for position, (source, file, period) in enumerate(deliveries, start=1):
            on_step(f"receiving {source} {period}", position, len(deliveries))
            receipts.append(receive(workspace, source, folder / file, period=period))
        held = [receipt for receipt in receipts if receipt.state == "held"]
        for receipt in held:
            sent = next(folder / name for _, name, _ in deliveries if Path(name).name == receipt.file_name)
            receive(workspace, receipt.source, sent, period=receipt.period, accept_because=_ACCEPT)
        run_tables(workspace, on_step=lambda name, position, of, _found: on_step(name, position, of))
        passphrases = _enrolled(workspace)
        release = _published(workspace, on_step)
    return FirstDay(tuple(receipts), release, passphrases)


def _country(
    folder: Path, persons: int, seed: int, on_step: Callable[[str, int, int], None]
) -> list[tuple[str, str, str]]:
    about = folder / _ABOUT
    wanted = {"persons": persons, "seed": seed}
    if about.is_file():
        found = json.loads(about.read_text(encoding="utf-8"))
        if {name: found[name] for name in wanted} != wanted:
            raise ProjectError(
                f"{folder} holds a demonstration with {found['persons']} persons and seed {found['seed']}.",
                "Name another folder, or remove this one.",
            )
        return [(source, file, period) for source, file, period in found["deliveries"]]
    keys = _keys(folder)
    shutil.rmtree(keys, ignore_errors=True)  # the keys of an earlier demonstration in this place
    made = generate(
        folder,
        persons=persons,
        seed=seed,
        keys=keys,
        on_progress=lambda done, what: on_step(f"generating {what}", int(done * 100), 100),
    )
    deliveries = [(d.source, str(d.path.relative_to(folder)), d.period) for d in made.deliveries]
    about.write_text(json.dumps({**wanted, "deliveries": deliveries}, indent=1), encoding="utf-8")
    return deliveries


def _keys(folder: Path) -> Path:
    """A folder for the keys, outside the project, one for each place in which a demonstration lies."""
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    mark = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:8]
    return home / "sojourn" / f"{folder.resolve().name}-{mark}"


def _enrolled(workspace: Workspace) -> Path:
    """Give the demonstration's people passphrases, kept beside the keys."""
    kept = workspace.ring.folder / "passphrases"
    kept.mkdir(exist_ok=True, mode=0o700)
    for person in (_AUTHOR, *_CHECKERS, _PUBLISHER):
        file = kept / person
        if not file.exists():
            secret = "-".join(secrets.token_hex(3) for _ in range(4))
            enrol(workspace, person, secret)
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
                opened.write(secret)
    return kept


def _published(workspace: Workspace, on_step: Callable[[str, int, int], None]) -> str:
    gate = gate_of(workspace)
    people = workspace.declarations.people
    for row in gate.releases():
        if State(row["state"]) is State.PUBLISHED:
            gate.public.refresh_manifest()
            return str(row["hash"])
    release = prepare_release(
        workspace,
        people[_AUTHOR],
        _RELEASE,
        on_progress=lambda done, total: on_step("preparing the release", done, total),
    )
    _decided(workspace, release)
    gate.publish(people[_PUBLISHER], release)
    return release


def _decided(workspace: Workspace, release: str) -> None:
    """Answer for what was found, check and approve, as far as an interrupted demonstration has not."""
    gate, people = gate_of(workspace), workspace.declarations.people
    checker, *voters = (people[name] for name in (_CHECKERS[0], *_CHECKERS))
    row = next(row for row in gate.releases() if row["hash"] == release)
    if State(row["state"]) is State.PREPARED:
        for found in findings_of(workspace.catalogue, release):
            if found["severity"] == Severity.DECIDE and found["decided_by"] is None:
                gate.accept(checker, release, found["number"], "The demonstration has no people to protect.")
        gate.check(checker, release, "demonstration")
    for voter in voters[int(row["votes"]) :]:
        gate.vote(voter, release, approves=True, comment="demonstration")
