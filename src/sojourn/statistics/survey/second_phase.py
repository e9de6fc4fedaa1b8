"""A second phase: what it adds to the variance, as stages of squares between units like those of the first.

With both phases' weights in them, amounts t of those drawn again estimate a total. Its variance is that of
the first phase, had everyone been asked, and what the second adds. The first phase's is a sum over pairs of
records, A(k, l) t(k) t(l). An unbiased estimate divides each pair by the chance that the second phase draws
both; the weights have divided by the chances of each. With n of N units drawn in a stratum of the second
phase the two are alike for units of two strata, differ by the factor 1 + c, where c = (N-n) / (N (n-1)), for
two units of one stratum, and by n/N for a unit with itself. So the variance is the sum of

1. the first phase's squares of t, as though it had drawn those alone who were asked;
2. for each stratum of the second phase, c times the first phase's squares of t in that stratum;
3. for each unit of the second phase n/N - 1 - c times the first phase's square of its own t, which is
   never above zero: what the chance of the second phase added to the squares of 1 and 2;
4. the squares of t between units of each stratum of the second phase, times n/(n-1) (1 - n/N).

A stratum in which one of several units was drawn has no pairs: c is 0, and the chances of its pairs are taken
as those of two strata.

Source: Särndal, Swensson and Wretman, Model Assisted Survey Sampling, 1992, equation 9.3.7; R `survey`,
`twophase` with method "full".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.errors import ContractBroken
from sojourn.statistics.survey.positions import numbered
from sojourn.statistics.survey.stage_units import StageUnits, first_rows, paired, refuse_single
from sojourn.statistics.survey.taylor_design import EACH_RECORD, SecondPhase, SingleUnit

__all__ = ["drawn_again", "second_phase_stages"]

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def drawn_again(column: pa.ChunkedArray) -> Flags:
    """By row, whether it was drawn again."""
    found: Flags = pc.equal(pc.cast(column, pa.float64()), 1.0).to_numpy()
    return found


def second_phase_stages(
    is_drawn: Flags,
    codes: Mapping[str, Integers],
    within: Integers,
    first_phase: Sequence[StageUnits],
    phase: SecondPhase,
    single_unit: SingleUnit,
) -> tuple[StageUnits, ...]:
    """What the second phase adds to the stages of the first: squares that are added up; its own come last.

    `within` is by row the unit of the first phase's last stage, in which units of the second lie.

    Raises: ContractBroken for units that were drawn in part or lie in two strata, and for strata of which
    nobody was drawn; ProjectError for strata with a single unit, unless `single_unit` says what they add.
    """
    stratum, unit = _drawn_from(codes, within, phase)
    first = first_rows(unit)
    own_stratum = stratum[first]
    _refuse_divided(unit, is_drawn, is_drawn[first], stratum, own_stratum, phase)
    held = np.bincount(own_stratum)
    drawn = np.bincount(own_stratum, is_drawn[first]).astype(np.int64)
    _refuse_undrawn(held, drawn, phase)
    chance = drawn / held
    many = drawn > 1
    pairs = np.where(many, (held - drawn) / (held * np.maximum(drawn - 1.0, 1.0)), 0.0)
    spread = (1.0 - chance) * np.where(many, drawn / np.maximum(drawn - 1, 1), 1.0)
    between = StageUnits(unit, own_stratum, drawn, spread, ~many & (held > drawn))
    if single_unit == "error":
        refuse_single(between, "At the second phase", _named(phase), "certainty or around_zero")
    elif single_unit == "certainty":
        between.factor[between.is_single] = 0.0
    own = (chance - 1.0 - pairs)[own_stratum] * _own_squares(first_phase, first)
    of_units = np.arange(len(first), dtype=np.int64)
    alone = StageUnits(unit, of_units, np.ones_like(of_units), own, np.ones(len(first), np.bool_))
    return (*(_in_strata(stage, stratum, pairs) for stage in first_phase), alone, between)


def _drawn_from(
    codes: Mapping[str, Integers], within: Integers, phase: SecondPhase
) -> tuple[Integers, Integers]:
    """By row the stratum and the unit of the second phase."""
    stratum = np.zeros(len(within), np.int64)
    for name in phase.strata:
        stratum = paired(stratum, codes[name])
    if phase.unit == EACH_RECORD:
        return stratum, np.arange(len(within), dtype=np.int64)
    return stratum, paired(within, codes[phase.unit])


def _in_strata(stage: StageUnits, stratum: Integers, pairs: Floats) -> StageUnits:
    """The squares of a stage of the first phase within each stratum of the second.

    A unit is what of a unit of the stage lies in one of these strata. Units without any are there as well,
    with nothing: a stratum has as many as were drawn.
    """
    unit = paired(stage.unit_of_row, stratum)
    first = first_rows(unit)
    outer, inner = stage.stratum_of_unit[stage.unit_of_row[first]], stratum[first]
    own_stratum, one = numbered(outer * len(pairs) + inner)
    outer, inner = outer[one], inner[one]
    return StageUnits(
        unit, own_stratum, stage.drawn[outer], stage.factor[outer] * pairs[inner], stage.is_single[outer]
    )


def _own_squares(first_phase: Sequence[StageUnits], first: Integers) -> Floats:
    """By unit of the second phase, of which `first` is a row, what multiplies its own square in the first."""
    found = np.zeros(len(first))
    for stage in first_phase:
        outer = stage.stratum_of_unit[stage.unit_of_row[first]]
        centred = np.where(stage.is_single, 1.0, 1.0 - 1.0 / stage.drawn)
        found += (stage.factor * centred)[outer]
    return found


def _refuse_divided(
    unit: Integers,
    is_drawn: Flags,
    unit_is_drawn: Flags,
    stratum: Integers,
    own_stratum: Integers,
    phase: SecondPhase,
) -> None:
    if (is_drawn != unit_is_drawn[unit]).any():
        raise ContractBroken(
            f"Of a unit of {phase.unit} some records were drawn at the second phase, and others not.",
            f"Units are drawn whole: give all records of a unit the same {phase.drawn}; who did not answer"
            f" was drawn. If single records were drawn, declare `unit: {EACH_RECORD}`.",
        )
    if (stratum != own_stratum[unit]).any():
        raise ContractBroken(
            f"A unit of {phase.unit} lies in more than one stratum of the second phase ({_named(phase)}).",
            "A unit is drawn in one stratum: say in which for all its records, as that of the household.",
        )


def _refuse_undrawn(held: Integers, drawn: Integers, phase: SecondPhase) -> None:
    if len(drawn) and (drawn == held).all():
        raise ContractBroken(
            f"{phase.drawn} says that every record was drawn at the second phase.",
            "The file holds all records of the first phase: add those that were not drawn, or, if there is"
            " only one phase, leave `second_phase` out.",
        )
    empty = int((drawn == 0).sum())
    if empty:
        raise ContractBroken(
            f"Of {empty:,} of {len(drawn):,} strata of the second phase ({_named(phase)}) nobody was drawn.",
            "Figures would leave these people out: join such strata to others from which some were drawn.",
        )


def _named(phase: SecondPhase) -> str:
    return " × ".join(phase.strata) or "the only stratum"
