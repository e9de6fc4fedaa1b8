"""What the universities send: enrolments of an academic year, with names as students type them.

One student from abroad in four writes in the script of their language; a fifth give no passport.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.demo.country import (
    HOME,
    LAST_DAY,
    Integers,
    areas,
    first_day_of,
)
from sojourn.demo.lives import Lives
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
from sojourn.demo.people import Flags, Persons, Reason, Rng
from sojourn.demo.truth import Truth
from sojourn.demo.writing import DeliveredFile, TextFile, date_texts, joined, quoted

__all__ = ["STUDENT_RATES", "Students"]

STUDENT_RATES = {
    "passport_missing": 0.20,
    "surname_misspelt": 0.015,
    "enrolled_twice": 0.004,
}


class Students:
    """Enrolments of the academic year 2024/25, as the universities' portal exports them."""

    source = "students"
    header = "ENROLMENT,PASSPORT,FAMILY NAME,GIVEN NAMES,DATE OF BIRTH,SEX,NATIONALITY,LEVEL,FROM,TO,REGION"

    def __init__(self, folder: Path, seed: int) -> None:
        self._seed = seed
        self._file = TextFile(
            folder / self.source / "students-2024.csv",
            encoding="utf-8-sig",
            newline="\n",
            head=(self.header,),
        )
        self.folder = self._file.path.parent

    def add(self, rng: Rng, persons: Persons, known: Lives, truth: Truth, first_person: int) -> None:
        """Enrol a block's students."""
        who = _students(rng, persons, known)
        row, again = written_twice(rng.random(len(who)) < STUDENT_RATES["enrolled_twice"])
        who = who[row]
        start = np.full(len(who), first_day_of(2024) + 244)
        paper = passports(self._seed, persons, first_person, who, start, 5 * (first_person + who))
        surname, given, slipped = self._names(rng, persons, who, paper.spelling, first_person)
        blank = rng.random(len(who)) < STUDENT_RATES["passport_missing"]
        number = pa.array(self._file.rows + 1 + np.arange(len(who))).cast(pa.string())
        level = np.digitize(rng.random(len(who)), (0.68, 0.95))
        columns = [
            pc.binary_join_element_wise("S", number, ""),
            either(blank, None, passport_numbers(paper.document, paper.citizenship)),
            quoted(surname),
            quoted(given),
            date_texts(persons.stated_birth_day[who], "iso"),
            worded(("male", "female"), persons.sex[who]),
            quoted(area_texts(paper.citizenship, areas().name, "Stateless")),
            worded(("Bachelor", "Master", "Doctorate"), level),
            pa.repeat("2024-09-01", len(who)),
            pa.repeat("2025-07-31", len(who)),
            region_texts(persons, who),
        ]
        lines = self._file.write(joined(columns, ","))
        name, person = self._file.path.name, first_person + who
        truth.records(self.source, name, lines, person)
        flaws = {"enrolled_twice": again, "surname_misspelt": slipped, "passport_missing": blank}
        for kind, flags in flaws.items():
            at = np.flatnonzero(flags)
            truth.imperfect(kind, self.source, name, person[at], line=lines[at])

    def _names(
        self, rng: Rng, persons: Persons, who: Integers, spelling: Integers, first_person: int
    ) -> tuple[pa.StringArray, pa.StringArray, Flags]:
        """Students type their own names: one in four in the script of their language."""
        own_script = chance(self._seed, 9, first_person + who) < np.where(
            persons.citizenship[who] == HOME, 0.9, 0.25
        )
        found = [
            pc.if_else(
                pa.array(own_script), text(persons, who, "native"), text(persons, who, "latin", spelling)
            )
            for text in (surname_text, given_names_text)
        ]
        wanted = rng.random(len(who)) < STUDENT_RATES["surname_misspelt"]
        surname, slipped = misspelt(rng, found[0], wanted)
        return surname, found[1], slipped

    def close(self) -> list[DeliveredFile]:
        """The file as sent."""
        self._file.close()
        return [DeliveredFile(self.source, self._file.path, "2024", self._file.rows)]


def _students(rng: Rng, persons: Persons, known: Lives) -> Integers:
    residents = np.flatnonzero(known.is_resident)
    age = (LAST_DAY - persons.birth_day[residents]) / 365.25
    came_to_study = (persons.reason[residents] == Reason.EDUCATION) & (
        persons.first_arrival[residents] >= first_day_of(2021)
    )
    foreign = persons.citizenship[residents] != HOME
    rate = np.where(foreign, 0.22, 0.3) * ((age >= 18) & (age < 25))
    rate = np.where(came_to_study & (age >= 17) & (age < 40), 0.8, rate)
    return residents[rng.random(len(residents)) < rate]
