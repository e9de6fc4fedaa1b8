"""Names: a lexicon for each culture, each name in its own script, in Cyrillic and in Latin spellings.

The lists hold common names of no particular person. Latin spellings are several because real ones are: they
depend on the language of the clerk, the year of the passport and the taste of the bearer.

`data/names.csv` has lines of culture, kind and names; several lines of one kind are one list, commonest
first. Kinds are `surname`, `given_m`, `given_f`; `stem` and `suffix`, of which every pair is a surname; and
`stem_m`, `suffix_m`, `stem_f`, `suffix_f`, of which every pair is a given name. A name is
`native:latin|latin:cyrillic`, with `_` for a blank; what is left out follows from the rules of `spelling`.
`man's/woman's` gives two forms, `*n` counts a name n times, and `@culture` stands for that culture's list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sojourn.demo.country import Integers, areas, rows_of
from sojourn.demo.spelling import SPELLINGS, cyrillic, latin, spellings

__all__ = ["SPELLINGS", "Culture", "Lexicon", "Names", "Spelt", "as_names", "cultures", "lexicon"]

# A letter that no rule rewrites keeps a stem from ending a word, and an ending from beginning one.
_JOINT = "ʼ"


@dataclass(frozen=True)
class Culture:
    """How a culture makes names of the lists.

    `father` is what stands for the father: endings of a patronymic (man's, woman's), `name` for his given
    name behind one's own, `surname` for his given name instead of a surname, or nothing. `joins` stand
    between the two parts of a compound given name, one for each spelling.
    """

    name: str
    two_surnames: bool
    father: str
    wife_takes_name: float
    second_given: float
    joins: tuple[str, ...]


@dataclass(frozen=True)
class Names:
    """Surnames or given names as columns, in blocks: one block of rows for each culture (and sex).

    `latin` holds `SPELLINGS` rows for each name, repeated where a name has fewer.
    """

    native: pa.StringArray
    cyrillic: pa.StringArray
    latin: pa.StringArray
    first: Integers
    count: Integers


@dataclass(frozen=True)
class Lexicon:
    """All names, and the culture of each area.

    Surnames alternate men's and women's form: the surname of family name `f` is row `2 f + is_female`.
    Given names stand in blocks numbered `2 culture + is_female`.
    """

    surnames: Names
    given: Names
    culture_of_area: npt.NDArray[np.int8]


@dataclass(frozen=True)
class Spelt:
    """One name in its own script, in Cyrillic, and in its different Latin spellings."""

    native: str
    cyrillic: str
    latin: tuple[str, ...]

    def spelling(self, at: int) -> str:
        """The spelling at a position, counted round."""
        return self.latin[at % len(self.latin)]


@cache
def cultures() -> tuple[Culture, ...]:
    """Every culture that occurs in Ruritania, its own first."""
    return tuple(
        Culture(
            line["culture"],
            line["two_surnames"] == "1",
            line["father"],
            float(line["wife_takes_name"]),
            float(line["second_given"]),
            tuple((line["joins"] or "|||").split("|")),
        )
        for line in rows_of("cultures.csv")
    )


@cache
def _lists() -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for line in rows_of("names.csv"):
        found.setdefault((line["culture"], line["kind"]), []).extend(line["names"].split())
    return found


def _entries(culture: str, kind: str) -> list[str]:
    """The entries of a list, with those of lists it refers to, each as often as it counts."""
    found: list[str] = []
    for entry in _lists().get((culture, kind), []):
        if entry.startswith("@"):
            found += _entries(entry[1:], kind)
        else:
            name, _, times = entry.partition("*")
            found += [name] * int(times or 1)
    return found


@cache
def _forms(culture: str, entry: str, *, before: str = "", behind: str = "") -> tuple[Spelt, Spelt]:
    """A man's and a woman's form of an entry; `before` and `behind` say where other letters follow."""

    def spelt(form: int) -> Spelt:
        native, given, office = (*entry.replace("_", " ").split(":"), "", "")[:3]
        native = native.split("/")[form % (native.count("/") + 1)]
        known = tuple(one.split("/")[form % (one.count("/") + 1)] for one in given.split("|") if one)
        if not known:
            known = (latin(culture, before + native + behind),)
        ways = spellings(culture, tuple(before + one + behind for one in known))
        heard = office.split("/")[form % (office.count("/") + 1)] or (
            native
            if re.search("[а-яіїєґ]", native.lower())
            else cyrillic(culture, before + known[0] + behind).replace(_JOINT, "")
        )
        return Spelt(native, heard, ways)

    return spelt(0), spelt(1)


def _pairs(
    culture: Culture, stems: list[str], endings: list[str], joins: tuple[str, ...]
) -> list[tuple[Spelt, Spelt]]:
    """Every stem with every ending, pairs of common ones first."""
    order = sorted(
        ((first, last) for first in range(len(stems)) for last in range(len(endings))),
        key=lambda pair: (pair[0] + 1) * (pair[1] + 1),
    )
    apart = " " in joins[0]

    def joined(stem: Spelt, ending: Spelt) -> Spelt:
        texts = (
            stem.spelling(at)
            + joins[at]
            + (ending.spelling(at) if joins[at] else ending.spelling(at).lower())
            for at in range(SPELLINGS)
        )
        words = (re.sub(r"(?<=[ -])\w", lambda first: first[0].upper(), text) for text in texts)
        return Spelt(
            stem.native + joins[0] + ending.native,
            stem.cyrillic + joins[0] + ending.cyrillic,
            tuple(dict.fromkeys(words)),
        )

    joint = "" if apart else _JOINT
    firsts = [_forms(culture.name, stem, behind=joint) for stem in stems]
    lasts = [_forms(culture.name, ending, before=joint) for ending in endings]
    return [
        (joined(firsts[first][0], lasts[last][0]), joined(firsts[first][1], lasts[last][1]))
        for first, last in order
    ]


def as_names(blocks: list[list[Spelt]], forms: int) -> Names:
    """Blocks of names as columns; `forms` rows are one name."""
    flat = [name for block in blocks for name in block]
    counts = np.array([len(block) // forms for block in blocks], dtype=np.int64)
    return Names(
        pa.array([name.native for name in flat], pa.string()),
        pa.array([name.cyrillic for name in flat], pa.string()),
        pa.array([name.spelling(at) for name in flat for at in range(SPELLINGS)], pa.string()),
        np.concatenate([[0], counts.cumsum()[:-1]]),
        counts,
    )


@cache
def lexicon() -> Lexicon:
    """The names of every culture that occurs in Ruritania."""

    def block(culture: Culture, whole: str, stem: str, suffix: str, joins: tuple[str, ...]) -> list[Spelt]:
        plain = [_forms(culture.name, entry) for entry in _entries(culture.name, whole)]
        parts = _entries(culture.name, stem), _entries(culture.name, suffix)
        return [form for pair in plain + _pairs(culture, *parts, joins) for form in pair]

    none = ("",) * SPELLINGS
    surnames = [block(culture, "surname", "stem", "suffix", none) for culture in cultures()]
    given = [
        block(culture, f"given_{sex}", f"stem_{sex}", f"suffix_{sex}", culture.joins)[::2]
        for culture in cultures()
        for sex in "mf"
    ]
    positions = {culture.name: position for position, culture in enumerate(cultures())}
    return Lexicon(
        as_names(surnames, 2),
        as_names(given, 1),
        np.array([positions[culture] for culture in areas().culture], dtype=np.int8),
    )
