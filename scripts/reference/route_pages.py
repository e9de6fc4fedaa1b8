"""The page of the portal's addresses, read from the application itself."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from layout import docstring, table
from litestar.handlers import HTTPRouteHandler

from sojourn.portal.application import application

__all__ = ["route_page"]


def route_page() -> Iterator[str]:
    """The lines of the page."""
    yield from ["# Addresses of the portal", ""]
    yield "All of them answer to `GET` and need no sign-in: the portal knows nothing but what has been"
    yield from ["published. What stands in braces varies.", ""]
    yield from table(["Address", "What it gives"], sorted(_rows()))


def _rows() -> Iterator[list[str]]:
    with tempfile.TemporaryDirectory() as nothing_published:
        routes = application(Path(nothing_published)).routes
    for route in routes:
        for handler in getattr(route, "route_handlers", ()):
            if isinstance(handler, HTTPRouteHandler) and handler.http_methods != {"OPTIONS"}:
                # A handler that runs in a thread is wrapped; the words are those of the function inside.
                inside = getattr(handler.fn, "func", handler.fn)
                yield [f"`{re.sub(':[a-z]+', '', route.path)}`", docstring(inside).split("\n\n")[0]]
