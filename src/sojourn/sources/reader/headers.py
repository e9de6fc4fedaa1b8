"""Headers: are these the columns that were agreed?

A header is matched exactly, or else by its letters and digits alone, with a warning; it is never matched by
likeness. Characters that cannot be seen, and letters of one script that pass for letters of another, refuse
the file with their code points: a column that only looks like `passport_no` must not slip past the rule
that protects passport numbers. A header is quoted in a message only when it resembles an expected name:
without a header line, the first line of a file holds a person's values.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sojourn.concepts.spelling import folded, nearest
from sojourn.errors import shown
from sojourn.sources.reader.frames import Column, Notice, column_letter
from sojourn.sources.reader.reasons import FileRefused, refusal

__all__ = ["CheckedHeader", "UnknownColumns", "checked_header"]

UnknownColumns = Literal["drop", "keep", "refuse"]

# Scripts whose letters are mistaken for each other. Kana beside Latin, say, is ordinary Japanese.
CONFUSABLE_SCRIPTS = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC"})
LOOK_ALIKES: Mapping[str, str] = dict(
    zip("асеорхуіјѕԁһкмнтвгпАВЕКМНОРСТХУІЈЅαεικνορτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
        "aceopxyijsdhkmhtbrnABEKMHOPCTXYIJSaeiknoptuxABEZHIKMNOPTYX", strict=True)
)  # fmt: skip
JOINERS = "\u200c\u200d"
# Letters that look like nothing at all, although Unicode counts them as letters.
EMPTY_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\ufffd")


@dataclass(frozen=True)
class CheckedHeader:
    """The columns to hand on, those that nobody expected, and the position of the last column that
    has a name."""

    columns: tuple[Column, ...]
    unknown: tuple[Column, ...]
    named: int
    warnings: tuple[Notice, ...]


def checked_header(
    names: Sequence[str],
    expected: Sequence[str] = (),
    *,
    unknown_columns: UnknownColumns = "drop",
    column_limit: int = 2000,
    line: int | None = 1,
    next_row: Sequence[str] = (),
    first_position: int = 1,
) -> CheckedHeader:
    """Match the names in a header to the expected names; `next_row` helps to recognise a second header row.

    Raises: FileRefused when the table cannot be read under these names.
    """
    if len(names) > column_limit:
        raise refusal("too-many-columns", f"It has {len(names)}; the limit is {column_limit}.", line=line)
    named, warnings = _named(names, line, next_row, first_position)
    found = [Column(_spaced(name), name, place) for place, name in enumerate(names[:named], first_position)]
    named += first_position - 1
    for column in found:
        _refuse_deception(column, expected, line)
    _refuse_duplicates(found, expected, line, next_row)
    if not expected:
        return CheckedHeader(tuple(found), (), named, tuple(warnings))
    matched, unknown, spelling = _matched(found, expected, line)
    _refuse_missing(matched, unknown, expected, line)
    warnings += spelling + _unknown_reported(unknown, unknown_columns, line)
    if unknown_columns == "keep":
        matched = sorted(matched + unknown, key=lambda column: column.position)
    return CheckedHeader(tuple(matched), tuple(unknown), named, tuple(warnings))


def _unknown_reported(unknown: Sequence[Column], fate: UnknownColumns, line: int | None) -> list[Notice]:
    """What becomes of columns that nobody expects, as a warning. Raises: FileRefused when declared so."""
    if not unknown:
        return []
    if fate == "refuse":
        raise refusal(
            "unknown-column", f"It stands {_places(unknown)}.", line=line, column=unknown[0].position
        )
    becomes = "read all the same" if fate == "keep" else "not read"
    detail = f"Nobody expects the column {_places(unknown)}; it is {becomes}."
    return [Notice("unknown-column", detail, line, unknown[0].position)]


def _spaced(name: str) -> str:
    return " ".join(name.split())


def _places(columns: Sequence[Column]) -> str:
    listed = ", ".join(f"{column.position} ({column.letter})" for column in columns[:10])
    more = "" if len(columns) <= 10 else f" and {len(columns) - 10} more"
    return f"in position {listed}{more}"


def _named(
    names: Sequence[str], line: int | None, next_row: Sequence[str], first_position: int
) -> tuple[int, list[Notice]]:
    """How many columns have names, once the nameless ones at the end are set aside."""
    named = max((position for position, name in enumerate(names, start=1) if name.strip()), default=0)
    if named == 0:
        raise refusal("header-missing", "The line is blank.", line=line)
    blank = [position for position in range(1, named) if not names[position - 1].strip()]
    if blank:
        below = [next_row[position - 1].strip() for position in blank if position <= len(next_row)]
        if below and all(_is_wordlike(cell) for cell in below):
            raise _two_rows(line)
        places = [position + first_position - 1 for position in blank]
        letters = ", ".join(f"{place} ({column_letter(place)})" for place in places[:10])
        raise refusal("blank-header", f"Position {letters}.", line=line, column=places[0])
    if named == len(names):
        return named, []
    first, last = named + first_position, len(names) + first_position - 1
    letters = f"{column_letter(first)} to {column_letter(last)}"
    detail = f"{len(names) - named} columns at the end ({letters}) have no name and are not read."
    return named, [Notice("blank-header", detail, line, first)]


def _is_wordlike(cell: str) -> bool:
    return bool(cell) and not any(letter.isdigit() for letter in cell)


def _two_rows(line: int | None) -> FileRefused:
    second = "the line below it" if line is None else f"line {line + 1}"
    return refusal("two-header-rows", f"Names are repeated or left out as over merged cells, and {second} "
                   "continues them.", line=line)  # fmt: skip


def _refuse_deception(column: Column, expected: Sequence[str], line: int | None) -> None:
    name = column.header
    unseen = [letter for place, letter in enumerate(name) if _is_unseen(name, place)]
    strange = unseen or _out_of_script(name)
    if not strange:
        strange = _impostors(name, expected)
    if not strange:
        return
    points = ", ".join(dict.fromkeys(_described(letter) for letter in strange))
    plain = "".join(LOOK_ALIKES.get(letter, letter) for letter in name if letter not in unseen)
    advice = _suggestion(plain, expected) or "Type the name anew in one script."
    where = f"Column {column.position} ({column.letter}) holds {points}."
    raise refusal("deceptive-header", where, remedy=advice, line=line, column=column.position)


def _is_unseen(name: str, place: int) -> bool:
    letter = name[place]
    if letter in JOINERS:
        return not (0 < place < len(name) - 1 and _joins(name[place - 1]) and _joins(name[place + 1]))
    if letter in "\t\n\r ":
        return False
    category = unicodedata.category(letter)
    return category in ("Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp") or letter in EMPTY_LETTERS


def _joins(letter: str) -> bool:
    """Whether a letter belongs to a script in which joiners are ordinary spelling."""
    return unicodedata.category(letter)[0] in "LM" and _script(letter) not in CONFUSABLE_SCRIPTS


def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]


def _out_of_script(name: str) -> list[str]:
    """Letters that break the script of their word: those of the script with fewer letters."""
    words = "".join(
        letter if letter.isalpha() or unicodedata.combining(letter) else " " for letter in name
    ).split()
    for word in words:
        scripts = Counter(_script(letter) for letter in word if _script(letter) in CONFUSABLE_SCRIPTS)
        if len(scripts) > 1:
            main = scripts.most_common(1)[0][0]
            return [letter for letter in word if _script(letter) in CONFUSABLE_SCRIPTS - {main}]
    return []


def _impostors(name: str, expected: Sequence[str]) -> list[str]:
    """Letters of a name that is wholly in another script and looks just like an expected one."""
    foreign = [letter for letter in name if letter in LOOK_ALIKES]
    if not foreign or folded(name) in {folded(wanted) for wanted in expected}:
        return []
    plain = folded("".join(LOOK_ALIKES.get(letter, letter) for letter in name))
    return foreign if plain in {folded(wanted) for wanted in expected} else []


def _described(letter: str) -> str:
    return f"U+{ord(letter):04X} {unicodedata.name(letter, 'a character without a name')}"


def _suggestion(name: str, expected: Sequence[str]) -> str:
    by_folded = {folded(wanted): wanted for wanted in expected}
    close = nearest(name, by_folded, 1)
    return f"Did you mean {by_folded[close[0]]}?" if close else ""


def _refuse_duplicates(
    found: Sequence[Column], expected: Sequence[str], line: int | None, next_row: Sequence[str]
) -> None:
    places: dict[str, list[Column]] = {}
    for column in found:
        places.setdefault(column.name.casefold(), []).append(column)
    twice = [
        columns for columns in places.values() if len(columns) > 1 and not _told_apart(columns, expected)
    ]
    if not twice:
        return
    in_runs = all(columns[-1].position - columns[0].position == len(columns) - 1 for columns in twice)
    repeated = sum(len(columns) for columns in twice)
    if in_runs and repeated == len(found) and next_row and all(_is_wordlike(cell) for cell in next_row):
        raise _two_rows(line)
    columns = twice[0]
    known = {folded(wanted) for wanted in expected}
    name = f"{shown(columns[0].name)} " if not expected or folded(columns[0].name) in known else ""
    listed = " and ".join(f"{column.position} ({column.letter})" for column in columns)
    raise refusal(
        "duplicate-header", f"{name}stands at columns {listed}.", line=line, column=columns[1].position
    )


def _told_apart(columns: Sequence[Column], expected: Sequence[str]) -> bool:
    """Whether only the case of letters tells columns apart and the expected one is there to the letter.

    SDMX-CSV with labels has a column of codes and one of names, such as sex and Sex.
    """
    names = {column.name for column in columns}
    return len(names) == len(columns) and not names.isdisjoint(expected)


def _matched(
    found: Sequence[Column], expected: Sequence[str], line: int | None
) -> tuple[list[Column], list[Column], list[Notice]]:
    """Columns under their expected names in the order of the file, unknown columns, and spelling warnings."""
    exact = {column.name for column in found} & set(expected)
    loose: dict[str, list[str]] = {}
    for wanted in expected:
        if wanted not in exact:
            loose.setdefault(folded(wanted), []).append(wanted)
    matched, unknown, warnings = [], [], []
    for column in found:
        candidates = loose.get(folded(column.name), [])
        if column.name in exact:
            matched.append(column)
            if column.header != column.name:
                warnings.append(_spelling(column, column.name, line))
        elif len(candidates) == 1:
            wanted = loose.pop(folded(column.name))[0]
            matched.append(Column(wanted, column.header, column.position))
            warnings.append(_spelling(column, wanted, line))
        else:
            unknown.append(column)
    return matched, unknown, warnings


def _spelling(column: Column, wanted: str, line: int | None) -> Notice:
    place = f"Column {column.position} ({column.letter})"
    detail = f"{place} is written {shown(column.header)!r} and read as {wanted}."
    return Notice("header-spelling", detail, line, column.position)


def _refuse_missing(
    matched: Sequence[Column], unknown: Sequence[Column], expected: Sequence[str], line: int | None
) -> None:
    there = {column.name for column in matched}
    missing = [wanted for wanted in expected if wanted not in there]
    if not missing:
        return
    if not matched:
        raise refusal("header-missing", "None of the expected columns is named there.", line=line)
    by_folded = {folded(column.name): column for column in unknown}
    listed = []
    for wanted in missing[:10]:
        close = nearest(wanted, by_folded, 1)
        column = by_folded[close[0]] if close else None
        hint = f" (column {column.position} ({column.letter}) has a name like it)" if column else ""
        listed.append(f"{wanted}{hint}")
    more = "" if len(missing) <= 10 else f" and {len(missing) - 10} more"
    others = f" Nobody expects the column {_places(unknown)}." if unknown else ""
    raise refusal("missing-column", f"{', '.join(listed)}{more}.{others}", line=line)
