"""What an analyst declares of a survey's weights: who answered, which totals hold, how far weights go."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from sojourn.project.declarations import Arrival, Declaration, Identifier, Strings

__all__ = [
    "BoundDeclaration",
    "CalibrationDeclaration",
    "ClassesDeclaration",
    "CollapseDeclaration",
    "FactorBounds",
    "HouseholdWeights",
    "MarginDeclaration",
    "NonresponseDeclaration",
    "OutcomesDeclaration",
    "PropensityDeclaration",
    "TrimmingDeclaration",
    "WeightingDeclaration",
]


class OutcomesDeclaration(Declaration):
    """What the codes of a column say became of each person of the sample; every code is in one list."""

    column: str = Field(description="Column of outcomes")
    respondents: Strings = Field(min_length=1, description="Codes of those who answered")
    nonrespondents: Strings = Field(
        default=(), description="Codes of those who are of the population and did not answer"
    )
    ineligible: Strings = Field(
        default=(), description="Codes of those who turned out not to be of the population"
    )
    undecided: Strings = Field(
        default=(), description="Codes of those of whom it is not known; only classes can deal with them"
    )


class CollapseDeclaration(Declaration):
    """A step that makes classes coarser: codes of a column are merged, or the column is left out."""

    column: str = Field(description="Column of the classes")
    codes: dict[str, str] | None = Field(
        default=None, description="What codes become; the column is left out when not given"
    )


class ClassesDeclaration(Declaration):
    """Weighting classes: respondents stand for those of their class who did not answer."""

    by: Strings = Field(min_length=1, description="Columns, known of everybody, whose crossings are classes")
    collapse: tuple[CollapseDeclaration, ...] = Field(
        default=(), description="Steps, in order, by which classes that will not do become coarser"
    )
    minimum_respondents: int = Field(default=20, ge=1, description="Respondents that a class needs")
    maximum_factor: float = Field(default=3.0, gt=1, description="Factor above which a class is collapsed")


class PropensityDeclaration(Declaration):
    """Response propensities: a logistic regression of answering on what is known of everybody."""

    codes: Strings = Field(default=(), description="Columns of categories")
    numbers: Strings = Field(default=(), description="Columns of numbers")
    use: Literal["strata", "inverse"] = Field(
        default="strata",
        description="Whether respondents stand for all of their stratum of like propensities, or are divided"
        " by their propensity",
    )
    strata: int = Field(default=5, ge=1, description="Strata of equal numbers of people")
    weighted: bool = Field(default=True, description="Whether records count with their weight")
    minimum_respondents: int = Field(default=20, ge=1, description="Respondents that a stratum needs")
    maximum_factor: float = Field(
        default=3.0, gt=1, description="Factor above which strata are joined; with `inverse` it is refused"
    )

    @model_validator(mode="after")
    def _depends_on_something(self) -> PropensityDeclaration:
        if not self.codes and not self.numbers:
            raise ValueError("propensities depend on columns: name them in `codes` or `numbers`")
        return self


class NonresponseDeclaration(Declaration):
    """How respondents come to stand for those who did not answer; by classes or by propensities."""

    outcomes: OutcomesDeclaration = Field(description="Who answered")
    classes: ClassesDeclaration | None = Field(default=None, description="Weighting classes")
    propensity: PropensityDeclaration | None = Field(default=None, description="Response propensities")

    @model_validator(mode="after")
    def _one_of_both(self) -> NonresponseDeclaration:
        if (self.classes is None) == (self.propensity is None):
            raise ValueError("declare either `classes` or `propensity`")
        if self.propensity is not None and self.outcomes.undecided:
            raise ValueError("propensities cannot deal with `undecided` outcomes: declare `classes`")
        return self


class MarginDeclaration(Declaration):
    """Totals that weights are to reproduce: of persons by categories, or of a measure.

    The totals stand here, or in a file that the command names with `--margins`.
    """

    id: Identifier = Field(description="Name of the margin")
    by: Strings = Field(default=(), description="Columns whose crossings are the categories")
    of: str | None = Field(default=None, description="Measure whose totals these are; persons if not given")
    total: float | None = Field(default=None, description="The total of all, where there are no categories")
    totals: dict[str, float] = Field(
        default={}, description="The total of each code, where there is one column"
    )
    unknown: Literal["refuse", "category", "spread"] = Field(
        default="refuse",
        description="What an unknown or empty code means: `refuse` allows none, `category` makes it a"
        " category with a total, `spread` divides unknown records and totals over the known categories",
    )
    adds_up: bool = Field(default=False, description="Whether rows of one category in the file are added up")
    arrives: Arrival | None = Field(
        default=None, description="How the file is written; left out, as the end of its name says"
    )

    @model_validator(mode="after")
    def _fits(self) -> MarginDeclaration:
        if self.total is not None and (self.by or self.totals):
            raise ValueError("`total` is for a margin without categories")
        if self.totals and len(self.by) != 1:
            raise ValueError("`totals` by code are for a margin of one column: give others in a file")
        if not self.by and self.total is None:
            raise ValueError("a margin without categories needs its `total`")
        return self

    @property
    def is_in_a_file(self) -> bool:
        """Whether the totals are to come from a file."""
        return self.total is None and not self.totals


class FactorBounds(Declaration):
    """How far calibration may move a weight: bounds of the factor, on either side of 1."""

    lower: float | None = Field(default=None, lt=1, description="Least factor")
    upper: float | None = Field(default=None, gt=1, description="Greatest factor")


class HouseholdWeights(Declaration):
    """One weight for all members of a household."""

    column: str = Field(description="Column that numbers the households")
    distance: Literal["household", "members"] = Field(
        default="household",
        description="Whether a household counts once in how far weights move, or once for each member",
    )
    unequal: Literal["refuse", "mean"] = Field(
        default="refuse",
        description="Members with different weights before, as after adjusting persons for non-response:"
        " refused, or all given the mean",
    )


class CalibrationDeclaration(Declaration):
    """How weights come to reproduce known totals."""

    method: Literal["linear", "raking", "logit", "proportional-fitting", "post-stratification"] = Field(
        default="linear",
        description="Distance of a calibration (linear, raking, logit), or fitting margins one after another,"
        " or the factors of one margin",
    )
    bounds: FactorBounds = Field(default=FactorBounds(), description="Bounds of the factor")
    margins: tuple[MarginDeclaration, ...] = Field(min_length=1, description="Known totals")
    scale_to: str | None = Field(
        default=None, description="Margin to whose sum the other margins of persons are scaled"
    )
    household: HouseholdWeights | None = Field(default=None, description="One weight for each household")
    variance: str | None = Field(
        default=None, description="Column of the variance by which a record's distance is divided"
    )
    tolerance: float = Field(
        default=1e-10, gt=0, lt=0.1, description="Relative deviation of a total that is allowed"
    )
    most_iterations: int | None = Field(
        default=None,
        ge=1,
        description="Iterations after which it is given up; 100, or 2000 for proportional-fitting, if not"
        " given",
    )

    @model_validator(mode="after")
    def _fits(self) -> CalibrationDeclaration:
        names = [margin.id for margin in self.margins]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"the margin {twice[0]} is declared twice")
        if self.scale_to is not None and self.scale_to not in names:
            raise ValueError(f"scale_to names {self.scale_to}, which is no margin")
        bounded = self.bounds.lower is not None or self.bounds.upper is not None
        if self.method == "logit" and (self.bounds.lower is None or self.bounds.upper is None):
            raise ValueError("logit needs both bounds")
        if self.method in ("proportional-fitting", "post-stratification") and (
            bounded or self.household is not None or self.variance is not None
        ):
            raise ValueError(f"{self.method} knows no bounds, households or variances: use raking")
        if self.method == "post-stratification" and len(self.margins) > 1:
            raise ValueError("post-stratification has one margin")
        return self


class BoundDeclaration(Declaration):
    """A bound of weights: a number, a multiple of the median, or a quantile; one of them."""

    value: float | None = Field(default=None, description="The bound")
    median: float | None = Field(default=None, gt=0, description="Multiple of the median weight")
    quantile: float | None = Field(default=None, ge=0, le=1, description="Quantile of the weights")

    @model_validator(mode="after")
    def _one(self) -> BoundDeclaration:
        if len(self.model_fields_set) != 1:
            raise ValueError("give one of value, median and quantile")
        return self


class TrimmingDeclaration(Declaration):
    """How far weights may go, and what becomes of what is cut off."""

    lower: BoundDeclaration | None = Field(default=None, description="Least weight")
    upper: BoundDeclaration | None = Field(default=None, description="Greatest weight")
    within: Strings = Field(default=(), description="Columns of groups that each keep their sum")
    spread: Literal["equal", "proportional"] = Field(
        default="equal", description="How what is cut off is spread over the other weights"
    )
    strict: bool = Field(
        default=True, description="Whether it is done again until the bounds hold, or done once"
    )
    calibrate_again: bool = Field(
        default=False, description="Whether the trimmed weights are calibrated once more"
    )

    @model_validator(mode="after")
    def _has_a_bound(self) -> TrimmingDeclaration:
        if self.lower is None and self.upper is None:
            raise ValueError("trimming needs `lower` or `upper`")
        return self


class WeightingDeclaration(Declaration):
    """`weights.yaml`: from the weights of a design to final ones, for the command `sojourn tool weight`.

    What is declared happens in this order: non-response, calibration, trimming.
    """

    id: Identifier = Field(description="Identifier of the weighting")
    version: str = Field(default="1", description="Version of it; the result carries it")
    arrives: Arrival | None = Field(
        default=None,
        description="How the survey's file is written; left out, as the end of its name says",
    )
    weight: str = Field(description="Column of the design's weights")
    new_weight: str = Field(default="weight_final", description="Column that the result adds")
    replicates: Strings = Field(
        default=(), description="Columns of replicate weights; `r1-r80` names a run of them"
    )
    nonresponse: NonresponseDeclaration | None = Field(default=None, description="Non-response")
    calibration: CalibrationDeclaration | None = Field(default=None, description="Calibration")
    trimming: TrimmingDeclaration | None = Field(default=None, description="Trimming")

    @model_validator(mode="after")
    def _does_something(self) -> WeightingDeclaration:
        if self.nonresponse is None and self.calibration is None and self.trimming is None:
            raise ValueError("nothing is declared: give nonresponse, calibration or trimming")
        if self.trimming is not None and self.trimming.calibrate_again and self.calibration is None:
            raise ValueError("`calibrate_again` needs a calibration")
        if self.new_weight == self.weight or self.new_weight in self.replicates:
            raise ValueError("the new weight needs a name of its own")
        return self
