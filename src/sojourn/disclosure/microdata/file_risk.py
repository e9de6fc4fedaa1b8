"""The risk of a file: too few who agree, too little that differs among them, and who could be recognised.

Everything is computed from the patterns of keys, which one statement finds, and not from records.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.concepts import UNKNOWN
from sojourn.disclosure.microdata.diversity import Spread, spread_among_agreeing
from sojourn.disclosure.microdata.individual_risk import individual_risk
from sojourn.disclosure.microdata.key_codes import MISSING, key_codes
from sojourn.disclosure.microdata.matching import Missing, agreeing_sums
from sojourn.disclosure.microdata.population import Uniques, uniques
from sojourn.engine import Relation
from sojourn.engine.microdata_patterns import patterns_statement, values_statement
from sojourn.errors import DataRefused, ProjectError

__all__ = ["LEVELS", "Diversity", "FileRisk", "TooFew", "file_risk"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
LEVELS = (2, 3, 5, 10)
_RISKS = (0.01, 0.05, 0.1, 0.5)


@dataclass(frozen=True)
class TooFew:
    """Records below a level, and the persons that they stand for."""

    below: int
    records: int
    weight: float


@dataclass(frozen=True)
class Diversity:
    """How far those who agree in their keys differ in a sensitive column.

    `smallest` is the least number of different values, `smallest_entropy` the exponential of the least
    entropy: as many equally frequent values would be as diverse. Those of whom no value is known are not
    judged. Who agrees is decided as for the number of those who agree.
    """

    column: str
    smallest: int | None
    smallest_entropy: float | None
    too_few: tuple[TooFew, ...]


@dataclass(frozen=True)
class FileRisk:
    """The risk of a file in numbers.

    `smallest` is the least number of records that agree with one, itself included. `expected` is the number
    of persons that an intruder who knows all keys of everybody is expected to recognise, `share` that over
    the records, `highest` the largest risk of a record; `above` says how many records have more than a risk.
    """

    records: int
    weight: float
    keys: tuple[str, ...]
    missing: str
    patterns: int
    smallest: int
    too_few: tuple[TooFew, ...]
    expected: float
    share: float
    highest: float
    above: dict[str, int]
    uniques: Uniques
    diversity: tuple[Diversity, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """The numbers as plain values."""
        return asdict(self)

    def records_below(self, level: int) -> int:
        """Records with which fewer than `level` agree.

        Raises: KeyError for a level that was not asked for.
        """
        return {each.below: each.records for each in self.too_few}[level]


def file_risk(
    records: Relation,
    *,
    keys: Sequence[str],
    weight: str | None = None,
    sensitive: Sequence[str] = (),
    missing: Missing = "matches",
    unknown: Sequence[str] = (UNKNOWN,),
    levels: Sequence[int] = LEVELS,
) -> FileRisk:
    """The risk of the records, whose keys are columns that an intruder may know.

    Without a weight the file is taken to be the population. `unknown` are codes that, like an empty cell, say
    that a value is not known; `missing` says what becomes of such keys.

    Raises: DataRefused for a file without records, or with weights that are missing, below zero or sum to
    nothing; ProjectError without keys or for a level below 2.
    """
    if any(level < 2 for level in levels):
        raise ProjectError("A level of fewer than 2 records protects nobody.", "Ask for 2 or more.")
    first = sensitive[0] if sensitive else None
    found = _patterns(records, keys, weight, first, unknown)
    coded = key_codes(found, list(keys), unknown)
    counts, weights = found["records"].to_numpy(), found["weight"].to_numpy()
    agreeing = agreeing_sums(coded.codes, np.column_stack([counts, weights]), missing)
    risks = individual_risk(agreeing[:, 0], agreeing[:, 1])
    diversity = []
    for name in sensitive:
        if missing == "matches" and np.any(coded.codes == MISSING):
            values = _values(records, keys, name, unknown)
            spread = spread_among_agreeing(coded, values, unknown)
        else:
            own = found if name == first else _patterns(records, keys, weight, name, unknown)
            spread = Spread(*(own[each].to_numpy() for each in ("different", "known", "spread")))
            counts, weights = own["records"].to_numpy(), own["weight"].to_numpy()
        diversity.append(_diversity(name, spread, counts, weights, levels))
    size = int(counts.sum())
    expected = float((risks * counts).sum())
    return FileRisk(
        records=size,
        weight=float(weights.sum()),
        keys=tuple(keys),
        missing=missing,
        patterns=len(found),
        smallest=int(agreeing[:, 0].min()),
        too_few=_too_few(agreeing[:, 0], counts, weights, levels),
        expected=expected,
        share=expected / size,
        highest=float(risks.max()),
        above={str(level): int(counts[risks > level].sum()) for level in _RISKS},
        uniques=uniques(coded.codes, counts, agreeing[:, 0], agreeing[:, 1], float(weights.sum())),
        diversity=tuple(diversity),
    )


def _patterns(
    records: Relation, keys: Sequence[str], weight: str | None, sensitive: str | None, unknown: Sequence[str]
) -> pa.Table:
    statement = patterns_statement(keys, weight, sensitive)
    found = records.engine.query(statement, {"records": records}, {"unknown": list(unknown)})
    table = found.to_arrow()
    records.engine.forget(found)
    if not len(table):
        raise DataRefused("The file has no records.", "Name a file that has some.")
    lowest = pc.min(table["weight"]).as_py()
    total = pc.sum(table["weight"]).as_py()
    if table["weight"].null_count or not math.isfinite(total) or lowest < 0 or total <= 0:
        raise DataRefused(
            "A weight is missing, below zero or not a number, or all are zero.",
            "Correct the weights: records stand for persons.",
        )
    return table


def _too_few(values: Floats, counts: Integers, weights: Floats, levels: Sequence[int]) -> tuple[TooFew, ...]:
    return tuple(
        TooFew(level, int(counts[values < level].sum()), float(weights[values < level].sum()))
        for level in levels
    )


def _diversity(
    name: str, spread: Spread, counts: Integers, weights: Floats, levels: Sequence[int]
) -> Diversity:
    """The diversity of a sensitive column, over patterns in which some value is known."""
    judged = spread.known > 0
    different = spread.different[judged]
    too_few = _too_few(different.astype(np.float64), counts[judged], weights[judged], levels)
    if not judged.any():
        return Diversity(name, None, None, too_few)
    known = spread.known[judged].astype(np.float64)
    entropy = np.log(known) - spread.spread[judged] / known
    return Diversity(name, int(different.min()), float(np.exp(max(0.0, entropy.min()))), too_few)


def _values(records: Relation, keys: Sequence[str], name: str, unknown: Sequence[str]) -> pa.Table:
    found = records.engine.query(
        values_statement(keys, name), {"records": records}, {"unknown": list(unknown)}
    )
    table = found.to_arrow()
    records.engine.forget(found)
    return table
