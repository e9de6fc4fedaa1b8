"""Replicate weights made from a sampling design: jackknife, balanced repeats, bootstrap, differences.

A replicate gives each sampling unit of the first stage a factor by which its weights are multiplied. Units
are put in the order of their strata and numbers, so that the same design and seed give the same factors in
whatever order records lie.

| kind | a replicate | coefficient |
|---|---|---|
| `jk1` | leaves one unit out of an unstratified sample | (n-1)/n |
| `jkn` | leaves one unit out of one stratum | (n-1)/n of the stratum |
| `jk2` | doubles one of the two units of one stratum, and leaves the other out | 1 |
| `brr` | doubles one unit of every pair by the rows of a Hadamard matrix | 1/R |
| `fay` | the same with factors 2 - rho and rho | 1/(R (1-rho)²) |
| `bootstrap` | n - 1 units drawn with replacement in each stratum (Rao and Wu) | 1/R |
| `successive_difference` | contrasts neighbours in the order of the units (Fay and Train) | 4/R |

Where population sizes or fractions are declared, jackknife coefficients and bootstrap factors are reduced by
them; balanced repeats and successive differences know no such correction and refuse the design.

Sources: Wolter, Introduction to Variance Estimation, 2007; Rao, Wu and Yue, Survey Methodology 18(2), 1992;
Fay and Train, Proceedings of the ASA Section on Government Statistics, 1995; R `survey`, `as.svrepdesign`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sojourn.errors import ProjectError
from sojourn.statistics.design import ReplicateDesign
from sojourn.statistics.survey.hadamard import hadamard
from sojourn.statistics.survey.stage_units import StageUnits
from sojourn.statistics.survey.taylor_design import TaylorDesign
from sojourn.statistics.survey.units import units_of

__all__ = ["REPLICATIONS", "Replication", "with_replicates"]

Kind = Literal["jk1", "jkn", "jk2", "brr", "fay", "bootstrap", "successive_difference"]
REPLICATIONS: tuple[Kind, ...] = ("jk1", "jkn", "jk2", "brr", "fay", "bootstrap", "successive_difference")
_NUMBERED = ("bootstrap", "successive_difference")
_PAIRED = ("jk2", "brr", "fay")
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Replication:
    """How replicate weights are made: kind, how many where that is free, Fay's factor, and the seed.

    Bootstraps and successive differences need `replicates`; bootstraps and `jk2` a `seed`; `fay` its `rho`.
    """

    kind: Kind
    replicates: int | None = None
    rho: float | None = None
    seed: int | None = None
    prefix: str = "replicate_"

    def __post_init__(self) -> None:
        for complaint, remedy in _complaints(self):
            raise ProjectError(f"Replicate weights of kind {self.kind} {complaint}", remedy)


def with_replicates(
    records: pa.Table, design: TaylorDesign, replication: Replication
) -> tuple[pa.Table, ReplicateDesign]:
    """The records with a column for each replicate weight, and the design that goes with them.

    Raises: ProjectError where the design does not fit the kind; ContractBroken as a survey cube does.
    """
    if design.second_phase is not None:
        raise ProjectError(
            "Replicate weights of a two-phase sample cannot be made: they would repeat one phase alone.",
            "Leave them out: the variance of both phases is linearised. Or have the weights delivered.",
        )
    units = units_of({name: records[name] for name in design.columns}, records.num_rows, design)
    if replication.kind in (*_PAIRED, "successive_difference") and design.stages[0].is_finite:
        raise ProjectError(
            f"Replicates of kind {replication.kind} know no finite populations, and the design has them.",
            "Leave out population and fraction (errors are then a little too large); or take jkn.",
        )
    stage = units.stages[0]
    factors, coefficients = _made(stage, replication)
    weight = np.asarray(records[design.weight], dtype=np.float64)
    names = tuple(f"{replication.prefix}{number}" for number in range(1, factors.shape[1] + 1))
    found = records
    for name, factor in zip(names, factors.T, strict=True):
        found = found.append_column(name, pa.array(weight * factor[stage.unit_of_row]))
    freedom = len(stage.stratum_of_unit) - len(stage.drawn)
    if replication.kind == "successive_difference":
        freedom = min(len(names), len(stage.stratum_of_unit)) - 1
    kinds = {"brr": "brr", "fay": "fay", "bootstrap": "bootstrap"} | {
        "successive_difference": "successive_difference"
    }
    kind = kinds.get(replication.kind, "jackknife")
    return found, ReplicateDesign(
        kind,  # type: ignore[arg-type]  # one of the kinds of a design, by the table above
        names,
        None if kind != "jackknife" else tuple(coefficients),
        replication.rho if kind == "fay" else None,
        degrees_of_freedom=max(freedom, 1),
        weight=design.weight,
    )


def _made(stage: StageUnits, replication: Replication) -> tuple[Floats, Floats]:
    """Units × replicates of factors, and the coefficient of each replicate (jackknife only)."""
    draw = np.random.default_rng(replication.seed)
    if replication.kind in ("jk1", "jkn"):
        return _left_out(stage, replication)
    if replication.kind == "bootstrap":
        return _drawn_again(stage, int(replication.replicates or 0), draw), np.empty(0)
    if replication.kind == "successive_difference":
        return _differences(len(stage.stratum_of_unit), int(replication.replicates or 0)), np.empty(0)
    first = _first_of_pair(stage, replication.kind)
    strata = stage.stratum_of_unit
    if replication.kind == "jk2":
        is_doubled = first != (draw.random(len(stage.drawn)) < 0.5)[strata]
        own = strata[:, None] == np.arange(len(stage.drawn))[None, :]
        factors = np.where(own, np.where(is_doubled, 2.0, 0.0)[:, None], 1.0)
        return factors, np.ones(len(stage.drawn))
    signs = hadamard(len(stage.drawn) + 1)[:, 1 : len(stage.drawn) + 1]
    up = (signs.T[strata] > 0) == first[:, None]
    rho = replication.rho or 0.0
    return np.where(up, 2.0 - rho, rho), np.empty(0)


def _left_out(stage: StageUnits, replication: Replication) -> tuple[Floats, Floats]:
    strata, drawn = stage.stratum_of_unit, stage.drawn
    if replication.kind == "jk1" and len(drawn) > 1:
        raise ProjectError(
            f"Replicates of kind jk1 are of a sample without strata, and this one has {len(drawn):,}.",
            "Take jkn.",
        )
    left = np.flatnonzero(~stage.is_single[strata])
    own = strata[:, None] == strata[left][None, :]
    raised = (drawn / np.maximum(drawn - 1, 1))[strata]
    factors = np.where(own, raised[:, None], 1.0)
    factors[left, np.arange(len(left))] = 0.0
    # The stage's factor is (1-f) n/(n-1); the jackknife's is (1-f) (n-1)/n.
    coefficients = stage.factor * ((drawn - 1) / drawn) ** 2
    return factors, coefficients[strata[left]]


def _drawn_again(stage: StageUnits, replicates: int, draw: np.random.Generator) -> Floats:
    strata, drawn = stage.stratum_of_unit, stage.drawn
    first = np.append(0, np.bincount(strata).cumsum())
    in_order = np.argsort(strata, kind="stable")
    factors = np.ones((len(strata), replicates))
    for stratum, count in enumerate(drawn):
        if count < 2:
            continue
        times = draw.multinomial(count - 1, np.full(count, 1.0 / count), size=replicates).T
        # The stage's factor is (1-f) n/(n-1): its root takes the finite population into account.
        finite = np.sqrt(stage.factor[stratum] * (count - 1) / count)
        own = in_order[first[stratum] : first[stratum + 1]]
        factors[own] = 1.0 - finite + finite * times * count / (count - 1)
    return factors


def _differences(units: int, replicates: int) -> Floats:
    signs = hadamard(replicates)
    if len(signs) != replicates:
        raise ProjectError(
            f"There are no {replicates} replicates of successive differences.",
            f"Their number is that of the rows of a Hadamard matrix: {len(signs)} is the next.",
        )
    # The first row is all ones; neighbours share a row, and rows are taken in turn.
    usable = replicates - 1
    one = 1 + np.arange(units) % usable
    other = 1 + (np.arange(units) + 1) % usable
    factors: Floats = 1.0 + 2.0**-1.5 * (signs[one] - signs[other])
    return factors


def _first_of_pair(stage: StageUnits, kind: str) -> npt.NDArray[np.bool_]:
    """Whether each unit is the first of its stratum's two."""
    odd = int((stage.drawn != 2).sum())
    if odd:
        raise ProjectError(
            f"Replicates of kind {kind} need two units in every stratum: {odd:,} strata have others.",
            "Join or split strata so that pairs remain, or take jkn or bootstrap.",
        )
    first = np.zeros(len(stage.stratum_of_unit), np.bool_)
    first[np.unique(stage.stratum_of_unit, return_index=True)[1]] = True
    return first


def _complaints(replication: Replication) -> list[tuple[str, str]]:
    found = []
    if replication.kind not in REPLICATIONS:
        return [("are unknown.", f"The kinds are {', '.join(REPLICATIONS)}.")]
    if (replication.kind in _NUMBERED) != (replication.replicates is not None):
        found.append(("and `replicates` do not fit.", f"Only {' and '.join(_NUMBERED)} say how many."))
    elif replication.replicates is not None and replication.replicates < 2:
        found.append(("need at least two replicates.", "Some hundreds are usual."))
    if (replication.kind == "fay") != (replication.rho is not None):
        found.append(("and `rho` do not fit.", "Only kind fay has a `rho`, from 0 to below 1."))
    elif replication.rho is not None and not 0 <= replication.rho < 1:
        found.append(("have a `rho` that does not fit.", "It is at least 0 and below 1."))
    if replication.kind in ("bootstrap", "jk2") and replication.seed is None:
        found.append(
            ("are drawn, and no seed is declared.", "Give a `seed`: the same one gives the same weights.")
        )
    return found
