"""Rooms import only the rooms below them; a leak planted on purpose is caught and named."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = REPOSITORY / "src" / "sojourn"

LAYERS = "Rooms: a room may import those below it, never those above or beside it"
PUBLIC_ROOMS = "Public rooms never reach rooms that hold records"
ONE_ENGINE = "Only the engine names DuckDB or Spark"
PURE_METHODS = "Methods do no input or output and look at no clock"
CONTRACTS = (LAYERS, PUBLIC_ROOMS, ONE_ENGINE, PURE_METHODS)


@dataclass(frozen=True)
class Verdict:
    """What import-linter said of a package: which contracts it kept and which it broke, and why."""

    kept: frozenset[str]
    broken: frozenset[str]
    words: str


def verdict(folder: Path, source: str = ".") -> Verdict:
    """Hold the package in a folder against the contracts of the folder's pyproject.toml."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--config", folder / "pyproject.toml"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / source), "NO_COLOR": "1", "COLUMNS": "300"},
        capture_output=True,
        text=True,
    )
    words = done.stdout + done.stderr
    lines = [line.strip() for line in words.splitlines()]
    return Verdict(
        frozenset(name for name in CONTRACTS if any(line.startswith(f"{name} KEPT") for line in lines)),
        frozenset(name for name in CONTRACTS if any(line.startswith(f"{name} BROKEN") for line in lines)),
        words,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The package and its contracts in a folder where leaks can be planted."""
    unread = shutil.ignore_patterns("__pycache__", "data", "static")
    shutil.copytree(PACKAGE, tmp_path / "sojourn", ignore=unread)
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    return tmp_path


def plant(folder: Path, module: str, statement: str) -> None:
    """Add a line to a module, as somebody in a hurry would."""
    file = folder / "sojourn" / module
    file.parent.mkdir(exist_ok=True)
    with file.open("a", encoding="utf-8") as opened:
        opened.write(f"\n\n{statement}\n")


def test_every_contract_of_the_rooms_is_kept():
    found = verdict(REPOSITORY, source="src")
    assert found.kept == set(CONTRACTS), found.words


@pytest.mark.parametrize(
    ("module", "statement", "contract", "named"),
    [
        pytest.param(
            "portal/leak.py",
            "from sojourn.contracts.microdata import Person",
            PUBLIC_ROOMS,
            "sojourn.portal.leak -> sojourn.contracts.microdata",
            id="the portal takes tables about persons",
        ),
        pytest.param(
            "dissemination/leak.py",
            "def later():\n    from sojourn.contracts import microdata",
            PUBLIC_ROOMS,
            "sojourn.dissemination.leak -> sojourn.contracts.microdata",
            id="dissemination takes tables about persons inside a function",
        ),
        pytest.param(
            "portal/leak.py",
            "import sojourn.catalogue",
            PUBLIC_ROOMS,
            "sojourn.portal.leak -> sojourn.catalogue",
            id="the portal opens the catalogue",
        ),
        pytest.param(
            "portal/leak.py",
            "import sojourn.office.rendering",
            LAYERS,
            "sojourn.portal.leak -> sojourn.office.rendering",
            id="the portal imports the office beside it",
        ),
        pytest.param(
            "office/leak.py",
            "import sojourn.portal.rendering",
            LAYERS,
            "sojourn.office.leak -> sojourn.portal.rendering",
            id="the office imports the portal beside it",
        ),
        pytest.param(
            "statistics/leak.py",
            "import duckdb",
            ONE_ENGINE,
            "sojourn.statistics.leak -> duckdb",
            id="statistics names the engine's library",
        ),
        pytest.param(
            "store/leak.py",
            "from duckdb import connect",
            ONE_ENGINE,
            "sojourn.store.leak -> duckdb",
            id="the store names the engine's library",
        ),
        pytest.param(
            "errors.py",
            "import sojourn.pipeline",
            LAYERS,
            "sojourn.errors -> sojourn.pipeline",
            id="the lowest room imports a higher one",
        ),
        pytest.param(
            "sources/leak.py",
            "import sojourn.release",
            LAYERS,
            "sojourn.sources.leak -> sojourn.release",
            id="sources import the gate above them",
        ),
        pytest.param(
            "disclosure/leak.py",
            "import sojourn.dissemination",
            LAYERS,
            "sojourn.disclosure.leak -> sojourn.dissemination",
            id="a room imports a stranger beside it",
        ),
        pytest.param(
            "statistics/leak.py",
            "import socket",
            PURE_METHODS,
            "sojourn.statistics.leak -> socket",
            id="a method opens a connection",
        ),
        pytest.param(
            "dissemination/leak.py",
            "from sojourn.quality.counts import counts",
            PUBLIC_ROOMS,
            "sojourn.dissemination.leak -> sojourn.quality.counts",
            id="dissemination counts records itself",
        ),
        pytest.param(
            "quality/leak.py",
            "import time",
            PURE_METHODS,
            "sojourn.quality.leak -> time",
            id="a quality report looks at the clock",
        ),
        pytest.param(
            "integration/leak.py",
            "import random",
            PURE_METHODS,
            "sojourn.integration.leak -> random",
            id="a method draws unseeded numbers",
        ),
    ],
)
def test_a_planted_leak_is_caught_and_named(
    copy: Path, module: str, statement: str, contract: str, named: str
):
    plant(copy, module, statement)
    found = verdict(copy)
    assert contract in found.broken, found.words
    assert named in found.words


def test_a_leak_through_a_third_module_is_caught(copy: Path):
    plant(copy, "contracts/between.py", "from sojourn.contracts.microdata import Person")
    plant(copy, "portal/leak.py", "from sojourn.contracts.between import Person")
    found = verdict(copy)
    assert PUBLIC_ROOMS in found.broken, found.words
    assert "sojourn.contracts.between -> sojourn.contracts.microdata" in found.words


def test_a_room_that_is_in_no_layer_is_caught(copy: Path):
    plant(copy, "attic/__init__.py", '"""A room that nobody planned."""')
    found = verdict(copy)
    assert LAYERS in found.broken, found.words
    assert "sojourn.attic" in found.words


def test_no_module_hides_an_import_from_the_contracts():
    hidden = [
        f"{file.relative_to(PACKAGE)}:{call.lineno}"
        for file in sorted(PACKAGE.rglob("*.py"))
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and _imports_by_name(call.func)
    ]
    assert hidden == []


def _imports_by_name(called: ast.expr) -> bool:
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    return name in {"import_module", "__import__"}
