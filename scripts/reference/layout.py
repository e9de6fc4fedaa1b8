"""How a reference page is laid out: a notice that it was written by the code, headings, tables."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator

__all__ = ["docstring", "page", "table"]

_NOTICE = "<!-- Written by `make reference` from the code; change the code, not this page. -->"


def page(lines: Iterable[str]) -> str:
    """A page's text, with the notice above it."""
    return "\n".join([_NOTICE, "", *lines]).rstrip() + "\n"


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """The lines of a table and the blank line after it."""
    heads = list(heads)
    yield _line(heads)
    yield _line("---" for _ in heads)
    yield from (_line(cells) for cells in rows)
    yield ""


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def docstring(thing: object) -> str:
    """What a class or function says of itself.

    Raises: ValueError when it says nothing: what is not documented does not reach the reference.
    """
    said = inspect.cleandoc(getattr(thing, "__doc__", None) or "")
    if not said:
        raise ValueError(f"{thing!r} has no docstring, so its reference page would be empty.")
    return said
