"""What an analyst declares of a sample: its frame, whom it must reach, how precise it must be, its cost."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from sojourn.project.declarations import Arrival, Declaration, Identifier, Strings

__all__ = [
    "DensityStrata",
    "FrameColumns",
    "SampleCost",
    "SampleDesign",
    "SampleGoal",
    "SamplingDeclaration",
]


class DensityStrata(Declaration):
    """Strata by the share of a group in each area."""

    group: Identifier = Field(description="The group, such as migrants")
    area: str = Field(description="Column of the area")
    bounds: tuple[float, ...] = Field(
        min_length=1, description="Shares at which one stratum ends and the next begins, rising"
    )

    @model_validator(mode="after")
    def _rise(self) -> DensityStrata:
        if list(self.bounds) != sorted(set(self.bounds)) or not 0 < self.bounds[0] <= self.bounds[-1] < 1:
            raise ValueError("bounds are shares between 0 and 1, each above the one before")
        return self


class FrameColumns(Declaration):
    """What the columns of the frame are; it has a row for each person, or for each household."""

    arrives: Arrival | None = Field(
        default=None, description="How the frame's file is written; left out, as the end of its name says"
    )
    unit: str = Field(description="Column of what is drawn and visited whole, such as the household")
    strata: Strings = Field(default=(), description="Columns whose codes together make the strata")
    place: str | None = Field(
        default=None, description="Column of the area, whole within a stratum, for samples in two stages"
    )
    density: DensityStrata | None = Field(
        default=None, description="Strata by the share of a group in areas, beside the other strata"
    )
    interviewed: str | None = Field(
        default=None,
        description="Condition on the rows that are interviewed; everybody in a unit when not given",
    )


class SampleGoal(Declaration):
    """A figure, and how precise it must be: by one of standard error, CV and half width."""

    id: Identifier = Field(description="Identifier of the goal")
    figure: Literal["total", "mean", "proportion", "difference"] = Field(
        description="What is estimated; a `difference` is of means or shares of two groups"
    )
    of: str | None = Field(
        default=None,
        description=(
            "Column of the value, or condition that is met or not; a `total` without it counts the group"
        ),
    )
    expected: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description=(
            "Share of the group who meet a condition that the frame does not know; they are made up at random"
        ),
    )
    expected_against: float | None = Field(
        default=None, ge=0, le=1, description="The same for the other group of a difference"
    )
    among: Identifier | None = Field(default=None, description="The group; everybody when not given")
    against: Identifier | None = Field(default=None, description="The other group of a difference")
    by: str | None = Field(default=None, description="Column for each of whose codes the goal is to be met")
    standard_error: float | None = Field(default=None, gt=0, description="Standard error asked for")
    cv: float | None = Field(
        default=None, gt=0, description="Coefficient of variation asked for; 5 % is 0.05"
    )
    half_width: float | None = Field(default=None, gt=0, description="Half the width of the interval")
    level: float = Field(default=0.95, gt=0, lt=1, description="Level of the interval")
    interval: Literal["normal", "wilson", "logit"] = Field(
        default="normal", description="Kind of the interval; the last two are for proportions"
    )

    @model_validator(mode="after")
    def _fits(self) -> SampleGoal:
        if sum(each is not None for each in (self.standard_error, self.cv, self.half_width)) != 1:
            raise ValueError("a goal asks for one of standard_error, cv and half_width")
        if (self.against is not None) != (self.figure == "difference"):
            raise ValueError("a difference names the group `against`, and no other figure does")
        if self.of is not None and self.expected is not None:
            raise ValueError("give `of`, or `expected` where the frame does not know, not both")
        if self.of is None and self.expected is None and self.figure != "total":
            raise ValueError("say what it is `of`, or what share is `expected`")
        if (self.expected_against is None) == (self.figure == "difference" and self.expected is not None):
            raise ValueError("`expected_against` goes with the `expected` of a difference")
        if self.interval != "normal" and self.figure != "proportion":
            raise ValueError(f"the interval {self.interval} is for proportions")
        return self


class SampleDesign(Declaration):
    """How the sample is drawn and shared out."""

    kind: Literal["units", "places"] = Field(
        default="units", description="Whether units are drawn straight from strata, or places first"
    )
    share_out: Literal["best", "proportional", "density"] = Field(
        default="best",
        description=(
            "`best` shares out by all goals at once; `proportional` has equal rates; `density` rates by the"
            " share of units with anybody of the group that `density` of the frame names, and by their cost"
        ),
    )
    minimum: int = Field(default=2, ge=1, description="Least number drawn in a stratum")
    response: float = Field(default=1.0, gt=0, le=1, description="Share of the visited units that answer")
    take: int | Literal["best"] = Field(
        default="best", description="Units visited in a place; `best` is the number that makes the plan best"
    )
    places: Literal["size", "equal"] = Field(
        default="size", description="Whether places are drawn by their number of units, or with equal chances"
    )
    method: Literal["random", "systematic", "pareto", "sampford"] = Field(
        default="random",
        description=(
            "How units (or places) are drawn: at random; systematically along `order`; places by size also by"
            " Pareto's or Sampford's method. At random and by size is systematic from a random order"
        ),
    )
    order: Strings = Field(
        default=(),
        description="Columns along whose order a systematic sample is spread, the first counts most",
    )

    @model_validator(mode="after")
    def _fits(self) -> SampleDesign:
        if self.take != "best" and self.take < 1:
            raise ValueError("a place gives at least one unit")
        by_size = self.kind == "places" and self.places == "size"
        if self.method in ("pareto", "sampford") and not by_size:
            raise ValueError(f"the method {self.method} is for places that are drawn by size")
        if bool(self.order) != (self.method == "systematic"):
            raise ValueError("`order` and the method systematic go together")
        return self


class SampleCost(Declaration):
    """What the survey costs, in one currency."""

    fixed: float = Field(default=0.0, ge=0, description="Whatever the size of the sample")
    place: float = Field(default=0.0, ge=0, description="For each place: listing, permission, supervision")
    travel: float = Field(default=0.0, ge=0, description="Travel to each place")
    visit: float = Field(default=0.0, ge=0, description="Visit of a unit, with the questions that screen it")
    interview: float = Field(default=0.0, ge=0, description="Interview of a person")


class SamplingDeclaration(Declaration):
    """`plan.yaml`: a sample to be planned, drawn, or tried out on a frame.

    For the commands `sojourn tool plan-sample`, `draw-sample` and `simulate-sample`.
    """

    id: Identifier = Field(description="Identifier of the plan")
    version: str = Field(default="1", description="Version of the plan; results carry it")
    seed: int = Field(default=1, ge=0, description="Seed of the draw, and of what is made up")
    frame: FrameColumns = Field(description="What the columns of the frame are")
    groups: dict[Identifier, str] = Field(
        default={}, description="Groups by name: a condition on the rows of the frame for each"
    )
    goals: tuple[SampleGoal, ...] = Field(min_length=1, description="Figures, and how precise they must be")
    design: SampleDesign = Field(default=SampleDesign(), description="How the sample is drawn and shared out")
    cost: SampleCost = Field(description="What the survey costs")
    budget: float | None = Field(
        default=None,
        gt=0,
        description=(
            "What the survey may cost; the worst goal is then made as good as can be. Without it, the goals"
            " are met at the least cost"
        ),
    )

    @model_validator(mode="after")
    def _fits(self) -> SamplingDeclaration:
        names = [goal.id for goal in self.goals]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"the goal {twice[0]} is declared twice")
        used = [name for goal in self.goals for name in (goal.among, goal.against) if name is not None]
        density = self.frame.density
        for name in [*used, *([] if density is None else [density.group])]:
            if name not in self.groups:
                raise ValueError(f"there is no group {name}; declare its condition under `groups`")
        if self.design.kind == "places" and self.frame.place is None:
            raise ValueError("a sample of places needs the column `place` of the frame")
        if self.cost.visit + self.cost.interview + self.cost.place + self.cost.travel == 0:
            raise ValueError("nothing that the sample has more of costs anything; give the cost of a visit")
        return self
