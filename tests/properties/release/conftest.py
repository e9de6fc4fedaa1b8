"""Fixtures of this folder: a gate at hand, whose releases cost little."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gate_at_hand import GateAtHand, empty_catalogue, gate_at_hand


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with an empty catalogue."""
    return empty_catalogue(tmp_path_factory.mktemp("empty"))


@pytest.fixture
def hand(tmp_path: Path, empty: Path) -> Iterator[GateAtHand]:
    """A gate with its people; anna is also anna-too."""
    with pytest.MonkeyPatch.context() as patch, gate_at_hand(patch, tmp_path / "local", empty) as made:
        yield made
