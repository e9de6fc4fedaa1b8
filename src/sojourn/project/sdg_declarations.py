"""What an analyst declares of SDG indicators by migratory status: variables, series, profiles, the table."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from sojourn.concepts.package_data import declarations
from sojourn.errors import ProjectError
from sojourn.project.declaration import Declaration, Identifier, Strings, Texts

__all__ = [
    "AgesDeclaration",
    "BreakdownDeclaration",
    "CaseDeclaration",
    "ProfileDeclaration",
    "ReferenceDeclaration",
    "SdgDeclaration",
    "SeriesDeclaration",
    "ThresholdsDeclaration",
    "VariableDeclaration",
    "shipped_breakdowns",
    "shipped_profiles",
    "shipped_series",
]

SeriesId = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,39}$")]
VariableName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
# What a column of the file holds, as text.
Written = Annotated[str, Field(max_length=200)]
Verdict = Literal["PUBLISH", "CAUTION", "SUPPRESS"]
Standing = Literal["adopted", "national", "proposed"]


class CaseDeclaration(Declaration):
    """One case of a variable: the code of records for which a condition holds, and none before it."""

    when: str = Field(description="Condition over the file's columns")
    code: str = Field(description="Code of the variable")


class VariableDeclaration(Declaration):
    """Where a variable comes from: a column, a condition, an expression, a constant, or cases."""

    column: str | None = Field(default=None, alias="from", description="Column of the file")
    map: dict[Written, str] = Field(
        default={},
        description="Code of the variable for each text that the column holds, as in `{1: M, 2: F}`",
    )
    codes: str | None = Field(
        default=None,
        description=(
            "Instead of it: a CSV file beside the specification with the columns from, to, valid_from,"
            " valid_to, or `alpha_2`, `alpha_3`, `m49`, `icao`"
        ),
    )
    missing: Strings = Field(
        default=(), description="What the column holds where nothing is stated, beside the empty cell"
    )
    when: str | None = Field(
        default=None, description="Condition over the file's columns: Y where it holds, N where it does not"
    )
    value: str | None = Field(default=None, description="Arithmetic over the file's columns, or a number")
    cases: tuple[CaseDeclaration, ...] = Field(default=(), description="Cases, of which the first decides")
    otherwise: str | None = Field(
        default=None, description="Code where no case holds; unknown when not given"
    )
    kind: Literal["code", "yes_no", "number", "whole"] | None = Field(
        default=None, description="What a variable of the country's own holds"
    )
    meaning: str = Field(default="", description="What a variable of the country's own means")

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        # Specifications of before `map` had its name wrote the map itself under `codes`.
        if isinstance(value, dict) and isinstance(value.get("codes"), dict) and "map" not in value:
            return {("map" if key == "codes" else key): each for key, each in value.items()}
        return {"from": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_origin(self) -> VariableDeclaration:
        given = [self.column is not None, self.when is not None, self.value is not None, bool(self.cases)]
        if sum(given) != 1:
            raise ValueError("give one of `from`, `when`, `value` and `cases`")
        if self.column is None and (self.map or self.codes or self.missing):
            raise ValueError("`map`, `codes` and `missing` belong to `from`")
        if self.map and self.codes is not None:
            raise ValueError("a `map` does not go with `codes`: keep one of them")
        if self.otherwise is not None and not self.cases:
            raise ValueError("`otherwise` belongs to `cases`")
        return self


class AgesDeclaration(Declaration):
    """Ages in completed years, both ends included."""

    lower: int | None = Field(default=None, alias="from", ge=0, description="First age; open when not given")
    upper: int | None = Field(default=None, alias="to", ge=0, description="Last age; open when not given")

    @model_validator(mode="after")
    def _fits(self) -> AgesDeclaration:
        if self.lower is not None and self.upper is not None and self.upper < self.lower:
            raise ValueError(f"the last age {self.upper} is below the first {self.lower}")
        return self


class SeriesDeclaration(Declaration):
    """One series of an SDG indicator: which figure, of whom; a shipped series' id changes that one."""

    id: SeriesId = Field(description="Identifier; that of a shipped series changes what it names")
    indicator: str = Field(default="", description="Number of the indicator, as in 8.5.2")
    title: Texts = Field(default={}, description="Title by language")
    made_from: Literal["microdata", "aggregates", "report"] = Field(
        default="microdata", description="Records, aggregates, or what institutions report"
    )
    function: str | None = Field(default=None, description="Function over aggregates")
    statistic: Literal["count", "total", "mean", "proportion", "share", "ratio", "quantile", "poverty_rate",
                       "poverty_gap", "gini", "quintile_share_ratio"] | None = Field(
        default=None, description="What is computed"
    )  # fmt: skip
    ages: AgesDeclaration = Field(default=AgesDeclaration(), description="Ages of the universe")
    where: str | None = Field(default=None, description="Condition of belonging to the universe")
    when: str | None = Field(default=None, description="Condition whose share is a proportion")
    of: str | None = Field(default=None, description="Variable, or arithmetic over variables")
    over: str | None = Field(default=None, description="Denominator of a ratio")
    at: float | None = Field(default=None, gt=0, lt=1, description="Which quantile; the median is 0.5")
    line: float | None = Field(default=None, gt=0, description="Fixed poverty line")
    line_share: float | None = Field(
        default=None, gt=0, description="Poverty line as a share of everyone's median"
    )
    unit: str = Field(default="PT", description="Code in CL_UNIT; PT is per cent")
    gap: Annotated[tuple[Literal["difference", "ratio"], ...], Field()] = Field(
        default=("difference",), description="How migrants are compared with others"
    )
    breakdowns: Strings | None = Field(default=None, description="The only breakdowns that make sense")
    detail: VariableName | None = Field(default=None, description="Further variable of breakdowns")
    of_household: bool = Field(
        default=False,
        description="Whether it is about the household: then figures by status of its head are made too",
    )
    fits: Literal["exact", "proxy", "part"] = Field(
        default="exact", description="How near it comes to the indicator's own definition"
    )
    note: str = Field(default="", description="What readers must know")
    status: Standing = Field(default="proposed", description="How far it is agreed on")
    verified: bool = Field(default=False, description="Whether it was compared with the indicator's metadata")
    source: str = Field(default="", description="Where it comes from")
    valid_from: datetime.date | None = Field(default=None, description="First day of validity")
    valid_to: datetime.date | None = Field(default=None, description="Last day of validity")


class BreakdownDeclaration(Declaration):
    """One way to break figures down."""

    id: Identifier
    status: Literal["nativity", "citizen", "citizen_detail", "nativity_citizen", "duration_of_stay",
                    "head_nativity", "head_citizen"] | None = Field(
        default=None, description="By what migrants are told apart"
    )  # fmt: skip
    by: tuple[Literal["sex", "age_group", "child", "detail"], ...] = Field(
        default=(), description="Further dimensions"
    )


class ThresholdsDeclaration(Declaration):
    """Below or above what a figure is shown with caution, or not at all; what is not given does not apply."""

    least_records: int | None = Field(default=None, ge=1, description="Fewer records: not shown")
    caution_records: int | None = Field(default=None, ge=1, description="Fewer records: with caution")
    least_effective: float | None = Field(default=None, gt=0, description="Smaller effective size: not shown")
    effective: Literal["weights", "design"] = Field(
        default="weights", description="Effective size by the weights alone (Kish), or by the variance"
    )
    caution_freedom: int | None = Field(
        default=None, ge=1, description="Fewer degrees of freedom: with caution"
    )
    caution_cv: float | None = Field(default=None, gt=0, description="Higher CV, in per cent: with caution")
    suppress_cv: float | None = Field(default=None, gt=0, description="Higher CV, in per cent: not shown")
    narrow: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Interval of a share no wider: shown whatever its relative width",
    )
    wide: float | None = Field(default=None, gt=0, le=1, description="Interval as wide: not shown")
    wide_relative: float | None = Field(
        default=None,
        gt=0,
        description="Width over the share above it: not shown; over the rest: with caution",
    )
    no_variation: Verdict = Field(default="CAUTION", description="Verdict on shares of 0 and 1")


class ProfileDeclaration(Declaration):
    """A publication profile: which figures are shown, which with caution, which not."""

    id: Identifier
    version: str = Field(default="1", description="Version of the profile; figures carry it")
    title: Texts = Field(default={}, description="Name by language")
    source: str = Field(default="", description="Where its thresholds come from")
    status: Standing = Field(default="proposed", description="How far it is agreed on")
    verified: bool = Field(default=False, description="Whether it was compared with its source")
    interval: Literal["t", "log", "logit", "wilson", "korn_graubard", "moderated"] | None = Field(
        default=None, description="Interval of shares; moderated when not given"
    )
    figures: ThresholdsDeclaration = Field(description="Thresholds of figures")
    proportions: ThresholdsDeclaration | None = Field(
        default=None, description="Thresholds of shares and proportions, where these have their own"
    )


class ReferenceDeclaration(Declaration):
    """A country's own table of indicators, a CSV file beside the specification."""

    file: str = Field(description="Name of the file")
    version: str = Field(description="Version of the table")
    source: str = Field(default="", description="Who decided on it")
    replaces: bool = Field(
        default=False, description="Whether it stands alone; otherwise its lines go over those that ship"
    )


class SdgDeclaration(Declaration):
    """`sdg.yaml`: SDG indicators by migratory status of one survey; for `sojourn tool sdg-indicators`.

    Variables are those of the reference of standard survey variables, and the country's own. A column
    that has a standard variable's name and is not declared is taken as it.
    """

    area: str = Field(description="Country of the figures, ISO 3166-1 alpha-3")
    period: str = Field(description="Time to which they refer, SDMX notation")
    on: datetime.date | None = Field(
        default=None, description="Day whose table of indicators and series hold; the last of a year's period"
    )
    age_groups: str = Field(default="policy", description="Age scheme of breakdowns by age")
    variables: dict[VariableName, VariableDeclaration] = Field(
        default={}, description="Where variables come from"
    )
    series: tuple[SeriesDeclaration, ...] = Field(default=(), description="Series added or changed")
    leave_out: Strings = Field(default=(), description="Indicators or series that are not wanted")
    breakdowns: tuple[BreakdownDeclaration, ...] | None = Field(
        default=None, description="Breakdowns, instead of those that ship"
    )
    profile: str = Field(default="un-default", description="Publication profile")
    profiles: tuple[ProfileDeclaration, ...] = Field(default=(), description="Profiles of the country's own")
    reference: ReferenceDeclaration | None = Field(
        default=None, description="The country's own table of indicators"
    )

    @model_validator(mode="after")
    def _names_once(self) -> SdgDeclaration:
        for kind, names in (
            ("series", [each.id for each in self.series]),
            ("profile", [each.id for each in self.profiles]),
            ("breakdown", [each.id for each in self.breakdowns or ()]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"the {kind} {twice[0]} is declared twice")
        return self

    @property
    def day(self) -> datetime.date | None:
        """The day whose definitions hold."""
        if self.on is not None or not (len(self.period) == 4 and self.period.isdigit()):
            return self.on
        return datetime.date(int(self.period), 12, 31)

    def all_series(self) -> tuple[SeriesDeclaration, ...]:
        """The shipped series with the country's changes, then its own.

        Raises: ProjectError where a changed series contradicts itself.
        """
        changes = {each.id: each.model_dump(exclude_unset=True, by_alias=True) for each in self.series}
        found = [
            _merged(shipped, changes.pop(shipped["id"])) if shipped["id"] in changes else _series(shipped)
            for shipped in declarations("sdg_series.yaml")
        ]
        return (*found, *(each for each in self.series if each.id in changes))

    def all_profiles(self) -> dict[str, ProfileDeclaration]:
        """The shipped profiles and the country's own, which take the place of shipped ones of the same id."""
        return {**shipped_profiles(), **{each.id: each for each in self.profiles}}


def _series(raw: Mapping[str, Any]) -> SeriesDeclaration:
    return SeriesDeclaration.model_validate(dict(raw))


def _merged(shipped: Mapping[str, Any], change: Mapping[str, Any]) -> SeriesDeclaration:
    try:
        return SeriesDeclaration.model_validate({**shipped, **change})
    except ValidationError as error:
        raise ProjectError(
            f"The series {shipped['id']} cannot be changed so: {error.errors()[0]['msg']}.",
            "Look at the reference of declarations.",
        ) from error


@cache
def shipped_series() -> tuple[SeriesDeclaration, ...]:
    """The series that come with Sojourn."""
    return tuple(_series(raw) for raw in declarations("sdg_series.yaml"))


@cache
def shipped_breakdowns() -> tuple[BreakdownDeclaration, ...]:
    """The breakdowns that come with Sojourn."""
    return tuple(BreakdownDeclaration.model_validate(raw) for raw in declarations("sdg_breakdowns.yaml"))


@cache
def shipped_profiles() -> dict[str, ProfileDeclaration]:
    """The publication profiles that come with Sojourn, by identifier."""
    found = [ProfileDeclaration.model_validate(raw) for raw in declarations("publication_profiles.yaml")]
    return {each.id: each for each in found}
