"""What an analyst declares of small areas: the model, its covariates, its errors, and its totals."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from sojourn.project.declarations import Arrival, Declaration, Identifier, Strings

__all__ = [
    "BenchmarkSettings",
    "ErrorSettings",
    "SmallAreaDeclaration",
    "SmallAreaFiles",
    "SmoothingSettings",
]

_OF_AREAS = ("reml", "ml", "fay_herriot", "prasad_rao", "adjusted_reml")
_OF_UNITS = ("reml", "ml", "fitting_of_constants")


class SmoothingSettings(Declaration):
    """Variances of direct estimates smoothed by a function of the sample size."""

    replace: Literal["all", "unusable"] = Field(
        default="all",
        description="Which variances are replaced: `all`, or those that are not above zero or not known",
    )
    by: Strings = Field(
        default=(),
        description="Covariates that the logarithm of the variance depends on, beside the sample size",
    )


class ErrorSettings(Declaration):
    """How mean-squared errors are found."""

    by: Literal["analytic", "bootstrap"] = Field(
        default="analytic", description="The second-order formula, or samples drawn from the model"
    )
    replicates: int = Field(default=500, ge=2, le=100_000, description="Samples that a bootstrap draws")
    seed: int = Field(default=1, ge=0, description="Seed of the bootstrap")


class BenchmarkSettings(Declaration):
    """What estimates must add up to, and how they are made to."""

    method: Literal["ratio", "difference", "optimal"] = Field(
        default="ratio",
        description=(
            "How estimates of a group change: by one factor, by one amount, or less where they are surer"
        ),
    )
    totals: Literal["direct", "given"] = Field(
        default="direct",
        description="Totals are sums of the direct estimates, or given in a file (`--totals`)",
    )
    weight: str | None = Field(
        default=None,
        description="Column by which an area counts in a total, such as its population; 1 when not given",
    )
    levels: Strings = Field(
        default=("_T",),
        min_length=1,
        description="Columns that group the areas; `_T` stands for all areas together",
    )
    tolerance: float = Field(
        default=1e-6, gt=0, lt=0.1, description="Part of a total by which totals of two levels may differ"
    )


class SmallAreaFiles(Declaration):
    """How each file is written; one that is left out, as the end of its name says."""

    direct: Arrival | None = Field(default=None, description="The direct estimates")
    auxiliaries: Arrival | None = Field(default=None, description="What is known of every area")
    units: Arrival | None = Field(default=None, description="The units of the sample")
    totals: Arrival | None = Field(default=None, description="The totals to add up to")


class SmallAreaDeclaration(Declaration):
    """`model.yaml`: a small-area model, for the command `sojourn tool small-areas`."""

    id: Identifier = Field(description="Identifier of the model; the result carries it")
    version: str = Field(description="Version of the model; the result carries it")
    area: str = Field(default="area", description="Column with the code of the area, in every file")
    measure: str | None = Field(
        default=None,
        description=(
            "Which measure is meant where the direct estimates are a table of `sojourn tool estimate` that"
            " has several"
        ),
    )
    arrives: SmallAreaFiles = Field(default=SmallAreaFiles(), description="How the files are written")
    model: Literal["area", "unit"] = Field(
        default="area", description="`area` takes direct estimates, `unit` the units of the sample"
    )
    method: Literal["reml", "ml", "fay_herriot", "prasad_rao", "adjusted_reml", "fitting_of_constants"] = (
        Field(
            default="reml",
            description=(
                "How the variance between areas is estimated: by restricted or ordinary likelihood; at the"
                " area level also by moments (`fay_herriot`, `prasad_rao`) or so that it is never zero"
                " (`adjusted_reml`); at the unit level by `fitting_of_constants`"
            ),
        )
    )
    intercept: bool = Field(default=True, description="Whether the regression has an intercept")
    covariates: Strings = Field(default=(), description="Columns with numbers that are known of every area")
    categories: Strings = Field(
        default=(),
        description="Columns with codes, at the area level: one coefficient for each but the first in order",
    )
    transformation: Literal["none", "log", "arcsine"] = Field(
        default="none",
        description="Scale of the model at the area level: `log` for amounts, `arcsine` for shares",
    )
    smoothing: SmoothingSettings | None = Field(default=None, description="Smoothed variances, if wanted")
    outcome: str | None = Field(default=None, description="Column of the units that is to be estimated")
    weight: str | None = Field(
        default=None, description="Column of the units with survey weights; the estimate then follows them"
    )
    population: str | None = Field(
        default=None,
        description="Column of the auxiliaries with the number of units in the area, where samples are large",
    )
    errors: ErrorSettings = Field(default=ErrorSettings(), description="Mean-squared errors")
    benchmark: BenchmarkSettings | None = Field(default=None, description="Totals to add up to, if wanted")

    @model_validator(mode="after")
    def _fits(self) -> SmallAreaDeclaration:
        allowed = _OF_AREAS if self.model == "area" else _OF_UNITS
        if self.method not in allowed:
            raise ValueError(
                f"the method {self.method} is not of the model {self.model}: {', '.join(allowed)}"
            )
        if not (self.intercept or self.covariates or self.categories):
            raise ValueError("the model has neither an intercept nor a covariate")
        named = [*self.covariates, *self.categories]
        twice = sorted({each for each in named if named.count(each) > 1})
        if twice:
            raise ValueError(f"the covariate {twice[0]} is named twice")
        self._of_one_model()
        return self

    def _of_one_model(self) -> None:
        of_units = {"outcome": self.outcome, "weight": self.weight, "population": self.population}
        of_areas = {
            "categories": self.categories,
            "smoothing": self.smoothing,
            "transformation": self.transformation if self.transformation != "none" else None,
        }
        if self.model == "unit" and self.outcome is None:
            raise ValueError(
                "a unit-level model needs the `outcome`: the column of the units to be estimated"
            )
        strange = of_units if self.model == "area" else of_areas
        for name, value in strange.items():
            if value:
                raise ValueError(f"`{name}` does not belong to a model of kind {self.model}")
        if self.weight is not None and self.population is not None:
            raise ValueError("`weight` and `population` exclude each other: weights stand for the population")
        if self.weight is not None and self.errors.by == "bootstrap":
            raise ValueError("errors of estimates with survey weights are analytic: leave out the bootstrap")
