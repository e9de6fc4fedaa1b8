"""Spelling: how a name in one script is written in another, by rules that are kept as data.

`data/spellings.csv` holds, for each culture, ways of writing: `latin` (native script to letters of
passports), `cyrillic` (Latin to Cyrillic, as an office writes what it hears), `one`, `two` and `three` (other
Latin spellings of the same name: another language of the clerk, another year), and `native` (the same name
in its own script with other letters: without hamza, in traditional characters). A rule is `from>to`; `^from`
holds at the start of a word only, `from$` at its end, `_` is a blank. The longest rule wins and each letter
is rewritten once. The rules of the culture `*` hold where a culture has none.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from sojourn.demo.country import rows_of

__all__ = ["SPELLINGS", "cyrillic", "latin", "native_variant", "spellings"]

SPELLINGS = 4
_WAYS = ("one", "two", "three")
_COMMON = "*"
_LETTER = r"[^\W\d_]"


@dataclass(frozen=True)
class _Way:
    """Rules as one pattern: the n-th group that matches is rewritten as the n-th text."""

    pattern: re.Pattern[str]
    instead: tuple[str, ...]

    def written(self, text: str) -> str:
        """The text rewritten letter by letter, each word with a capital where the text had one."""
        instead = self.instead
        found = self.pattern.sub(lambda match: instead[(match.lastindex or 1) - 1], text.lower())
        # Georgian letters are small letters to Unicode, but its names begin with a capital elsewhere.
        is_small = text[:1].islower() and not "\u10d0" <= text[:1] <= "\u10ff"
        return found if is_small else _capitalised(found)


def _capitalised(text: str) -> str:
    return re.sub(r"(^|[ -])(\w)", lambda match: match[1] + match[2].upper(), text)


def _pattern(written: str) -> str:
    start = rf"(?<!{_LETTER})" if written.startswith("^") else ""
    end = rf"(?!{_LETTER})" if written.endswith("$") else ""
    return f"({start}{re.escape(written.strip('^$').replace('_', ' '))}{end})"


def _strength(written: str) -> tuple[int, int]:
    """Longer rules first, and of two of one length the one that is tied to a place."""
    return -len(written.strip("^$")), -len(written)


@cache
def _rules() -> dict[tuple[str, str], dict[str, str]]:
    found: dict[tuple[str, str], dict[str, str]] = {}
    for line in rows_of("spellings.csv"):
        pairs = (rule.split(">") for rule in line["rules"].split())
        found.setdefault((line["culture"], line["way"]), {}).update(dict(pairs))
    return found


@cache
def _way(culture: str, way: str) -> _Way | None:
    rules = _rules()
    own, common = rules.get((culture, way), {}), rules.get((_COMMON, way), {})
    has_ways = any((culture, other) in rules for other in _WAYS)
    chosen = own if way in _WAYS and has_ways else {**common, **own}
    if not chosen:
        return None
    written = sorted(chosen, key=_strength)
    pattern = re.compile("|".join(_pattern(one) for one in written))
    return _Way(pattern, tuple(chosen[one].replace("_", " ") for one in written))


def _written(culture: str, way: str, text: str) -> str:
    rules = _way(culture, way)
    return text if rules is None else rules.written(text)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")


@cache
def latin(culture: str, native: str) -> str:
    """The name in plain Latin letters."""
    if all(ord(letter) < 0x250 for letter in native):
        return _plain(_written(culture, "latin", native))
    return _plain(_written(culture, "latin", unicodedata.normalize("NFC", native)))


@cache
def cyrillic(culture: str, name: str) -> str:
    """A Latin spelling as a clerk of Ruritania writes it down in Cyrillic."""
    return _written(culture, "cyrillic", name)


def native_variant(culture: str, native: str) -> str:
    """The name in its own script as others write it, or the same."""
    rules = _rules().get((culture, "native"), {})
    return native.translate({ord(one): other for one, other in rules.items()}) if rules else native


def spellings(culture: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """Up to `SPELLINGS` different Latin spellings: the known ones, then those made by the culture's ways."""
    made = (_plain(_written(culture, way, known[0])) for way in _WAYS)
    return tuple(dict.fromkeys((*map(_plain, known), *made)))[:SPELLINGS]
