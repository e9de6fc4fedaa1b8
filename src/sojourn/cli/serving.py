"""Commands that serve pages."""

from __future__ import annotations

import os
import socket
import sys
from typing import Annotated

import typer

from sojourn.cli.app import Commands, app, session
from sojourn.errors import ProjectError

serve = Commands(no_args_is_help=True, help="Serve the public portal, or the office's own pages.")
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
    require_free(host, port)
    session.screen.note(f"The portal is at http://{host}:{port}/ until you press Ctrl-C.")
    asked = [str(public.resolve()), "--host", host, "--port", str(port)]
    # This process becomes the portal, so that whatever ends the command ends the portal too.
    os.execv(sys.executable, [sys.executable, "-m", "sojourn.portal", *asked])  # noqa: S606  our own program


@serve.command("office")
def serve_office(
    port: Annotated[int, typer.Option(help="Port on which to listen.")] = 8701,
) -> None:
    """Serve the pages of staff, for clerical review, to one browser on this machine.

    The address that is printed lets a browser in, once. Nothing listens on any other address than 127.0.0.1.

    Example: `sojourn -p ruritania serve office --port 8701`
    """
    from sojourn.project.load import load

    load(session.project)
    require_free("127.0.0.1", port)
    session.screen.note("The office serves this machine only, until you press Ctrl-C.")
    asked = [str(session.project.resolve()), "--port", str(port)]
    os.execv(sys.executable, [sys.executable, "-m", "sojourn.office", *asked])  # noqa: S606  our own program


def require_free(host: str, port: int) -> None:
    """Refuse a port on which another program listens: the server would share it with that one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ProjectError(
                f"Nothing can be served on {host}:{port}: {error.strerror}.",
                f"Name another port: --port {port + 10}",
            ) from error
