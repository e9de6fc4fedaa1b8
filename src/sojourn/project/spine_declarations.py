"""What an analyst declares of persons whom several sources know: which source counts, and what status is."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from sojourn.project.declaration import Declaration, Strings

__all__ = ["SpineSettings", "StatusSettings"]


class SpineSettings(Declaration):
    """Which source gives the best value of each attribute of a person."""

    sources: Strings = Field(
        default=(), description="Sources that speak of persons, the most trusted first; others do not count"
    )
    attributes: dict[Annotated[str, Field(min_length=1)], Strings] = Field(
        default={},
        description=(
            "Attributes with an order of sources of their own, which replaces `sources`: a source that it"
            " does not name does not speak of the attribute"
        ),
    )

    @property
    def named(self) -> frozenset[str]:
        """Every source that speaks of some attribute."""
        return frozenset((*self.sources, *(name for order in self.attributes.values() for name in order)))


class StatusSettings(Declaration):
    """What a country lays down for migratory status."""

    migrants_by: Literal["citizenship", "birth", "either"] = Field(
        default="citizenship",
        description="What makes a resident a migrant among migrant workers",
    )
    working_age_from: int = Field(default=15, ge=0, description="Completed years from which one may work")
    working_age_to: int | None = Field(
        default=None, ge=0, description="Completed years until which one may work; no limit when not given"
    )
    return_months: int = Field(
        default=6, ge=1, description="Months abroad, with work, that make a return migrant worker"
    )
    protection: dict[Annotated[str, Field(min_length=1)], str] = Field(
        default={},
        description=(
            "Categories of protection, as the source writes them, each with its code of CL_REFUGEE_CATEGORY"
        ),
    )

    @model_validator(mode="after")
    def _ages_in_order(self) -> StatusSettings:
        if self.working_age_to is not None and self.working_age_to < self.working_age_from:
            raise ValueError("working_age_to lies below working_age_from")
        return self
