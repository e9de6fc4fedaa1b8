"""Which sources of a project are linked to persons, and by which specification."""

from __future__ import annotations

from pydantic import Field

from sojourn.project.declaration import Declaration, Strings

__all__ = ["LinkageSettings"]


class LinkageSettings(Declaration):
    """`linkage:` in `sojourn.yaml`: whose records are brought together, person by person."""

    sources: Strings = Field(
        default=(),
        description="Sources whose records are linked; without any, documents alone tell who is who",
    )
    repeated: Strings | None = Field(
        default=None,
        description=(
            "Sources in which one person may stand under several documents; when not given, those of"
            " movements and of statuses, since passports are renewed"
        ),
    )
    specification: str | None = Field(
        default=None,
        description="File of the specification, beside `sojourn.yaml`; the one that ships when not given",
    )
    pairs_at_most: int = Field(
        default=2_000_000_000, gt=0, description="The most pairs that may be compared; more is refused"
    )
    versions: int = Field(
        default=0,
        ge=0,
        description=(
            "How many sets of links are drawn from the probabilities of pairs, so that figures of linked"
            " records state what linkage adds to their error; none, or two and more"
        ),
    )
    seed: int = Field(default=1, ge=0, description="Seed of the draws: the same one gives the same sets")
