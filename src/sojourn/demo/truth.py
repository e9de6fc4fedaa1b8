"""The truth: who everybody was, what they did, and which record of which file says what of whom.

Written beside the deliveries and never delivered. Every later method is scored against it: linkage by
`records`, reading by `imperfections`, stocks and flows by `spells`, `events` and `crossings`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sojourn.demo.country import NEVER, Integers, areas, regions
from sojourn.demo.journeys import Crossings, Purpose
from sojourn.demo.lives import Event, Lives
from sojourn.demo.people import Biography, Flags, Persons, Reason, region_of_stratum
from sojourn.demo.work import ACTIVITIES, activities, educations

__all__ = ["Truth", "days", "words"]

_SCHEMAS = {
    "records": pa.schema(
        [
            ("source", pa.string()), ("file", pa.string()), ("line", pa.int64()), ("person", pa.int64()),
            ("crossing", pa.int64()),
        ]
    ),
    "imperfections": pa.schema(
        [
            ("source", pa.string()), ("file", pa.string()), ("line", pa.int64()), ("person", pa.int64()),
            ("crossing", pa.int64()), ("kind", pa.string()),
        ]
    ),
}  # fmt: skip


def days(numbers: Integers) -> pa.Array:
    """Day numbers as dates; `NEVER` is null."""
    return pa.array(numbers.astype(np.int32), mask=numbers >= NEVER).cast(pa.date32())


def words(positions: Integers, vocabulary: tuple[str, ...]) -> pa.DictionaryArray:
    """Positions in a vocabulary as texts; negative ones are null."""
    indices = pa.array(positions.astype(np.int16), mask=positions < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(vocabulary))


def _words_of(members: type[Event] | type[Purpose] | type[Biography]) -> tuple[str, ...]:
    return tuple(member.name.lower() for member in members)


class Truth:
    """The folder of truth tables, filled block by block."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._writers: dict[str, pq.ParquetWriter] = {}
        self.rows: dict[str, int] = {}

    def _add(self, name: str, table: pa.Table) -> None:
        if name not in self._writers:
            self._writers[name] = pq.ParquetWriter(
                self.folder / f"{name}.parquet", table.schema, compression="zstd"
            )
        self._writers[name].write_table(table, row_group_size=max(table.num_rows, 1))
        self.rows[name] = self.rows.get(name, 0) + table.num_rows

    def persons(
        self, seed: int, persons: Persons, is_resident: Flags, first_person: int, first_household: int
    ) -> None:
        """Everyone of a block: residents of some time, strangers, and those who never came."""
        identifier = first_person + np.arange(len(persons))
        codes = (*areas().code, "STLS")
        lives_here = np.pad(is_resident, (0, len(persons) - len(is_resident)))
        self._add(
            "persons",
            pa.table(
                {
                    "person": identifier,
                    "biography": words(persons.biography, _words_of(Biography)),
                    "sex": words(persons.sex, ("M", "F")),
                    "birth_date": days(persons.birth_day),
                    "stated_birth_date": days(persons.stated_birth_day),
                    "death_date": days(persons.death_day),
                    "birthplace": words(persons.birthplace, codes),
                    "birthplace_mother": words(persons.mother_birthplace, codes),
                    "birthplace_father": words(persons.father_birthplace, codes),
                    "citizenship": words(persons.citizenship, codes),
                    "second_citizenship": words(persons.second_citizenship, codes),
                    "former_citizenship": words(persons.former_citizenship, codes),
                    "naturalisation_date": days(persons.naturalised_day),
                    "household": first_household + persons.household,
                    "stratum": persons.stratum.astype(np.int16),
                    "region": words(region_of_stratum()[persons.stratum], regions().code),
                    "reason": words(
                        persons.reason, tuple(reason.name.lower() for reason in Reason if reason >= 0)
                    ),
                    "first_arrival": days(persons.first_arrival),
                    "family_name": persons.family_name.astype(np.int16),
                    "given_name": persons.given_name.astype(np.int16),
                    "second_name": persons.second_name.astype(np.int16),
                    "activity": words(activities(seed, identifier, persons), ACTIVITIES),
                    "education": educations(seed, identifier, persons).astype(np.int8),
                    "lives_here": lives_here,
                }
            ),
        )

    def lives(self, known: Lives, first_person: int) -> None:
        """Events and spells of residence of a block; a spell's end is the first day away or null."""
        events, spells = known.events, known.spells
        self._add(
            "events",
            pa.table(
                {
                    "person": first_person + events.person,
                    "day": days(events.day),
                    "kind": words(events.kind, _words_of(Event)),
                }
            ),
        )
        self._add(
            "spells",
            pa.table(
                {
                    "person": first_person + spells.person,
                    "start": days(spells.start),
                    "end": days(spells.end),
                    "left_silently": spells.silent,
                }
            ),
        )

    def crossings(self, crossings: Crossings, first_person: int, first_crossing: int) -> None:
        """Every crossing of the border by the persons of a block, in order."""
        self._add(
            "crossings",
            pa.table(
                {
                    "crossing": first_crossing + np.arange(len(crossings.person)),
                    "person": first_person + crossings.person,
                    "day": days(crossings.day),
                    "direction": words(crossings.direction, ("D", "A")),
                    "purpose": words(crossings.purpose, _words_of(Purpose)),
                }
            ),
        )

    def records(
        self, source: str, file: str, line: Integers, person: Integers, crossing: Integers | None = None
    ) -> None:
        """Of whom each record speaks; `line` is the line of a text file or the row of a table."""
        size = len(line)
        columns = [
            pa.repeat(source, size), pa.repeat(file, size), pa.array(line), pa.array(person),
            pa.nulls(size, pa.int64()) if crossing is None else pa.array(crossing),
        ]  # fmt: skip
        self._add("records", pa.table(columns, schema=_SCHEMAS["records"]))

    def imperfect(
        self,
        kind: str,
        source: str,
        file: str,
        person: Integers,
        *,
        line: Integers | None = None,
        crossing: Integers | None = None,
    ) -> None:
        """What is wrong on purpose; no line where a record is missing."""
        size = len(person)
        columns = [
            pa.repeat(source, size), pa.repeat(file, size),
            pa.nulls(size, pa.int64()) if line is None else pa.array(line), pa.array(person),
            pa.nulls(size, pa.int64()) if crossing is None else pa.array(crossing), pa.repeat(kind, size),
        ]  # fmt: skip
        self._add("imperfections", pa.table(columns, schema=_SCHEMAS["imperfections"]))

    def close(self) -> None:
        """Finish the files."""
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()
