"""Pages from templates: everything escaped, numbers, moments and masked values through filters."""

from __future__ import annotations

import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from sojourn.dissemination.descriptions import Texts, text_in
from sojourn.integration.review_masks import DOT
from sojourn.release.cell_pages import Cell

__all__ = ["page", "style"]


def page(template: str, **shown: Any) -> bytes:
    """A page of the office."""
    return _environment().get_template(template).render(**shown).encode()


@cache
def style() -> bytes:
    """The office's style sheet."""
    return (Path(__file__).parent / "static" / "office.css").read_bytes()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("sojourn.office", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        {
            "percent": _percent,
            "moment": _moment,
            "value": _value,
            "age": _age,
            "number": _number,
            "difference": _difference,
            "text": _text,
        }
    )
    return environment


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def _moment(at: str) -> str:
    """A moment of the catalogue, in universal time to the minute."""
    return f"{datetime.datetime.fromisoformat(at):%Y-%m-%d %H:%M} UTC"


def _age(age: datetime.timedelta) -> str:
    """How long ago, in the largest unit that is not below one."""
    for unit, seconds in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        number = int(age.total_seconds() // seconds)
        if number:
            return f"{number:,} {unit}{'s' if number > 1 else ''}"
    return "under a minute"


def _text(texts: Texts) -> str:
    """A text in the language of the office, or in the first that there is."""
    return text_in(texts, "en")[0]


def _number(value: float | None, decimals: int) -> Markup:
    """A figure; a dash for the eye and words for the ear where there is none."""
    if value is None:
        return Markup('<span aria-hidden="true">–</span><span class="hidden">no value</span>')
    return Markup("{}").format(f"{value:,.{decimals}f}".replace("-", "−"))


def _difference(cell: Cell, decimals: int) -> str:
    """By how much a figure changed, or how else the cell did."""
    if cell.difference is not None:
        sign = "+" if cell.difference > 0 else ""
        return Markup("{}{}").format(sign, _number(cell.difference, decimals))
    if cell.change == "changed" and cell.old is not None and cell.new is not None:
        was_shown, is_shown = cell.old.value is not None, cell.new.value is not None
        return "no longer shown" if was_shown else "shown now" if is_shown else "other reason"
    return {"new": "new cell", "gone": "cell gone"}.get(cell.change, "none")


def _value(value: str | None, is_unmasked: bool) -> Markup:
    """A value as written, or masked: its dots are for the eye, and are counted for the ear."""
    if value is None:
        return Markup('<span class="quiet">not stated</span>')
    if is_unmasked:
        return Markup('<bdi class="value">{}</bdi>').format(value)
    spoken = ", ".join(_spoken(word) for word in value.split())
    seen = Markup('<bdi class="value" aria-hidden="true">{}</bdi>').format(value)
    return seen + Markup('<span class="hidden">{}</span>').format(spoken)


def _spoken(word: str) -> str:
    hidden = word.count(DOT)
    shown = word.replace(DOT, "").strip("-")
    first = f"{shown} and " if shown else ""
    return f"{first}{hidden} hidden"
