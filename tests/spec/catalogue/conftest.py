"""Catalogues on both databases: SQLite in a file, PostgreSQL in a server that the tests start and stop."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from catalogue_databases import DATABASES, new_database
from sojourn.catalogue import Catalogue
from sojourn.catalogue.audit import Witness
from sojourn.catalogue.migrate import open_catalogue


def _programs() -> Path | None:
    """Where the server's programs are: on the path, or where Debian keeps them."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return versions[-1].parent if versions else None


def _as_server(command: list[str]) -> list[str]:
    """The command as a user that the server accepts: it refuses to run as root."""
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else command


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a PostgreSQL server of our own, reached through a socket in its folder."""
    programs = _programs()
    if programs is None:
        pytest.skip(
            "PostgreSQL is not installed: initdb is neither on the path nor under /usr/lib/postgresql"
        )
    folder = Path(f"/tmp/sojourn-postgresql-{uuid.uuid4().hex[:8]}")
    folder.mkdir(mode=0o755)
    if os.geteuid() == 0:
        with contextlib.suppress(KeyError):
            os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
    subprocess.run(
        _as_server([str(programs / "initdb"), "-D", f"{folder}/data", "-U", "sojourn", "--auth=trust"]),
        **quiet,
    )
    options = f"-k {folder} -c listen_addresses= -c fsync=off"
    control = [str(programs / "pg_ctl"), "-D", f"{folder}/data", "-w"]
    subprocess.run(_as_server([*control, "-l", f"{folder}/log", "-o", options, "start"]), **quiet)
    try:
        yield f"postgresql+psycopg://sojourn@/postgres?host={folder}"
    finally:
        subprocess.run(_as_server([*control, "-m", "immediate", "stop"]), **quiet)
        shutil.rmtree(folder, ignore_errors=True)


NewCatalogue = Callable[[Path], Catalogue]


@pytest.fixture(params=DATABASES)
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, of each kind."""
    return new_database(request, request.param, tmp_path)


@pytest.fixture
def catalogue(address: str, tmp_path: Path) -> Iterator[Catalogue]:
    """An empty catalogue with its witness elsewhere."""
    opened = open_catalogue(address, Witness(tmp_path / "elsewhere.jsonl", Ed25519PrivateKey.generate()))
    yield opened
    opened.close()
