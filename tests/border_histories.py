"""Histories of crossings for tests: movements from short rows, their events, their classes by definition."""

from __future__ import annotations

import datetime

import pyarrow as pa

from movement_definition import UNKNOWN, decided
from sojourn.concepts.frameworks import ResidenceRule, national_framework
from sojourn.contracts.microdata import Movement
from sojourn.integration.migration_events import EventRules, crossings_of_movements, migration_events
from sojourn.integration.movements import Observation

FIRST = datetime.date(2010, 1, 1)
TWELVE_OF_SIXTEEN = ResidenceRule(365, 487)
# The columns of each framework, with its threshold and window in days.
RULES = {"1998": (365, 487), "2021_06": (183, 365), "2021_12": (365, 487), "national": (365, 487)}


def day(number):
    """The day so many days after the first one."""
    return FIRST + datetime.timedelta(number)


def national(*rules):
    """A national framework from residence rules, the first from 1998, each other with its first day."""
    dated = {datetime.date(1998, 1, 1): rules[0], **dict(rules[1:])}
    return national_framework(dated, source="test", titles={"en": "National"})


def movements(rows):
    """Movements from (person, day number or date, direction), or with a dictionary of other columns."""
    records = []
    for number, (person, when, direction, *rest) in enumerate(rows):
        beside = dict(rest[0]) if rest else {}
        records.append(
            {
                "record_id": f"border:d:{number}",
                "movement_id": f"m{number}",
                "person_key": person,
                "event_date": day(when) if isinstance(when, int) else when,
                "direction": direction,
                **beside,
            }
        )
    return pa.Table.from_pylist(records, Movement.schema().remove_metadata())


def events_of(engine, rows, *, last, rule=TWELVE_OF_SIXTEEN, framework=None, country="XRU", first=0, **kept):
    """The events of movements, or of rows that make them, recorded from day `first` to day `last`."""
    table = rows if isinstance(rows, pa.Table) else movements(rows)
    crossings = crossings_of_movements(engine.relation(table)).to_arrow()
    return migration_events(
        engine,
        crossings,
        rules=EventRules(country, framework or national(rule), **kept),
        observation=Observation(day(first), day(last)),
    )


def by_crossing(events):
    """The events in the order in which their movements were given."""
    return sorted(events.to_pylist(), key=lambda row: int(row["movement_id"][1:]))


def classes(events, column):
    """The classes of the crossings, in the order in which they were given."""
    return [row[f"class_{column}"] for row in by_crossing(events)]


def plain_class_of_a_stay(column, days, is_excluded):
    """What a stay that changes no residence is called under a framework, by the words of its definition."""
    if column != "1998":
        return "TMP"
    return "ST" if days >= 90 and not is_excluded else "VIS"


def plain_classes(column, days, sides, excluded, *, until, observed_from=0):
    """Class, residence before and residence after of alternating crossings, counted day by day."""
    threshold, window = RULES[column]
    first_states = (1 - sides[0],) if days[0] - observed_from >= threshold else (0, 1)
    outcomes = decided(
        days,
        sides,
        thresholds=[threshold] * len(days),
        windows=[window] * len(days),
        until=until,
        first_states=first_states,
    )
    found = []
    for place, (before, after, migrates) in enumerate(outcomes):
        if migrates == 1:
            name = "LT" if column == "1998" else "RES"
        elif UNKNOWN in (before, migrates):
            name = "_U"
        elif before == sides[place]:
            name = "_Z"
        elif place + 1 == len(days):
            name = "_U"
        else:
            name = plain_class_of_a_stay(column, days[place + 1] - days[place], excluded[place])
        lives = {0: "N", 1: "R", UNKNOWN: "_U"}
        found.append((name, lives[before], lives[after]))
    return found
