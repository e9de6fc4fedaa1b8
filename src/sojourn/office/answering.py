"""What every page of the office begins and ends with: the project, the session, the form, the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Response
from litestar.datastructures import Cookie

from sojourn.errors import NotPermitted
from sojourn.office.access import FORM_FIELD, Access, Asked, Session
from sojourn.office.rendering import page
from sojourn.production.desk import gate_today
from sojourn.production.sign_ins import credentials_of
from sojourn.production.workspace import Workspace
from sojourn.project.people import Person
from sojourn.release import Gate

__all__ = ["NotSignedIn", "access_of", "at_the_gate", "form_of", "session_of", "shown", "workspace_of"]


class NotSignedIn(NotPermitted):
    """The page is for somebody who has signed in."""

    def __init__(self) -> None:
        super().__init__("Nobody is signed in.", "Sign in, then go on.")


def workspace_of(request: Asked) -> Workspace:
    """The project that the office was started for."""
    found: Workspace = request.app.state["workspace"]
    return found


def access_of(request: Asked) -> Access:
    """Who is let in."""
    found: Access = request.app.state["access"]
    return found


def session_of(request: Asked) -> Session:
    """The session with which the request came, which the guard has read."""
    found: Session = request.scope["state"]["session"]
    return found


def form_of(request: Asked) -> Mapping[str, str]:
    """The fields of the form, which the guard has read: with plain line ends and without the sign zero."""
    found: Mapping[str, str] = request.scope["state"]["form"]
    return {name: value.replace("\r\n", "\n").replace("\x00", "") for name, value in found.items()}


def at_the_gate(request: Asked) -> tuple[Gate, Person]:
    """The gate with its people of today, and who has signed in.

    Raises: NotSignedIn, also for somebody who is declared otherwise, or enrolled again, since.
    """
    workspace, held = workspace_of(request), session_of(request).credentials
    gate = gate_today(workspace)
    if held is None or credentials_of(workspace, held.person.id) != held:
        raise NotSignedIn
    return gate, held.person


def shown(
    request: Asked, template: str, *, status: int = 200, cookie: Cookie | None = None, **about: Any
) -> Response[bytes]:
    """A page from its template, with what all pages show."""
    session = session_of(request)
    common = {
        "actor": workspace_of(request).actor,
        "signed_in": session.credentials.person if session.credentials is not None else None,
        "token_name": FORM_FIELD,
        "token": session.form_token,
        "here": request.url.path,
    }
    body = page(template, **{**common, **about})
    cookies = [cookie] if cookie is not None else []
    return Response(body, media_type="text/html", status_code=status, cookies=cookies)
