"""A table of a sender's database is a delivery like any other."""

from __future__ import annotations

import sqlite3

import pytest

from small_project import HEADER, crossing
from sojourn.contracts.table import Zone
from sojourn.errors import DataRefused, ProjectError
from sojourn.production.deliveries import all_deliveries
from sojourn.production.receive import receive_table
from sojourn.production.workspace import open_workspace


@pytest.fixture
def database(tmp_path):
    """A ministry's SQLite database with forty crossings and a column that nobody may see."""
    file = tmp_path / "ministry.sqlite"
    names = HEADER.split(",")
    with sqlite3.connect(file) as connection:
        connection.execute(
            f"CREATE TABLE crossings ({', '.join(f'{name} TEXT' for name in names)}, SECRET TEXT)"
        )
        rows = [(*crossing(number).split(","), "uncovered") for number in range(40)]
        rows[3] = (*rows[3][:8], None, "uncovered")
        connection.executemany(f"INSERT INTO crossings VALUES ({', '.join('?' * len(rows[0]))})", rows)
    connection.close()
    return file


@pytest.fixture
def office(project, database, monkeypatch):
    source = project / "sources" / "border" / "source.yaml"
    text = source.read_text(encoding="utf-8")
    arrives = "arrives: {every: year, format: database, address: env:MINISTRY, table: crossings}"
    source.write_text(text.replace("arrives: {every: year}", arrives), encoding="utf-8")
    monkeypatch.setenv("MINISTRY", f"sqlite:///{database}")
    with open_workspace(project) as workspace:
        yield workspace


def test_a_table_is_received_and_once_only(office):
    first = receive_table(office, "border", period="2024")
    assert (first.state, first.loaded, first.quarantined) == ("accepted", 40, 0)
    assert receive_table(office, "border", period="2024").state == "already-delivered"
    assert len(all_deliveries(office)) == 1


def test_a_column_that_is_not_declared_is_never_read(office):
    receive_table(office, "border", period="2024")
    for file in office.store.zone(Zone.VAULT).rglob("*"):
        assert not file.is_file() or b"uncovered" not in file.read_bytes()


def test_a_table_that_is_not_there_is_refused(office, monkeypatch):
    monkeypatch.setenv("MINISTRY", "sqlite://")
    with pytest.raises(DataRefused, match="no table crossings"):
        receive_table(office, "border", period="2024")
    assert office.store.leftovers() == []


def test_an_address_that_is_not_set_is_asked_for(office, monkeypatch):
    monkeypatch.delenv("MINISTRY")
    with pytest.raises(ProjectError, match="MINISTRY, which is not set"):
        receive_table(office, "border", period="2024")
