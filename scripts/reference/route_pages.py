"""The page of the portal's and the office's addresses, read from the applications themselves."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from layout import docstring, table
from litestar.handlers import HTTPRouteHandler

from sojourn.office.pages import PAGES
from sojourn.portal.application import application

__all__ = ["route_page"]


def route_page() -> Iterator[str]:
    """The lines of the page."""
    yield from ["# Addresses of the portal and the office", "", "## The portal", ""]
    yield "All of them answer to `GET` and need no sign-in: the portal knows nothing but what has been"
    yield from ["published. What stands in braces varies.", ""]
    yield from table(["Address", "What it gives"], sorted(_rows()))
    yield from ["## The office", ""]
    yield "They answer to the browser that brought the token printed at the start, on the same machine."
    yield from ["`POST` is for forms of the office's own pages.", ""]
    yield from table(["Address", "Method", "What it does"], sorted(_rows_of_office()))


def _rows() -> Iterator[list[str]]:
    with tempfile.TemporaryDirectory() as nothing_published:
        routes = application(Path(nothing_published)).routes
    for route in routes:
        for handler in getattr(route, "route_handlers", ()):
            if isinstance(handler, HTTPRouteHandler) and handler.http_methods != {"OPTIONS"}:
                # A handler that runs in a thread is wrapped; the words are those of the function inside.
                inside = getattr(handler.fn, "func", handler.fn)
                yield [_address(route.path), docstring(inside).split("\n\n")[0]]


def _rows_of_office() -> Iterator[list[str]]:
    for handler in PAGES:
        inside = getattr(handler.fn, "func", handler.fn)
        (path,), methods = handler.paths, " ".join(sorted(handler.http_methods))
        yield [_address(path), f"`{methods}`", docstring(inside).split("\n\n")[0]]


def _address(path: str) -> str:
    return f"`{re.sub(':[a-z]+', '', path)}`"
