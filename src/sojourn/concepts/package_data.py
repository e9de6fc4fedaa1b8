"""The concepts' data files, as they stand in the package.

Read once each, as text: a code `010` stays `010`, Norway's `NO` stays `NO`, and an empty field is
absent (`None`) rather than empty text. Nothing else in this room reads anything.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from ruamel.yaml import YAML

__all__ = ["Row", "day", "declarations", "entries_of", "entry_in", "parts", "rows"]

Row = Mapping[str, str | None]


def _text(file_name: str) -> str:
    return (files("sojourn.concepts") / "data" / file_name).read_text(encoding="utf-8")


@cache
def rows(file_name: str) -> tuple[Row, ...]:
    """The lines of a CSV data file, in their order."""
    lines = csv.DictReader(io.StringIO(_text(file_name), newline=""), strict=True)
    return tuple({column: value or None for column, value in line.items()} for line in lines)


@cache
def declarations(file_name: str) -> Any:
    """A YAML data file with every scalar as text."""
    return YAML(typ="base", pure=True).load(_text(file_name))


@cache
def entries_of(file_name: str) -> tuple[tuple[str, str], ...]:
    """The entries of a YAML data file that is a list: the `id` of each, and its text, not read yet.

    To read them all takes an eighth of a second, and hardly any command needs more than three.
    """
    _, *texts = re.split(r"^- id: ", _text(file_name), flags=re.MULTILINE)
    return tuple((text.partition("\n")[0], f"- id: {text}") for text in texts)


def entry_in(text: str) -> Mapping[str, Any]:
    """One of the entries, with every scalar as text."""
    (read,) = YAML(typ="base", pure=True).load(text)
    return dict(read)


def day(text: str | None) -> date | None:
    """The day that a field names, or nothing when the field is empty."""
    return None if text is None else date.fromisoformat(text)


def parts(text: str | None) -> tuple[str, ...]:
    """The entries of a field that holds several, separated by `|`."""
    return () if text is None else tuple(text.split("|"))
