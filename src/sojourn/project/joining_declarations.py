"""What an analyst declares to join a survey to a census or register, or to a survey of other persons."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from sojourn.project.declarations import Arrival, Declaration, Identifier, Strings

__all__ = [
    "ArrivalsToMatch",
    "ArrivalsWithRegister",
    "BoundsDeclaration",
    "ColumnsByKind",
    "CompositeDeclaration",
    "FileWeights",
    "MatchingDeclaration",
    "RegisterDeclaration",
    "RegisterMeasure",
    "WorkingModelDeclaration",
]


class ColumnsByKind(Declaration):
    """Columns by what they hold."""

    codes: Strings = Field(default=(), description="Columns of codes")
    numbers: Strings = Field(default=(), description="Columns of numbers")

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, codes first."""
        return (*self.codes, *self.numbers)


class FileWeights(Declaration):
    """Weights of the two files; without one, all records of a file count alike."""

    recipients: str | None = Field(default=None, description="Column of the recipients' weights")
    donors: str | None = Field(default=None, description="Column of the donors' weights")


class ArrivalsToMatch(Declaration):
    """How each file is written; one that is left out, as the end of its name says."""

    recipients: Arrival | None = Field(default=None, description="The recipients")
    donors: Arrival | None = Field(default=None, description="The donors")


class ArrivalsWithRegister(Declaration):
    """How each file is written; one that is left out, as the end of its name says."""

    survey: Arrival | None = Field(default=None, description="The survey")
    register_: Arrival | None = Field(default=None, alias="register", description="The register")


class BoundsDeclaration(Declaration):
    """Two columns, one of each file, of which is told how much can be known of them together."""

    recipients: str = Field(description="Column that only the recipients have")
    donors: str = Field(description="Column that only the donors have")
    shared: Strings | None = Field(
        default=None, description="Columns of both files that narrow the bounds; `within` if not given"
    )
    cuts: dict[str, tuple[float, ...]] = Field(
        default={},
        description="Of a column of numbers: where one class ends and the next begins, in rising order",
    )
    classes_of: Literal["both", "recipients", "donors"] = Field(
        default="both", description="The file whose shares of the shared classes count, or the mean of both"
    )

    @model_validator(mode="after")
    def _fits(self) -> BoundsDeclaration:
        if self.recipients == self.donors:
            raise ValueError("both columns have one name: rename one, they are two things")
        strange = sorted(set(self.cuts) - {self.recipients, self.donors, *(self.shared or ())})
        if strange and self.shared is not None:
            raise ValueError(f"{strange[0]} is cut, and is none of the columns of the bounds")
        for name, cuts in self.cuts.items():
            if not cuts or list(cuts) != sorted(set(cuts)):
                raise ValueError(f"the cuts of {name} are to be numbers in rising order")
        return self


class MatchingDeclaration(Declaration):
    """`match.yaml`: values that one file lacks, from like persons of another.

    It is for the command `sojourn tool match-statistically`.
    """

    id: Identifier = Field(description="Identifier of the matching; the result carries it")
    version: str = Field(default="1", description="Version of it; the result carries it")
    arrives: ArrivalsToMatch = Field(default=ArrivalsToMatch(), description="How the files are written")
    recipient: str = Field(description="Column that identifies the recipients")
    donor: str = Field(description="Column that identifies the donors")
    give: ColumnsByKind = Field(description="What donors give")
    method: Literal["nearest", "random"] = Field(
        default="nearest", description="Whether the nearest donor of the class gives, or any"
    )
    within: Strings = Field(
        default=(), description="Columns of codes in which donor and recipient agree: the classes"
    )
    near: ColumnsByKind = Field(
        default=ColumnsByKind(), description="Columns by which the nearest donor is found"
    )
    importance: dict[str, float] = Field(
        default={}, description="How much a column in `near` counts, where that is not 1"
    )
    most_uses: int | None = Field(
        default=None, ge=1, description="How often a donor may give; any number of times if not given"
    )
    draw_by_weight: bool = Field(
        default=False, description="With `random`: whether donors are drawn with a chance by their weight"
    )
    weights: FileWeights = Field(
        default=FileWeights(), description="Weights, for bounds and for what is compared"
    )
    bounds: tuple[BoundsDeclaration, ...] = Field(
        default=(), description="Pairs of columns whose joint distribution is bounded"
    )
    seed: int = Field(default=1, ge=0, description="Seed of what is drawn")

    @model_validator(mode="after")
    def _fits(self) -> MatchingDeclaration:
        given = self.give.names
        if not given:
            raise ValueError("nothing is given: name columns in `give`")
        self._named_once(given, "give")
        self._named_once(self.near.names, "near")
        if (self.method == "nearest") != bool(self.near.names):
            raise ValueError("the nearest donor needs columns in `near`; with `random` there are none")
        if set(given) & {*self.within, *self.near.names}:
            raise ValueError("what is given cannot be what donors are found by")
        strange = sorted(set(self.importance) - set(self.near.names))
        if strange:
            raise ValueError(f"importance is given to {strange[0]}, which is not in `near`")
        if any(not each > 0 for each in self.importance.values()):
            raise ValueError("importance is above zero")
        if self.draw_by_weight and (
            self.method != "random" or self.most_uses is not None or self.weights.donors is None
        ):
            raise ValueError(
                "drawing by weight is for `random` without `most_uses`, and needs `weights: {donors: …}`"
            )
        return self

    @staticmethod
    def _named_once(names: tuple[str, ...], key: str) -> None:
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"{twice[0]} is named twice in `{key}`")


class WorkingModelDeclaration(Declaration):
    """What measures are taken to depend on: columns that survey and register both have."""

    codes: Strings = Field(default=(), description="Columns of codes")
    numbers: Strings = Field(default=(), description="Columns of numbers")


class RegisterMeasure(Declaration):
    """A measure of the survey: a number, or whether a code is one of some."""

    id: Identifier = Field(description="Name of the measure in the result")
    column: str = Field(description="Column of the survey")
    codes: Strings = Field(
        default=(),
        description="Codes that count as 1, all others as 0; the column holds numbers if not given",
    )
    model: Literal["linear", "logistic"] = Field(
        default="linear", description="Form of the model; `logistic` for measures between 0 and 1"
    )


class CompositeDeclaration(Declaration):
    """How much of a composite estimate is unbiased, and by which estimate."""

    by: Literal["minimum_mse", "sample_size", "declared"] = Field(
        default="minimum_mse",
        description="The weight of the unbiased estimate: the one with the least estimated error, or by how"
        " much of the group the sample represents, or declared",
    )
    unbiased: Literal["direct", "model-assisted"] = Field(
        default="model-assisted", description="The unbiased estimate"
    )
    variances: Literal["pooled", "given"] = Field(
        default="pooled",
        description="Whether variances of groups come from the variance of one respondent's value over all"
        " groups, or from each group alone",
    )
    weight: float | None = Field(default=None, ge=0, le=1, description="The declared weight")
    delta: float = Field(
        default=1.0, gt=0,
        description="With `sample_size`: the part of a group that, once represented, gives the weight 1",
    )  # fmt: skip

    @model_validator(mode="after")
    def _fits(self) -> CompositeDeclaration:
        if (self.by == "declared") != (self.weight is not None):
            raise ValueError("`weight` goes with `by: declared`, and only with it")
        return self


class RegisterDeclaration(Declaration):
    """`register.yaml`: figures of groups from a survey and a register together.

    It is for the command `sojourn tool combine-with-register`.
    """

    id: Identifier = Field(description="Identifier of the estimation; the result carries it")
    version: str = Field(default="1", description="Version of it; the result carries it")
    arrives: ArrivalsWithRegister = Field(
        default=ArrivalsWithRegister(), description="How the files are written"
    )
    weight: str = Field(description="Column of the survey's weights")
    stratum: str | None = Field(default=None, description="Column of the survey's strata")
    unit: str | None = Field(
        default=None, description="Column of the survey's sampling units; each record is one if not given"
    )
    by: Strings = Field(
        default=(), description="Columns of both files whose crossings are the groups; everybody if not given"
    )
    count: str | None = Field(
        default=None,
        description="Column of the register with the number of persons; each row is a person if not given",
    )
    measures: tuple[RegisterMeasure, ...] = Field(min_length=1, description="What is estimated")
    model: WorkingModelDeclaration = Field(
        default=WorkingModelDeclaration(), description="What the measures are taken to depend on"
    )
    composite: CompositeDeclaration = Field(
        default=CompositeDeclaration(), description="How composite estimates are made"
    )

    @model_validator(mode="after")
    def _fits(self) -> RegisterDeclaration:
        names = [measure.id for measure in self.measures]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"the measure {twice[0]} is declared twice")
        both = sorted(set(self.model.codes) & set(self.model.numbers))
        if both:
            raise ValueError(f"{both[0]} is among the codes of the model and among its numbers")
        return self
