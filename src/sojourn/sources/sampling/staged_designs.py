"""How a sample was drawn, stage by stage, and how much a weighted sum varies because of that.

At each stage units are drawn at random without replacement within strata; strata and units nest, so that a
number of a unit may be used again in another stratum. Two facts of any two rows suffice for the variance: how
far down they share units and strata, and with which probability a unit was drawn. `levels` holds them as
groups: one minus the product of two rows' probabilities over their joint one is the sum of the increments of
the groups that both are in. So sums over groups replace the matrix of all pairs, and the work grows with the
number of rows, not with its square.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa

from sojourn.errors import DataRefused, ProjectError
from sojourn.sources.sampling.sample_columns import (
    Codes,
    Floats,
    known_codes,
    places_of,
    positive_numbers,
)

__all__ = ["Draw", "Level", "Stage", "StagedDesign", "grouped_sums", "stage_of", "staged_draw", "units_of"]

SingleUnits = Literal["refuse", "certain"]


@dataclass(frozen=True)
class Stage:
    """One stage of a draw.

    `units` is the column that tells units apart (none: each row is one), `strata` the columns of strata
    within the unit of the stage before, and `population` the column with the number of units in the whole
    stratum.
    """

    units: str | None = None
    strata: tuple[str, ...] = ()
    population: str | None = None


@dataclass(frozen=True)
class StagedDesign:
    """The columns that say how the rows of a table were drawn.

    Without `weight` the weight is the product, over the stages, of population by sample. Where populations
    are not known, units of the first stage are taken to be drawn `with_replacement`, which must be said, and
    a weight is needed. A stratum with a single sampled unit of several says nothing of its variance: it is
    refused, or with `single_units="certain"` taken to add none.
    """

    stages: tuple[Stage, ...] = (Stage(),)
    weight: str | None = None
    with_replacement: bool = False
    single_units: SingleUnits = "refuse"

    def __post_init__(self) -> None:
        if not self.stages:
            raise ProjectError("A design needs at least one stage.", "Declare who was drawn, and from where.")
        if self.with_replacement:
            if self.weight is None:
                raise ProjectError(
                    "Draws with replacement have no weight of their own.", "Name the column of weights."
                )
        elif any(stage.population is None for stage in self.stages):
            raise ProjectError(
                "A stage does not say how many units its strata have.",
                "Name the column `population` of every stage, or say `with_replacement`.",
            )
        if any(stage.units is None for stage in self.stages[:-1]):
            raise ProjectError(
                "A stage that another follows does not say which rows belong to one unit.",
                "Name its column `units`; only the last stage may have single rows as units.",
            )


@dataclass(frozen=True)
class Level:
    """Groups of rows, and what sharing one adds to one minus the ratio of probabilities, row by row."""

    groups: Codes
    increment: Floats


@dataclass(frozen=True)
class _Drawn:
    """One stage as drawn, by row: unit, stratum, the stratum's sampling fraction and its sampled units."""

    units: Codes
    strata: Codes
    fraction: Floats
    sampled: Floats
    is_silent: bool = False  # whether strata of one unit are taken to add no variance


@dataclass(frozen=True)
class Draw:
    """A sample that was drawn in stages: its weights, and what tells how its sums vary.

    `levels` are the groups that `Level` describes, from the widest to the narrowest. `degrees_of_freedom` are
    the first stage's sampled units less its strata.
    """

    weights: Floats
    levels: tuple[Level, ...]
    stages: tuple[_Drawn, ...]
    degrees_of_freedom: int

    @staticmethod
    def of_stages(stages: tuple[_Drawn, ...], weights: Floats, degrees_of_freedom: int) -> Draw:
        """A draw with the levels that its stages have."""
        return Draw(weights, tuple(_levels(stages)), stages, degrees_of_freedom)

    def covariance(self, weighted: Floats) -> Floats:
        """The estimated covariances of the sums of columns of weighted values, rows × k to k × k.

        Of each stage it is the spread of the units' sums within strata, times the fraction of them that was
        not drawn, times the probability of the units of the stages before. Unbiased for simple random
        sampling without replacement at each stage; with replacement it is that of the first stage's units.
        """
        found = np.zeros((weighted.shape[1], weighted.shape[1]))
        before = np.ones(len(weighted))
        for stage in self.stages:
            first = _first_rows(stage.units)
            sums = grouped_sums(stage.units, weighted)
            strata = stage.strata[first]
            counts = np.bincount(strata)[strata][:, None]
            means = grouped_sums(strata, sums)[strata] / counts
            drawn = stage.sampled[first]
            spread = np.where(drawn > 1, drawn / np.maximum(drawn - 1, 1), 0.0)
            factor = before[first] * (1 - stage.fraction[first]) * spread
            apart = sums - means
            found += apart.T @ (apart * factor[:, None])
            before = before * stage.fraction
        return found


def grouped_sums(groups: Codes, values: Floats) -> Floats:
    """Sums of the columns of values over groups numbered from 0."""
    size = int(groups.max()) + 1 if len(groups) else 0
    found: Floats = np.stack(
        [np.bincount(groups, values[:, place], size) for place in range(values.shape[1])], axis=1
    )
    return found


def staged_draw(table: pa.Table, design: StagedDesign, *, within: tuple[str, ...] = ()) -> Draw:
    """What a design says of the rows of a table; `within` are columns of samples drawn independently.

    Raises: DataRefused for columns that are absent, have gaps or contradict each other, populations smaller
    than the sample, and strata with a single unit.
    """
    if not len(table):
        raise DataRefused("The sample has no row.", "Look whether the right file was given.")
    parent, drawn = known_codes(table, within), []
    for number, stage in enumerate(design.stages):
        strata = places_of(parent, known_codes(table, stage.strata))
        units = units_of(table, stage.units, strata)
        sampled = _units_in(strata, units)
        if design.with_replacement:
            population = np.full(len(table), np.inf) if number == 0 else sampled
        else:
            population = _population(table, stage, strata, sampled)
        drawn.append(stage_of(units, strata, sampled, population, design.single_units))
        parent = units
    weights = _inverse(drawn) if design.weight is None else positive_numbers(table, design.weight)
    first = drawn[0]
    freedom = len(np.unique(first.units)) - len(np.unique(first.strata))
    return Draw.of_stages(tuple(drawn), weights, freedom)


def units_of(table: pa.Table, name: str | None, strata: Codes) -> Codes:
    """Numbers of the units that a column tells apart within strata; without one each row is a unit."""
    if name is None:
        return np.arange(len(table), dtype=np.int64)
    return places_of(strata, known_codes(table, (name,)))


def stage_of(
    units: Codes, strata: Codes, sampled: Floats, population: Floats, single_units: SingleUnits
) -> _Drawn:
    """One stage, with a stratum of a single unit refused or silenced.

    Raises: DataRefused when a stratum has one sampled unit of several and that is to be refused.
    """
    is_single = (sampled == 1) & (population > 1)
    if is_single.any() and single_units == "refuse":
        raise DataRefused(
            f"{len(np.unique(strata[is_single]))} strata have a single sampled unit, so that their variance"
            " cannot be estimated.",
            "Merge strata, or say that such units add none (`single_units: certain`).",
        )
    return _Drawn(units, strata, sampled / population, sampled, bool(is_single.any()))


def _population(table: pa.Table, stage: Stage, strata: Codes, sampled: Floats) -> Floats:
    """The number of units in each row's stratum, as the table says."""
    found = positive_numbers(table, str(stage.population))
    order = np.argsort(strata, kind="stable")
    same = strata[order][1:] == strata[order][:-1]
    if np.any(found[order][1:][same] != found[order][:-1][same]):
        raise DataRefused(
            f"The column {stage.population} differs within a stratum.",
            "It is the number of units of the whole stratum: write the same in all of its rows.",
        )
    if np.any(found < sampled):
        raise DataRefused(
            f"The column {stage.population} is less than the units that were drawn from the stratum.",
            "Look at the columns of strata and of units, and at the counts.",
        )
    return found


def _units_in(strata: Codes, units: Codes) -> Floats:
    """How many units the stratum of each row has in the sample."""
    first = _first_rows(units)
    found: Floats = np.bincount(strata[first])[strata].astype(float)
    return found


def _first_rows(units: Codes) -> Codes:
    """The first row of each unit, in the order of the units' numbers."""
    found: Codes = np.unique(units, return_index=True)[1]
    return found


def _inverse(drawn: list[_Drawn]) -> Floats:
    found = np.ones(len(drawn[0].units))
    for stage in drawn:
        found = found / stage.fraction
    return found


def _levels(drawn: tuple[_Drawn, ...]) -> Iterator[Level]:
    """The groups by which pairs of rows differ, with their increments.

    Two units of a stratum are both drawn with the probability n(n - 1)/(N(N - 1)), so the ratio is 1 + c with
    c = (1 - n/N)/(n - 1); of one unit with itself it is n/N.
    """
    before = np.ones(len(drawn[0].units))
    for stage in drawn:
        pair = np.where(stage.sampled > 1, (1 - stage.fraction) / np.maximum(stage.sampled - 1, 1), 0.0)
        own = np.where((stage.sampled == 1) & stage.is_silent, 1.0, stage.fraction)
        yield Level(stage.strata, before * pair)
        yield Level(stage.units, before * (own - 1 - pair))
        before = before * stage.fraction
