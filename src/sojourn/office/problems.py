"""When a page cannot be given: what happened and what to do, and nothing of a person's record."""

from __future__ import annotations

import logging
import secrets
import traceback

from litestar import Response
from litestar.exceptions import HTTPException

from sojourn.errors import NotPermitted, Problem, SojournError
from sojourn.office.access import Asked
from sojourn.office.rendering import page

__all__ = ["problem_answer"]

_LOG = logging.getLogger("sojourn.office")
_TITLES = {403: "Not permitted", 404: "Not found", 409: "Not now"}


def problem_answer(request: Asked, error: Exception) -> Response[bytes]:
    """The answer to anything that went wrong while a page was made."""
    status, problems = _told(request, error)
    title = _TITLES.get(status, "This did not work")
    body = page("problem.html", title=title, status=status, problems=problems)
    return Response(body, status_code=status, media_type="text/html")


def _told(request: Asked, error: Exception) -> tuple[int, tuple[Problem, ...]]:
    if isinstance(error, NotPermitted):
        return 403, error.problems
    if isinstance(error, SojournError):
        return (404 if request.method == "GET" else 409), error.problems
    if isinstance(error, HTTPException) and error.status_code < 500:
        return error.status_code, (Problem("", None, "There is no such page.", "Go back to the queue."),)
    incident = secrets.token_hex(6)
    # The words of an error may hold a value that was being read: its kind and its place are enough.
    place = "".join(traceback.format_tb(error.__traceback__))
    _LOG.error("incident %s: %s\n%s", incident, type(error).__name__, place)
    return 500, (
        Problem("", None, f"This is a mistake of ours, incident {incident}.", "Tell whoever runs it."),
    )
