"""An office with a release that waits, another that it supersedes, and people of every role."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from passing_the_gate import published
from reading_here import reading_here
from small_project import HEADER, crossing, write_small_project
from sojourn.catalogue import schema
from sojourn.contracts.table import Zone
from sojourn.production import accounts, publishing
from sojourn.production.accounts import enrol
from sojourn.production.desk import gate_today
from sojourn.production.publishing import prepare_release
from sojourn.production.receive import receive
from sojourn.production.tables import run_tables
from sojourn.production.workspace import Workspace, open_workspace

PEOPLE = """\
- {id: author-1, organisation: nso, roles: [statistician]}
- {id: author-of-all-roles, organisation: nso,
   roles: [statistician, disclosure_checker, coordinator, publisher], subject: s-1}
- {id: author-under-another-name, organisation: nso, roles: [disclosure_checker, coordinator], subject: s-1}
- {id: statistician-1, organisation: nso, roles: [statistician]}
- {id: checker-1, organisation: nso, roles: [disclosure_checker]}
- {id: checker-2, organisation: nso, roles: [disclosure_checker]}
- {id: coordinator-1, organisation: nso, roles: [coordinator]}
- {id: publisher-1, organisation: nso, roles: [publisher]}
- {id: auditor-1, organisation: nso, roles: [auditor]}
- {id: producer-1, organisation: border_guard, roles: [data_producer]}
- {id: administrator-1, organisation: nso, roles: [administrator]}
- {id: administrator-of-all-roles, organisation: nso,
   roles: [administrator, statistician, disclosure_checker, coordinator, publisher]}
"""
TABLE = """\
id: CROSSINGS
title: {en: "Border crossings by sex, direction and citizenship"}
indicator: crossings
by: [sex, direction, citizenship]
protect: {minimum_contributors: 2, secondary: true}
"""
PASSPHRASE = "a passphrase of several words"
MOST = 43


def write_desk_office(folder: Path) -> Path:
    """The project: version 1 is published, version 2 was prepared by `author-1` and waits; all are enrolled.

    Version 1 is of 40 crossings, version 2 of 43. The last is the only one of a Namibian, and withheld. What
    an attack finds has tests of its own; what was found here is of the checks by machine.
    """
    made = write_small_project(folder / "ruritania", folder / "keys")
    (made / "strategy" / "people.yaml").write_text(PEOPLE, encoding="utf-8")
    (made / "tables" / "crossings.yaml").write_text(TABLE, encoding="utf-8")
    file = folder / "border.csv"
    with reading_here(), without_attack(), open_workspace(made) as workspace:
        for crossings in (40, MOST):
            lines = [crossing(number, NAT=nationality(number)) for number in range(crossings)]
            file.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
            receive(workspace, "border", file, period="2024")
            run_tables(workspace)
            gate = gate_today(workspace)
            release = prepare_release(workspace, gate.people["author-1"], "2024")
            if crossings < MOST:
                published(gate, gate.people, release)
        with cheap_passphrases():
            for person in workspace.declarations.people:
                enrol(workspace, person, PASSPHRASE)
    return made


def copied_desk_office(made: Path, folder: Path) -> Path:
    """A copy of the project with keys of its own, for tests whose traces others should not meet."""
    shutil.copytree(made.parent, folder)
    settings = folder / "ruritania" / "sojourn.yaml"
    text = settings.read_text(encoding="utf-8").replace(str(made.parent / "keys"), str(folder / "keys"))
    settings.write_text(text, encoding="utf-8")
    return folder / "ruritania"


def nationality(number: int) -> str:
    """Every fifth crossing is a Syrian's, two are of French, the last of a Namibian, others of Norwegians."""
    if number == MOST - 1:
        return "NAM"
    return "FRA" if number in (2, 6) else "SYR" if number % 5 == 0 else "NOR"


@contextmanager
def without_attack() -> Iterator[None]:
    """Releases that are prepared without an attack."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publishing, "attack_of", lambda _workspace: lambda _release, _tables: [])
        yield


@contextmanager
def cheap_passphrases() -> Iterator[None]:
    """Passphrases that are hashed with as little work as there may be."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "_HASHER", cheap)
        patch.setattr(accounts, "_NOBODYS_HASH", cheap.hash("nobody"))
        yield


def waiting_release(workspace: Workspace) -> str:
    """The hash of version 2."""
    table = schema.release.c
    return str(workspace.catalogue.rows(sa.select(table.hash).where(table.version == 2))[0]["hash"])


def released(workspace: Workspace) -> str:
    """The hash of version 1."""
    table = schema.release.c
    return str(workspace.catalogue.rows(sa.select(table.hash).where(table.version == 1))[0]["hash"])


def put_into(
    workspace: Workspace, state: str, *, author: str = "author-1", votes: tuple[str, ...] = ()
) -> str:
    """Version 2 in a state, as its way would have left it: by the catalogue's rows, which takes a moment."""
    release = waiting_release(workspace)
    is_public = state in ("published", "superseded", "withdrawn")
    now = workspace.catalogue.now()
    if state in ("approved", "embargoed") or is_public:
        votes = ("checker-1", "checker-2")
    values: dict[str, Any] = {
        "state": state,
        "author": author,
        "embargo": "2099-01-01T00:00:00.000000+00:00" if state == "embargoed" else None,
        "scheduled_by": "publisher-1" if state == "embargoed" else None,
        "published_at": now if is_public else None,
    }
    answered = {} if state == "prepared" else {"decided_by": "checker-1", "reason": "seen", "decided_at": now}
    nobody: dict[str, Any] = {"decided_by": None, "reason": None, "decided_at": None}
    finding = schema.release_finding
    with workspace.catalogue.engine.begin() as connection:
        connection.execute(sa.delete(schema.approval).where(schema.approval.c.release_hash == release))
        connection.execute(sa.delete(schema.release_remark))
        connection.execute(sa.update(schema.release).where(schema.release.c.version == 2).values(**values))
        connection.execute(
            sa.update(schema.release).where(schema.release.c.version == 1).values(state="published")
        )
        connection.execute(sa.update(finding).where(finding.c.release_hash == release).values(**nobody))
        if answered:
            decide = sa.and_(finding.c.release_hash == release, finding.c.severity == "decide")
            connection.execute(sa.update(finding).where(decide).values(**answered))
        if state != "prepared":
            checked = {"person": "checker-1", "kind": "checked", "text": "", "at": now}
            checked["release_hash"] = release
            connection.execute(sa.insert(schema.release_remark).values(sequence=1, **checked))
        for person in votes:
            row = {
                "release_hash": release,
                "person": person,
                "decision": "approved",
                "comment": "",
                "at": now,
            }
            connection.execute(sa.insert(schema.approval).values(**row))
    shutil.rmtree(workspace.store.zone(Zone.PUBLIC) / "releases" / release, ignore_errors=True)
    return release
