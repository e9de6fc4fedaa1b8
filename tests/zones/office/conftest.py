"""Fixtures of this folder: one office with releases, in which tests put the waiting one into any state."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from desk_office import cheap_passphrases, write_desk_office
from sojourn.production.workspace import Workspace, open_workspace


@pytest.fixture(scope="session")
def desk_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's folder."""
    return write_desk_office(tmp_path_factory.mktemp("desk"))


@pytest.fixture(scope="module")
def desk(desk_folder: Path) -> Iterator[Workspace]:
    """The office, open."""
    with cheap_passphrases(), open_workspace(desk_folder) as workspace:
        yield workspace
