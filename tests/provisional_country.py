"""A small made-up border for the tests of provisional figures: every probability in it is known."""

from __future__ import annotations

import datetime

import numpy as np
import pyarrow as pa

from sojourn.concepts.frameworks import ResidenceRule
from sojourn.integration.movements import Observation, classified_movements

RULE = ResidenceRule(365, 487)
FIRST = datetime.date(2012, 1, 1)
EPOCH = datetime.date(1970, 1, 1)


def day(text: str) -> int:
    """A day as a number of days since 1 January 1970."""
    return (datetime.date.fromisoformat(text) - EPOCH).days


def classified(rows, until: str, first: datetime.date = FIRST) -> pa.Table:
    """Crossings (person, crossing, day, A or D) with visas, classified at the end of a day."""
    directions = {"A": "arrival", "D": "departure"}
    table = pa.table(
        {
            "person_id": [row[0] for row in rows],
            "crossing_id": [row[1] for row in rows],
            "date": pa.array([datetime.date.fromisoformat(row[2]) for row in rows], pa.date32()),
            "direction": [directions[row[3]] for row in rows],
            "visa": pa.array([row[4] if len(row) > 4 else None for row in rows], pa.string()),
        }
    )
    return _decided(table, first, datetime.date.fromisoformat(until))


def _decided(table: pa.Table, first: datetime.date, until: datetime.date) -> pa.Table:
    return classified_movements(table, rule=RULE, observation=Observation(first, until))


def arrivals(
    persons: int, seed: int, until: str = "2021-12-31", share: dict[str, float] | None = None
) -> tuple[pa.Table, np.ndarray]:
    """People who come once and either stay for good, with the share of their visa, or leave within 90 days.

    Departures are spread evenly over 90 days, so that the probability of somebody who is still here after
    d days is p / (p + (1 - p)(90 - d) / 90). The second value says for each person whether they stay.
    """
    shares = share or {"W": 0.7, "T": 0.05}
    draw = np.random.default_rng(seed)
    came = draw.integers(day("2013-01-01"), day("2021-12-31"), persons)
    visa = draw.choice(list(shares), persons)
    stays = draw.random(persons) < np.array([shares[each] for each in visa])
    left = came + draw.integers(1, 91, persons)
    leaves = np.flatnonzero(~stays)
    person = np.concatenate([np.arange(persons), leaves])
    days = np.concatenate([came, left[leaves]]).astype(np.int32)
    arrives = np.concatenate([np.ones(persons, bool), np.zeros(len(leaves), bool)])
    table = pa.table(
        {
            "person_id": person,
            "crossing_id": np.arange(len(person)),
            "date": pa.array(days).cast(pa.date32()),
            "direction": np.where(arrives, "arrival", "departure"),
            "visa": visa[person],
        }
    )
    last = datetime.date.fromisoformat(until)
    table = table.filter(pa.array(days <= (last - EPOCH).days))
    return _decided(table, FIRST, last), stays
