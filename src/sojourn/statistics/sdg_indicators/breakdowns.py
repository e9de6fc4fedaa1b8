"""By what figures are broken down: a dimension of migratory status, alone or with sex, age and others."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from sojourn.errors import ProjectError
from sojourn.statistics.survey.tables import Gap

__all__ = ["COMPARED", "STATUS_NEEDS", "Breakdown", "gaps_of"]

# The dimensions of migratory status, and for each the sets of variables of which one is enough.
STATUS_NEEDS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "nativity": (("birthplace", "nativity"),),
    "citizen": (("citizenship", "citizen"),),
    "citizen_detail": (("citizenship", "citizen"),),
    "nativity_citizen": (("birthplace", "nativity"), ("citizenship", "citizen")),
    "duration_of_stay": (("birthplace", "nativity"), ("years_since_arrival", "duration_of_stay")),
    "head_nativity": (("head_birthplace", "head_nativity"),),
    "head_citizen": (("head_citizenship", "head_citizen"),),
}
BY_NEEDS: Mapping[str, str] = {"sex": "sex", "age_group": "age", "child": "age"}
# Which groups are compared, migrants first.
COMPARED: Mapping[str, tuple[tuple[str, str], ...]] = {
    "nativity": (("FB", "NB"),),
    "citizen": (("NONCIT_STLS", "CIT"),),
    "citizen_detail": (),
    "nativity_citizen": (("FB_CIT", "NB_CIT"), ("FB_NONCIT_STLS", "NB_CIT")),
    "duration_of_stay": tuple((band, "NB") for band in ("Y_LT1", "Y1T4", "Y5T9", "Y_GE10")),
    "head_nativity": (("FB", "NB"),),
    "head_citizen": (("NONCIT_STLS", "CIT"),),
}


@dataclass(frozen=True)
class Breakdown:
    """One way to break figures down: by a dimension of migratory status, if any, and by further ones."""

    id: str
    status: str | None = None
    by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.status is not None and self.status not in STATUS_NEEDS:
            raise ProjectError(
                f"The breakdown {self.id} has no such status: {self.status!r}.",
                f"There are {', '.join(STATUS_NEEDS)}.",
            )
        strange = [name for name in self.by if name not in (*BY_NEEDS, "detail")]
        if strange or (self.by and self.status is None):
            raise ProjectError(
                f"The breakdown {self.id} is not by migratory status and {', '.join(BY_NEEDS)} or detail.",
                "Give a status, and in `by` nothing but these.",
            )

    @property
    def is_of_head(self) -> bool:
        """Whether the status is that of the head of the household."""
        return self.status is not None and self.status.startswith("head_")

    def missing(self, available: Collection[str], detail: str | None) -> tuple[str, ...]:
        """The variables that are wanting for the breakdown, alternatives joined by `or`."""
        needs = list(STATUS_NEEDS.get(self.status or "", ()))
        needs += [(BY_NEEDS[name],) for name in self.by if name in BY_NEEDS]
        needs += [(detail,) for name in self.by if name == "detail" and detail is not None]
        return tuple(
            " or ".join(alternatives) for alternatives in needs if not set(alternatives) & set(available)
        )


def gaps_of(breakdown: Breakdown, kinds: Collection[Literal["difference", "ratio"]]) -> list[Gap]:
    """The comparisons of migrants with others in a breakdown."""
    if breakdown.status is None:
        return []
    dimension = status_column(breakdown.status)
    return [Gap(dimension, of, against, kind) for of, against in COMPARED[breakdown.status] for kind in kinds]


def status_column(status: str) -> str:
    """The column of the prepared records that holds a dimension of status."""
    return f"by_{status}"
