"""Which period a delivery covers: said by the command, by its manifest, or by the delivery that it mends."""

from __future__ import annotations

import re

from sojourn.errors import ProjectError
from sojourn.production.deliveries import delivery_of
from sojourn.production.workspace import Workspace
from sojourn.project.declarations import SourceDeclaration
from sojourn.sources.manifest import Promise
from sojourn.sources.periods import days_of

__all__ = ["covered_period", "period_of_mended"]

_PERIODS = {
    "day": r"\d{4}-\d{2}-\d{2}",
    "week": r"\d{4}-W\d{2}",
    "month": r"\d{4}-\d{2}",
    "quarter": r"\d{4}-Q[1-4]",
    "year": r"\d{4}",
    "once": r"\d{4}(-\d{2}(-\d{2})?)?|all",
}

_EXAMPLES = {
    "day": "2024-03-31",
    "week": "2024-W13",
    "month": "2024-03",
    "quarter": "2024-Q1",
    "year": "2024",
    "once": "2024",
}


def covered_period(
    source: SourceDeclaration, given: str | None, part: str | None, promise: Promise | None
) -> str:
    """The period and part that a delivery covers, as the command, the manifest or the source's rhythm says.

    Raises: ProjectError when nothing says it, or what is said is no such period.
    """
    period = given or (promise.period if promise is not None else None)
    every = source.arrives.every
    suffix = f"/{part}" if part is not None else ""
    if period is None and every == "once":
        return f"all{suffix}"
    if period is None:
        raise ProjectError(
            f"Which {every} does the file cover? Neither the command nor a manifest says so.",
            "Add --period, for instance --period 2024-03 for a month or --period 2024 for a year.",
        )
    # A snapshot, such as a register on its reference day, names that day whatever its rhythm.
    if not re.fullmatch(f"{_PERIODS[every]}|{_PERIODS['day']}", period):
        raise ProjectError(
            f"{period} is not a {every}, in which {source.id} arrives.",
            f"Write {_EXAMPLES[every]}, or the day of a snapshot: 2024-03-31.",
        )
    try:
        days_of(period)
    except ValueError as error:
        raise ProjectError(f"The calendar has no {period}.", "Look at the month, week or day.") from error
    return f"{period}{suffix}"


def period_of_mended(
    workspace: Workspace, source: SourceDeclaration, repairs: str, period: str | None, part: str | None
) -> str:
    """The period and part of the delivery whose mended records come.

    Raises: ProjectError when it is unknown, not in force, or of another source or period than is said.
    """
    row = delivery_of(workspace, repairs)
    if row["source"] != source.id:
        raise ProjectError(f"Delivery {repairs} is one of {row['source']}, not of {source.id}.")
    if row["state"] != "accepted":
        raise ProjectError(
            f"Delivery {repairs} is {row['state']}: nothing can be added to it.",
            "Mend the records of a delivery that is in force; `sojourn deliveries` lists them.",
        )
    covered, _, its_part = str(row["period"]).partition("/")
    if period not in (None, covered) or part not in (None, its_part):
        raise ProjectError(
            f"Delivery {repairs} covers {row['period']}, and so do the records that mend it.",
            "Leave --period and --part out.",
        )
    return str(row["period"])
