"""Open the catalogue's database and bring it to the present form."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from sojourn.catalogue.audit import Witness
from sojourn.catalogue.catalogue import Catalogue
from sojourn.catalogue.schema import SCHEMA_VERSION
from sojourn.errors import DiskFull, ProjectError

__all__ = ["open_catalogue"]

# The index of the write-ahead log alone takes 32 KiB.
_ROOM_TO_OPEN = 1 << 16


def open_catalogue(url: str, witness: Witness | None) -> Catalogue:
    """The catalogue at a database address, created or migrated when it needs to be.

    Raises: ProjectError when the database cannot be reached, or was written by a newer Sojourn.
    """
    engine = sa.create_engine(url, connect_args={"timeout": 60} if url.startswith("sqlite") else {})
    if engine.dialect.name == "sqlite":
        _make_sqlite_durable(engine)
    try:
        found = _version(engine)
    except sa.exc.OperationalError as error:
        if _has_no_room(engine.url):
            raise DiskFull("the catalogue cannot be opened") from error
        raise ProjectError(
            f"The catalogue's database cannot be opened: {error.orig}.",
            "Look at `catalogue:` in sojourn.yaml, at the folder's permissions, and whether the server runs.",
        ) from error
    if found is not None and found > SCHEMA_VERSION:
        engine.dispose()
        raise ProjectError(
            f"The catalogue was written by a newer Sojourn (form {found}; this one knows up to"
            f" {SCHEMA_VERSION}).",
            "Install the newer version. Nothing was changed.",
        )
    if found != SCHEMA_VERSION:
        _upgrade(engine)
    return Catalogue(engine, witness)


def _has_no_room(url: sa.URL) -> bool:
    """Whether the folder of an SQLite database lacks room for the files that opening it takes."""
    if not url.drivername.startswith("sqlite") or not url.database:
        return False
    return shutil.disk_usage(Path(url.database).parent).free < _ROOM_TO_OPEN


def _make_sqlite_durable(engine: sa.Engine) -> None:
    """Write-ahead log with full synchronisation, and writers that wait for one another from the start."""

    @sa.event.listens_for(engine, "connect")
    def _settings(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for setting in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=60000"):
            cursor.execute(f"PRAGMA {setting}")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        only_reads = connection.get_execution_options().get("only_reads", False)
        connection.exec_driver_sql("BEGIN" if only_reads else "BEGIN IMMEDIATE")


def _version(engine: sa.Engine) -> str | None:
    with engine.connect().execution_options(only_reads=True) as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        row = connection.execute(sa.text("SELECT version_num FROM alembic_version")).first()
    return str(row[0]) if row is not None else None


def _upgrade(engine: sa.Engine) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
