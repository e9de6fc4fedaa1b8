"""Strata of people with like propensities, joined with their neighbours until each has enough respondents."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sojourn.errors import DataRefused
from sojourn.statistics.weighting.classes import (
    COLLAPSED,
    ClassSums,
    Nonresponse,
    class_sums,
    class_table,
    class_weights,
)
from sojourn.statistics.weighting.outcomes import NONRESPONDENT, RESPONDENT

__all__ = ["propensity_strata"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def propensity_strata(
    chance: Floats,
    kind: Integers,
    weights: Floats,
    *,
    strata: int,
    minimum: int,
    maximum: float,
    details: Mapping[str, Any],
) -> Nonresponse:
    """Weights with which the respondents of each stratum stand for all who were asked in it.

    `chance` is each record's propensity, `kind` its outcome. Strata have equal numbers of people as far as
    equal propensities allow. One that will not do is joined with the neighbour that has fewer respondents,
    the lower one of two equals; the lowest that will not do goes first.

    Raises: DataRefused when even all together will not do.
    """
    stratum = _of_equal_numbers(chance, kind, weights, strata)
    collapsed: list[dict[str, Any]] = []
    while True:
        sums = class_sums(stratum, kind, weights, int(stratum.max()) + 1)
        wrong = np.flatnonzero(sums.wrong(minimum, maximum))
        if not len(wrong):
            break
        at = int(wrong[0])
        if len(sums.weights) == 1:
            raise DataRefused(
                f"All strata together have {int(sums.people[0, RESPONDENT]):,} respondents and the factor"
                f" {sums.of_respondents[0]:.4g}; asked are {minimum:,} and at most {maximum:g}.",
                "Ask for less.",
            )
        other = _neighbour(at, sums.people[:, RESPONDENT])
        collapsed.append(_collapse(chance, stratum, sums, at, other))
        stratum = np.where(stratum >= max(at, other), stratum - 1, stratum)
    names = [_name(chance, stratum == at) for at in range(len(sums.weights))]
    return Nonresponse(
        class_weights(weights, kind, stratum, sums), class_table(names, sums, [0] * len(names)),
        pa.Table.from_pylist(collapsed, COLLAPSED), "propensity strata", kind, stratum, details,
    )  # fmt: skip


def _of_equal_numbers(chance: Floats, kind: Integers, weights: Floats, strata: int) -> Integers:
    """Strata with equal numbers of people who were asked, as far as equal propensities allow."""
    asked = ((kind == RESPONDENT) | (kind == NONRESPONDENT)) & (weights > 0)
    if not asked.any():
        raise DataRefused("Nobody with a weight was asked.", "Look at the weights and the outcomes.")
    edges = np.unique(np.quantile(chance[asked], np.arange(1, strata) / strata))
    _, stratum = np.unique(np.searchsorted(edges, chance, side="left"), return_inverse=True)
    found: Integers = stratum.reshape(-1).astype(np.int64)
    return found


def _collapse(chance: Floats, stratum: Integers, sums: ClassSums, at: int, other: int) -> dict[str, Any]:
    factor = float(sums.of_respondents[at])
    return {
        "class": _name(chance, stratum == at),
        "respondents": int(sums.people[at, RESPONDENT]),
        "factor": factor if math.isfinite(factor) else None,
        "became": _name(chance, (stratum == at) | (stratum == other)),
    }


def _neighbour(at: int, respondents: Integers) -> int:
    """The stratum beside this one that has fewer respondents, the lower one of two equals."""
    beside = [place for place in (at - 1, at + 1) if 0 <= place < len(respondents)]
    return min(beside, key=lambda place: (int(respondents[place]), place))


def _name(chance: Floats, here: npt.NDArray[np.bool_]) -> str:
    return f"propensity {chance[here].min():.4f} to {chance[here].max():.4f}"
