"""When a page cannot be given: what happened and what to do, as a page or as RFC 9457, and nothing else.

No problem page holds a stack, a statement, a path or more of the request than the reader typed.
"""

from __future__ import annotations

import json
import logging
import secrets
from typing import Any

from litestar import Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException

from sojourn.dissemination.wording import wording
from sojourn.errors import SojournError

__all__ = ["PageProblem", "problem_answer"]

_LOG = logging.getLogger("sojourn.portal")
_KNOWN = frozenset({400, 404, 405, 410, 413, 414, 429, 500})


class PageProblem(Exception):
    """A page that cannot be given: its status, the key of its text, and what the text names."""

    def __init__(self, status: int, key: str, /, **places: Any) -> None:
        self.status = status
        self.key = key
        self.places = places
        super().__init__(key)


def problem_answer(request: Request[object, object, State], error: Exception) -> Response[bytes]:
    """The answer to anything that went wrong while a page was made."""
    from sojourn.portal.rendering import render
    from sojourn.portal.visits import Visit, visit_of

    problem = _as_problem(error)
    incident = ""
    if problem.status >= 500:
        incident = secrets.token_hex(6)
        _LOG.error("incident %s", incident, exc_info=error)
    visit: Visit | None
    try:
        visit = visit_of(request)
    except PageProblem:
        visit = request.scope["state"].get("visit")
    words = visit.words if visit is not None else wording("en")
    title = words(f"problem.title.{problem.status}")
    detail = words(problem.key, **problem.places.get("texts", {}))
    headers = {"Retry-After": "60"} if problem.status == 429 else {}
    if _wants_json(request.headers.get("accept", "")):
        document = {"type": "about:blank", "title": title, "status": problem.status, "detail": detail}
        document |= {"incident": incident} if incident else {}
        document |= problem.places.get("members", {})
        body = json.dumps(document, ensure_ascii=False).encode()
        return Response(
            body, status_code=problem.status, media_type="application/problem+json", headers=headers
        )
    if visit is None:
        return Response(title.encode(), status_code=problem.status, media_type="text/plain")
    page = render(
        "problem.html",
        visit,
        status=problem.status,
        title=title,
        detail=detail,
        incident=incident,
        **problem.places.get("page", {}),
    )
    return Response(page, status_code=problem.status, media_type="text/html", headers=headers)


def _as_problem(error: Exception) -> PageProblem:
    if isinstance(error, PageProblem):
        return error
    if isinstance(error, HTTPException):
        status = error.status_code if error.status_code in _KNOWN else 400 if error.status_code < 500 else 500
        return PageProblem(status, f"problem.{status}")
    if isinstance(error, SojournError):
        return PageProblem(404, "problem.404")
    return PageProblem(500, "problem.500")


def _wants_json(accept: str) -> bool:
    return "json" in accept and "text/html" not in accept
