"""What must hold of provisional figures whatever the crossings are."""

from __future__ import annotations

import datetime
import functools

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisional_country import EPOCH, FIRST, RULE, arrivals, classified
from sojourn.integration.movements import Observation
from sojourn.statistics.provisional import histories, provisional_figures
from sojourn.statistics.provisional.histories import last_day_of_month
from sojourn.statistics.provisional.open_kernel import MOVING

OBSERVED = Observation(FIRST, datetime.date(2019, 12, 31))
MONTH = 12 * 49 + 11


@functools.cache
def _table(persons=1500, seed=3, until="2019-12-31"):
    return arrivals(persons, seed, until)[0]


def _figures(table, **given):
    return provisional_figures(table, rule=RULE, observation=OBSERVED, features=["visa"], **given)


@functools.cache
def _once():
    return _figures(_table(), by=["visa"])


def test_probabilities_lie_between_zero_and_one():
    chances = _once().crossings["probability"].to_numpy()
    assert len(chances)
    assert ((chances >= 0) & (chances <= 1)).all()


def test_every_open_crossing_of_a_shown_month_has_a_probability_and_no_other():
    assert len(_once().crossings) == sum(
        row["open"] for row in _once().totals.to_pylist() if row["visa"] == "_T" and row["flow"] != "net"
    )


def test_final_months_are_exact_counts():
    table = _table()
    migrations = table.filter(pc.and_(table["is_migration"], pc.equal(table["direction"], "arrival")))
    texts = pc.strftime(migrations["date"], "%Y-%m").to_pylist()
    final = [
        row for row in _once().totals.to_pylist()
        if row["obs_status"] == "A" and row["flow"] == "immigration" and row["visa"] == "_T"
    ]  # fmt: skip
    assert len(final) > 40
    for row in final:
        count = texts.count(row["time_period"])
        assert (row["value"], row["lower"], row["upper"]) == (count, count, count)


def test_intervals_hold_the_value_and_cells_add_up():
    rows = _once().totals.to_pylist()
    assert all(row["lower"] <= row["value"] <= row["upper"] for row in rows)
    for month in {row["time_period"] for row in rows}:
        for flow in ("immigration", "emigration", "net"):
            mine = [row for row in rows if row["time_period"] == month and row["flow"] == flow]
            whole = sum(row["value"] for row in mine if row["visa"] == "_T")
            assert sum(row["value"] for row in mine if row["visa"] != "_T") == pytest.approx(whole)


def test_the_same_seed_gives_the_same_figures():
    again = _figures(_table(), by=["visa"])
    assert again.totals.equals(_once().totals)
    assert again.triangle.equals(_once().triangle)


def test_the_order_of_rows_does_not_matter():
    shuffled = _table().take(pa.array(np.random.default_rng(0).permutation(len(_table()))))
    found = _figures(shuffled, by=["visa"])
    assert found.totals.equals(_once().totals)
    assert found.crossings.equals(_once().crossings)


def test_what_happens_later_changes_no_earlier_vintage():
    # The same people, watched two years longer: more crossings, more decisions, a new kind of visa.
    longer = arrivals(1500, 3, "2021-12-31")[0]
    assert len(longer) > len(_table())
    stranger = classified([(9999, 99999, "2021-06-01", "A", "AAA")], "2021-12-31").cast(longer.schema)
    found = _figures(pa.concat_tables([longer, stranger]), by=["visa"])
    assert found.totals.equals(_once().totals)
    assert found.crossings.equals(_once().crossings)
    assert found.triangle.equals(_once().triangle)


days_apart = st.lists(st.integers(1, 420), min_size=1, max_size=8)


@st.composite
def people(draw):
    """Gap-free histories of a few persons from 2014 on, as rows."""
    rows = []
    for person in range(draw(st.integers(1, 4))):
        when = datetime.date(2013, 6, 1) + datetime.timedelta(draw(st.integers(0, 400)))
        turn = draw(st.booleans())
        for apart in draw(days_apart):
            rows.append((person, len(rows), when.isoformat(), "AD"[turn]))
            when, turn = when + datetime.timedelta(apart), not turn
    return [row for row in rows if row[2] <= "2019-12-31"]


def _label(table, until):
    return {
        number: value for number, value, when in zip(
            table["crossing_id"].to_pylist(), table["is_migration"].to_pylist(), table["date"].to_pylist(),
            strict=True,
        ) if when <= until
    }  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(people(), st.integers(0, 60))
def test_a_later_classification_tells_what_an_earlier_one_said(rows, months_before):
    month = MONTH - months_before
    until = EPOCH + datetime.timedelta(int(last_day_of_month(np.array([month]))[0]))
    known = histories(classified(rows, "2019-12-31"), rule=RULE, observed_from=FIRST)
    then = _label(classified(rows, until.isoformat()), until)
    day = (until - EPOCH).days
    for row, number in enumerate(known.table["crossing_id"].to_pylist()):
        if known.days[row] <= day:
            said = {0: False, 1: True}.get(int(known.outcome[row])) if known.final[row] <= day else None
            assert said == then[number]


def _plain_looks(rows, known):
    """Day by day: for each crossing and month's end, elapsed days, days on the new side, side, crossings."""
    found = {}
    by_person = {}
    for person, number, when, direction in rows:
        by_person.setdefault(person, []).append(
            ((datetime.date.fromisoformat(when) - EPOCH).days, direction, number)
        )
    final = dict(zip(known.table["crossing_id"].to_pylist(), known.final.tolist(), strict=True))
    for history in by_person.values():
        for place, (start, direction, number) in enumerate(history):
            for month in range(MONTH - 90, MONTH + 1):
                end = int(last_day_of_month(np.array([month]))[0])
                if not start <= end < min(start + 487, final[number]):
                    continue
                sides = [
                    [way for day, way, _ in history[place:] if day <= today][-1]
                    for today in range(start, end + 1)
                ]
                found[number, month] = (
                    len(sides), sides.count(direction), sides[-1] == direction,
                    sum(day <= end for day, _, _ in history[place + 1 :]),
                )  # fmt: skip
    return found


@settings(max_examples=40, deadline=None)
@given(people())
def test_looks_at_open_crossings_agree_with_a_count_of_days(rows):
    known = histories(classified(rows, "2019-12-31"), rule=RULE, observed_from=FIRST)
    seen = known.open_at(MONTH - 90, MONTH, np.ones(len(known), bool))
    names = ("days_elapsed", "days_on_new_side", "is_on_new_side", "later_crossings")
    found = {}
    for row, age, column in zip(seen.rows, seen.ages, seen.known.T, strict=True):
        measures = dict(zip(MOVING, column, strict=True))
        key = known.table["crossing_id"][int(row)].as_py(), int(known.months[row]) + int(age)
        found[key] = tuple(int(measures[name]) for name in names)
    assert found == {key: tuple(map(int, value)) for key, value in _plain_looks(rows, known).items()}
