"""New databases for tests, of each kind that a catalogue can live in."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa

DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]


def new_database(request: pytest.FixtureRequest, kind: str, folder: Path, like: str | None = None) -> str:
    """The address of a new database, empty or a copy of another one.

    An SQLite database is the file `catalogue.sqlite` in the folder; whoever wants a copy puts it there.
    """
    if kind == "sqlite":
        return f"sqlite:///{folder / 'catalogue.sqlite'}"
    server = str(request.getfixturevalue("postgresql"))
    name = f"c{uuid.uuid4().hex}"
    template = f" TEMPLATE {sa.make_url(like).database}" if like is not None else ""
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}{template}"))
    engine.dispose()
    return server.replace("/postgres?", f"/{name}?")
