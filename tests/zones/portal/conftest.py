"""Fixtures of this folder: the test publication and a client of its portal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

sys.path.insert(0, str(Path(__file__).parents[2]))

from portal_publication import Publication, publish
from sojourn.portal import application


@pytest.fixture(scope="session")
def publication(tmp_path_factory: pytest.TempPathFactory) -> Publication:
    """A public zone with two tables and three releases, beside files that nobody may read."""
    return publish(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def client(publication: Publication) -> Iterator[TestClient[Litestar]]:
    """A reader of the portal; failures come back as pages, as they do outside."""
    app: Any = application(publication.public)
    with TestClient(app, raise_server_exceptions=False) as reader:
        yield reader
