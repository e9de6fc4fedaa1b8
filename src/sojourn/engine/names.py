"""Identifiers and text as SQL writes them.

Dimension names become columns, so every name that reaches SQL passes here: a name that is not a plain
word is refused before it is quoted.
"""

from __future__ import annotations

import re

from sojourn.errors import ProjectError

__all__ = ["quoted", "text_literal"]

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


def quoted(name: str) -> str:
    """A column or relation name, quoted.

    Raises: ProjectError if the name is not made of letters, digits and underscores.
    """
    if not _PLAIN.fullmatch(name):
        raise ProjectError(
            f"{name!r} cannot be the name of a column or table.",
            "Use Latin letters, digits and underscores, starting with a letter.",
        )
    return f'"{name}"'


def text_literal(text: str) -> str:
    """A piece of text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"
