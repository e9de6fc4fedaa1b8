"""What all tests share: drawn tables, small projects, the folder of real data."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import settings

from loaded_commands import LoadedCommands, loaded_commands
from small_project import HEADER, crossing, write_small_project
from sojourn.contracts.table import Table
from sojourn.engine import Engine, Relation

if TYPE_CHECKING:
    from sojourn.production.workspace import Workspace

REPOSITORY = Path(__file__).parents[1]
# A slow machine is no mistake: nothing here is judged by the time that it takes.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture
def engine() -> Iterator[Engine]:
    """A confined engine that may open no folder."""
    with Engine() as opened:
        yield opened


@pytest.fixture
def given(engine: Engine) -> Callable[[type[Table], str], Relation]:
    """A relation from a drawn table: header, rule, rows; an empty cell is missing."""

    def drawn(contract: type[Table], drawing: str) -> Relation:
        lines = [line.strip() for line in drawing.strip().splitlines()]
        names = [name.strip() for name in lines[0].split("|")]
        cells = [[cell.strip() or None for cell in line.split("|")] for line in lines[2:]]
        columns = {}
        for position, name in enumerate(names):
            kind = contract.columns[name].arrow_type if name in contract.columns else pa.string()
            columns[name] = pa.array([row[position] for row in cells], pa.string()).cast(kind)
        return engine.relation(pa.table(columns))

    return drawn


def rows(relation: Relation, *columns: str) -> list[tuple[Any, ...]]:
    """The rows of a relation, in order of the chosen columns."""
    return sorted(relation.rows(*columns), key=lambda row: tuple((value is None, value) for value in row))


@pytest.fixture(scope="session")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoadedCommands]:
    """The command `sojourn`, of which everything is loaded once for all tests of a worker."""
    with loaded_commands(tmp_path_factory.mktemp("programs")) as loaded:
        yield loaded


@pytest.fixture
def shared_data() -> Path:
    """The folder of real data, or a skip that says what is missing."""
    folder = Path(os.environ.get("SOJOURN_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"the folder of real data {folder} is not here; set SOJOURN_SHARED_DATA")
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small country project whose declarations have no mistake."""
    return write_small_project(tmp_path / "ruritania", tmp_path / "keys")


@pytest.fixture
def border_file(tmp_path: Path) -> Path:
    """A border file with forty good crossings."""
    file = tmp_path / "border_2024.csv"
    file.write_text("\n".join([HEADER, *map(crossing, range(40))]) + "\n", encoding="utf-8")
    return file


@pytest.fixture(scope="session")
def desk_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a published release and one that waits; tests put that one into the state they need."""
    from desk_office import write_desk_office  # loads much that other tests do without

    return write_desk_office(tmp_path_factory.mktemp("desk"))


@pytest.fixture(scope="module")
def desk(desk_folder: Path) -> Iterator[Workspace]:
    """That project, open."""
    from desk_office import cheap_passphrases
    from sojourn.production.workspace import open_workspace

    with cheap_passphrases(), open_workspace(desk_folder) as workspace:
        yield workspace
