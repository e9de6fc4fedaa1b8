"""What a reviewer sees of a value: enough to compare two records, and as little of the person as can be.

Masked, a name shows the first letter of each word and its length, a number its last two signs, a date of
birth its year. How two values compare is said in words, from the values themselves, so that most pairs can be
decided without seeing them.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import pyarrow as pa

from sojourn.contracts.microdata import Identity
from sojourn.integration.linkage.comparison_kernel import NAME_LEVELS, name_level
from sojourn.integration.linkage.encoding import encoded
from sojourn.integration.linkage.model import compared as linkage_table
from sojourn.integration.linkage.specification import Field, Kind

__all__ = ["ATTRIBUTES", "FIELDS", "Comparison", "compared", "compared_codes", "masked"]

DOT = "·"
NUMBERS = frozenset({"document_no", "national_id", "phone"})
# What identifies a person, in the contract's order.
FIELDS = tuple(name for name in Identity.columns if name not in ("record_id", "person_key"))
# What the linkage knows of a key besides, by code; shown as it is, since it lies outside the vault.
ATTRIBUTES = ("sex", "citizenship", "birthplace")
_UNKNOWN = "_U"
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_PARTS = ("year", "month", "day")


def masked(field: str, value: str | None) -> str | None:
    """A value of a field of `Identity` as it is shown when no reason was given to see it; none where missing.

    A word of one letter shows none, nor does a number of fewer than five signs: it would show too much of
    itself. A date that is not written as year, month and day shows only that it is there.
    """
    if value is None:
        return None
    if field == "birth_date":
        found = _DAY.fullmatch(value)
        return f"{found[1]}-{DOT * 2}-{DOT * 2}" if found else DOT * 4
    if field in NUMBERS:
        signs = value.strip()
        return DOT * (len(signs) - 2) + signs[-2:] if len(signs) > 4 else DOT * len(signs)
    return " ".join(_masked_word(word) for word in value.split())


def _masked_word(word: str) -> str:
    letters = [sign for sign in unicodedata.normalize("NFC", word) if not unicodedata.combining(sign)]
    is_open = len(letters) > 1 and letters[0].isalpha()
    return (letters[0] if is_open else DOT) + DOT * (len(letters) - 1)


@dataclass(frozen=True)
class Comparison:
    """How two values compare: `agree`, `nearly`, `differ` or `missing`, and in words."""

    kind: str
    words: str


def compared(field: str, one: str | None, other: str | None) -> Comparison:
    """How two values of a field compare. The words hold no part of either.

    Nearly are values that differ by one letter or sign, or by two neighbours that changed places, and dates
    of which some known parts agree and others do not. Case, marks on letters and spaces make no difference.
    Names that differ as they are written are compared as the linkage does, by sound in any writing.
    """
    if one is None or other is None:
        neither = one is None and other is None
        return Comparison("missing", "neither record states it" if neither else "only one record states it")
    if one == other:
        return Comparison("agree", "the same")
    if field == "birth_date":
        return _compared_days(one, other)
    plain, plain_other = _plain(one), _plain(other)
    if plain == plain_other:
        return Comparison("agree", "the same but for case, marks or spaces")
    if sorted(plain.split()) == sorted(plain_other.split()):
        return Comparison("agree", "the same words in another order")
    if _is_one_slip(plain, plain_other):
        return Comparison("nearly", "different by one sign, or two that changed places")
    if field not in NUMBERS and (heard := _BY_SOUND.get(_level_of_names(one, other))) is not None:
        return heard
    if field not in NUMBERS and set(plain.split()) & set(plain_other.split()):
        return Comparison("nearly", "some words the same, others not")
    return Comparison("differ", "different")


_BY_SOUND = {
    "exact": Comparison("agree", "the same in other letters"),
    "sound": Comparison("agree", "the same by sound, written in another way"),
    "skeleton": Comparison("nearly", "the same by sound but for vowels"),
    "close": Comparison("nearly", "by sound different by a letter or two"),
    "part": Comparison("nearly", "the words of one are among those of the other, by sound"),
    "first": Comparison("nearly", "the first word the same by sound, others not"),
    "word": Comparison("nearly", "a word the same by sound, others not"),
}


def _level_of_names(one: str, other: str) -> str:
    """How far two names agree to the linkage, in whatever writing they are."""
    table = pa.table({"name": pa.array([one, other])})
    records = encoded([table], [Field("name", Kind.NAME, ("name",))], {"name": "name"})
    kernel = linkage_table(records)
    first, second = records.codes[:, 0]
    if first < 0 or second < 0:
        return "missing"
    return NAME_LEVELS[name_level(first, second, kernel.texts, kernel.words, kernel.sound, kernel.likeness)]


def compared_codes(one: str | None, other: str | None) -> Comparison:
    """How two codes compare; one that is unknown or missing is not comparable."""
    known, known_other = (None if code == _UNKNOWN else code for code in (one, other))
    if known is None or known_other is None:
        return compared("", known, known_other)
    return Comparison("agree", "the same") if known == known_other else Comparison("differ", "different")


def _compared_days(one: str, other: str) -> Comparison:
    found, found_other = _DAY.fullmatch(one), _DAY.fullmatch(other)
    if found is None or found_other is None:
        return Comparison("differ", "different")
    told, kinds = [], set()
    for part, first, second in zip(_PARTS, found.groups(), found_other.groups(), strict=True):
        is_unknown = not int(first) or not int(second)
        kind = "not known of one" if is_unknown else "the same" if first == second else "different"
        kinds.add(kind)
        told.append(f"{part} {kind}")
    words = ", ".join(told)
    if "different" not in kinds:
        return Comparison("agree", words)
    if (found[2], found[3]) == (found_other[3], found_other[2]) and found[1] == found_other[1]:
        return Comparison("nearly", "day and month changed places")
    return Comparison("nearly" if "the same" in kinds else "differ", words)


def _plain(text: str) -> str:
    """Without case and marks, with single spaces."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(sign for sign in apart if not unicodedata.combining(sign)).split())


def _is_one_slip(one: str, other: str) -> bool:
    """Whether one sign added, left out or replaced, or two neighbours that changed places, is all."""
    short, long = sorted((one, other), key=len)
    if len(long) - len(short) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    if len(short) < len(long):
        return short[start:] == long[start + 1 :]
    swapped = short[start : start + 2] == long[start : start + 2][::-1]
    return short[start + 1 :] == long[start + 1 :] or (swapped and short[start + 2 :] == long[start + 2 :])
