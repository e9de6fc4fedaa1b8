"""Serving: a process of its own that knows the public folder and nothing else."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from granian.constants import Interfaces
from granian.server import Server
from litestar import Litestar

from sojourn.dissemination.charts import start_drawing
from sojourn.portal.application import application
from sojourn.start import left_out

__all__ = ["application_of_environment", "serve"]

_PUBLIC = "SOJOURN_PUBLIC"


def application_of_environment() -> Litestar:
    """The portal of the folder that the environment names; called in each serving process."""
    left_out("pandas")
    # The drawing engine takes a second to start; the first reader should not wait for it.
    threading.Thread(target=start_drawing, daemon=True).start()
    return application(Path(os.environ[_PUBLIC]))


def serve(public: Path, *, host: str = "127.0.0.1", port: int = 8000, workers: int = 1) -> None:
    """Serve a public folder until told to stop."""
    os.environ[_PUBLIC] = str(public.resolve())
    Server(
        "sojourn.portal.server:application_of_environment",
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        workers=workers,
        websockets=False,
        log_access=False,
    ).serve()
