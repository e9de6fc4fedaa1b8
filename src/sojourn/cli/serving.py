"""Commands that serve pages."""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated

import typer

from sojourn.cli.app import app, session
from sojourn.errors import ProjectError

serve = typer.Typer(no_args_is_help=True, help="Serve the public portal.")
app.add_typer(serve, name="serve")


@serve.command("portal")
def serve_portal(
    port: Annotated[int, typer.Option(help="Port on which to listen.")] = 8700,
    host: Annotated[str, typer.Option(help="Address on which to listen.")] = "127.0.0.1",
) -> None:
    """Serve what has been published, in a process that is given the public folder and nothing else.

    Example: `sojourn -p ruritania serve portal --port 8700`
    """
    public = session.project / "local" / "public"
    if not public.is_dir():
        raise ProjectError(
            "Nothing has been published yet.", "Publish a release first: sojourn release prepare …"
        )
    session.screen.note(f"The portal is at http://{host}:{port}/ until you press Ctrl-C.")
    command = [
        sys.executable,
        "-m",
        "sojourn.portal",
        str(public.resolve()),
        "--host",
        host,
        "--port",
        str(port),
    ]
    process = subprocess.Popen(command)  # noqa: S603  the command is our own
    try:
        code = process.wait()
    except KeyboardInterrupt:
        process.terminate()
        process.wait(timeout=10)
        code = 0
    if code not in (0, -15):
        raise ProjectError(f"The portal ended with code {code}.", "Its own words are above.")
