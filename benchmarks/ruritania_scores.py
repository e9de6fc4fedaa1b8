"""How well the persons of two sources of the linkage country were found, in all and by origin.

Counted are pairs of persons, each once, however often a person stands in a source: a link says that a person
of one source is a person of the other, and is right when they are the same. Records without a known birth
date and without a usable document are reported apart as well: little but a name is left there to compare.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

__all__ = ["SMALLEST_ORIGIN", "Count", "Found", "Origin", "scored_persons"]

SMALLEST_ORIGIN = 500
NO_BIRTH_DATE = ("birth_date_null", "born_first_january", "day_and_month_unknown")
NO_DOCUMENT = ("document_null", "document_changed")


@dataclass(frozen=True)
class Count:
    """Pairs of persons that were linked, how many of them are one person, and how many there are in truth."""

    made: int
    correct: int
    truths: int

    @property
    def precision(self) -> float | None:
        """Share of links that are right; None when nothing is linked."""
        return self.correct / self.made if self.made else None

    @property
    def recall(self) -> float | None:
        """Share of the persons in both sources that are linked; None when there are none."""
        return self.correct / self.truths if self.truths else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of the two; None when there is nothing to find and nothing was linked."""
        return 2 * self.correct / (self.made + self.truths) if self.made + self.truths else None

    def without(self, other: Count) -> Count:
        """What is left when a part is taken away."""
        return Count(self.made - other.made, self.correct - other.correct, self.truths - other.truths)

    def row(self) -> dict[str, float | int | None]:
        """Counts and shares."""
        return {**asdict(self), "precision": self.precision, "recall": self.recall, "f1": self.f1}


@dataclass(frozen=True)
class Origin:
    """Where persons or their parents come from, how many of them are in both sources, and who was found."""

    origin: str
    persons: int
    found: int

    @property
    def recall(self) -> float:
        """Share found."""
        return self.found / self.persons


@dataclass(frozen=True)
class Found:
    """The score of a linkage of two sources: of all, of the hard part, and of origins, worst first."""

    all: Count
    apart: Count
    origins: list[Origin]
    small_origins: list[Origin]

    @property
    def without_apart(self) -> Count:
        """All but the hard part."""
        return self.all.without(self.apart)

    def row(self) -> dict[str, object]:
        """Everything as plain values."""
        return {
            "all": self.all.row(),
            "without_apart": self.without_apart.row(),
            "apart": self.apart.row(),
            "origins": [{**asdict(each), "recall": each.recall} for each in self.origins],
            "small_origins": [{**asdict(each), "recall": each.recall} for each in self.small_origins],
        }


def scored_persons(links: pa.Table, truth: Path, sources: tuple[str, str]) -> Found:
    """Hold links against the truth of a linkage country.

    `links` has `id_l`, a record of the first source, and `id_r`, one of the second. `truth` is the folder
    with records.parquet and persons.parquet. A pair of records is hard, and counted apart, when the second
    has no known birth date and, besides, the second has no document or a new one, or the first has none. A
    pair of persons is hard when all its pairs of records are: for a person in both sources all that could be
    linked, for two different persons those that were.

    Raises: ValueError when a link names a record that is not of its source.
    """
    with duckdb.connect() as engine:
        _load(engine, links, truth, sources)
        ((unknown,),) = engine.sql("SELECT count(*) FROM links WHERE pl IS NULL OR pr IS NULL").fetchall()
        if unknown:
            raise ValueError(
                f"{unknown} links name a record of no source. Give links of {' and '.join(sources)}."
            )
        (counts,) = engine.sql(
            """
            WITH said AS (  -- one row a pair of different persons that were linked
                SELECT pl, pr, bool_and(hard) AS hard FROM links WHERE pl <> pr GROUP BY pl, pr
            ),
            wrong AS (  -- one row: how many of those, and how many of them are hard
                SELECT count(*) AS made, count(*) FILTER (WHERE hard) AS hard FROM said
            ),
            both_sources AS (  -- one row: the persons in both sources, those linked, the hard ones of each
                SELECT count(*) AS truths, count(*) FILTER (WHERE is_found) AS correct,
                    count(*) FILTER (WHERE hard) AS hard_truths,
                    count(*) FILTER (WHERE hard AND is_found) AS hard_correct
                FROM in_both
            )
            SELECT made, wrong.hard, truths, correct, hard_truths, hard_correct FROM wrong, both_sources
            """
        ).fetchall()
        origins = [
            Origin(*row)
            for row in engine.sql(
                """SELECT origin, count(*), count(*) FILTER (WHERE is_found) AS found FROM in_both
                GROUP BY origin ORDER BY found / count(*), origin"""
            ).fetchall()
        ]
    wrong, hard_wrong, truths, correct, hard_truths, hard_correct = counts
    return Found(
        Count(wrong + correct, correct, truths),
        Count(hard_wrong + hard_correct, hard_correct, hard_truths),
        [each for each in origins if each.persons >= SMALLEST_ORIGIN],
        [each for each in origins if each.persons < SMALLEST_ORIGIN],
    )


def _load(engine: duckdb.DuckDBPyConnection, links: pa.Table, truth: Path, sources: tuple[str, str]) -> None:
    """Make the tables `links` and `in_both` of a connection."""
    records, persons = truth / "records.parquet", truth / "persons.parquet"
    no_birth, no_document = " OR ".join(NO_BIRTH_DATE), " OR ".join(NO_DOCUMENT)
    engine.register("written", links)
    for name, source in zip(("l", "r"), sources, strict=True):
        engine.execute(
            f"""CREATE TABLE {name} AS SELECT record_id, person, document_null AS no_document_shown,
            coalesce({no_birth}, false) AS no_birth, coalesce({no_document}, false) AS no_document
            FROM read_parquet('{records}') WHERE source = '{source}'"""
        )
    engine.execute(
        """CREATE TABLE links AS  -- one row a link: the persons of its records, and whether it is hard
        SELECT l.person AS pl, r.person AS pr,
            r.no_birth AND (r.no_document OR l.no_document_shown) AS hard
        FROM written LEFT JOIN l ON l.record_id = id_l LEFT JOIN r ON r.record_id = id_r"""
    )
    engine.execute(
        f"""CREATE TABLE in_both AS  -- one row a person in both sources
        SELECT person, any_value(origin)::VARCHAR AS origin,
            bool_and(r.no_birth AND (r.no_document OR l.no_document_shown)) AS hard,
            person IN (SELECT pl FROM links WHERE pl = pr) AS is_found
        FROM l JOIN r USING (person) JOIN read_parquet('{persons}') USING (person) GROUP BY person"""
    )
