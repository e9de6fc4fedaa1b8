"""Provisional figures by hand: what was open when, what was known of it, totals, intervals, revisions."""

from __future__ import annotations

import datetime

import numpy as np
import pyarrow as pa
import pytest

from provisional_country import FIRST, RULE, arrivals, classified, day
from sojourn.engine import Engine
from sojourn.errors import ProjectError
from sojourn.integration.movements import Observation
from sojourn.statistics.provisional import (
    LearningWindow,
    Reading,
    histories,
    monthly_totals,
    propensity,
    provisional_figures,
    revision_summary,
)
from sojourn.statistics.provisional.flows import Flows, flows
from sojourn.statistics.provisional.histories import last_day_of_month, month_text
from sojourn.statistics.provisional.intervals import Spread, spread
from sojourn.statistics.provisional.open_kernel import EARLIER, MOVING
from sojourn.statistics.provisional.probabilities import bands_of_age
from sojourn.statistics.provisional.revisions import TRIANGLE
from sojourn.statistics.provisional.vintages import Vintage

JUNE_2016 = 12 * 46 + 5
NO_DRIFT = Spread(np.zeros((3, 5)), np.full((3, 5), 1.96), bands_of_age(487))


def _known(rows, until="2018-12-31", **given):
    return histories(classified(rows, until), rule=RULE, observed_from=FIRST, **given)


def _looks(known, first, last):
    """For each look the crossing, the months since, and the measures by name."""
    seen = known.open_at(first, last, np.ones(len(known), bool))
    return [
        (int(known.table["crossing_id"][int(row)].as_py()), int(age), dict(zip(MOVING, column, strict=True)))
        for row, age, column in zip(seen.rows, seen.ages, seen.known.T, strict=True)
    ]


def test_a_crossing_is_open_at_each_months_end_until_it_is_decided():
    # 20 June 2016 and 123 days are 21 October: with 10 days here the spare 122 are passed on 30 October.
    known = _known([("a", 1, "2016-06-20", "A"), ("a", 2, "2016-06-30", "D")])
    looks = [(crossing, age) for crossing, age, _ in _looks(known, JUNE_2016 - 5, JUNE_2016 + 20)]
    assert looks == [(1, 0), (1, 1), (1, 2), (1, 3)]


def test_a_look_counts_the_days_on_each_side_and_sees_no_later_crossing():
    known = _known([("a", 1, "2016-06-20", "A"), ("a", 2, "2016-07-10", "D"), ("a", 3, "2016-07-21", "A")])
    _, _, june = _looks(known, JUNE_2016, JUNE_2016)[0]
    # 20 to 30 June: eleven days, all here; 487 - 11 remain.
    assert (june["days_elapsed"], june["days_on_new_side"], june["days_remaining"]) == (11, 11, 476)
    assert (june["is_on_new_side"], june["days_on_current_side"], june["later_crossings"]) == (1, 11, 0)
    july = next(
        found for crossing, age, found in _looks(known, JUNE_2016, JUNE_2016 + 1) if (crossing, age) == (1, 1)
    )
    # 20 June to 9 July are 20 days here, 10 to 20 July 11 away, 21 to 31 July 11 here.
    assert (july["days_elapsed"], july["days_on_new_side"], july["later_crossings"]) == (42, 31, 2)
    assert (july["is_on_new_side"], july["days_on_current_side"]) == (1, 11)


def test_what_happened_before_is_counted_within_the_window():
    known = _known([("a", 1, "2014-06-01", "A"), ("a", 2, "2016-06-01", "D"), ("a", 3, "2016-06-11", "A")])
    earlier = dict(zip(EARLIER, known.fixed[:, 2], strict=False))
    # 487 days before 11 June 2016: ten of them away, the others here since 2014.
    assert earlier == {
        "earlier_crossings": 1,
        "earlier_days_in": 477,
        "earlier_days_out": 10,
        "days_since_previous": 10,
    }


def test_before_the_first_crossing_a_person_was_on_its_old_side():
    known = _known([("a", 1, "2016-06-01", "D")])
    assert known.fixed[1, 0] == 487
    assert known.fixed[2, 0] == 0
    assert np.isnan(known.fixed[3, 0])


def test_the_state_before_is_known_since_the_crossing_before_was_decided():
    rows = [("a", 1, "2016-01-10", "A"), ("a", 2, "2016-12-20", "D"), ("a", 3, "2017-03-01", "A")]
    known = _known(rows)
    at = {
        (crossing, age): found["state_before"]
        for crossing, age, found in _looks(known, JUNE_2016, JUNE_2016 + 12)
    }
    assert at[1, 5] == 0  # nothing was recorded for four years: a non-resident, at once
    assert all(state == 2 for (crossing, _), state in at.items() if crossing == 3)


def test_rows_that_are_no_crossing_are_left_out():
    known = _known([("a", 1, "2016-06-20", "A"), ("a", 2, "2016-06-20", "A"), ("b", 3, "2019-06-20", "A")])
    assert known.table["crossing_id"].to_pylist() == [1]


def test_a_crossing_that_can_never_be_decided_is_counted_apart():
    # Two arrivals in a row: where the departure between lay decides, and nobody recorded it.
    known = _known([("a", 1, "2014-06-01", "A"), ("a", 2, "2015-07-01", "A"), ("b", 3, "2014-06-01", "A")])
    said = Vintage(
        12 * 48 + 11,
        np.zeros(0, int),
        np.zeros(0),
        flows(known, 12 * 48 + 11, np.zeros(0, int), np.zeros(0)),
        NO_DRIFT,
    )
    rows = [row for row in monthly_totals(known, said).to_pylist() if row["undecidable"]]
    assert {row["time_period"] for row in rows} <= {"2014-06", "2015-07"}
    assert all(row["obs_status"] == "A" for row in rows)
    june = next(row for row in monthly_totals(known, said).to_pylist()
                if (row["time_period"], row["flow"]) == ("2014-06", "immigration"))  # fmt: skip
    assert (june["value"], june["decided"], june["undecidable"]) == (1, 1, 1)


def _two_open():
    rows = [
        ("a", 1, "2016-01-05", "A", "W"),
        ("b", 2, "2018-06-05", "A", "W"),
        ("c", 3, "2018-06-06", "A", "T"),
        ("d", 4, "2018-06-07", "D", "W"),
    ]
    known = _known(rows)
    month = 12 * 48 + 11
    chances = np.array([0.8, 0.3, 0.5])
    return known, Vintage(
        month, np.array([1, 2, 3]), chances, flows(known, month, np.array([1, 2, 3]), chances), NO_DRIFT
    )


def test_a_total_is_what_is_decided_and_the_sum_of_probabilities():
    known, said = _two_open()
    rows = {(row["time_period"], row["flow"]): row for row in monthly_totals(known, said).to_pylist()}
    january, june = rows["2016-01", "immigration"], rows["2018-06", "immigration"]
    assert (january["value"], january["standard_error"], january["obs_status"]) == (1, 0, "A")
    assert june["value"] == pytest.approx(1.1)
    # 0.8 x 0.2 + 0.3 x 0.7 = 0.37
    assert june["standard_error"] == pytest.approx(0.37**0.5)
    assert (june["decided"], june["open"], june["obs_status"]) == (0, 2, "P")
    # 1.1 + 1.96 x 0.608 = 2.29, but only two are open; below zero nothing is possible.
    assert (june["lower"], june["upper"]) == (0, 2)
    net = rows["2018-06", "net"]
    assert net["value"] == pytest.approx(0.6)
    assert net["standard_error"] == pytest.approx((0.37 + 0.25) ** 0.5)
    assert (net["lower"], net["upper"], net["open"]) == pytest.approx((0.6 - 1.96 * 0.62**0.5, 2, 3))


def test_figures_are_broken_down_and_add_up():
    known, said = _two_open()
    rows = monthly_totals(known, said, by=["visa"]).to_pylist()
    june = {
        row["visa"]: row["value"]
        for row in rows
        if row["time_period"] == "2018-06" and row["flow"] == "immigration"
    }
    assert june == pytest.approx({"_T": 1.1, "T": 0.3, "W": 0.8})


def test_what_earlier_vintages_missed_beyond_chance_widens_intervals():
    months = np.array([100])

    def said(vintage, value, variance, scale):
        of = np.full((3, 1), float(value))
        return Flows(vintage, months, 0 * of, of, np.full((3, 1), variance), np.full((3, 1), float(scale)))

    # The last vintage said 10 with variance 4 and expected 5 of it; now it is 15 and nothing is open.
    now = said(101, 15, 0.0, 0)
    found = spread(now, [said(100, 10, 4.0, 5)], np.zeros((3, 0)), 487)
    # (15 - 10)^2 - 4 = 21, relative to 5^2.
    assert found.squared[1, 0] == pytest.approx(21 / 25)
    assert found.standard_error(np.array([4.0]), np.array([5.0]), 1, np.array([0]))[0] == pytest.approx(5)


def test_bands_double_and_end_with_the_window():
    assert bands_of_age(487) == ((0, 0), (1, 1), (2, 3), (4, 7), (8, 17))
    assert bands_of_age(365)[-1][1] == 13


def _triangle(rows):
    columns = [dict(zip(TRIANGLE.names, row, strict=True)) for row in rows]
    return pa.Table.from_pylist(columns, schema=TRIANGLE)


def test_revisions_are_summed_up_by_flow_and_months_after():
    rows = [
        ("2018-01", "2018-01", 0, "net", 4.0, 1.0, 2.0, 6.0, 5.0, True),
        ("2018-02", "2018-02", 0, "net", -2.0, 1.0, -4.0, 0.0, 1.0, True),
        ("2018-02", "2018-01", 1, "net", 5.0, 0.5, 4.0, 6.0, 5.0, True),
        ("2018-09", "2018-09", 0, "net", 9.0, 1.0, 7.0, 11.0, 0.0, False),
        ("2018-09", "2016-09", 24, "net", 9.0, 0.0, 9.0, 9.0, 9.0, True),
    ]
    with Engine() as engine:
        found = {row[1]: row[2:] for row in revision_summary(engine.relation(_triangle(rows))).rows()}
    # At once: 1 and 3 were missing; one of two signs was wrong and one of two intervals held.
    assert found[0] == (2, 2.0, 2.0, pytest.approx(5**0.5), 0.5, 0.5)
    assert found[1] == (1, 0, 0, 0, 0, 1)
    assert found[-1][0] == 3


def _shares(reading, until="2018-12-31"):
    """Ten workers and ten tourists came in June 2017; of the workers seven stayed."""
    rows = []
    for number in range(20):
        visa = "W" if number < 10 else "T"
        rows.append((f"p{number}", 10 * number, "2017-06-15", "A", visa))
        if number >= 7:
            rows.append((f"p{number}", 10 * number + 1, "2017-06-25", "D", visa))
    rows += [
        ("new", 1000, "2018-06-20", "A", "W"),
        ("gone", 1001, "2018-06-20", "A", "W"),
        ("gone", 1002, "2018-06-22", "D", "W"),
    ]
    known = _known(rows, until, features=("visa",))
    place = {number: row for row, number in enumerate(known.table["crossing_id"].to_pylist())}
    found, counts = propensity(known, 12 * 48 + 5 + 5, reading=reading, looks_ahead=True)
    by_row = dict(zip(found.tolist(), counts.tolist(), strict=True))
    return by_row.get(place[1000]), by_row.get(place[1001])


def test_propensity_takes_the_share_of_the_cell_a_year_before():
    assert _shares(Reading.ALL) == pytest.approx((0.7, 0.7))


def test_propensity_of_undecided_movements_leaves_decided_ones():
    # Who left after two days is certain to be no migrant 122 days later.
    assert _shares(Reading.UNDECIDED) == (pytest.approx(0.7), None)


def test_propensity_of_those_still_open_asks_who_was_open_as_long():
    # Five months after June 2017 only the seven who stayed were open: too few for a cell, so all are asked.
    assert _shares(Reading.STILL_OPEN) == (pytest.approx(1.0), None)


def _figures(table, until="2021-12-31", **given):
    observed = Observation(FIRST, datetime.date.fromisoformat(until))
    return provisional_figures(table, rule=RULE, observation=observed, features=["visa"], **given)


def test_a_last_day_in_the_middle_of_a_month_is_refused():
    table, _ = arrivals(50, 1)
    with pytest.raises(ProjectError, match="does not end a month"):
        _figures(table, "2021-12-30")


def test_too_short_an_observation_is_refused_with_the_first_month_that_can_be_estimated():
    table, _ = arrivals(50, 1)
    with pytest.raises(ProjectError, match="first month that can be estimated is 2015-05"):
        _figures(table, "2014-12-31")


def test_absent_columns_are_named():
    table, _ = arrivals(50, 1)
    with pytest.raises(ProjectError, match="no column citizenship"):
        _figures(table, by=["citizenship"])
    with pytest.raises(ProjectError, match="no column problem"):
        _figures(table.drop_columns(["problem"]))


def test_a_window_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="Nothing can be learned"):
        LearningWindow(months=3, fewest=6)


def test_months_have_their_last_days():
    assert last_day_of_month(np.array([12 * 46 + 1]))[0] == day("2016-02-29")
    assert month_text(12 * 46 + 1) == "2016-02"
