"""Fixtures of this folder: a gate at hand, whose releases cost little, and an office with a real one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gate_at_hand import GateAtHand, empty_catalogue, gate_at_hand
from reading_here import reading_here
from small_project import HEADER, crossing, write_small_project
from sojourn.production.receive import receive
from sojourn.production.tables import run_tables
from sojourn.production.workspace import Workspace, open_workspace


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with an empty catalogue."""
    return empty_catalogue(tmp_path_factory.mktemp("empty"))


@pytest.fixture
def hand(tmp_path: Path, empty: Path) -> Iterator[GateAtHand]:
    """A gate with its people; anna is also anna-too."""
    with pytest.MonkeyPatch.context() as patch, gate_at_hand(patch, tmp_path / "local", empty) as made:
        yield made


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A small project whose table is made, with everything that a release is written from."""
    folder = tmp_path_factory.mktemp("office")
    sent = folder / "border_2024.csv"
    sent.write_text("\n".join([HEADER, *map(crossing, range(40))]) + "\n", encoding="utf-8")
    project = write_small_project(folder / "ruritania", folder / "keys")
    with open_workspace(project) as workspace:
        with reading_here():
            receive(workspace, "border", sent, period="2024")
        run_tables(workspace)
        yield workspace
