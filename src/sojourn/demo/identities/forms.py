"""Every form in which each name of the lexicon may be written, as one long column.

A name has its own script and a variant of it, the Cyrillic of the office and other Cyrillic spellings heard
from the Latin ones, and its Latin spellings. Surnames, given names and fathers' names stand in one column, so
that any part of a person's name is a row number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa

from sojourn.demo.country import Integers
from sojourn.demo.names import SPELLINGS, Names, Spelt, as_names, cultures, lexicon
from sojourn.demo.spelling import cyrillic, latin, native_variant, spellings

__all__ = ["CYRILLIC", "LATIN", "NATIVE", "Forms", "forms"]

NATIVE, CYRILLIC, LATIN = 0, 1, 2
_FIRST_CYRILLIC, _FIRST_LATIN = 2, 3 + SPELLINGS
_WIDTH = _FIRST_LATIN + SPELLINGS


@dataclass(frozen=True)
class Forms:
    """`texts` has `width` rows a name; `others` counts the forms beside the usual one, by script.

    Rows of surnames come first, then those of given names at `first_given`; `father_row` is the row of a
    patronymic or of the father's name by row of his given name, for sons and for daughters, or -1.
    """

    texts: pa.StringArray
    others: Integers
    first_given: int
    father_row: Integers

    def written(
        self, rows: Integers, script: Integers, passport: Integers, other: Integers, varied: Integers
    ) -> pa.StringArray:
        """Each row in a script; `passport` is the Latin spelling, `other` picks among other forms.

        A row of -1 is null.
        """
        known = np.maximum(rows, 0)
        count = self.others[known, script]
        step = np.where((varied != 0) & (count > 0), 1 + other % np.maximum(count, 1), 0)
        usual = passport % (self.others[known, LATIN] + 1)
        turned = (usual + step) % (self.others[known, LATIN] + 1)
        at = np.select(
            [script == NATIVE, script == CYRILLIC], [step, _FIRST_CYRILLIC + step], _FIRST_LATIN + turned
        )
        return self.texts.take(pa.array(known * _WIDTH + at, mask=rows < 0))


def _of_names(names: Names, culture_of_row: list[str]) -> tuple[list[str], list[tuple[int, int, int]]]:
    texts: list[str] = []
    counts: list[tuple[int, int, int]] = []
    native, office, spelt = names.native.to_pylist(), names.cyrillic.to_pylist(), names.latin.to_pylist()
    for row, culture in enumerate(culture_of_row):
        ways = list(dict.fromkeys(spelt[SPELLINGS * row : SPELLINGS * (row + 1)]))
        variant = native_variant(culture, native[row])
        heard = [one for one in dict.fromkeys(cyrillic(culture, way) for way in ways) if one != office[row]]
        texts += [native[row], variant, office[row]]
        texts += heard + [office[row]] * (SPELLINGS - len(heard))
        texts += ways + [ways[0]] * (SPELLINGS - len(ways))
        counts.append((int(variant != native[row]), len(heard), len(ways) - 1))
    return texts, counts


def _patronymic(given: str, ending: str) -> str:
    """A Cyrillic given name with the ending that makes it a father's name."""
    if not ending.startswith(("ович", "овна", "івна")):
        return given + ending
    is_man = ending == "ович"
    if given.endswith(("а", "я")):
        return given[:-1] + ("ич" if is_man else "ична")
    if given.endswith("ий"):
        return given[:-2] + "ь" + ("евич" if is_man else "евна")
    if given[-1] in "йь":
        return given[:-1] + ("евич" if is_man else "евна")
    return given.rstrip("оеёиуыэюі") + ending


def _fathers() -> tuple[list[list[Spelt]], Integers]:
    """Patronymics of the cultures that have them, and the row of each given name's (from 0), or -1."""
    given = lexicon().given
    native, office = given.native.to_pylist(), given.cyrillic.to_pylist()
    blocks: list[list[Spelt]] = []
    row_of = np.full(len(native), -1)
    reached = 0
    for position, culture in enumerate(cultures()):
        endings = culture.father.split("/")
        if len(endings) != 2:
            continue
        block = []
        first, count = int(given.first[2 * position]), int(given.count[2 * position])
        for row in range(first, first + count):
            is_cyrillic = re.search("[а-яіїєґ]", native[row].lower())
            for ending in endings:
                text = _patronymic(native[row] if is_cyrillic else office[row], ending)
                ways = spellings(culture.name, (latin(culture.name, text),))
                block.append(Spelt(text, text, ways))
            row_of[row] = reached
            reached += 2
        blocks.append(block)
    return blocks, row_of


def _cultures_of(names: Names, blocks_each: int, forms_each: int) -> list[str]:
    return [
        cultures()[block // blocks_each].name
        for block, count in enumerate(names.count)
        for _ in range(forms_each * int(count))
    ]


@cache
def forms() -> Forms:
    """All forms of all names."""
    surnames, given = lexicon().surnames, lexicon().given
    blocks, row_of = _fathers()
    fathers = as_names(blocks, 2)
    with_patronymic = [culture.name for culture in cultures() if culture.father.count("/") == 1]
    of_fathers = [
        name for name, block in zip(with_patronymic, blocks, strict=True) for _ in range(len(block))
    ]
    parts = [
        _of_names(surnames, _cultures_of(surnames, 1, 2)),
        _of_names(given, _cultures_of(given, 2, 1)),
        _of_names(fathers, of_fathers),
    ]
    first_given = len(surnames.native)
    first_father = first_given + len(given.native)
    plain = np.full(len(row_of), -1)
    for position, culture in enumerate(cultures()):
        if culture.father == "name":
            rows = np.arange(int(given.count[2 * position])) + int(given.first[2 * position])
            plain[rows] = first_given + rows
    father_row = np.stack(
        [np.where(row_of >= 0, first_father + row_of + form, plain) for form in (0, 1)], axis=1
    )
    return Forms(
        pa.array([text for texts, _ in parts for text in texts], pa.string()),
        np.array([count for _, counts in parts for count in counts], dtype=np.int64),
        first_given,
        father_row,
    )
