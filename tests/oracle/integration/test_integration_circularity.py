"""Circular migration against the vectors of the domain reference, section 1.3."""

from __future__ import annotations

import datetime

import pyarrow as pa
import pytest

from sojourn.engine import Engine
from sojourn.integration.circularity import LONG_TERM_DAYS, TEMPORARY_DAYS, circularity

pytestmark = pytest.mark.oracle
FIRST = datetime.date(2010, 1, 1)


def _found(days, threshold, reference=3650):
    table = pa.table(
        {
            "person_id": ["anna"] * len(days),
            "crossing_id": list(range(len(days))),
            "date": [FIRST + datetime.timedelta(day) for day in days],
        }
    )
    on = FIRST + datetime.timedelta(reference)
    with Engine() as engine:
        (row,) = circularity(engine.relation(table), reference=on, threshold_days=threshold).rows()
    return row[1:]


@pytest.mark.parametrize(
    ("days", "long_term", "temporary"),
    [
        ([0, 400, 800], (3, True), (3, True)),
        ([0, 400, 700], (2, False), (3, True)),
        ([0, 100, 180, 300, 420], (1, False), (4, True)),
        ([0], (1, False), (1, False)),
    ],
)
def test_three_stays_of_the_last_ten_years_make_a_circular_migrant(days, long_term, temporary):
    assert _found(days, LONG_TERM_DAYS) == long_term
    assert _found(days, TEMPORARY_DAYS) == temporary


def test_a_stay_that_goes_on_counts_once_it_is_long_enough():
    assert _found([0, 400, 800], LONG_TERM_DAYS, reference=800 + 364) == (2, False)
    assert _found([0, 400, 800], LONG_TERM_DAYS, reference=800 + 365) == (3, True)


def test_crossings_of_more_than_ten_years_ago_do_not_count():
    assert _found([0, 400, 800], LONG_TERM_DAYS, reference=3652) == (2, False)  # 1 January 2020
    assert _found([0, 400, 800], LONG_TERM_DAYS, reference=3651) == (3, True)


def test_a_threshold_below_one_day_is_refused():
    with pytest.raises(ValueError, match="cannot be asked for"):
        _found([0], 0)
