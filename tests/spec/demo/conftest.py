"""One small Ruritania for all facts about what is generated."""

from __future__ import annotations

from pathlib import Path

import pytest

from sojourn.demo import Generated, generate


@pytest.fixture(scope="session")
def ruritania(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    """Twenty thousand residents, with their ministries' files and the truth."""
    base: Path = tmp_path_factory.mktemp("demo")
    return generate(base / "ruritania", persons=20_000, seed=7, keys=base / "keys")
