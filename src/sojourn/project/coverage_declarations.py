"""What an analyst declares of lists whose coverage is estimated: how they and their links may be wrong."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from sojourn.project.declarations import Declaration

__all__ = ["CoverageDeclaration", "ListDeclaration"]


class ListDeclaration(Declaration):
    """A list of people, and what is known to be wrong with it."""

    id: str = Field(min_length=1, description="Name of the list's column in the file of patterns")
    missed: float = Field(
        default=0.0, ge=0, lt=1, description="Probability that a record was not linked to its person's others"
    )
    missed_error: float = Field(default=0.0, ge=0, lt=1, description="Standard error of `missed`")
    erroneous: float = Field(
        default=0.0, ge=0, lt=1, description="Share of records whose persons are not of the population"
    )
    erroneous_error: float = Field(default=0.0, ge=0, lt=1, description="Standard error of `erroneous`")


class CoverageDeclaration(Declaration):
    """`coverage.yaml`: lists and their errors, for the command `sojourn tool estimate-coverage`."""

    criterion: Literal["aic", "bic"] = Field(default="aic", description="What the best model is lowest in")
    seed: int = Field(default=1, ge=0, description="Seed of the bootstrap")
    lists: tuple[ListDeclaration, ...] = Field(min_length=2, description="Lists")

    @model_validator(mode="after")
    def _once(self) -> CoverageDeclaration:
        names = [each.id for each in self.lists]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"the list {twice[0]} is declared twice")
        return self
