"""Fixtures of this folder: the portal in a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from portal_publication import Publication, publish


def _shapes() -> str | None:
    """Shapes that are installed, or those of the shared data."""
    shared = os.environ.get("SOJOURN_SHARED_DATA") or str(Path(__file__).parents[4] / "shared" / "data")
    for file in (
        os.environ.get("SOJOURN_SHAPES"),
        str(Path(sys.prefix) / "share" / "sojourn" / "shapes" / "countries-110m.json"),
        f"{shared}/geo/countries-110m.json",
    ):
        if file and Path(file).is_file():
            return file
    return None


@pytest.fixture(scope="session")
def publication(tmp_path_factory: pytest.TempPathFactory) -> Publication:
    """A public zone with two tables and three releases, beside files that nobody may read."""
    return publish(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="session")
def site(publication: Publication) -> Iterator[str]:
    """The address of the portal, served by a process that knows only the public folder."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    shapes = _shapes()
    environment = {**os.environ, **({"SOJOURN_SHAPES": shapes} if shapes else {})}
    command = [sys.executable, "-m", "sojourn.portal", str(publication.public), "--port", str(port)]
    served = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(150):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2):
                    break
            except OSError:
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        served.terminate()
        served.wait(20)
