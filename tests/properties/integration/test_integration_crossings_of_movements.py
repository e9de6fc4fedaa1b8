"""Movements as crossings: the local day decides the date, and instants the order within it."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from border_histories import by_crossing, day, events_of, movements
from sojourn.engine import Engine
from sojourn.integration.migration_events import crossings_of_movements

_QUARTERS_OF_AN_HOUR = st.integers(-11 * 4, 14 * 4)
_MINUTE_OF_THE_DAY = st.integers(0, 24 * 60 - 1)


@pytest.fixture(scope="module")
def engine():
    with Engine() as opened:
        yield opened


def _instant(number, minute, quarters):
    """The instant of a local minute of a day where clocks are so many quarters of an hour ahead of UTC."""
    local = datetime.datetime.combine(day(number), datetime.time(), datetime.UTC)
    return local + datetime.timedelta(minutes=minute - 15 * quarters)


@settings(max_examples=40, deadline=None)
@given(places=st.lists(st.tuples(_MINUTE_OF_THE_DAY, _QUARTERS_OF_AN_HOUR), min_size=1, max_size=20))
def test_crossings_of_one_local_day_stand_in_the_order_of_their_instants(engine, places):
    instants = [_instant(500, minute, quarters) for minute, quarters in places]
    rows = [("anna", 500, "A", {"event_time": instant}) for instant in instants]
    found = (
        crossings_of_movements(engine.relation(movements(rows))).to_arrow().sort_by("crossing_id").to_pylist()
    )
    moments = {row["event_time"]: row["date"] for row in found}
    assert {moment.date() for moment in moments.values()} == {day(500)}
    assert [moments[instant] for instant in sorted(moments)] == sorted(moments.values())
    assert len(set(moments.values())) == len(set(instants))


@pytest.mark.parametrize("quarters", [-44, -14, 0, 22, 56], ids=["-11", "-3:30", "0", "+5:30", "+14"])
def test_the_local_day_is_the_date_in_every_time_zone(engine, quarters):
    rows = [
        ("anna", 500, "A", {"event_time": _instant(500, 0, quarters)}),
        ("anna", 500, "D", {"event_time": _instant(500, 24 * 60 - 1, quarters)}),
        ("anna", 501, "A", {"event_time": _instant(501, 0, quarters)}),
    ]
    found = by_crossing(events_of(engine, rows, last=2000))
    assert [(row["position"], row["event_date"], row["stay_days"]) for row in found] == [
        (1, day(500), 0),
        (2, day(500), 1),
        (3, day(501), None),
    ]


@pytest.mark.parametrize("first", ["A", "D"])
def test_who_came_and_who_left_first_on_a_day_is_told_by_the_instants(engine, first):
    second = {"A": "D", "D": "A"}[first]
    rows = [
        ("anna", 500, second, {"event_time": _instant(500, 1200, 8)}),
        ("anna", 500, first, {"event_time": _instant(500, 480, 8)}),
    ]
    later, earlier = by_crossing(events_of(engine, rows, last=2000))
    assert (earlier["position"], later["position"]) == (1, 2)
    assert earlier["residence_before_national"] == {"A": "N", "D": "R"}[first]


def test_without_the_time_of_one_of_them_arrivals_and_departures_of_a_day_take_turns(engine):
    # By air there are times, by land there are none: she came at ten and left on the same day.
    rows = [
        ("anna", 500, "A", {"event_time": _instant(500, 600, 8)}),
        ("anna", 500, "D"),
        ("berta", 400, "A"),
        ("berta", 500, "A", {"event_time": _instant(500, 600, 8)}),
        ("berta", 500, "D"),
        ("berta", 600, "D"),
    ]
    found = by_crossing(events_of(engine, rows, last=2000))
    assert [(row["person_key"], row["position"], row["problem"]) for row in found] == [
        ("anna", 1, None),
        ("anna", 2, None),
        ("berta", 1, None),
        ("berta", 3, None),
        ("berta", 2, None),
        ("berta", 4, None),
    ]
    assert [row["class_2021_12"] for row in found[:2]] == ["TMP", "_Z"]
