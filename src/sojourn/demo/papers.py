"""Papers: which passport a person shows on a day, what is printed in it, and how clerks misread it.

A person's papers are fixed by a hash of seed, person and question, not by a stream of random numbers: the
border, the permit office and the university see the same passport because they ask the same question.
Passports last ten years and are sometimes lost; each new one may spell the name in another way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.demo.country import FIRST_DAY, HOME, LAST_DAY, NO_AREA, Floats, Integers, areas, regions
from sojourn.demo.names import SPELLINGS, Names, lexicon
from sojourn.demo.people import Flags, Persons, Rng, region_of_stratum

__all__ = [
    "Passports",
    "area_texts",
    "chance",
    "either",
    "given_names_text",
    "misspelt",
    "passport_numbers",
    "passports",
    "personal_numbers",
    "region_texts",
    "surname_text",
    "worded",
    "written_twice",
]

_LIFE = 3652
_SERIALS = 32


def chance(seed: int, question: int, subject: Integers) -> Floats:
    """A number in [0, 1) fixed by seed, question and subject: the finisher of SplitMix64."""
    start = (seed * 0x9E3779B97F4A7C15 + question * 0xD1B54A32D192ED03) & 0xFFFFFFFFFFFFFFFF
    mixed = subject.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(start)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(11)).astype(np.float64) / 2.0**53


@dataclass(frozen=True)
class Passports:
    """The passport shown on each occasion: a number that is its alone, its country and its spelling."""

    document: Integers
    citizenship: Integers
    spelling: Integers


def passports(
    seed: int, persons: Persons, first_person: int, who: Integers, day: Integers, shown: Integers
) -> Passports:
    """The passport that each person shows on a day; `shown` numbers the occasions.

    Holders of two citizenships show the second passport on three occasions in ten.
    """
    identifier = first_person + who
    naturalised = persons.naturalised_day[who]
    before = (naturalised > day) & (naturalised <= LAST_DAY)
    own = np.where(before, persons.former_citizenship[who], persons.citizenship[who])
    has_second = (persons.second_citizenship[who] != NO_AREA) & ~before
    second = has_second & (chance(seed, 1, shown) < 0.3)
    citizenship = np.where(second, persons.second_citizenship[who], own)
    other = citizenship != persons.citizenship[who]
    phase = (chance(seed, 2, 2 * identifier + other) * _LIFE).astype(np.int64)
    generation = (day + phase) // _LIFE - FIRST_DAY // _LIFE
    lost = chance(seed, 3, identifier) < 0.12
    lost_on = FIRST_DAY + (chance(seed, 4, identifier) * (LAST_DAY - FIRST_DAY)).astype(np.int64)
    generation = generation + (lost & (day >= lost_on))
    document = identifier * _SERIALS + generation + (_SERIALS // 2) * other
    luck = chance(seed, 5, document)
    spelling = np.where(luck < 0.7, 0, 1 + ((luck - 0.7) * 10).astype(np.int64))
    return Passports(document, citizenship, spelling)


def _digits(numbers: Integers, width: int) -> pa.StringArray:
    return pc.utf8_lpad(pa.array(numbers).cast(pa.string()), width=width, padding="0")


def passport_numbers(document: Integers, citizenship: Integers) -> pa.StringArray:
    """What is printed: nine digits, behind a letter in two countries of three; some begin with zeros."""
    scrambled = (document * 387_420_489 + 271_828_183) % 1_000_000_000
    letters = pa.array([code[0] if at % 3 else "" for at, code in enumerate((*areas().alpha_2, "S"))])
    letters = pa.array(["R", *letters.to_pylist()[1:]])
    return pc.binary_join_element_wise(letters.take(pa.array(citizenship)), _digits(scrambled, 9), "")


def personal_numbers(identifier: Integers) -> pa.StringArray:
    """The eleven digits under which the register knows a person."""
    return _digits((identifier * 30_000_000_001 + 14_142_135_623) % 100_000_000_000, 11)


def _names_text(names: Names, rows: Integers, spelling: Integers | None, script: str) -> pa.StringArray:
    if script == "latin":
        return names.latin.take(pa.array(rows * SPELLINGS + (0 if spelling is None else spelling)))
    return (names.native if script == "native" else names.cyrillic).take(pa.array(rows))


def surname_text(
    persons: Persons, who: Integers, script: str, spelling: Integers | None = None
) -> pa.StringArray:
    """Surnames in a script (native, cyrillic or latin), in the form for the bearer's sex."""
    rows = 2 * persons.family_name[who] + persons.sex[who]
    return _names_text(lexicon().surnames, rows, spelling, script)


def given_names_text(
    persons: Persons, who: Integers, script: str, spelling: Integers | None = None
) -> pa.StringArray:
    """Given names in a script, the second behind the first where there is one."""
    given = lexicon().given
    first = _names_text(given, persons.given_name[who], spelling, script)
    second = _names_text(given, np.maximum(persons.second_name[who], 0), spelling, script)
    has_second = pa.array(persons.second_name[who] >= 0)
    both = pc.binary_join_element_wise(first, second, " ")
    return pc.if_else(has_second, both, first)


def area_texts(positions: Integers, codes: tuple[str, ...], stateless: str) -> pa.StringArray:
    """The code of each area, or null where there is none."""
    known = pa.array([*codes, stateless])
    indices = pa.array(positions, mask=positions < HOME)
    return known.take(indices)


def region_texts(persons: Persons, who: Integers) -> pa.StringArray:
    """The code of the region in which each person lives."""
    return pa.array(regions().code).take(pa.array(region_of_stratum()[persons.stratum[who]]))


def written_twice(twice: Flags) -> tuple[Integers, Flags]:
    """Each position once, or twice where so flagged; and which of them are the second of two."""
    row = np.repeat(np.arange(len(twice)), 1 + twice)
    again = np.zeros(len(row), dtype=bool)
    again[1:] = row[1:] == row[:-1]
    return row, again


def either(chosen: Flags, one: pa.StringArray | str | None, other: pa.StringArray) -> pa.StringArray:
    """One text where chosen, else the other; none is an empty field."""
    first = pa.scalar(one, pa.string()) if one is None or isinstance(one, str) else one
    return pc.if_else(pa.array(chosen), first, other)


def worded(vocabulary: tuple[str, ...], positions: Integers) -> pa.StringArray:
    """The word at each position of a vocabulary."""
    return pa.array(vocabulary).take(pa.array(positions))


_NEIGHBOURS = {
    ord(cased(key)): ord(cased(near))
    for keys, nears in (
        ("QWERTYUIOPASDFGHJKLZXCVBNM", "WERTYUIOPOSDFGHJKLKXCVBNMN"),
        ("АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЫЭЮЯ", "ОЬАШЛНЭХМЦУДСЕРАПЧИЦЯЗУСЩШВЖБЧ"),
    )
    for key, near in zip(keys, nears, strict=True)
    for cased in (str.upper, str.lower)
}


def misspelt(rng: Rng, texts: pa.StringArray, chosen: Flags) -> tuple[pa.StringArray, Flags]:
    """Texts with one slip of the finger where chosen, and where that changed anything.

    Two letters swapped, one left out, one doubled, or one taken for its neighbour on the keyboard.
    """
    at = np.flatnonzero(chosen)
    if not len(at):
        return texts, np.zeros(len(texts), dtype=bool)
    before = np.array(texts.take(pa.array(at)).to_pylist(), dtype=np.str_)
    width = before.dtype.itemsize // 4 + 2
    letters = before.astype(f"<U{width}").view(np.uint32).reshape(len(at), width)
    length = np.maximum((letters != 0).sum(axis=1), 2)
    place = (rng.random(len(at)) * (length - 1)).astype(np.int64)[:, None]
    column = np.broadcast_to(np.arange(width), letters.shape)
    swapped = column + (column == place) - (column == place + 1)
    left_out = np.minimum(column + (column >= place), width - 1)
    doubled = column - (column > place)
    slip = rng.integers(0, 4, len(at))[:, None]
    moved = np.select([slip == 0, slip == 1, slip == 2], [swapped, left_out, doubled], column)
    after = np.take_along_axis(letters, moved, axis=1)
    table = np.arange(0x3000, dtype=np.uint32)
    table[list(_NEIGHBOURS)] = list(_NEIGHBOURS.values())
    near = np.where(after < len(table), table[np.minimum(after, len(table) - 1)], after)
    after = np.where((slip == 3) & (column == place), near, after).astype(np.uint32)
    written = np.ascontiguousarray(after).view(f"<U{width}").reshape(len(at))
    changed = np.zeros(len(texts), dtype=bool)
    changed[at] = written != before
    whole = texts.take(pa.array(np.arange(len(texts))))
    replaced = pc.replace_with_mask(
        whole, pa.array(changed), pa.array(written[written != before].tolist(), pa.string())
    )
    return replaced, changed
