"""Non-response by response propensities: how likely people like each one were to answer.

A logistic regression of answering on what is known of everybody gives the propensities. Respondents are
divided by theirs, or people are sorted by it into strata, in each of which respondents stand for all: that
needs the model to rank people only, and makes no extreme weights.

Source: P. Rosenbaum and D. Rubin, Biometrika 70 (1983); R. Little, International Statistical Review 54
(1986).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from sojourn.concepts import UNKNOWN
from sojourn.errors import DataRefused, ProjectError, shown
from sojourn.integration.generalised_linear import is_separated, logistic
from sojourn.statistics.weighting.auxiliaries import numbers_of, require_columns
from sojourn.statistics.weighting.calibration import require_weights
from sojourn.statistics.weighting.classes import COLLAPSED, Nonresponse, adjusted_replicates
from sojourn.statistics.weighting.grouped_rows import equal_rows
from sojourn.statistics.weighting.outcomes import INELIGIBLE, NONRESPONDENT, RESPONDENT, UNDECIDED, Outcomes
from sojourn.statistics.weighting.strata import propensity_strata

__all__ = ["Propensity", "adjusted_by_propensity", "propensity_replicates"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
_NEAR_CERTAIN = 1e-6


@dataclass(frozen=True)
class Propensity:
    """What the propensities depend on, and what is made of them.

    `codes` are columns of categories, an unknown code being one, `numbers` of numbers. Records count with
    their weight in the regression if `weighted`. `strata` are so many of equal numbers of people; neighbours
    are joined until each has `minimum_respondents` and no factor above `maximum_factor`. With `inverse` a
    greater factor is refused.
    """

    codes: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    use: Literal["strata", "inverse"] = "strata"
    strata: int = 5
    weighted: bool = True
    minimum_respondents: int = 20
    maximum_factor: float = 3.0

    def __post_init__(self) -> None:
        if not self.codes and not self.numbers:
            raise ProjectError("Propensities depend on no column.", "Name columns in `codes` or `numbers`.")
        if self.use not in ("strata", "inverse"):
            raise ProjectError(
                f"Propensities cannot be used as {self.use!r}.", "Declare `strata` or `inverse`."
            )
        if self.strata < 1 or self.minimum_respondents < 1 or not self.maximum_factor > 1:
            raise ProjectError(
                "Propensities need a stratum, a respondent in it, and a greatest factor above one.",
                "Declare for instance 5 strata, 20 respondents and a factor of 3.",
            )


def adjusted_by_propensity(
    records: pa.Table, outcomes: Outcomes, propensity: Propensity, *, weight: str
) -> Nonresponse:
    """Weights of respondents adjusted by how likely people like them were to answer.

    Ineligible records keep their weight. The table of classes has the strata with their limits; with
    `inverse` it has one row for everybody.

    Raises: ProjectError for columns, and for undecided outcomes, which classes must deal with before;
    DataRefused when the columns tell respondents from others without error, or a factor is too great.
    """
    weights = require_weights(records, weight)
    kind = outcomes.of(records)
    if np.any(kind == UNDECIDED):
        raise ProjectError(
            "Propensities do not say who is of the population, and some outcomes are undecided.",
            "Use weighting classes, or declare undecided outcomes as nonrespondents or ineligible.",
        )
    chance, coefficients = _propensities(records, kind, weights, propensity)
    details: dict[str, Any] = {"use": propensity.use, "coefficients": coefficients}
    if propensity.use == "strata":
        return propensity_strata(
            chance, kind, weights, strata=propensity.strata, details=details,
            minimum=propensity.minimum_respondents, maximum=propensity.maximum_factor,
        )  # fmt: skip
    return _inverse(chance, kind, weights, propensity.maximum_factor, details)


def _inverse(
    chance: Floats, kind: Integers, weights: Floats, maximum: float, details: dict[str, Any]
) -> Nonresponse:
    factor = _inverse_factors(chance, kind)
    greatest = float(factor[weights > 0].max(initial=1.0))
    if greatest > maximum:
        raise DataRefused(
            f"The greatest factor by propensity is {greatest:.4g}, above {maximum:g}.",
            "Use `strata`, or allow more and trim the weights.",
        )
    people = np.bincount(kind[weights > 0], minlength=4)
    of_respondents = factor[(kind == RESPONDENT) & (weights > 0)]
    classes = pa.table(
        {
            "class": ["everybody"],
            "respondents": people[[RESPONDENT]],
            "nonrespondents": people[[NONRESPONDENT]],
            "ineligible": people[[INELIGIBLE]],
            "least_factor": [float(of_respondents.min(initial=greatest))],
            "greatest_factor": [greatest],
        }
    )
    adjusted = pa.table({"weight": weights * factor, "factor": factor})
    return Nonresponse(
        adjusted, classes, COLLAPSED.empty_table(), "inverse propensity", kind,
        np.zeros(len(kind), np.int64), details,
    )  # fmt: skip


def _inverse_factors(chance: Floats, kind: Integers) -> Floats:
    found: Floats = np.where(kind == RESPONDENT, 1 / chance, np.where(kind == INELIGIBLE, 1.0, 0.0))
    return found


def propensity_replicates(
    records: pa.Table, done: Nonresponse, propensity: Propensity, replicates: Sequence[str]
) -> pa.Table:
    """Each replicate weight adjusted as the main weight was.

    Strata stay, with factors of the replicate; with `inverse` the regression is fitted anew to each.

    Raises: as `adjusted_by_propensity`; DataRefused for negative replicate weights with `inverse`.
    """
    if propensity.use == "strata":
        return adjusted_replicates(records, done, replicates)
    require_columns(records, replicates)
    columns = {}
    for name in replicates:
        weights = numbers_of(records, name)
        if np.any(weights < 0):
            raise DataRefused(
                f"The replicate weight {shown(name)} is negative: it can count in no regression.",
                "Use `strata`.",
            )
        chance, _ = _propensities(records, done.kind, weights, propensity)
        columns[name] = weights * _inverse_factors(chance, done.kind)
    return pa.table(columns)


def _propensities(
    records: pa.Table, kind: Integers, weights: Floats, propensity: Propensity
) -> tuple[Floats, dict[str, float]]:
    """Each record's propensity, and the coefficients of the regression on the logit scale."""
    design, names = _design(records, propensity)
    group, first = equal_rows(sparse.csr_array(design))
    rows = design[first]
    counts = weights if propensity.weighted else (weights > 0).astype(np.float64)
    asked = np.where((kind == RESPONDENT) | (kind == NONRESPONDENT), counts, 0.0)
    whole = np.bincount(group, asked, len(rows))
    answered = np.bincount(group, np.where(kind == RESPONDENT, asked, 0.0), len(rows))
    used = whole > 0
    shares = answered[used] / whole[used]
    kept = _independent(rows[used])
    try:
        # Only their relation to each other matters to the estimates; near one they are easiest to work with.
        found = logistic(rows[used][:, kept], shares, whole[used] / whole[used].mean())
    except ArithmeticError as error:
        raise _separated() from error
    extreme = np.minimum(found.means, 1 - found.means).min(initial=1.0) < _NEAR_CERTAIN
    if extreme and _tells(rows[used][:, kept], shares):
        raise _separated()
    linear = rows[:, kept] @ found.coefficients
    coefficients = {names[at]: float(each) for at, each in zip(kept, found.coefficients, strict=True)}
    return (1 / (1 + np.exp(-linear)))[group], coefficients


def _tells(rows: Floats, shares: Floats) -> bool:
    """Whether the columns tell respondents from others; rows with both stand on both sides."""
    some, others = rows[shares > 0], rows[shares < 1]
    answers = np.concatenate([np.ones(len(some)), np.zeros(len(others))])
    return is_separated(np.vstack([some, others]), answers)


def _separated() -> DataRefused:
    return DataRefused(
        "The response propensities do not exist: a column tells without error who answered.",
        "Leave out the column, merge its codes, or use weighting classes.",
    )


def _design(records: pa.Table, propensity: Propensity) -> tuple[Floats, list[str]]:
    """Records × columns: ones, a column for each code but the first, and the numbers."""
    require_columns(records, [*propensity.codes, *propensity.numbers])
    columns, names = [np.ones(len(records))], ["intercept"]
    for name in propensity.codes:
        coded = pc.fill_null(records[name].cast(pa.string()), UNKNOWN).combine_chunks().dictionary_encode()
        codes = coded.dictionary.to_pylist()
        places = coded.indices.to_numpy()
        for code in sorted(codes)[1:]:
            columns.append((places == codes.index(code)).astype(np.float64))
            names.append(f"{name} {shown(code)}")
    for name in propensity.numbers:
        columns.append(numbers_of(records, name))
        names.append(name)
    return np.column_stack(columns), names


def _independent(rows: Floats) -> list[int]:
    """Columns that do not follow from those before them."""
    scale = np.sqrt((rows**2).sum(axis=0))
    scaled = rows / np.where(scale > 0, scale, 1.0)
    factor = np.abs(np.diag(np.linalg.qr(scaled, mode="r")))
    return [at for at, length in enumerate(factor) if length > 1e-8]
