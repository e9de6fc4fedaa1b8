"""What an analyst declares of residence by signs of life: which registers count, how much, and since when."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from sojourn.project.declarations import Declaration, Identifier

__all__ = ["IndexYears", "ResidenceDeclaration", "SignGroup", "SignRegister"]


class SignRegister(Declaration):
    """A register in which activity is a sign of life."""

    id: Identifier = Field(description="Name of the register in the file of signs")
    weight: float = Field(default=0.0, ge=-1, le=1, description="Weight of activity in it, in one year")
    since: int | None = Field(default=None, description="First year whose activity is known")
    until: int | None = Field(default=None, description="Last year whose activity is known")
    least_events: int = Field(default=1, ge=1, description="From how many events in a year on it counts")


class SignGroup(Declaration):
    """People with a rule of their own, such as children; what is not given is as for everybody."""

    id: Identifier = Field(description="Code of the group in the file of the register")
    threshold: float | None = Field(default=None, gt=0, le=1, description="Threshold of the group")
    base: float | None = Field(default=None, ge=-1, le=1, description="Activity of the group without signs")
    weights: dict[str, float] = Field(default={}, description="Weights of registers that differ")


class IndexYears(Declaration):
    """The years on whose 1 January residence is told."""

    first: int = Field(ge=1900, le=2200, description="First year")
    last: int = Field(ge=1900, le=2200, description="Last year")


class ResidenceDeclaration(Declaration):
    """`residence.yaml`: how signs of life make residence; for the command `sojourn tool residency-index`.

    The defaults of `stability` and `threshold` are those told of Estonia's index, from memory: no body has
    adopted them for other countries.
    """

    id: Identifier = Field(description="Identifier of the rule")
    version: str = Field(description="Version of the rule; the result carries it")
    status: Literal["adopted", "national", "proposed"] = Field(
        default="proposed", description="How far the rule is agreed on"
    )
    verified: bool = Field(default=False, description="Whether its numbers were checked against their source")
    source: str = Field(default="", description="Where its numbers come from")
    years: IndexYears = Field(description="Years of the result")
    stability: float = Field(default=0.8, ge=0, lt=1, description="Part of the index kept from year to year")
    threshold: float = Field(default=0.7, gt=0, le=1, description="Index from which on a person lives here")
    base: float = Field(default=0.0, ge=-1, le=1, description="Activity of a year without signs")
    start: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Index of people who were in the register before the first year; unknown when not given",
    )
    weights: Literal["declared", "estimated"] = Field(
        default="declared", description="Whether weights are those declared, or learned from a truth sample"
    )
    correction: Literal["predictive", "sensitivity"] = Field(
        default="predictive",
        description=(
            "How the truth sample puts the population right: by what the index's answers are worth, for a"
            " random sample of the register; or by its sensitivity and specificity, for another sample"
        ),
    )
    folds: int = Field(default=5, ge=2, le=20, description="Parts of the truth sample in cross-validation")
    seed: int = Field(default=1, ge=0, description="Seed of the division into parts")
    registers: tuple[SignRegister, ...] = Field(min_length=1, max_length=32, description="Registers")
    groups: tuple[SignGroup, ...] = Field(default=(), description="Groups with rules of their own")

    @model_validator(mode="after")
    def _fits(self) -> ResidenceDeclaration:
        if self.years.last < self.years.first:
            raise ValueError(f"the last year {self.years.last} is before the first {self.years.first}")
        names = [register.id for register in self.registers]
        for kind, given in (("register", names), ("group", [group.id for group in self.groups])):
            twice = sorted({each for each in given if given.count(each) > 1})
            if twice:
                raise ValueError(f"the {kind} {twice[0]} is declared twice")
        for group in self.groups:
            strange = [name for name in group.weights if name not in names]
            if strange:
                raise ValueError(f"the group {group.id} has a weight for {strange[0]}, which is no register")
        return self
