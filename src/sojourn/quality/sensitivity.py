"""How much the totals of migration depend on the rule and on what is assumed of missing movements.

Rules with longer windows leave more of the last crossings undecided, so only crossings are compared whose
windows were observed whole under every rule, and before which the longest threshold had passed.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from sojourn.concepts.frameworks import ResidenceRule
from sojourn.integration.movements import Gaps, Observation, classified_movements
from sojourn.quality.counts import COUNTS
from sojourn.quality.rule_days import threshold_days, window_days

__all__ = ["comparable_days", "sensitivity"]

_NEEDED = ["person_id", "crossing_id", "date", "direction", "person", "follows_same", "precedes_same"]
_TOTALS = ("immigrations", "emigrations", "undecided")


def comparable_days(rules: Mapping[str, ResidenceRule], observation: Observation) -> Observation | None:
    """The days whose crossings every rule could decide from the days observed; None where there are none.

    A day counts when it is over, so that a window must end before the last day.
    """
    before = datetime.timedelta(max(map(threshold_days, rules.values())))
    after = datetime.timedelta(max(map(window_days, rules.values())))
    if observation.first + before > observation.last - after:
        return None
    return Observation(observation.first + before, observation.last - after)


def sensitivity(
    placed: pa.Table,
    *,
    rules: Mapping[str, ResidenceRule],
    observation: Observation,
    anchors: pa.Table | None = None,
) -> pa.Table:
    """Migrations and undecided crossings by rule and treatment of missing movements, as COUNTS.

    `placed` is the result of `placed`, by whatever rule it was classified. The denominator is the number of
    usable crossings on the comparable days. Empty when there are no such days.
    """
    days = comparable_days(rules, observation)
    if days is None:
        return COUNTS.empty_table()
    crossings = placed.filter(placed["place"].is_valid()).select(_NEEDED)
    has_gap = pc.or_(crossings["follows_same"], crossings["precedes_same"])
    with_gap = pc.is_in(crossings["person"], pc.unique(crossings["person"].filter(has_gap)))
    simple, doubtful = crossings.filter(pc.invert(with_gap)), crossings.filter(with_gap)
    rows = []
    for name, rule in rules.items():
        settled = classified_movements(simple, rule=rule, observation=observation, anchors=anchors)
        base = _of_days(settled, days)
        for gaps in Gaps:
            decided = classified_movements(
                doubtful, rule=rule, observation=observation, anchors=anchors, gaps=gaps
            )
            both = _added(base, _of_days(decided, days))
            rows += list(_counted(both, name, gaps))
    return pa.Table.from_pylist(rows, COUNTS)


Totals = dict[str, tuple[int, int]]


def _of_days(classified: pa.Table, days: Observation) -> Totals:
    """How many crossings of the days there are of each kind, and of how many persons."""
    date = classified["date"].cast(pa.date32(), safe=False)
    within = pc.and_(pc.greater_equal(date, days.first), pc.less_equal(date, days.last))
    chosen = classified.select(["person", "direction", "is_migration", "unresolved"]).filter(within)
    is_arrival = pc.equal(chosen["direction"].cast(pa.string()), "arrival").fill_null(False)
    migrated = chosen["is_migration"].fill_null(False)
    kinds = {
        "immigrations": pc.and_(migrated, is_arrival),
        "emigrations": pc.and_(migrated, pc.invert(is_arrival)),
        "undecided": chosen["unresolved"],
    }
    found = {name: _size(chosen["person"].filter(claims)) for name, claims in kinds.items()}
    return {**found, "crossings": _size(chosen["person"])}


def _size(persons: pa.ChunkedArray) -> tuple[int, int]:
    return len(persons), pc.count_distinct(persons).as_py()


def _added(first: Totals, second: Totals) -> Totals:
    """The totals of two groups of persons of whom nobody is in both."""
    return {name: (first[name][0] + second[name][0], first[name][1] + second[name][1]) for name in first}


def _counted(totals: Totals, rule: str, gaps: Gaps) -> Iterator[dict[str, object]]:
    crossings, people = totals["crossings"]
    for name in _TOTALS:
        yield {
            "measure": name,
            "breakdown": "rule,missing",
            "category": rule,
            "subcategory": gaps.name.lower(),
            "numerator": totals[name][0],
            "denominator": crossings,
            "numerator_people": totals[name][1],
            "denominator_people": people,
        }
