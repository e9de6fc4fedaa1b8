"""Serving: on this machine only, to whoever holds the token that is printed at the start."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from pathlib import Path

from granian.constants import Interfaces
from granian.server import Server
from litestar import Litestar

from sojourn.office.access import ADDRESS, Access
from sojourn.office.application import application
from sojourn.production.workspace import open_workspace
from sojourn.start import left_out

__all__ = ["application_of_environment", "serve"]

_PROJECT, _PORT = "SOJOURN_OFFICE_PROJECT", "SOJOURN_OFFICE_PORT"


def application_of_environment() -> Litestar:
    """The office of the project that the environment names; called in the serving process.

    The token is made here and printed, so that it is in no argument, variable or file.
    """
    left_out("pandas")
    port = int(os.environ[_PORT])
    access = Access(port)
    made = application(open_workspace(Path(os.environ[_PROJECT])), access)
    threading.Thread(target=_announce, args=(access.first_address(), port), daemon=True).start()
    return made


def _announce(address: str, port: int) -> None:
    """Print the address once someone answers there: this process only listens after the office is made."""
    while not _answers(port):
        time.sleep(0.05)
    sys.stdout.write(f"Open this address once, in the browser to work with:\n{address}\n")
    sys.stdout.flush()


def _answers(port: int) -> bool:
    try:
        socket.create_connection((ADDRESS, port), 1).close()
    except OSError:
        return False
    return True


def serve(project: Path, *, port: int = 8701) -> None:
    """Serve the office of a project until told to stop."""
    os.environ[_PROJECT], os.environ[_PORT] = str(project.resolve()), str(port)
    Server(
        "sojourn.office.server:application_of_environment",
        factory=True,
        address=ADDRESS,
        port=port,
        interface=Interfaces.ASGI,
        # One process: who was let in is known to it alone.
        workers=1,
        websockets=False,
        log_access=False,
    ).serve()
