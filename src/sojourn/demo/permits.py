"""What the migration service sends: visas and residence permits of a year, in a workbook.

A clerk reads the passport or spells by ear, so that names differ from those at the border. Some permits
are listed twice, some lack the passport's number, and a few of their holders never came.
"""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xlsxwriter

from sojourn.demo.country import (
    HOME,
    LAST_DAY,
    Integers,
    areas,
    first_day_of,
)
from sojourn.demo.journeys import Crossings, Purpose
from sojourn.demo.lives import Event, Lives
from sojourn.demo.names import SPELLINGS
from sojourn.demo.papers import (
    area_texts,
    chance,
    either,
    given_names_text,
    misspelt,
    passport_numbers,
    passports,
    region_texts,
    surname_text,
    worded,
    written_twice,
)
from sojourn.demo.people import Biography, Persons, Reason, Rng
from sojourn.demo.truth import Truth
from sojourn.demo.writing import DeliveredFile, date_texts

__all__ = ["PERMIT_RATES", "Permits"]

PERMIT_RATES = {
    "passport_missing": 0.010,
    "issued_twice": 0.003,
    "surname_misspelt": 0.012,
}
_YEAR_START = first_day_of(2024)
_FLAWS = ("issued_twice", "surname_misspelt", "passport_missing", "never_came")
_MADE_ON = datetime.datetime(2025, 1, 15, 9)  # noqa: DTZ001  a workbook's properties know no time zone


class Permits:
    """Visas and residence permits issued in 2024: a workbook with a title above and notes below."""

    source = "permits"
    header = (
        "PERMIT_NO", "KIND", "CATEGORY", "PASSPORT", "SURNAME", "GIVEN_NAMES", "BIRTH_DATE", "SEX",
        "CITIZENSHIP", "BIRTH_COUNTRY", "PURPOSE", "VALID_FROM", "VALID_TO", "REGION",
    )  # fmt: skip
    header_row = 4

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self._seed = folder / self.source, seed
        self.folder.mkdir(parents=True, exist_ok=True)
        self._parts: list[pa.Table] = []
        self._issued = 0

    def add(
        self, rng: Rng, persons: Persons, known: Lives, crossings: Crossings, truth: Truth, first_person: int
    ) -> None:
        """Issue a block's permits; the workbook is written at the end."""
        issued = _issued(rng, persons, known, crossings)
        row, again = written_twice(rng.random(len(issued[0])) < PERMIT_RATES["issued_twice"])
        order = np.argsort(issued[2][row], kind="stable")
        row, again = row[order], again[order]
        who, category, start, end = (column[row] for column in issued)
        person = first_person + who
        paper = passports(self._seed, persons, first_person, who, start, 3 * person)
        # The clerk reads the passport or spells by ear: the same person, another spelling.
        by_ear = (chance(self._seed, 8, person) * SPELLINGS).astype(np.int64)
        spelling = np.where(chance(self._seed, 7, person) < 0.3, by_ear, paper.spelling)
        surname, slipped = misspelt(
            rng,
            pc.utf8_upper(surname_text(persons, who, "latin", spelling)),
            rng.random(len(who)) < PERMIT_RATES["surname_misspelt"],
        )
        blank = rng.random(len(who)) < PERMIT_RATES["passport_missing"]
        names = surname, pc.utf8_upper(given_names_text(persons, who, "latin", spelling))
        columns = [
            *self._heads(category),
            either(blank, None, passport_numbers(paper.document, paper.citizenship)),
            *names,
            *_particulars(persons, who, paper.citizenship, category),
            date_texts(start),
            date_texts(end),
            region_texts(persons, who),
        ]
        self._issued += len(who)
        never_came = persons.biography[who] == Biography.NEVER_CAME
        flaws = [pa.array(flags) for flags in (again, slipped, blank, never_came)]
        self._parts.append(
            pa.table([*columns, pa.array(person), *flaws], names=[*self.header, "person", *_FLAWS])
        )

    def _heads(self, category: Integers) -> list[pa.StringArray]:
        """Number, kind and category of each permit."""
        number = pa.array(self._issued + 1 + np.arange(len(category))).cast(pa.string())
        return [
            pc.binary_join_element_wise("24-", pc.utf8_lpad(number, 8, "0"), ""),
            worded(("РАЗРЕШЕНИЕ", "РАЗРЕШЕНИЕ", "ВИЗА"), category),
            worded(("ПЕРВОЕ", "ПРОДЛЕНИЕ", "КРАТКОСРОЧНАЯ"), category),
        ]

    def close(self, truth: Truth) -> list[DeliveredFile]:
        """Write the workbook; the file as sent."""
        gathered = pa.concat_tables(self._parts).combine_chunks()
        path, size = self.folder / "permits-2024.xlsx", gathered.num_rows
        self._write(path, gathered)
        lines: Integers = np.arange(self.header_row + 1, self.header_row + 1 + size)
        person = gathered.column("person").to_numpy()
        truth.records(self.source, path.name, lines, person)
        for kind in _FLAWS:
            at = np.flatnonzero(gathered.column(kind).to_numpy())
            truth.imperfect(kind, self.source, path.name, person[at], line=lines[at])
        return [DeliveredFile(self.source, path, "2024", size)]

    def _write(self, path: Path, permits: pa.Table) -> None:
        book = xlsxwriter.Workbook(str(path), {"strings_to_numbers": False, "strings_to_formulas": False})
        # A fixed day of making: two runs with one seed give the same bytes.
        book.set_properties({"created": _MADE_ON, "author": "Migration service of Ruritania"})
        sheet = book.add_worksheet("Разрешения 2024")
        sheet.write_string(0, 0, "Миграционная служба Руритании")
        sheet.write_string(1, 0, "Визы и разрешения на пребывание, выданные в 2024 году")
        sheet.write_row(self.header_row - 1, 0, self.header)
        for column, name in enumerate(self.header):
            sheet.write_column(self.header_row, column, permits.column(name).to_pylist())
        foot = self.header_row + permits.num_rows
        sheet.write_row(foot, 0, ["ВСЕГО", permits.num_rows])
        sheet.write_string(foot + 1, 0, "* Без дипломатических виз")
        book.close()


def _issued(
    rng: Rng, persons: Persons, known: Lives, crossings: Crossings
) -> tuple[Integers, Integers, Integers, Integers]:
    """Who got which permit for when: first permits after arrival, renewals, and visitors' visas."""
    alien = persons.citizenship != HOME
    events = known.events
    # Those who came in the last weeks of a year get their first permit in the next.
    recent = (
        (events.kind == Event.IMMIGRATION) & (events.day >= _YEAR_START - 60) & (events.day <= LAST_DAY - 60)
    )
    came, came_on = events.person[recent & alien[events.person]], events.day[recent & alien[events.person]]
    granted = came_on + rng.integers(3, 60, len(came))
    came, granted = came[granted >= _YEAR_START], granted[granted >= _YEAR_START]
    resident = np.zeros(len(persons), dtype=bool)
    resident[: len(known.is_resident)] = known.is_resident
    settled = np.flatnonzero(resident & alien & (persons.first_arrival < _YEAR_START - 365))
    settled = settled[rng.random(len(settled)) < 0.35]
    waiting = np.flatnonzero(persons.biography == Biography.NEVER_CAME)
    visitors, visa_from = _visas(rng, persons, crossings)
    who = np.concatenate([came, waiting, settled, visitors])
    start = np.concatenate(
        [
            granted,
            _YEAR_START + rng.integers(30, 300, len(waiting)),
            _YEAR_START + rng.integers(0, 366, len(settled)),
            visa_from,
        ]
    )
    category = np.repeat([0, 0, 1, 2], [len(came), len(waiting), len(settled), len(visitors)])
    length = np.select([category == 0, category == 1], [365, 730], 90)
    return who, category, start, start + length - 1


def _visas(rng: Rng, persons: Persons, crossings: Crossings) -> tuple[Integers, Integers]:
    """Visitors of 2024 from countries that need a visa, and its first day, some weeks before they came."""
    visit = (crossings.day >= _YEAR_START) & (crossings.purpose == Purpose.VISIT)
    visitors, first = np.unique(crossings.person[visit], return_index=True)
    start = crossings.day[visit][first] - rng.integers(1, 40, len(visitors))
    near = areas().near[np.minimum(persons.citizenship[visitors], len(areas().code) - 1)]
    needs = ~near & (start >= _YEAR_START)
    return visitors[needs], start[needs]


def _particulars(
    persons: Persons, who: Integers, citizenship: Integers, category: Integers
) -> list[pa.StringArray]:
    """Birth date, sex, citizenship, country of birth and purpose."""
    codes = areas().alpha_2
    return [
        date_texts(persons.stated_birth_day[who]),
        worded(("M", "F"), persons.sex[who]),
        area_texts(citizenship, codes, "XA"),
        area_texts(persons.birthplace[who], codes, "XA"),
        _purposes(persons, who, category),
    ]


def _purposes(persons: Persons, who: Integers, category: Integers) -> pa.StringArray:
    texts = ("РАБОТА", "СЕМЬЯ", "УЧЕБА", "ЗАЩИТА", "ИНОЕ", "ТУРИЗМ")
    reason = np.maximum(persons.reason[who], 0)
    born_here = persons.reason[who] == Reason.NONE
    return worded(texts, np.where(category == 2, 5, np.where(born_here, int(Reason.FAMILY), reason)))
