"""What the border guard sends: one file of passport scans for each of three years.

The files are as such files are: printed by an old system in windows-1251 with a title, a total and a
footnote; country codes changed from numbers to letters on 1 January 2024; some crossings were never
scanned, some were scanned twice, names are in whatever spelling the passport has. `Rates` says how often
each thing goes wrong, and the truth says where.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.demo.country import HOME, NO_AREA, Integers, areas, first_day_of
from sojourn.demo.journeys import Crossings
from sojourn.demo.papers import (
    Passports,
    area_texts,
    chance,
    given_names_text,
    misspelt,
    passport_numbers,
    passports,
    surname_text,
    worded,
    written_twice,
)  # fmt: skip
from sojourn.demo.people import Biography, Flags, Persons, Rng, year_of
from sojourn.demo.truth import Truth
from sojourn.demo.writing import DeliveredFile, TextFile, date_texts, joined

__all__ = ["BORDER_YEARS", "RATES", "Border", "Rates", "printed_visas"]

BORDER_YEARS = (2022, 2023, 2024)
_HEADER = "ID;DT;DIR;DOC;SURNAME;GIVEN;BORN;SEX;NAT;BPL;POINT;VISA"


@dataclass(frozen=True)
class Rates:
    """Shares of crossings, or of records, in which something goes wrong."""

    missing: float = 0.008
    scanned_twice: float = 0.004
    line_repeated: float = 0.0005
    surname_misspelt: float = 0.009
    given_name_misspelt: float = 0.006
    day_after: float = 0.002
    direction_wrong: float = 0.0008
    birth_day_and_month_swapped: float = 0.003
    birth_date_missing: float = 0.002
    citizenship_missing: float = 0.003
    birthplace_missing: float = 0.006


RATES = Rates()
_DAMAGED = (
    ("spreadsheet_number", 4),
    ("thirtieth_of_february", 3),
    ("extra_field", 3),
    ("direction_unknown", 2),
    ("country_unknown", 2),
)


@dataclass(frozen=True)
class _Scans:
    """The records of one block and year before they are written: of which crossing, and what went wrong."""

    crossing: Integers
    is_second: Flags
    day: Integers
    direction: Integers


class Border:
    """The border guard's files, filled block by block."""

    source = "border"

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self._seed = folder / self.source, seed
        self._files = {
            year: TextFile(
                self.folder / f"border-{year}.csv",
                encoding="windows-1251",
                head=(f"Пограничная служба Руритании. Пересечения границы за {year} год", _HEADER),
            )
            for year in BORDER_YEARS
        }

    def add(
        self,
        rng: Rng,
        persons: Persons,
        crossings: Crossings,
        truth: Truth,
        first_person: int,
        first_crossing: int,
    ) -> None:
        """Write a block's crossings into the files of their years."""
        years = year_of(crossings.day)
        for year, file in self._files.items():
            mine = np.flatnonzero(years == year)
            _Year(self._seed, rng, persons, crossings, truth, first_person, first_crossing, file, year).write(
                mine
            )

    def close(self) -> list[DeliveredFile]:
        """Print totals and footnotes; the files as sent."""
        for file in self._files.values():
            file.close(
                (
                    f"ИТОГО;{file.rows}",
                    "Примечание: данные предварительные, повторные сканирования не исключены",
                )
            )
        return [
            DeliveredFile(self.source, file.path, str(year), file.rows) for year, file in self._files.items()
        ]


@dataclass(frozen=True)
class _Year:
    """One block's part of one year's file."""

    seed: int
    rng: Rng
    persons: Persons
    crossings: Crossings
    truth: Truth
    first_person: int
    first_crossing: int
    file: TextFile
    year: int

    @property
    def name(self) -> str:
        return self.file.path.name

    def _lucky(self, rate: float, size: int) -> Flags:
        return self.rng.random(size) < rate

    def write(self, mine: Integers) -> None:
        scans = self._scanned(mine)
        who = self.crossings.person[scans.crossing]
        shown = self.first_crossing + scans.crossing
        papers = passports(
            self.seed, self.persons, self.first_person, who, self.crossings.day[scans.crossing], shown
        )
        flaws: dict[str, Flags] = {"scanned_twice": scans.is_second}
        flaws["day_after"] = scans.day != self.crossings.day[scans.crossing]
        flaws["direction_wrong"] = scans.direction != self.crossings.direction[scans.crossing]
        columns = self._columns(scans, who, papers, flaws)
        damaged = self._damage(columns, flaws) if not self.file.rows else {}
        lines_text = joined(list(columns.values()), ";")
        if damaged:
            extra = pa.array(damaged["extra_field"])
            lines_text = pc.if_else(extra, pc.binary_join_element_wise(lines_text, "?", ";"), lines_text)
        flaws.update(damaged)
        self._deliver(lines_text, scans, who, flaws)

    def _scanned(self, mine: Integers) -> _Scans:
        """The crossings that were scanned, and those scanned twice, some under the next day's date."""
        missing = self._lucky(RATES.missing, len(mine))
        lost = mine[missing]
        self.truth.imperfect(
            "missing", Border.source, self.name, self.first_person + self.crossings.person[lost],
            crossing=self.first_crossing + lost,
        )  # fmt: skip
        kept = mine[~missing]
        twice = self._lucky(RATES.scanned_twice, len(kept))
        row, is_second = written_twice(twice)
        crossing = kept[row]
        day = self.crossings.day[crossing]
        late = self._lucky(RATES.day_after, len(crossing)) & (day < first_day_of(self.year + 1) - 1)
        wrong = self._lucky(RATES.direction_wrong, len(crossing))
        direction = self.crossings.direction[crossing]
        return _Scans(crossing, is_second, day + late, np.where(wrong, 1 - direction, direction))

    def _columns(
        self, scans: _Scans, who: Integers, papers: Passports, flaws: dict[str, Flags]
    ) -> dict[str, pa.StringArray]:
        persons, size = self.persons, len(who)
        surname, given = self._names(who, papers, flaws)
        number = self.year * 10**9 + self.file.rows + np.arange(1, size + 1)
        table = areas()
        codes, stateless = (table.number, "998") if self.year < 2024 else (table.alpha_2, "XA")
        nationality = self._blank(papers.citizenship, RATES.citizenship_missing, "citizenship_missing", flaws)
        birthplace = self._blank(
            persons.birthplace[who], RATES.birthplace_missing, "birthplace_missing", flaws
        )
        return {
            "ID": pa.array(number).cast(pa.string()),
            "DT": date_texts(scans.day),
            "DIR": worded(("D", "A"), scans.direction),
            "DOC": passport_numbers(papers.document, papers.citizenship),
            "SURNAME": surname,
            "GIVEN": given,
            "BORN": self._birth_dates(who, flaws),
            "SEX": worded(("М", "Ж"), persons.sex[who]),
            "NAT": area_texts(nationality, codes, stateless),
            "BPL": area_texts(birthplace, codes, stateless),
            "POINT": pa.array([f"BP{point:02d}" for point in range(1, 15)]).take(
                pa.array(self.crossings.border_point[scans.crossing])
            ),
            "VISA": printed_visas(persons, who, papers.citizenship),
        }

    def _blank(self, values: Integers, rate: float, kind: str, flaws: dict[str, Flags]) -> Integers:
        flaws[kind] = self._lucky(rate, len(values))
        return np.where(flaws[kind], NO_AREA, values)

    def _names(
        self, who: Integers, papers: Passports, flaws: dict[str, Flags]
    ) -> tuple[pa.StringArray, pa.StringArray]:
        """Names as the officer typed them: in capitals, in the passport's spelling, with slips."""
        cyrillic = chance(self.seed, 6, papers.document) < np.where(papers.citizenship == HOME, 0.85, 0.06)
        found = []
        for text, kind, rate in (
            (surname_text, "surname_misspelt", RATES.surname_misspelt),
            (given_names_text, "given_name_misspelt", RATES.given_name_misspelt),
        ):
            printed = pc.if_else(
                pa.array(cyrillic),
                text(self.persons, who, "cyrillic"),
                text(self.persons, who, "latin", papers.spelling),
            )
            typed, flaws[kind] = misspelt(self.rng, pc.utf8_upper(printed), self._lucky(rate, len(who)))
            found.append(typed)
        return found[0], found[1]

    def _birth_dates(self, who: Integers, flaws: dict[str, Flags]) -> pa.StringArray:
        texts = date_texts(self.persons.stated_birth_day[who])
        day, month, year = (pc.utf8_slice_codeunits(texts, at, end) for at, end in ((0, 2), (3, 5), (6, 10)))
        small = pc.and_(pc.less_equal(day, "12"), pc.not_equal(day, month)).to_numpy(zero_copy_only=False)
        flaws["birth_day_and_month_swapped"] = swapped = small & self._lucky(
            RATES.birth_day_and_month_swapped, len(who)
        )
        flaws["birth_date_missing"] = blank = self._lucky(RATES.birth_date_missing, len(who))
        texts = pc.if_else(pa.array(swapped), pc.binary_join_element_wise(month, day, year, "."), texts)
        return pc.if_else(pa.array(blank), pa.scalar(None, pa.string()), texts)

    def _damage(self, columns: dict[str, pa.StringArray], flaws: dict[str, Flags]) -> dict[str, Flags]:
        """Spoil a handful of records in ways that a reader has to catch."""
        size = len(columns["ID"])
        victims = self.rng.permutation(size)[: sum(count for _, count in _DAMAGED)]
        spoilt, first = {}, 0
        for kind, count in _DAMAGED:
            spoilt[kind] = np.isin(np.arange(size), victims[first : first + count])
            first += count
        for kind, column, text in (
            ("thirtieth_of_february", "DT", f"30.02.{self.year}"),
            ("direction_unknown", "DIR", "X"),
            ("country_unknown", "NAT", "000" if self.year < 2024 else "QQ"),
        ):
            columns[column] = pc.if_else(pa.array(spoilt[kind]), text, columns[column])
            if kind == "country_unknown":
                flaws["citizenship_missing"] &= ~spoilt[kind]
        digits = pc.replace_substring_regex(columns["DOC"], "^[A-Z]", "")
        start = pc.utf8_slice_codeunits(digits, 0, 1)
        rest = pc.utf8_slice_codeunits(digits, 1, 6)
        number = pc.binary_join_element_wise(pc.binary_join_element_wise(start, rest, ","), "E+08", "")
        columns["DOC"] = pc.if_else(pa.array(spoilt["spreadsheet_number"]), number, columns["DOC"])
        return spoilt

    def _deliver(self, texts: pa.StringArray, scans: _Scans, who: Integers, flaws: dict[str, Flags]) -> None:
        row, again = written_twice(self._lucky(RATES.line_repeated, len(who)))
        lines = self.file.write(texts.take(pa.array(row)))
        person, crossing = self.first_person + who, self.first_crossing + scans.crossing
        self.truth.records(Border.source, self.name, lines, person[row], crossing[row])
        for kind, flags in {
            **{kind: flags[row] for kind, flags in flaws.items()},
            "line_repeated": again,
        }.items():
            at = np.flatnonzero(flags)
            self.truth.imperfect(
                kind, Border.source, self.name, person[row[at]], line=lines[at], crossing=crossing[row[at]]
            )


def printed_visas(persons: Persons, who: Integers, citizenship: Integers) -> pa.StringArray:
    """What a foreigner travels on: a tourist's, worker's or student's visa, a residence permit, or none."""
    letters = pa.array(["P", "T", "W", "S", "W", "T"])
    own = letters.take(pa.array(persons.biography[who]))
    neighbours = areas().near[np.minimum(citizenship, len(areas().code) - 1)]
    free = (persons.biography[who] == Biography.VISITOR) & neighbours
    return pc.if_else(
        pa.array(citizenship == HOME), pa.scalar(None, pa.string()), pc.if_else(pa.array(free), "N", own)
    )
