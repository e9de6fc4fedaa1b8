"""Fixtures of this folder: the test publication, made once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from portal_publication import Publication, publish


@pytest.fixture(scope="session")
def publication(tmp_path_factory: pytest.TempPathFactory) -> Publication:
    """A public zone with two tables and three releases, beside files that nobody may read."""
    return publish(tmp_path_factory.mktemp("site"))
