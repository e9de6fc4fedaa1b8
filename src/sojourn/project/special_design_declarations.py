"""What an analyst declares of a sample that was drawn to reach a rare or hidden group."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from sojourn.project.declarations import Arrival, Declaration, Identifier, Strings

__all__ = [
    "AdaptiveSampleDeclaration",
    "CentreDeclaration",
    "CentresSampleDeclaration",
    "DrawDeclaration",
    "DrawStageDeclaration",
    "FrameDeclaration",
    "FramesSampleDeclaration",
    "GridDeclaration",
    "HiddenGroupDeclaration",
    "IndirectSampleDeclaration",
    "RespondentDrivenDeclaration",
    "TargetDeclaration",
    "TwoPhaseSampleDeclaration",
]


class TargetDeclaration(Declaration):
    """One thing to estimate, of all and of each group."""

    id: Identifier = Field(description="Name of the figure in the result")
    statistic: Literal["total", "mean", "share", "ratio"] = Field(description="What is estimated")
    of: str | None = Field(
        default=None,
        description="Column that is added up or averaged; of a total without one, units are counted",
    )
    category: str | None = Field(default=None, description="Of a share: the value of `of` whose share it is")
    denominator: str | None = Field(default=None, description="Of a ratio: the column to divide by")
    by: str | None = Field(default=None, description="Column whose groups are told apart")


class DrawStageDeclaration(Declaration):
    """One stage of a draw: who was drawn, from which strata, and of how many."""

    units: str | None = Field(
        default=None, description="Column that tells the units apart; without it each row is one"
    )
    strata: Strings = Field(default=(), description="Columns of the strata")
    population: str | None = Field(
        default=None, description="Column with the number of units in the whole stratum"
    )
    everyone: float | None = Field(
        default=None, gt=0, description="Instead of `population`: the number, where it is the same everywhere"
    )

    @model_validator(mode="after")
    def _once(self) -> DrawStageDeclaration:
        if self.population is not None and self.everyone is not None:
            raise ValueError("give `population` or `everyone`, not both")
        return self


class DrawDeclaration(Declaration):
    """How rows were drawn, stage by stage, with equal chances within strata."""

    stages: tuple[DrawStageDeclaration, ...] = Field(min_length=1, description="Stages, the first one first")
    weight: str | None = Field(
        default=None, description="Column of weights; without it they follow from the populations"
    )
    with_replacement: bool = Field(
        default=False, description="Units of the first stage are taken as drawn with replacement"
    )
    single_units: Literal["refuse", "certain"] = Field(
        default="refuse", description="What becomes of strata with one sampled unit of several"
    )


class TwoPhaseSampleDeclaration(Declaration):
    """A sample of which some were drawn again: the file has all rows of the first phase."""

    unit: str = Field(description="Column that tells the rows apart")
    draw: DrawDeclaration = Field(description="How the first phase was drawn")
    second: str = Field(description="Column that is true for rows that were drawn again")
    strata: Strings = Field(default=(), description="Columns of the second phase's strata")
    units: str | None = Field(default=None, description="Column of clusters that the second phase drew whole")
    regress_on: Strings = Field(
        default=(), description="Columns of numbers, known for the first phase, to regress on"
    )
    regress_on_categories: Strings = Field(default=(), description="Columns of categories to regress on")
    post_stratify_by: Strings = Field(
        default=(), description="Columns whose crossed categories get the first phase's sums"
    )
    variance: Literal["unbiased", "simple"] = Field(
        default="unbiased", description="`simple` is never negative, and a little biased in small strata"
    )


class FrameDeclaration(Declaration):
    """A list or an area from which one of the samples was drawn."""

    id: Identifier = Field(description="Value of the column `frame`")
    member: str = Field(description="Column that is true for units that are in it, whichever drew them")
    probability: str | None = Field(
        default=None, description="Column of the unit's probability to be drawn from it; for `single-frame`"
    )


class FramesSampleDeclaration(Declaration):
    """Independent samples from frames that overlap, one below the other in one file."""

    unit: str = Field(description="Column that tells units apart; a unit drawn twice has two rows")
    frame: str = Field(description="Column that names the frame from which a row was drawn")
    frames: tuple[FrameDeclaration, ...] = Field(min_length=2, description="Frames")
    draw: DrawDeclaration = Field(description="How each frame was sampled")
    estimator: Literal["hartley", "fuller-burmeister", "single-frame", "multiplicity"] = Field(
        default="multiplicity", description="How weights are shared out where frames overlap"
    )
    share: float | None = Field(
        default=None, ge=0, le=1, description="For `hartley`: the first frame's share of the overlap"
    )
    sharing: Literal["effective", "optimal"] = Field(
        default="effective",
        description="Without `share`: by effective sample sizes, or so that each figure varies least",
    )


class GridDeclaration(Declaration):
    """Units as cells of a grid, instead of a file of neighbours."""

    row: str = Field(description="Column of the row's number")
    column: str = Field(description="Column of the column's number")
    corners: bool = Field(default=False, description="Whether cells that share a corner are neighbours")


class AdaptiveSampleDeclaration(Declaration):
    """Units, with the neighbours that were looked at because a unit met the condition."""

    unit: str = Field(description="Column that tells the units apart")
    initial: str = Field(description="Column that is 1 for units of the initial sample, 0 for others")
    satisfies: str | None = Field(
        default=None, description="Column that is true for units that meet the condition"
    )
    condition_of: str | None = Field(
        default=None, description="Instead of `satisfies`: column of numbers that the condition is about"
    )
    at_least: float | None = Field(default=None, description="From which number on a unit meets it")
    population: str | None = Field(
        default=None, description="Column with the number of units in the whole stratum"
    )
    everyone: float | None = Field(
        default=None, gt=0, description="Instead of `population`: the number of all units, without strata"
    )
    strata: Strings = Field(default=(), description="Columns of the initial sample's strata")
    replacement: bool = Field(default=False, description="Whether the initial sample could draw a unit twice")
    estimator: Literal["horvitz-thompson", "hansen-hurwitz"] = Field(
        default="horvitz-thompson", description="By a network's probability, or once for each initial unit"
    )
    improved: bool = Field(default=False, description="Whether edge units are used too (Rao and Blackwell)")
    grid: GridDeclaration | None = Field(default=None, description="Where neighbours follow from places")

    @model_validator(mode="after")
    def _fits(self) -> AdaptiveSampleDeclaration:
        if (self.satisfies is None) == (self.condition_of is None):
            raise ValueError("give `satisfies`, or `condition_of` and `at_least`")
        if (self.condition_of is None) != (self.at_least is None):
            raise ValueError("`condition_of` and `at_least` belong together")
        if (self.population is None) == (self.everyone is None):
            raise ValueError("give `population` or `everyone`")
        if self.everyone is not None and self.strata:
            raise ValueError("strata need the column `population`")
        return self


class IndirectSampleDeclaration(Declaration):
    """A sample of one population whose links lead to another; links and targets are files of their own."""

    unit: str = Field(description="Column of sample and links that tells the sampled units apart")
    target: str = Field(description="Column of links and targets that tells the targets apart")
    draw: DrawDeclaration = Field(description="How the units were drawn")
    links: str | None = Field(
        default=None, description="Column of targets with the number, or strength, of all their links"
    )
    strength: str | None = Field(default=None, description="Column of links with their strength")
    probability: str | None = Field(
        default=None,
        description="Column of links with the unit's probability to be drawn; then weights vary least",
    )
    cluster: str | None = Field(default=None, description="Column of targets that are reached together")


class CentreDeclaration(Declaration):
    """A place where people of the group go."""

    id: Identifier = Field(description="Value of the column `centre`")
    attends: str = Field(description="Column that says whether, or how often, somebody goes there")
    size: float | None = Field(
        default=None, gt=0, description="How many people go there (or their visits), where it is known"
    )


class CentresSampleDeclaration(Declaration):
    """People asked at centres, with the centres that each goes to."""

    unit: str = Field(description="Column that tells the people apart")
    centre: str = Field(description="Column that names the centre where somebody was asked")
    centres: tuple[CentreDeclaration, ...] = Field(min_length=1, description="Centres")
    visits: bool = Field(default=False, description="Whether `attends` counts visits, instead of yes and no")
    population: float | None = Field(
        default=None, gt=0, description="How many people there are, where it is known and sizes are not"
    )
    replicates: int = Field(default=500, ge=2, description="Bootstrap samples")
    seed: int = Field(default=1, ge=0, description="Seed of the bootstrap")

    @model_validator(mode="after")
    def _fits(self) -> CentresSampleDeclaration:
        known = [centre.size is not None for centre in self.centres]
        if any(known) and not all(known):
            raise ValueError("give the size of every centre, or of none")
        return self


class RespondentDrivenDeclaration(Declaration):
    """People who recruited one another. What comes out is model-based: this is not a probability sample."""

    person: str = Field(description="Column that tells the people apart")
    recruiter: str = Field(description="Column of who recruited them; empty for seeds")
    degree: str = Field(description="Column of how many people of the group they know")
    estimator: Literal["rds-i", "rds-ii", "ss"] = Field(default="rds-ii", description="Estimator")
    trait: str | None = Field(
        default=None, description="Column of groups by which `rds-i` and the bootstrap `salganik` go"
    )
    population: float | None = Field(default=None, gt=0, description="Size of the group, for `ss`")
    without_seeds: bool = Field(default=False, description="Whether seeds are left out of the estimates")
    bootstrap: Literal["tree", "salganik"] = Field(default="tree", description="How intervals are made")
    replicates: int = Field(default=1000, ge=2, description="Bootstrap samples")
    seed: int = Field(default=1, ge=0, description="Seed of the bootstrap")


KINDS = ("two_phase", "frames", "adaptive", "indirect", "centres", "respondent_driven")


class HiddenGroupDeclaration(Declaration):
    """`hidden.yaml`: a sample of a rare or hidden group; for `sojourn tool estimate-hidden-group`.

    Exactly one of the six designs is declared.
    """

    id: Identifier = Field(description="Identifier; the result carries it")
    targets: tuple[TargetDeclaration, ...] = Field(min_length=1, description="What is estimated")
    confidence: float = Field(
        default=0.95, gt=0, lt=1, description="Share of intervals that should hold the truth"
    )
    arrives: Arrival | None = Field(
        default=None, description="How the files are written; left out, as the ends of their names say"
    )
    two_phase: TwoPhaseSampleDeclaration | None = Field(default=None, description="Two-phase screening")
    frames: FramesSampleDeclaration | None = Field(default=None, description="Several frames that overlap")
    adaptive: AdaptiveSampleDeclaration | None = Field(default=None, description="Adaptive cluster sample")
    indirect: IndirectSampleDeclaration | None = Field(default=None, description="Sample by links")
    centres: CentresSampleDeclaration | None = Field(default=None, description="Sample at centres")
    respondent_driven: RespondentDrivenDeclaration | None = Field(
        default=None, description="Respondent-driven sample"
    )

    @property
    def kind(self) -> str:
        """Which design is declared."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @model_validator(mode="after")
    def _fits(self) -> HiddenGroupDeclaration:
        declared = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(declared) != 1:
            raise ValueError(f"declare one of {', '.join(KINDS)}, not {' and '.join(declared) or 'none'}")
        names = [target.id for target in self.targets]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"the target {twice[0]} is declared twice")
        return self
