"""Sampling designs whose variance is linearised: how the records of a survey were drawn.

A design names the columns that say it: the weight and, for each stage of selection, the sampling unit, the
stratum it was drawn in and the size of that stratum or the sampling fraction. Nothing is guessed. Units that
bear the same number in two strata are one unit or two; which of them must be declared where it occurs. A
stratum in which one unit was drawn says nothing of its variance; what is then assumed must be declared too.

Later stages add to the variance only where the stage above has a population size or a fraction; without one
the units are taken as drawn with replacement, and their spread holds all that happened within them.

All of these stages are one phase. Where its answers decided who was asked again, there is a second one, and
its records are among those of the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sojourn.errors import ProjectError

__all__ = [
    "EACH_RECORD",
    "SINGLE_UNIT_RULES",
    "CalibratedTo",
    "CensusDesign",
    "SecondPhase",
    "SingleUnit",
    "Stage",
    "TaylorDesign",
]

EACH_RECORD = "each_record"
SingleUnit = Literal["error", "certainty", "around_zero", "average"]
SINGLE_UNIT_RULES: tuple[SingleUnit, ...] = ("error", "certainty", "around_zero", "average")


@dataclass(frozen=True)
class CensusDesign:
    """Everyone was asked: figures have no sampling error. A weight, where there is one, repairs coverage."""

    weight: str | None = None


@dataclass(frozen=True)
class CalibratedTo:
    """What the weights of a sample were calibrated to.

    `base_weight` is the column of the weights before that. Each of `margins` names columns whose crossed
    codes have known totals of persons; a margin without columns is the number of all persons. `numbers` are
    columns whose own totals are known.
    """

    base_weight: str
    margins: tuple[tuple[str, ...], ...] = ()
    numbers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "margins", tuple(tuple(each) for each in self.margins))
        object.__setattr__(self, "numbers", tuple(self.numbers))
        if not self.margins and not self.numbers:
            raise ProjectError(
                "Calibrated weights without a margin or number are not calibrated.",
                "Name the `margins` whose totals were known, or leave the calibration out.",
            )

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the margins and numbers, each once, in order."""
        named = [name for margin in self.margins for name in margin]
        return tuple(dict.fromkeys([*named, *self.numbers]))


@dataclass(frozen=True)
class Stage:
    """One stage of selection: units drawn within strata, within the unit of the stage above.

    `unit` is the column of the sampling unit; `each_record` says that every record is a unit of its own.
    `population` is the column with the number of units that the stratum holds, `fraction` the column with
    the share of them that was drawn: at most one of the two.
    """

    unit: str
    stratum: str | None = None
    population: str | None = None
    fraction: str | None = None

    @property
    def is_finite(self) -> bool:
        """Whether drawing without replacement from a finite number of units is declared."""
        return self.population is not None or self.fraction is not None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the records that the stage names."""
        unit = None if self.unit == EACH_RECORD else self.unit
        return tuple(name for name in (self.stratum, unit, self.population, self.fraction) if name)


@dataclass(frozen=True)
class SecondPhase:
    """How records of a first phase were drawn again: at random, without replacement, within strata.

    The records are all those of the first phase. `drawn` is the column that says of whom the figures are: 1
    for records that were drawn again, 0 for the others, whose answers and weights count nowhere. The others
    are needed all the same: how many units each stratum of either phase has is counted in the records, and a
    first unit of which nobody was drawn again still was drawn.

    `strata` are columns, crossed, known of every record of the first phase; without them all are one. `unit`
    is the column of what was drawn, such as a household, or `each_record`. Units of several records are told
    apart within the last stage of the first phase, and are drawn whole.

    `weight_covers` says whose the design's weight is: that of `both_phases`, a product, which only those
    drawn again have; or that of the `first_phase`, which is then multiplied by the units that a stratum of
    the second has for each one drawn.
    """

    drawn: str
    unit: str
    weight_covers: Literal["first_phase", "both_phases"]
    strata: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "strata", tuple(self.strata))
        if self.weight_covers not in ("first_phase", "both_phases"):
            raise ProjectError(
                f"The weight of a two-phase sample cannot cover {self.weight_covers!r}.",
                "Say `both_phases` if it is the product of both weights, otherwise `first_phase`.",
            )
        named = self.columns
        if not self.drawn or not self.unit or len(set(named)) < len(named):
            raise ProjectError(
                "A second phase does not name a column each for who was `drawn`, their `unit` and `strata`.",
                f"Name each once; the unit is `{EACH_RECORD}` where every record was drawn by itself.",
            )

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the records that the second phase names."""
        return (self.drawn, *self.strata, *(() if self.unit == EACH_RECORD else (self.unit,)))


@dataclass(frozen=True)
class TaylorDesign:
    """Strata, units and weights of a sample whose variance is linearised.

    `numbered` says how units of the first stage are told apart: `across` all strata by their number alone,
    or `within_strata`, where a number may recur in another stratum. Left out, a number that recurs is an
    error. `single_unit` says what a stratum with one sampled unit adds to the variance: `error` refuses it,
    `certainty` nothing, as the unit was sure to be drawn, `around_zero` the square of the unit's own total,
    `average` what the other strata add on average.

    With `calibrated`, a figure varies only as far as the known totals do not explain it: the variance is that
    of residuals from a regression on them. Raked weights are taken as calibrated to the same margins.

    With `second_phase`, the stages are those of the first phase, and figures are of those drawn again.

    Source: Särndal, Swensson and Wretman, Model Assisted Survey Sampling, 1992, chapters 4, 5 and 9; rules
    for single units are those of R `survey`, option `survey.lonely.psu`, where `around_zero` is `adjust`.
    """

    weight: str
    stages: tuple[Stage, ...]
    numbered: Literal["across", "within_strata"] | None = None
    single_unit: SingleUnit = "error"
    calibrated: CalibratedTo | None = None
    second_phase: SecondPhase | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "stages", tuple(self.stages))
        for complaint, remedy in _complaints(self):
            raise ProjectError(f"A sampling design {complaint}", remedy)

    @property
    def effective_stages(self) -> tuple[Stage, ...]:
        """The stages that add to the variance: those up to the first that is not finite."""
        for place, stage in enumerate(self.stages):
            if not stage.is_finite:
                return self.stages[: place + 1]
        return self.stages

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the records that tell units, strata and their sizes, each once, in order.

        They are those of the effective stages. Units of a second phase lie within the last stage, whether it
        adds to the variance or not: they need the units and strata of all.
        """
        named = [name for stage in self.effective_stages for name in stage.columns]
        if self.second_phase is not None:
            if self.second_phase.unit != EACH_RECORD:
                named += [name for stage in self.stages for name in (stage.stratum, stage.unit) if name]
            named += self.second_phase.columns
        return tuple(dict.fromkeys(named))

    @property
    def is_by_record(self) -> bool:
        """Whether units that add to the variance are the records themselves."""
        second = self.second_phase
        return EACH_RECORD in (self.effective_stages[-1].unit, second and second.unit)

    @property
    def all_columns(self) -> tuple[str, ...]:
        """Those columns and the ones to which weights were calibrated."""
        more = self.calibrated.columns if self.calibrated else ()
        return tuple(dict.fromkeys([*self.columns, *more]))


def _complaints(design: TaylorDesign) -> list[tuple[str, str]]:
    """What is wrong with a design, and what to do about it."""
    found = []
    if not design.weight:
        found.append(("does not name its weight.", "Name the column of the weight."))
    if not design.stages:
        found.append(
            (
                "has no stage.",
                f"Name the `unit` of the first stage; `{EACH_RECORD}` if every record was drawn by itself.",
            )
        )
    for place, stage in enumerate(design.stages, start=1):
        if stage.population is not None and stage.fraction is not None:
            found.append((f"gives both population and fraction in stage {place}.", "Give one of the two."))
        if stage.unit == EACH_RECORD and place < len(design.stages):
            found.append((f"draws each record in stage {place}, and then others.", "Only a last stage does."))
    units = [stage.unit for stage in design.stages]
    if len(set(units)) < len(units):
        found.append(("has two stages with the same unit.", "Name each stage's own column."))
    if design.numbered not in (None, "across", "within_strata"):
        found.append(
            (f"cannot number units {design.numbered!r}.", "They are numbered `across` or `within_strata`.")
        )
    if design.single_unit not in SINGLE_UNIT_RULES:
        found.append(
            (
                f"has no rule {design.single_unit!r} for single units.",
                f"The rules are {', '.join(SINGLE_UNIT_RULES)}.",
            )
        )
    if design.single_unit == "average" and len(design.effective_stages) > 1:
        found.append(
            (
                "averages single units, but has variance at more than one stage.",
                "Declare `certainty` or `around_zero`, or leave out the population sizes of stage 1.",
            )
        )
    return found if design.second_phase is None else found + _of_phases(design, design.second_phase)


def _of_phases(design: TaylorDesign, second: SecondPhase) -> list[tuple[str, str]]:
    """What is wrong with how both phases fit together."""
    above = [name for stage in design.stages for name in (stage.stratum, stage.unit)][:-1]
    taken = {design.weight, *(name for stage in design.stages for name in (stage.unit, stage.population))}
    is_by_record = bool(design.stages) and design.stages[-1].unit == EACH_RECORD
    rules = [
        (
            is_by_record and second.unit != EACH_RECORD,
            f"draws each record in its first phase, and units of {second.unit} in its second.",
            f"Units of the second phase lie within the first's: declare `unit: {EACH_RECORD}`, or the unit"
            " that the first phase drew.",
        ),
        (
            second.unit in above,
            f"draws {second.unit} in its second phase, of which the first drew parts.",
            "Units of the second phase lie within the last stage of the first: declare as stages those that"
            f" led to {second.unit}.",
        ),
        (
            design.single_unit == "average",
            "averages single units, but has variance at both of its phases.",
            "Declare `certainty` or `around_zero`, or join strata with single units to others.",
        ),
        (
            design.calibrated is not None and second.weight_covers == "first_phase",
            "has weights that are calibrated, and yet of the first phase alone.",
            "Name the calibrated weights of those drawn again, and declare `weight_covers: both_phases`.",
        ),
        (
            not taken.isdisjoint((second.drawn, *second.strata)),
            "names a column as `drawn` or stratum of the second phase that is something else already.",
            "Name the column that says who was drawn again, and those of what the first phase told.",
        ),
    ]
    return [(complaint, remedy) for is_broken, complaint, remedy in rules if is_broken]
