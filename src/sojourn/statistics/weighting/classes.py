"""Classes of a sample within which respondents stand for others: their sums, their factors, what is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sojourn.errors import DataRefused, shown
from sojourn.statistics.weighting.auxiliaries import numbers_of, require_columns
from sojourn.statistics.weighting.outcomes import INELIGIBLE, NONRESPONDENT, RESPONDENT, UNDECIDED

__all__ = [
    "COLLAPSED",
    "ClassSums",
    "Nonresponse",
    "adjusted_replicates",
    "class_sums",
    "class_table",
    "class_weights",
]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
# What is told of a class that would not do: how many answered, their factor, and what it became.
COLLAPSED = pa.schema(
    [
        ("class", pa.string()),
        ("respondents", pa.int64()),
        ("factor", pa.float64()),
        ("became", pa.string()),
    ]
)


@dataclass(frozen=True)
class ClassSums:
    """Weights and people of classes by outcome (classes × 4), in the order of the outcomes."""

    weights: Floats
    people: Integers

    @property
    def of_known(self) -> Floats:
        """What people of known eligibility are multiplied by, to stand for the undecided too."""
        whole = self.weights.sum(axis=1)
        return _divided(whole, whole - self.weights[:, UNDECIDED])

    @property
    def of_respondents(self) -> Floats:
        """What respondents are multiplied by."""
        eligible = self.weights[:, RESPONDENT] + self.weights[:, NONRESPONDENT]
        return self.of_known * _divided(eligible, self.weights[:, RESPONDENT])

    @property
    def stranded(self) -> npt.NDArray[np.bool_]:
        """Which classes have people who need a respondent, and none."""
        needs = (self.weights[:, [RESPONDENT, NONRESPONDENT, UNDECIDED]] != 0).any(axis=1)
        found: npt.NDArray[np.bool_] = needs & ~np.isfinite(self.of_respondents)
        return found

    def wrong(self, minimum: int, maximum: float) -> npt.NDArray[np.bool_]:
        """Which classes have too few respondents or too great a factor, and people who need them."""
        needs = self.weights[:, [RESPONDENT, NONRESPONDENT, UNDECIDED]].sum(axis=1) > 0
        few = self.people[:, RESPONDENT] < minimum
        found: npt.NDArray[np.bool_] = needs & (few | ~(self.of_respondents <= maximum))
        return found


@dataclass(frozen=True)
class Nonresponse:
    """Weights adjusted for non-response, in the order of the records, and what was done.

    `weights`: weight and factor; zero for nonrespondents and undecided ones. `classes`: one row for each
    class that was used, with its people and factor. `collapsed`: one row for each class that would not do,
    why, and what it became. `kind` and `of_class` serve the replicates.
    """

    weights: pa.Table
    classes: pa.Table
    collapsed: pa.Table
    method: str
    kind: Integers
    of_class: Integers
    details: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """What was done, as plain values."""
        return {
            "method": self.method,
            "classes": self.classes.to_pylist(),
            "collapsed": self.collapsed.to_pylist(),
            **self.details,
        }


def adjusted_replicates(records: pa.Table, done: Nonresponse, replicates: Sequence[str]) -> pa.Table:
    """Each replicate weight, adjusted within the same classes by factors of its own.

    Raises: DataRefused for weights that are missing, and for a class in which a replicate has no respondent.
    """
    require_columns(records, replicates)
    columns = {}
    for name in replicates:
        weights = numbers_of(records, name)
        sums = class_sums(done.of_class, done.kind, weights, len(done.classes))
        if sums.stranded.any():
            at = int(np.argmax(sums.stranded))
            raise DataRefused(
                f"In the replicate {shown(name)} nobody answered in the class {done.classes['class'][at]}.",
                "Ask for more respondents in a class, so that it is collapsed.",
            )
        columns[name] = class_weights(weights, done.kind, done.of_class, sums)["weight"]
    return pa.table(columns)


def class_sums(of_class: Integers, kind: Integers, weights: Floats, classes: int) -> ClassSums:
    """The sums of classes: `of_class` is the class of each record, `kind` its outcome."""
    both = of_class * 4 + kind
    # Sorted first, so that the order of the records changes no bit.
    order = np.lexsort((weights, both))
    summed: Floats = np.bincount(both[order], weights[order], classes * 4).astype(np.float64)
    people = np.bincount(both[weights != 0], minlength=classes * 4)
    return ClassSums(summed.reshape(classes, 4), people.reshape(classes, 4).astype(np.int64))


def _divided(above: Floats, below: Floats) -> Floats:
    """Quotients; infinite where nothing is divided by, one where there is nothing to divide either."""
    found: Floats = np.where(below != 0, above / np.where(below != 0, below, 1.0), np.inf)
    return np.where((above == 0) & (below == 0), 1.0, found)


def class_weights(weights: Floats, kind: Integers, of_class: Integers, sums: ClassSums) -> pa.Table:
    """The weights of records times the factors of their classes, and the factors."""
    of_kind = np.zeros((len(sums.weights), 4))
    of_kind[:, RESPONDENT] = sums.of_respondents
    of_kind[:, INELIGIBLE] = sums.of_known
    factor = of_kind[of_class, kind]
    # Nobody needs the factor of a class without weights.
    factor = np.where(np.isfinite(factor), factor, 0.0)
    return pa.table({"weight": weights * factor, "factor": factor})


def class_table(names: Sequence[str], sums: ClassSums, steps: Sequence[int]) -> pa.Table:
    """One row for each class: its people by outcome, and its factors; empty where a class needs none."""
    finite = np.isfinite(sums.of_respondents)
    return pa.table(
        {
            "class": pa.array(names, pa.string()),
            "steps": pa.array(steps, pa.int64()),
            "respondents": sums.people[:, RESPONDENT],
            "nonrespondents": sums.people[:, NONRESPONDENT],
            "ineligible": sums.people[:, INELIGIBLE],
            "undecided": sums.people[:, UNDECIDED],
            "factor": pa.array(sums.of_respondents, mask=~finite),
            "factor_of_known": pa.array(sums.of_known, mask=~np.isfinite(sums.of_known)),
        }
    )
