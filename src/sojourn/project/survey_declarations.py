"""What is declared of a survey's design: how its sample was drawn, or its replicate weights."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from sojourn.project.declaration import Declaration, Strings

__all__ = [
    "CalibratedDeclaration",
    "ReplicationDeclaration",
    "SecondPhaseDeclaration",
    "StageDeclaration",
    "SurveyDesignDeclaration",
]

_TAYLOR = ("stages", "second_phase", "numbered", "single_unit", "calibrated")
_REPLICATES = ("kind", "weights", "make", "coefficient", "rho", "centre", "degrees_of_freedom")


class StageDeclaration(Declaration):
    """One stage of selection."""

    unit: str = Field(
        description="Column of the sampling unit; `each_record` if records were drawn themselves"
    )
    stratum: str | None = Field(default=None, description="Column of the stratum the unit was drawn in")
    population: str | None = Field(
        default=None, description="Column with the number of units in the stratum, for the finite population"
    )
    fraction: str | None = Field(
        default=None, description="Instead of it: column with the share of the stratum's units that was drawn"
    )


class SecondPhaseDeclaration(Declaration):
    """Who of a first phase was drawn again, at random within strata made of what the first phase told.

    The records are all those of the first phase; figures are of those drawn again. How many units a stratum
    has, and how many were drawn, is counted in the records.
    """

    drawn: str = Field(
        description="Column that is 1 for records drawn again and 0 for those that only the first phase drew"
    )
    unit: str = Field(
        description="Column of what was drawn within the last stage, as a household; `each_record` if records"
    )
    strata: Strings = Field(
        default=(),
        description="Columns, crossed, of the second phase's strata; left out, there is one",
    )
    weight_covers: Literal["first_phase", "both_phases"] = Field(
        description=(
            "Whether `weight` is the product of both phases' weights, or that of the first phase alone, to be"
            " multiplied by the units of the stratum for each one drawn"
        )
    )


class CalibratedDeclaration(Declaration):
    """What weights were calibrated to: figures vary only as far as these known totals do not explain them."""

    base_weight: str = Field(description="Column of the weights before they were calibrated")
    margins: tuple[Strings, ...] = Field(
        default=(),
        description=(
            "Each a column, or several that are crossed, whose totals of persons were known; `[]` is everyone"
        ),
    )
    numbers: Strings = Field(default=(), description="Columns of numbers whose own totals were known")


class ReplicationDeclaration(Declaration):
    """Replicate weights that are made from the stages instead of delivered."""

    kind: Literal["jk1", "jkn", "jk2", "brr", "fay", "bootstrap", "successive_difference"] = Field(
        description="How units are left out, doubled or drawn again"
    )
    replicates: int | None = Field(
        default=None, ge=2, description="How many; of bootstrap and successive_difference"
    )
    rho: float | None = Field(default=None, ge=0, lt=1, description="Fay's factor")
    seed: int | None = Field(default=None, description="What chance starts from; of bootstrap and jk2")

    @model_validator(mode="after")
    def _fits(self) -> ReplicationDeclaration:
        for name, kinds in (
            ("replicates", ("bootstrap", "successive_difference")),
            ("seed", ("bootstrap", "jk2")),
            ("rho", ("fay",)),
        ):
            if (self.kind in kinds) != (getattr(self, name) is not None):
                needs = "needs" if self.kind in kinds else "has no"
                raise ValueError(f"replicate weights of kind {self.kind}: it {needs} `{name}`")
        return self


class SurveyDesignDeclaration(Declaration):
    """`design.yaml`, or `design:` of a source: how figures of a survey get their standard errors.

    `variance` decides what else is said: `taylor` needs `stages`; `replicates` needs the kind and columns of
    replicate weights that were delivered, or `make` and `stages`; `none` is for a census.
    """

    variance: Literal["taylor", "replicates", "none"] = Field(
        description="How variances are made: linearised, from replicate weights, or none: everyone was asked"
    )
    weight: str | None = Field(default=None, description="Column of the weight; a census may have none")
    stages: tuple[StageDeclaration, ...] = Field(
        default=(), description="Stages of selection, the first first"
    )
    second_phase: SecondPhaseDeclaration | None = Field(
        default=None, description="Who of those drawn by the stages was drawn again, by what they had told"
    )
    numbered: Literal["across", "within_strata"] | None = Field(
        default=None,
        description="Whether the numbers of first units count across strata, or recur within each stratum",
    )
    single_unit: Literal["error", "certainty", "around_zero", "average"] = Field(
        default="error",
        description=(
            "What a stratum with one sampled unit adds: `error` refuses it, `certainty` nothing,"
            " `around_zero` the square of its total, `average` what other strata add on average"
        ),
    )
    calibrated: CalibratedDeclaration | None = Field(
        default=None, description="What the weight was calibrated to, as `sojourn tool weight` does"
    )
    kind: Literal["successive_difference", "jackknife", "brr", "fay", "bootstrap"] | None = Field(
        default=None, description="Kind of the replicate weights that were delivered"
    )
    weights: Strings = Field(
        default=(), description="Columns of replicate weights; `PWGTP1-PWGTP80` names a run of them"
    )
    make: ReplicationDeclaration | None = Field(
        default=None, description="Instead of them: replicate weights to make from `stages`"
    )
    coefficient: tuple[float, ...] | float | None = Field(
        default=None,
        description="Coefficient of the squared distances: one number, or one for each replicate",
    )
    rho: float | None = Field(default=None, ge=0, lt=1, description="Fay's factor")
    centre: Literal["estimate", "mean"] = Field(
        default="estimate",
        description="What replicates are compared to: the figure of the main weight, or their mean",
    )
    degrees_of_freedom: int | None = Field(
        default=None,
        ge=1,
        description="Degrees of freedom of replicate weights; left out, one less than they are",
    )

    @model_validator(mode="after")
    def _says_one_thing(self) -> SurveyDesignDeclaration:
        if self.variance != "none" and self.weight is None:
            raise ValueError("a sample has a `weight`: name its column")
        given = set(self.model_fields_set)
        if self.variance == "taylor":
            self._needs(given, "stages", unfit=_REPLICATES)
        elif self.variance == "none":
            self._needs(given, unfit=(*_TAYLOR, *_REPLICATES))
        elif self.make is not None:
            made_from = tuple(name for name in _REPLICATES if name != "make")
            self._needs(given, "stages", unfit=(*made_from, "calibrated", "second_phase"))
        else:
            self._needs(given, "kind", "weights", unfit=_TAYLOR)
        return self

    def _needs(self, given: set[str], *needed: str, unfit: tuple[str, ...]) -> None:
        for name in needed:
            if not getattr(self, name):
                raise ValueError(f"variance {self.variance} needs `{name}`")
        for name in sorted(given & set(unfit)):
            raise ValueError(f"`{name}` does not go with variance {self.variance} as it is declared here")
