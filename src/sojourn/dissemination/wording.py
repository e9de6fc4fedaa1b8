"""Words in the reader's language: one file a language, and a file more is a language more.

A translation is a JSON object of key and text beside this module. English is complete by definition;
a key that another language lacks falls back on English, and a test counts such keys. Numbers and dates
follow the Unicode CLDR through Babel. Arabic is written with the digits 0–9, as the region's statistical
offices do on the web.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal

__all__ = ["TRANSLATIONS", "Wording", "languages", "wording"]

TRANSLATIONS = Path(__file__).parent / "translations"
BASE = "en"


@dataclass(frozen=True)
class Wording:
    """The texts of one language; calling it with a key gives the text, with its places filled."""

    language: str
    texts: Mapping[str, str] = field(hash=False, repr=False)

    def __call__(self, key: str, /, **places: object) -> str:
        text = self.texts[key]
        return text.format(**places) if places else text

    def plural(self, key: str, count: int, /, **places: object) -> str:
        """The text for a number of things, by the plural rules of the language."""
        form = str(self.locale.plural_form(count))
        chosen = f"{key}.{form}" if f"{key}.{form}" in self.texts else f"{key}.other"
        return self(chosen, count=self.number(count), **places)

    @property
    def locale(self) -> Locale:
        """The CLDR's knowledge of the language."""
        return Locale.parse(self.language, sep="-")

    @property
    def is_rtl(self) -> bool:
        """Whether the language is written from right to left."""
        return self.locale.text_direction == "rtl"

    @property
    def direction(self) -> str:
        """`rtl` or `ltr`, as HTML says it."""
        return str(self.locale.text_direction)

    @property
    def own_name(self) -> str:
        """What speakers of the language call it."""
        return str(self.locale.get_language_name(self.language) or self.language)

    def isolated(self, name: str) -> str:
        """A name whose own direction does not disturb the sentence around it."""
        return f"\N{FIRST STRONG ISOLATE}{name}\N{POP DIRECTIONAL ISOLATE}" if self.is_rtl else name

    def number(self, number: float, decimals: int = 0) -> str:
        """A number with grouped digits and a fixed number of decimals."""
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
        return str(format_decimal(number, format=pattern, locale=self.locale, numbering_system="latn"))

    def day(self, day: date | datetime) -> str:
        """A day, written out."""
        return str(format_date(day, format="long", locale=self.locale))

    def listed(self, parts: list[str]) -> str:
        """Several things in a sentence."""
        from babel.lists import format_list

        return str(format_list(parts, locale=self.locale)) if parts else ""


def languages(folder: Path = TRANSLATIONS) -> tuple[str, ...]:
    """The languages that there are texts for, English first."""
    found = sorted(file.stem for file in folder.glob("*.json"))
    return (BASE, *(language for language in found if language != BASE))


@cache
def wording(language: str, folder: Path = TRANSLATIONS) -> Wording:
    """The texts of a language, English where one is wanting; English for a language that has none."""
    base = _texts(folder, BASE)
    if language not in languages(folder):
        return Wording(BASE, base)
    return Wording(language, {**base, **_texts(folder, language)})


def _texts(folder: Path, language: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((folder / f"{language}.json").read_text(encoding="utf-8"))
    return found
