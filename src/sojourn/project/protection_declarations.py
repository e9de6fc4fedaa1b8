"""What an analyst declares of a file of persons that is to leave the office: columns, limits, steps."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

from pydantic import Field, model_validator

from sojourn.concepts.package_data import declarations
from sojourn.project.declaration import Declaration, Identifier, Strings, Texts

__all__ = [
    "AggregateStep",
    "BandStep",
    "EndStep",
    "FileKind",
    "Limits",
    "NoiseStep",
    "PeriodStep",
    "ProtectionDeclaration",
    "ProtectionStep",
    "RandomiseStep",
    "RecodeStep",
    "RegressionSettings",
    "RoundStep",
    "SuppressStep",
    "SwapStep",
    "SynthesiseStep",
    "file_kind",
]

_RECODING = ("recode", "bands", "ends", "round", "period")


class Limits(Declaration):
    """What a file must keep after its protection; a limit that is not given does not apply."""

    least_agreeing: int | None = Field(
        default=None, ge=1, description="Records that agree with each in all keys, itself included"
    )
    least_different: int | None = Field(
        default=None, ge=1, description="Known values of each sensitive column among records that agree"
    )
    highest_risk: float | None = Field(default=None, gt=0, le=1, description="Risk of a single record")
    highest_share: float | None = Field(
        default=None, gt=0, le=1, description="Share of records that are expected to be recognised"
    )
    highest_replicated: float | None = Field(
        default=None, ge=0, le=1, description="Share of synthetic records that equal a real unique one"
    )
    open_text: bool | None = Field(
        default=None, description="Whether columns may stay in which people wrote freely"
    )


class FileKind(Declaration):
    """A kind of file and its limits, as they ship."""

    id: str
    version: str
    title: Texts
    source: str
    status: str
    verified: bool
    limits: Limits


class RecodeStep(Declaration):
    """Codes replaced by others."""

    columns: Strings = Field(min_length=1, description="Columns that are recoded alike")
    codes: dict[str, str] = Field(min_length=1, description="What each code becomes")
    others: str | None = Field(default=None, description="What becomes of codes that are not named")
    keep_others: bool = Field(default=False, description="Whether codes that are not named stay")

    @model_validator(mode="after")
    def _fits(self) -> RecodeStep:
        if self.others is not None and self.keep_others:
            raise ValueError("give `others` or `keep_others`, not both")
        return self


class BandStep(Declaration):
    """Numbers, such as ages, in bands."""

    columns: Strings = Field(min_length=1, description="Columns of numbers")
    starts: tuple[float, ...] = Field(min_length=1, description="First number of each band, rising")


class EndStep(Declaration):
    """Top and bottom coding: numbers beyond an end become the mean of all beyond it."""

    columns: Strings = Field(min_length=1, description="Columns of numbers")
    bottom: float | None = Field(default=None, description="Numbers below it are one")
    top: float | None = Field(default=None, description="Numbers above it are one")

    @model_validator(mode="after")
    def _has_an_end(self) -> EndStep:
        if self.bottom is None and self.top is None:
            raise ValueError("give `bottom`, `top` or both")
        return self


class RoundStep(Declaration):
    """Numbers rounded to multiples of a base."""

    columns: Strings = Field(min_length=1, description="Columns of numbers")
    base: float = Field(gt=0, description="Base")


class PeriodStep(Declaration):
    """Days that become the period in which they lie."""

    columns: Strings = Field(min_length=1, description="Columns of days")
    period: Literal["year", "quarter", "month"] = Field(default="year", description="Length of the period")


class SuppressStep(Declaration):
    """Local suppression: single keys of single records are emptied, until enough records agree."""

    least: int | None = Field(
        default=None, ge=2, description="Records that must agree; the limit of the file when not given"
    )
    costs: dict[str, float] = Field(
        default={}, description="How dear it is to empty a key, 1 where not given; `inf` keeps it"
    )


class SwapStep(Declaration):
    """Targeted record swapping: households that look alike change places."""

    place: Strings = Field(min_length=1, description="Columns of the place, the same for all of a household")
    alike: tuple[Strings, ...] = Field(
        min_length=1,
        description="Columns in which the members of partners are the same, strictest list first; an empty"
        " list asks for the number of members only",
    )
    rate: float = Field(gt=0, le=1, description="Share of households that are swapped, at the least")


class RandomiseStep(Declaration):
    """Post-randomisation: codes change by chance, with chances that readers are told."""

    columns: Strings = Field(min_length=1, description="Columns of codes, each randomised by itself")
    stay: float | None = Field(
        default=None, gt=0, lt=1, description="Chance to stay in each step of an invariant matrix"
    )
    chances: dict[str, dict[str, float]] = Field(
        default={}, description="Instead: for each code the chances of what it becomes"
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> RandomiseStep:
        if (self.stay is None) == (not self.chances):
            raise ValueError("give either `stay` or `chances`")
        return self


class AggregateStep(Declaration):
    """Micro-aggregation: numbers become the mean of a small group of records near each other."""

    columns: Strings = Field(min_length=1, description="Columns of numbers, grouped together")
    least: int = Field(default=3, ge=2, description="Records of a group")
    within: Strings = Field(default=(), description="Columns of codes in which members of a group agree")


class NoiseStep(Declaration):
    """Noise added to numbers, correlated as they are."""

    columns: Strings = Field(min_length=1, description="Columns of numbers")
    share: float = Field(gt=0, description="Standard deviation of the noise over the column's own")
    keep_zero: bool = Field(default=True, description="Whether zero stays zero")


class SynthesiseStep(Declaration):
    """Synthetic records in place of the real ones."""

    columns: Strings = Field(min_length=1, description="Columns of the file, in the order of drawing")
    leaf: int = Field(default=5, ge=2, description="Real records that a drawn value comes from, at the least")
    smooth: Strings = Field(default=(), description="Columns of numbers that move within their leaf")
    records: int | None = Field(default=None, ge=1, description="Records to make; as many as there are")
    drop_replicas: bool = Field(
        default=True, description="Whether records that equal a real unique one are left out"
    )


class ProtectionStep(Declaration):
    """One step, which has one of these keys. Recoding comes before all other steps."""

    recode: RecodeStep | None = Field(default=None, description="Codes replaced")
    bands: BandStep | None = Field(default=None, description="Numbers in bands")
    ends: EndStep | None = Field(default=None, description="Top and bottom coding")
    round: RoundStep | None = Field(default=None, description="Numbers rounded")
    period: PeriodStep | None = Field(default=None, description="Days as periods")
    swap: SwapStep | None = Field(default=None, description="Record swapping")
    randomise: RandomiseStep | None = Field(default=None, description="Post-randomisation")
    aggregate: AggregateStep | None = Field(default=None, description="Micro-aggregation")
    noise: NoiseStep | None = Field(default=None, description="Noise")
    suppress: SuppressStep | None = Field(default=None, description="Local suppression")
    synthesise: SynthesiseStep | None = Field(default=None, description="Synthetic records")

    @model_validator(mode="after")
    def _is_one(self) -> ProtectionStep:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"a step has one key, and this one has {len(given)}")
        return self

    @property
    def name(self) -> str:
        """The key that is given."""
        return next(name for name in type(self).model_fields if getattr(self, name) is not None)

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that the step names."""
        own = self.settings
        lists = [getattr(own, name, ()) for name in ("columns", "place", "within", "smooth")]
        lists += [*getattr(own, "alike", ()), tuple(getattr(own, "costs", ()))]
        return tuple(name for names in lists for name in names)

    @property
    def settings(self) -> Any:
        """The settings of that key."""
        return getattr(self, self.name)


class RegressionSettings(Declaration):
    """A regression whose coefficients are compared before and after."""

    outcome: str = Field(description="Column of numbers")
    by: Strings = Field(min_length=1, description="Columns that it depends on: numbers, or codes")


class ProtectionDeclaration(Declaration):
    """`protect.yaml`: how a file of persons is protected, for the command `sojourn tool protect`."""

    id: Identifier = Field(description="Identifier; the file and its report carry it")
    version: str = Field(description="Version; the file and its report carry it")
    kind: Literal["public_use", "scientific_use"] = Field(
        description="Kind of file; its limits ship with Sojourn"
    )
    limits: Limits = Field(default=Limits(), description="Limits that replace those of the kind")
    record: str | None = Field(
        default=None,
        description="Column that names each record once; chances go by it, and it is numbered anew",
    )
    household: str | None = Field(default=None, description="Column of households; they are numbered anew")
    weight: str | None = Field(
        default=None, description="Column of survey weights; without one the file is the population"
    )
    keys: Strings = Field(min_length=1, max_length=24, description="Columns that an intruder may know")
    sensitive: Strings = Field(default=(), description="Columns that an intruder would like to know")
    numbers: Strings = Field(default=(), description="Columns of amounts, compared before and after")
    identifiers: Strings = Field(
        default=(), description="Direct identifiers: names, numbers, addresses; they never leave the office"
    )
    drop: Strings = Field(default=(), description="Other columns that do not leave the office")
    others: Strings = Field(
        default=(), description="Columns that leave as they are; every column of the file needs a part"
    )
    accepted: dict[str, str] = Field(
        default={}, description="Columns that look like identifiers and are none, each with the reason"
    )
    missing: Literal["matches", "category"] = Field(
        default="matches",
        description="What a key that is not known is: like any (`matches`), or a value of its own",
    )
    unknown: Strings = Field(default=("_U",), description="Codes that, like an empty cell, mean not known")
    special_uniques: int = Field(
        default=3,
        ge=0,
        le=24,
        description="Keys of the largest sets looked at for special uniques; 0 for none",
    )
    steps: tuple[ProtectionStep, ...] = Field(default=(), description="Steps, in order")
    regressions: tuple[RegressionSettings, ...] = Field(
        default=(), description="Regressions compared before and after"
    )

    @model_validator(mode="after")
    def _fits(self) -> ProtectionDeclaration:
        last = 0
        for place, step in enumerate(self.steps, 1):
            if step.name in _RECODING and last:
                raise ValueError(f"step {place}, {step.name}, comes after step {last}: recoding comes first")
            if step.name not in _RECODING:
                last = place
            if step.name == "synthesise" and place < len(self.steps):
                raise ValueError("`synthesise` is the last step")
        self._have_one_part()
        self._are_of_the_file()
        if any(not reason.strip() for reason in self.accepted.values()):
            raise ValueError("what is accepted needs a reason")
        return self

    def _have_one_part(self) -> None:
        named = {"record": self.record, "household": self.household, "weight": self.weight}
        leaves = [column for column in named.values() if column is not None]
        leaves += [*self.keys, *self.sensitive, *self.numbers, *self.others]
        lost = sorted({*self.identifiers, *self.drop} & set(leaves))
        if lost:
            raise ValueError(f"{lost[0]} does not leave the office, and has another part too")
        for name, column in named.items():
            if column is not None and leaves.count(column) > 1:
                raise ValueError(f"the column of the {name}, {column}, has another part too")

    def _are_of_the_file(self) -> None:
        """Whatever a step or a regression names leaves the office: a dropped column takes no part."""
        named = [(f"step {place}, {step.name}", step.columns) for place, step in enumerate(self.steps, 1)]
        named += [("a regression", (each.outcome, *each.by)) for each in self.regressions]
        for what, columns in named:
            strange = sorted(set(columns) - self.leaving)
            if strange:
                raise ValueError(f"{what} names {strange[0]}, which is no column that leaves the office")
        drawn = self.steps[-1].columns if self.is_synthetic else None
        needed = {*self.keys, *self.sensitive, *self.numbers}
        needed |= {name for each in self.regressions for name in (each.outcome, *each.by)}
        if drawn is not None and needed - set(drawn):
            raise ValueError(f"{sorted(needed - set(drawn))[0]} has a part in the file and is not drawn")

    @property
    def staying(self) -> frozenset[str]:
        """The columns that do not leave the office."""
        return frozenset({*self.identifiers, *self.drop})

    @property
    def leaving(self) -> frozenset[str]:
        """The columns that leave, in some form."""
        named = {self.record, self.household, self.weight} - {None}
        return frozenset({*named, *self.keys, *self.sensitive, *self.numbers, *self.others})  # type: ignore[arg-type]  # None was taken out

    @property
    def is_synthetic(self) -> bool:
        """Whether the records that leave are made up."""
        return bool(self.steps) and self.steps[-1].name == "synthesise"

    def kept_limits(self) -> Limits:
        """The limits of the kind, replaced by those that are declared."""
        own = {name: value for name, value in self.limits.model_dump().items() if value is not None}
        return file_kind(self.kind).limits.model_copy(update=own)


@cache
def file_kind(id: str) -> FileKind:
    """A kind of file that ships. Raises: KeyError for one that there is not."""
    kinds = [FileKind.model_validate(raw) for raw in declarations("microdata_kinds.yaml")]
    return {kind.id: kind for kind in kinds}[id]
