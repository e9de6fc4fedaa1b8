"""What the civil register sends: everyone it believes to live in Ruritania on 31 December 2024.

It writes all names in Cyrillic. It keeps those who left without a word and a few of the dead, and some
of those who came in the last year are not in it yet.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sojourn.demo.country import (
    FIRST_DAY,
    LAST_DAY,
    NEVER,
    NO_AREA,
    Integers,
    areas,
)
from sojourn.demo.lives import Event, Lives
from sojourn.demo.papers import (
    area_texts,
    chance,
    given_names_text,
    personal_numbers,
    region_texts,
    surname_text,
    worded,
    written_twice,
)
from sojourn.demo.people import Flags, Persons, Rng
from sojourn.demo.truth import Truth, days
from sojourn.demo.writing import DeliveredFile

__all__ = ["REGISTER_RATES", "Register"]

REGISTER_RATES = {
    "not_entered_yet": 0.05,
    "death_not_entered": 0.004,
    "entered_twice": 0.0008,
    "parents_missing": 0.04,
}


class Register:
    """The population register on 31 December 2024, one row group a block."""

    source = "register"
    reference_day = LAST_DAY

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self._seed = folder / self.source, seed
        self.folder.mkdir(parents=True, exist_ok=True)
        self._path = self.folder / "register-2024-12-31.parquet"
        self._writer: pq.ParquetWriter | None = None
        self._rows = 0

    def add(self, rng: Rng, persons: Persons, known: Lives, truth: Truth, first_person: int) -> None:
        """Write a block's entries: residents, those who left silently, and the dead nobody reported."""
        who, flaws = _registered(rng, persons, known, truth, first_person, self._path.name)
        table = areas()
        missing = rng.random(len(who)) < REGISTER_RATES["parents_missing"]
        flaws["parents_missing"] = missing
        mother, father = (
            np.where(missing, NO_AREA, places[who])
            for places in (persons.mother_birthplace, persons.father_birthplace)
        )
        number = np.where(flaws["entered_twice"], 2 * (first_person + who) + 1, 2 * (first_person + who))
        arrived = persons.first_arrival[who]
        entries = pa.table(
            {
                "PERSON_NO": personal_numbers(number),
                "SURNAME": surname_text(persons, who, "cyrillic"),
                "GIVEN_NAMES": given_names_text(persons, who, "cyrillic"),
                "BIRTH_DATE": days(persons.stated_birth_day[who]),
                "SEX": worded(("1", "2"), persons.sex[who]),
                "BIRTH_COUNTRY": area_texts(persons.birthplace[who], table.alpha_2, "XA"),
                "CITIZENSHIP": area_texts(persons.citizenship[who], table.alpha_2, "XA"),
                "MOTHER_BIRTH_COUNTRY": area_texts(mother, table.alpha_2, "XA"),
                "FATHER_BIRTH_COUNTRY": area_texts(father, table.alpha_2, "XA"),
                "REGION": region_texts(persons, who),
                "DWELLING": self._dwellings(persons, who),
                "ARRIVED": days(np.where(arrived < FIRST_DAY - 40 * 365, NEVER, arrived)),
            }
        )
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, entries.schema, compression="zstd")
        self._writer.write_table(entries, row_group_size=max(len(who), 1))
        lines = self._rows + 1 + np.arange(len(who))
        self._rows += len(who)
        truth.records(self.source, self._path.name, lines, first_person + who)
        for kind, flags in flaws.items():
            at = np.flatnonzero(flags)
            truth.imperfect(kind, self.source, self._path.name, first_person + who[at], line=lines[at])

    def _dwellings(self, persons: Persons, who: Integers) -> pa.StringArray:
        """An address that tells the region and a number, and nothing that exists."""
        number = pa.array(persons.household[who] % 9973 + 1).cast(pa.string())
        door = pa.array((chance(self._seed, 10, persons.household[who]) * 60).astype(np.int64) + 1).cast(
            pa.string()
        )
        return pc.binary_join_element_wise(region_texts(persons, who), "ул. Центральная", number, door, ", ")

    def close(self) -> list[DeliveredFile]:
        """The file as sent."""
        if self._writer is not None:
            self._writer.close()
        return [DeliveredFile(self.source, self._path, "2024-12-31", self._rows)]


def _registered(
    rng: Rng, persons: Persons, known: Lives, truth: Truth, first_person: int, file: str
) -> tuple[Integers, dict[str, Flags]]:
    """Who stands in the register, and why some of them should not."""
    size = len(known.is_resident)
    events = known.events
    late = (events.kind == Event.IMMIGRATION) & (events.day > LAST_DAY - 365)
    not_yet = np.zeros(size, dtype=bool)
    newcomers = events.person[late]
    not_yet[newcomers[rng.random(len(newcomers)) < 5 * REGISTER_RATES["not_entered_yet"]]] = True
    not_yet &= known.is_resident
    left_silently = np.zeros(size, dtype=bool)
    spells = known.spells
    is_last = np.append(spells.person[1:] != spells.person[:-1], True)
    left_silently[spells.person[spells.silent & is_last]] = True
    left_silently &= ~known.is_resident & (persons.death_day[:size] == NEVER)
    died = (persons.death_day[:size] < NEVER) & (rng.random(size) < REGISTER_RATES["death_not_entered"])
    entered = (known.is_resident & ~not_yet) | left_silently | died
    who = np.flatnonzero(entered)
    row, again = written_twice(rng.random(len(who)) < REGISTER_RATES["entered_twice"])
    absent = np.flatnonzero(not_yet)
    truth.imperfect("not_entered_yet", Register.source, file, first_person + absent)
    return who[row], {
        "left_silently": left_silently[who[row]],
        "death_not_entered": died[who[row]],
        "entered_twice": again,
    }
