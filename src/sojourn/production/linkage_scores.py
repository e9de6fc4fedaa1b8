"""How good a linkage was where the truth is known: precision, recall and F1 of its pairs and its persons."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sojourn.errors import DataRefused, Problem, shown
from sojourn.production.linkage_files import LinkageFiles
from sojourn.production.table_files import table_of

__all__ = ["Quality", "persons_in_truth", "quality_of_persons", "scored_by_truth"]

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Quality:
    """Pairs of records said to be one person, how many of them are, and how many there are in truth."""

    linked: int
    correct: int
    true: int

    @property
    def precision(self) -> float:
        """The share of the pairs said to be one person that are."""
        return self.correct / self.linked if self.linked else 1.0

    @property
    def recall(self) -> float:
        """The share of the pairs that are one person that were said to be."""
        return self.correct / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of the two."""
        return 2 * self.correct / (self.linked + self.true) if self.linked + self.true else 1.0

    def to_json(self) -> dict[str, Any]:
        """The counts and shares as plain values."""
        return {**vars(self), "precision": self.precision, "recall": self.recall, "f1": self.f1}


def persons_in_truth(result: LinkageFiles, truth: Path) -> Numbers:
    """The number of the true person of each record.

    The file has the columns record_id and person; records of two files must not share identifiers.

    Raises: DataRefused when a record is not in the truth, or is there twice.
    """
    known = _known(truth)
    places = pc.index_in(result.identifiers, known["record_id"].combine_chunks().cast(pa.string()))
    if places.null_count or len(known["record_id"].unique()) < len(known):
        raise DataRefused(
            Problem(
                shown(truth.name),
                None,
                f"{places.null_count:,} records are not in it, or it names records more than once.",
                "Give each record of the files one row with record_id and person.",
            )
        )
    persons = known["person"].cast(pa.string()).combine_chunks().dictionary_encode().indices
    found: Numbers = persons.take(places.combine_chunks()).to_numpy().astype(np.int64)
    return found


def _known(truth: Path) -> pa.Table:
    """The rows of a truth; persons and records may be numbered by numbers."""
    columns = {"record_id": "text", "person": "text"}
    if truth.suffix != ".parquet":
        return table_of(truth, columns)
    missing = [name for name in columns if name not in pq.read_schema(truth).names]
    if missing:
        raise DataRefused(
            [
                Problem(shown(truth.name), None, f"there is no column {name}.", "Name the file that has it.")
                for name in missing
            ]
        )
    read = pq.read_table(truth, columns=list(columns))
    return pa.table({name: read[name].cast(pa.string()) for name in columns})


def _pairs(groups: Numbers, source: Numbers, dedupe: bool) -> int:
    """How many pairs stand in one group, of two sources or of any."""
    sizes = np.unique(groups, return_counts=True)[1].astype(np.int64)
    found = int((sizes * (sizes - 1) // 2).sum())
    return found if dedupe else found - _pairs(groups * (int(source.max()) + 1) + source, source, True)


def quality_of_persons(person: Numbers, truth: Numbers, source: Numbers, *, dedupe: bool) -> Quality:
    """The pairs that stand in one person, held against the truth."""
    both = person * (int(truth.max()) + 1) + truth
    return Quality(
        _pairs(person, source, dedupe), _pairs(both, source, dedupe), _pairs(truth, source, dedupe)
    )


def scored_by_truth(result: LinkageFiles, truth: Path) -> Quality:
    """The quality of the persons that were found.

    Raises: as `persons_in_truth`.
    """
    return quality_of_persons(
        result.found.person.astype(np.int64),
        persons_in_truth(result, truth),
        result.records.source.astype(np.int64),
        dedupe=result.dedupe,
    )
