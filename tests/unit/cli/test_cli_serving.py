"""Serving the portal: the command becomes it, takes no port of another program, and ends with it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from portal_publication import publish

SECONDS_TO_START = 60


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which something has been published."""
    folder = tmp_path_factory.mktemp("project")
    published = publish(tmp_path_factory.mktemp("site")).public
    (folder / "local").mkdir()
    os.symlink(published, folder / "local" / "public")
    return folder


@pytest.fixture
def port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def _serve(project: Path, port: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "sojourn", "-p", str(project), "serve", "portal", "--port", str(port)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def _listens(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2):
            return True
    except OSError:
        return False


def test_a_port_in_use_is_refused_and_the_portal_goes_with_its_command(project: Path, port: int):
    first = _serve(project, port)
    try:
        until = time.monotonic() + SECONDS_TO_START
        while not _listens(port):
            assert first.poll() is None
            assert time.monotonic() < until
            time.sleep(0.2)
        second = _serve(project, port)
        assert (second.wait(timeout=30), "--port" in second.communicate()[1]) == (2, True)
    finally:
        first.send_signal(signal.SIGTERM)
        first.communicate(timeout=30)
    assert not _listens(port)
