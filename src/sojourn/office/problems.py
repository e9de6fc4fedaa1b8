"""When a page cannot be given: what happened and what to do, and nothing of a person's record."""

from __future__ import annotations

import logging
import secrets
import traceback

from litestar import Response
from litestar.exceptions import HTTPException
from litestar.response import Redirect

from sojourn.errors import NotPermitted, Problem, SojournError
from sojourn.office.access import Asked
from sojourn.office.answering import NotSignedIn, form_of
from sojourn.office.rendering import page
from sojourn.office.sign_in_pages import sign_in_page

__all__ = ["problem_answer"]

_LOG = logging.getLogger("sojourn.office")
_TITLES = {403: "Not permitted", 404: "Not found", 409: "Not now"}


def problem_answer(request: Asked, error: Exception) -> Response[bytes] | Redirect:
    """The answer to anything that went wrong while a page was made."""
    if isinstance(error, NotSignedIn):
        return _to_sign_in(request, error)
    status, problems = _told(request, error)
    title = _TITLES.get(status, "This did not work")
    body = page("problem.html", title=title, status=status, problems=problems)
    return Response(body, status_code=status, media_type="text/html")


def _to_sign_in(request: Asked, error: NotSignedIn) -> Response[bytes] | Redirect:
    """The way to sign in; what was typed into a form is shown again, so that it is not lost."""
    path = request.url.path
    if request.method != "POST":
        return Redirect(f"/sign-in?then={path}", status_code=303)
    form = form_of(request)
    texts = [form[name] for name in sorted(form) if name.startswith(("reason", "comment")) and form[name]]
    release = "/".join(path.split("/")[:3])
    return sign_in_page(request, then=release, error=error, status=403, typed="\n\n".join(texts))


def _told(request: Asked, error: Exception) -> tuple[int, tuple[Problem, ...]]:
    if isinstance(error, NotPermitted):
        return 403, error.problems
    if isinstance(error, SojournError):
        return (404 if request.method == "GET" else 409), error.problems
    if isinstance(error, HTTPException) and error.status_code < 500:
        return error.status_code, (
            Problem("", None, "There is no such page.", "Go back to where you came from."),
        )
    incident = secrets.token_hex(6)
    # The words of an error may hold a value that was being read: its kind and its place are enough.
    place = "".join(traceback.format_tb(error.__traceback__))
    _LOG.error("incident %s: %s\n%s", incident, type(error).__name__, place)
    return 500, (
        Problem("", None, f"This is a mistake of ours, incident {incident}.", "Tell whoever runs it."),
    )
