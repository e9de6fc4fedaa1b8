"""Write the linkage country: five sources that speak of the same persons, and which record is whose.

Made in blocks, each from its own streams of random numbers, so that memory does not grow with the number of
persons. The same seed and number of persons give the same bytes.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sojourn.demo.country import areas
from sojourn.demo.identities.families import Family, families
from sojourn.demo.identities.rates import LINKAGE_RATES, OF_THOSE_ABLE, SOURCES
from sojourn.demo.identities.records import Records, records
from sojourn.demo.truth import days, words
from sojourn.errors import ProjectError

__all__ = ["LinkageCountry", "write_linkage_country"]

BLOCK = 200_000
_LARGEST = 50_000_000
_COUNTED_ONLY = ("cut_at_39",)
_FLAWS = tuple(
    dict.fromkeys([flaw for source in SOURCES for flaw in LINKAGE_RATES[source]] + list(_COUNTED_ONLY))
)


@dataclass
class LinkageCountry:
    """What was written: the folder, records by source, and by source and flaw those with it and able to."""

    folder: Path
    persons: int
    rows: dict[str, int] = field(default_factory=dict)
    flawed: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)


class _Files:
    """Parquet files written a block at a time."""

    def __init__(self) -> None:
        self._writers: dict[Path, pq.ParquetWriter] = {}

    def add(self, path: Path, table: pa.Table) -> None:
        if path not in self._writers:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writers[path] = pq.ParquetWriter(path, table.schema, compression="zstd")
        self._writers[path].write_table(table, row_group_size=max(table.num_rows, 1))

    def close(self) -> None:
        for writer in self._writers.values():
            writer.close()


def _true_persons(people: Family, first: tuple[int, int]) -> pa.Table:
    codes = (*areas().alpha_2, "STLS")
    return pa.table(
        {
            "person": first[0] + np.arange(len(people)),
            "household": first[1] + people.household,
            "is_child": people.is_child,
            "sex": words(people.sex, ("M", "F")),
            "birth_date": days(people.birth_day),
            "papers_birth_date": days(people.papers_day),
            "origin": words(people.origin, codes),
            "birthplace": words(people.birthplace, codes),
            "citizenship": words(people.citizenship, codes),
            "surname": people.surname,
            "second_surname": people.second_surname,
            "maiden_name": people.maiden_name,
            "given": people.given,
            "second_given": people.second_given,
            "father": people.father,
        }
    )


def _true_records(source: str, written: Records, numbers: pa.StringArray, first_person: int) -> pa.Table:
    none = np.zeros(len(written.who), dtype=bool)
    return pa.table(
        {
            "source": pa.repeat(source, len(written.who)),
            "record_id": numbers,
            "person": first_person + written.who,
            **{flaw: written.flaws.get(flaw, none) for flaw in _FLAWS},
        }
    )


def _numbered(source: str, start: int, size: int) -> pa.StringArray:
    """The source's own number of each record: its first letter and eight digits."""
    digits = pc.utf8_lpad(pa.array(np.arange(start, start + size)).cast(pa.string()), width=8, padding="0")
    return pc.binary_join_element_wise(source[0].upper(), digits, "")


def _write_rates(made: LinkageCountry) -> None:
    """The declared rates beside those that came out."""
    with (made.folder / "truth" / "rates.csv").open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        writer.writerow(["source", "flaw", "of", "declared", "records", "able", "flawed", "share"])
        for (source, flaw), (flawed, able) in made.flawed.items():
            of_able = flaw in OF_THOSE_ABLE
            base = able if of_able else made.rows[source]
            declared = LINKAGE_RATES[source].get(flaw, "")
            writer.writerow(
                [source, flaw, "able" if of_able else "all", declared, made.rows[source], able, flawed,
                 f"{flawed / max(base, 1):.5f}"]
            )  # fmt: skip


def _counted(made: LinkageCountry, source: str, written: Records) -> None:
    for flaw in (*LINKAGE_RATES[source], *_COUNTED_ONLY):
        if flaw in written.flaws:
            flawed, able = made.flawed.get((source, flaw), (0, 0))
            made.flawed[source, flaw] = (
                flawed + int(np.count_nonzero(written.flaws[flaw])),
                able + int(np.count_nonzero(written.able[flaw])),
            )


def write_linkage_country(
    folder: Path,
    *,
    persons: int = 1_000_000,
    seed: int = 2024,
    sources: int = len(SOURCES),
    on_progress: Callable[[float, str], None] = lambda done, what: None,
) -> LinkageCountry:
    """Write `SOURCE.parquet` for the first `sources` of the five, and `truth/` beside them.

    `truth/persons.parquet` says who everybody is, `truth/records.parquet` of whom each record speaks and what
    is wrong with it, `truth/rates.csv` what was declared and what came out.

    Raises: ProjectError when the folder holds something already or a number is out of range.
    """
    if not 1 <= persons <= _LARGEST or not 1 <= sources <= len(SOURCES):
        raise ProjectError(
            f"A linkage country cannot have {persons:,} persons and {sources} sources.",
            f"Choose at most {_LARGEST:,} persons and one to {len(SOURCES)} sources.",
        )
    if folder.exists() and any(folder.iterdir()):
        raise ProjectError(f"{folder} is not empty.", "Name another folder, or remove what lies there.")
    made = LinkageCountry(folder, persons)
    files = _Files()
    blocks = -(-persons // BLOCK)
    first = (0, 0)
    for block in range(blocks):
        size = persons // blocks + (block < persons % blocks)
        on_progress(block / blocks, f"people {block + 1}/{blocks}")
        people = families(np.random.default_rng([seed, persons, block, 0]), size)
        files.add(folder / "truth" / "persons.parquet", _true_persons(people, first))
        for position, source in enumerate(SOURCES[:sources], start=1):
            on_progress((block + position / (sources + 1)) / blocks, f"{source} {block + 1}/{blocks}")
            stream = np.random.default_rng([seed, persons, block, position])
            _add(files, made, source, records(stream, seed, source, people, first), first[0])
        first = (first[0] + size, first[1] + int(people.household.max()) + 1)
    files.close()
    _write_rates(made)
    on_progress(1.0, "done")
    return made


def _add(files: _Files, made: LinkageCountry, source: str, written: Records, first_person: int) -> None:
    """Write a block's records of a source and the truth of them."""
    folder, size = made.folder, len(written.who)
    numbers = _numbered(source, made.rows.get(source, 0), size)
    table = written.table.add_column(0, "record_id", numbers).add_column(1, "source", pa.repeat(source, size))
    files.add(folder / f"{source}.parquet", table)
    files.add(folder / "truth" / "records.parquet", _true_records(source, written, numbers, first_person))
    made.rows[source] = made.rows.get(source, 0) + size
    _counted(made, source, written)
