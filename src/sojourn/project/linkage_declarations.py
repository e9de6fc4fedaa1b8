"""What an analyst declares of a linkage: what is compared, which pairs are looked at, what mistakes cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, model_validator

from sojourn.concepts.package_data import declarations
from sojourn.project.declaration import Declaration, Strings

__all__ = [
    "KEY_PARTS",
    "HouseholdColumns",
    "LinkageDeclaration",
    "LinkageField",
    "MistakeCosts",
    "PairRule",
    "shipped_linkage",
]

_WORDS = ("value", "sounds", "joined", "first", "word", "either", "two_words", "start")
KEY_PARTS = {
    "name": _WORDS,
    "number": _WORDS,
    "date": ("value", "day", "year", "day_of_year"),
    "code": ("value",),
}


class LinkageField(Declaration):
    """One thing that two records both say of a person."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="Name of the field in rules and results")
    compare: Literal["name", "date", "code", "number"] = Field(
        description="How it is compared: a name or other text in any script, a date, a code, a paper's number"
    )
    columns: Strings = Field(min_length=1, description="Columns of the files that hold it, best first")
    within: str | None = Field(
        default=None, description="Field of codes inside which values are rare or common, such as citizenship"
    )
    swaps_with: str | None = Field(
        default=None, description="Field in which clerks write this one by mistake, and the other way round"
    )
    goes_with: str | None = Field(
        default=None, description="Field of codes that this one mostly tells, as given names tell the sex"
    )


class PairRule(Declaration):
    """Records that share all of these are looked at as a pair."""

    share: Strings = Field(
        min_length=1,
        description="Fields, or parts of them: sounds, joined, first, word or start of a name, either a"
        " word of it or of the name it swaps with, two_words of both; day, year or day_of_year of a date",
    )
    narrow: Strings = Field(
        default=(), description="What is asked besides, one by one, where too many records share that"
    )


class MistakeCosts(Declaration):
    """What mistakes cost; only their relation counts."""

    false_link: float = Field(default=1.0, gt=0, description="Cost of joining two persons")
    missed_link: float = Field(default=1.0, gt=0, description="Cost of leaving one person as two")


class HouseholdColumns(Declaration):
    """Which records live together, as sources number their own households."""

    columns: Strings = Field(
        min_length=1, description="Columns of the files that hold the number of the household, best first"
    )
    dates: Strings = Field(
        default=(),
        description="Columns with the day for which a household is listed; without one a file is one list",
    )
    members_once: bool = Field(
        default=False,
        description="Whether a list has each member once, so that two records of a household are two persons",
    )


class LinkageDeclaration(Declaration):
    """`linkage.yaml`: a linkage, for the command `sojourn tool link`."""

    version: str = Field(default="1", description="Version of the specification")
    fields: tuple[LinkageField, ...] = Field(min_length=1, description="What is compared")
    pairs: tuple[PairRule, ...] = Field(min_length=1, description="Which records are looked at as pairs")
    household: HouseholdColumns | None = Field(default=None, description="Which records live together")
    one_to_one: bool = Field(default=True, description="Whether a person stands in a source once at most")
    cost: MistakeCosts = Field(default_factory=MistakeCosts, description="What mistakes cost")
    pairs_per_record: float = Field(
        default=2.0, gt=0, description="How many pairs a rule may give for each record before it is narrowed"
    )
    seed: int = Field(default=20240, ge=0, description="Seed of the pairs drawn at random for learning")

    @model_validator(mode="after")
    def _known(self) -> LinkageDeclaration:
        kinds = {field.name: field.compare for field in self.fields}
        if len(kinds) < len(self.fields):
            names = [field.name for field in self.fields]
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"the field {twice} is declared twice")
        for field in self.fields:
            for other, kind in (
                (field.within, "code"),
                (field.goes_with, "code"),
                (field.swaps_with, "name"),
            ):
                if other is not None and kinds.get(other) != kind:
                    raise ValueError(
                        f"the field {field.name} names {other}, which is no field of kind {kind}"
                    )
        partners = [field.swaps_with for field in self.fields if field.swaps_with is not None]
        for field in self.fields:
            if field.swaps_with is not None and (
                field.name in partners or partners.count(field.swaps_with) > 1
            ):
                raise ValueError(
                    f"the field {field.name} swaps with {field.swaps_with}; say so of one field only"
                )
        for rule in self.pairs:
            for key in (*rule.share, *rule.narrow):
                _require_known(key, kinds)
        return self


def _require_known(key: str, kinds: Mapping[str, str]) -> None:
    name, _, part = key.partition(".")
    if name not in kinds:
        raise ValueError(f"a rule shares {key}, and there is no field {name}")
    known = KEY_PARTS[kinds[name]]
    if part and part not in known:
        raise ValueError(f"a rule shares {key}; parts of a {kinds[name]} are: {', '.join(known)}")


def shipped_linkage() -> LinkageDeclaration:
    """The specification that ships."""
    return LinkageDeclaration.model_validate(declarations("linkage.yaml"))
