"""From which day until which all crossings of the border are known, as the deliveries in force say."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence

from sojourn.errors import ProjectError
from sojourn.integration.movements import Observation
from sojourn.production.deliveries import deliveries_in_force
from sojourn.production.workspace import Workspace
from sojourn.project.declarations import SourceDeclaration
from sojourn.sources.periods import Days, days_of

__all__ = ["latest_run", "observation_of"]

_DAY = datetime.timedelta(days=1)


def observation_of(workspace: Workspace, sources: Sequence[SourceDeclaration]) -> Observation:
    """The days on which all parts of every source were recorded: the latest without a gap.

    Raises: ProjectError for a delivery whose period has no days, or when no day is covered by all sources.
    """
    runs = [
        latest_run(days) for source in sources for days in _days_of_parts(_days_delivered(workspace, source))
    ]
    first, last = max(run.first for run in runs), min(run.last for run in runs)
    if first > last:
        raise ProjectError(
            "On no day did all of " + ", ".join(source.id for source in sources) + " record crossings.",
            "Receive the deliveries that are missing: sojourn deliveries lists those that came.",
        )
    return Observation(first, last)


def latest_run(periods: Iterable[Days]) -> Days:
    """The days of the last periods that follow one another without a gap."""
    ordered = sorted(periods, key=lambda days: days.last, reverse=True)
    first = ordered[0].first
    for days in ordered[1:]:
        if days.last < first - _DAY:
            break
        first = min(first, days.first)
    return Days(first, ordered[0].last)


def _days_of_parts(delivered: Mapping[str, Sequence[Days]]) -> list[list[Days]]:
    """The days of each part of a source, as of each border point; a whole delivery has those of all."""
    whole = delivered.get("", ())
    return [[*whole, *days] for part, days in delivered.items() if part] or [list(whole)]


def _days_delivered(workspace: Workspace, source: SourceDeclaration) -> dict[str, list[Days]]:
    """The days of the source's deliveries by the name of the part of the period that they hold."""
    found: dict[str, list[Days]] = {}
    for delivery in deliveries_in_force(workspace, source.id):
        days = days_of(str(delivery["period"]))
        if days is None:
            raise ProjectError(
                f"Delivery {delivery['id']} of {source.id} covers the period {delivery['period']!r}, which"
                " has no days: from when until when crossings were recorded is not known.",
                "Withdraw it and receive it for a period with days, as in --period 2024-03.",
            )
        found.setdefault(str(delivery["period"]).partition("/")[2], []).append(days)
    return found
