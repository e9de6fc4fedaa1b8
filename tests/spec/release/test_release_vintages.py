"""What was published stays as it was: superseded, it is cited; withdrawn, its place says why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from gate_at_hand import contents
from passing_the_gate import published
from sojourn.contracts.table import Zone
from sojourn.portal import application
from sojourn.production.publishing import gate_of, prepare_release
from sojourn.production.workspace import Workspace

REASON = "The period was wrong: figures of 2023 stood under 2024."


@pytest.fixture(scope="module")
def vintages(office: Workspace) -> tuple[Path, list[str], dict[str, bytes]]:
    """A public zone with two vintages of which the first was withdrawn, and its bytes when it was new."""
    people, gate = office.declarations.people, gate_of(office)
    public = office.store.zone(Zone.PUBLIC)
    first = published(gate, people, prepare_release(office, people["statistician-1"], "2024"))
    new = contents(public / "releases" / first)
    second = published(gate, people, prepare_release(office, people["statistician-1"], "2024"))
    assert contents(public / "releases" / first) == new
    gate.withdraw(people["publisher-1"], first, {"en": REASON})
    return public, [first, second], new


@pytest.fixture(scope="module")
def reader(vintages: Any) -> Any:
    """A reader of the portal."""
    app: Any = application(vintages[0])
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def test_no_byte_of_a_vintage_changes_when_it_is_superseded_and_withdrawn(vintages):
    public, (first, _), new = vintages
    assert contents(public / "releases" / first) == new
    assert len(new) >= 10


def test_the_place_of_a_withdrawn_release_says_why(reader, vintages):
    first, _ = vintages[1]
    for address in (f"/releases/{first}", f"/data/CROSSINGS?release={first}"):
        answer = reader.get(address)
        assert answer.status_code == 410
        assert REASON in answer.text


def test_nothing_of_a_withdrawn_release_is_served(reader, vintages):
    public, (first, second), _ = vintages
    folder = public / "releases" / first
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = file.relative_to(folder).as_posix()
        for address in (
            f"/releases/{first}/{name}",
            f"/releases/{first}/CROSSINGS/{file.name}",
            f"/data/CROSSINGS/download.{file.name.partition('.')[2]}?release={first}",
        ):
            answer = reader.get(address)
            assert answer.status_code in (400, 404, 410), address
            assert file.read_bytes() not in answer.content
    assert reader.get("/data/CROSSINGS").status_code == 200
    assert reader.get(f"/releases/{second}").status_code == 200


def test_what_is_withdrawn_stays_listed_with_its_reason(reader, vintages):
    page = reader.get("/releases").text
    assert vintages[1][0][:12] in page or REASON in page
