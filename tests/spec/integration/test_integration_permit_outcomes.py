"""Visas and permits joined to crossings: each table below was judged by hand."""

from __future__ import annotations

from datetime import date

import pytest

from conftest import rows
from permit_definition import whole
from sojourn.contracts.microdata import Movement, PermitOutcome, Status
from sojourn.integration.movements import Observation
from sojourn.integration.permit_outcomes import PermitRule, permit_outcomes

OBSERVED = Observation(date(2018, 1, 1), date(2021, 12, 31))
NOBODY = """
    person_key | event_date | direction
    -----------|------------|----------
    """


@pytest.fixture
def judged(given):
    """The outcomes of drawn statuses and crossings, numbered from 0 in the order in which they are drawn."""

    def found(statuses, movements=NOBODY, *columns, observation=OBSERVED, since=date(2010, 1, 1), **rule):
        numbered = dict.fromkeys(("record_id", "status_id", "movement_id"), "{:02d}".format)
        outcomes = permit_outcomes(
            whole(Status, given(Status, statuses), **numbered),
            whole(Movement, given(Movement, movements), **numbered),
            observation=observation,
            statuses_since=since,
            rule=PermitRule(**rule),
        )
        PermitOutcome.conform(outcomes.to_arrow())
        return [row[1:] for row in rows(outcomes, "record_id", *columns)]

    return found


def test_whoever_crosses_within_the_validity_came(judged):
    statuses = """
        person_key | kind | valid_from | valid_to
        -----------|------|------------|-----------
        arrives    | visa | 2020-03-01 | 2020-05-31
        last_day   | visa | 2020-03-01 | 2020-05-31
        was_here   | visa | 2020-03-01 | 2020-05-31
        leaves     | visa | 2020-03-01 | 2020-05-31
        comes_back | visa | 2020-03-01 | 2020-05-31
        """
    movements = """
        person_key | event_date | direction
        -----------|------------|----------
        arrives    | 2020-03-10 | A
        last_day   | 2020-05-31 | A
        was_here   | 2020-02-29 | A
        leaves     | 2020-03-01 | D
        comes_back | 2020-02-01 | A
        comes_back | 2020-02-20 | D
        comes_back | 2020-03-01 | A
        """
    assert judged(statuses, movements, "outcome", "first_arrival", "days_waited") == [
        ("ARR", date(2020, 3, 10), 9),
        ("ARR", date(2020, 5, 31), 91),  # 31 days of March, 30 of April, 30 of May
        ("HERE", None, None),
        ("HERE", None, None),  # who leaves without a recorded arrival was here before recording began
        ("ARR", date(2020, 3, 1), 0),
    ]


def test_who_is_outside_and_does_not_arrive_never_came_once_the_validity_is_over(judged):
    statuses = """
        person_key | kind   | valid_from | valid_to
        -----------|--------|------------|-----------
        too_late   | visa   | 2020-03-01 | 2020-05-31
        left       | permit | 2020-03-01 | 2021-12-31
        still_runs | permit | 2021-03-01 | 2022-02-28
        no_end     | permit | 2021-12-01 |
        not_begun  | visa   | 2022-01-01 | 2022-03-31
        """
    movements = """
        person_key | event_date | direction
        -----------|------------|----------
        too_late   | 2020-06-01 | A
        left       | 2020-02-29 | D
        still_runs | 2021-02-01 | D
        no_end     | 2021-02-01 | D
        not_begun  | 2021-02-01 | A
        """
    assert judged(statuses, movements, "outcome", "days_waited", "after_validity") == [
        ("NEV", 92, "_Z"),
        ("NEV", 671, "_Z"),  # 306 days of 2020 from 1 March, and 365 of 2021
        ("WAIT", 306, "VALID"),  # from 1 March to 31 December
        ("WAIT", 31, "VALID"),
        ("OPEN", None, "VALID"),
    ]


def test_without_any_crossing_only_a_newcomer_is_known_not_to_have_come(judged):
    statuses = """
        person_key | kind   | category | valid_from | valid_to
        -----------|--------|----------|------------|-----------
        newcomer   | permit | first    | 2019-01-01 | 2019-12-31
        too_early  | permit | first    | 2018-12-31 | 2019-12-31
        settled    | permit | renewal  | 2019-01-01 | 2019-12-31
        waiting    | permit | first    | 2021-06-01 | 2022-05-31
        unstated   | permit |          | 2019-01-01 | 2019-12-31
        """
    found = judged(statuses, NOBODY, "outcome", "after_validity", newcomer_categories=frozenset({"first"}))
    assert found == [
        ("NEV", "_Z"),
        ("NONE", "_U"),  # may have come within the 365 days before, when nothing was recorded
        ("NONE", "_U"),
        ("WAIT", "VALID"),
        ("NONE", "_U"),
    ]


def test_two_crossings_in_a_row_in_one_direction_leave_the_time_between_them_unknown(judged):
    statuses = """
        person_key | kind | valid_from | valid_to
        -----------|------|------------|-----------
        between    | visa | 2020-03-01 | 2020-05-31
        away       | visa | 2020-03-01 | 2020-05-31
        within     | visa | 2020-03-01 | 2020-05-31
        unknown    | visa | 2020-03-01 | 2020-05-31
        """
    movements = """
        person_key | event_date | direction
        -----------|------------|----------
        between    | 2020-01-01 | A
        between    | 2020-07-01 | A
        away       | 2020-01-01 | D
        away       | 2020-07-01 | D
        within     | 2020-01-01 | A
        within     | 2020-04-01 | A
        unknown    | 2020-04-01 | _U
        """
    assert judged(statuses, movements, "outcome", "side_at_end", "after_validity", "days_beyond") == [
        ("_U", "_U", "_U", None),
        ("_U", "_U", "_U", None),
        ("PRES", "IN", "NODEP", 579),  # 214 days of 2020 from 1 June, and 365 of 2021
        ("PRES", "_U", "_U", None),
    ]


def test_before_the_observation_only_a_crossing_tells_that_somebody_was_here(judged):
    statuses = """
        person_key | kind | valid_from | valid_to
        -----------|------|------------|-----------
        arrives    | visa | 2017-12-01 | 2018-02-28
        leaves     | visa | 2017-12-01 | 2018-02-28
        stays_on   | visa | 2017-12-01 | 2018-02-28
        comes_late | visa | 2017-12-01 | 2018-02-28
        over       | visa | 2017-11-01 | 2017-12-31
        """
    movements = """
        person_key | event_date | direction
        -----------|------------|----------
        arrives    | 2018-02-01 | A
        leaves     | 2018-02-01 | D
        stays_on   | 2018-03-10 | D
        comes_late | 2018-03-10 | A
        over       | 2018-03-10 | D
        """
    assert judged(statuses, movements, "outcome", "side_at_end", "after_validity", "days_beyond") == [
        ("PRES", "IN", "NODEP", 1402),  # 306 days of 2018 from 1 March, 365, 366 and 365
        ("PRES", "OUT", "LEFT", None),
        ("PRES", "IN", "LATE", 10),
        ("_U", "OUT", "_U", None),
        ("_U", "_U", "_U", None),
    ]


def test_what_happens_when_the_validity_ends(judged):
    statuses = """
        person_key | kind | valid_from | valid_to
        -----------|------|------------|-----------
        in_time    | visa | 2020-03-01 | 2020-05-31
        in_grace   | visa | 2020-03-01 | 2020-05-31
        late       | visa | 2020-03-01 | 2020-05-31
        not_gone   | visa | 2020-03-01 | 2020-05-31
        valid      | visa | 2021-10-05 | 2022-01-02
        in_march   | visa | 2021-10-05 | 2021-12-25
        """
    movements = """
        person_key | event_date | direction
        -----------|------------|----------
        in_time    | 2020-03-10 | A
        in_time    | 2020-05-31 | D
        in_grace   | 2020-03-10 | A
        in_grace   | 2020-06-10 | D
        late       | 2020-03-10 | A
        late       | 2020-06-11 | D
        not_gone   | 2020-03-10 | A
        valid      | 2021-10-05 | A
        in_march   | 2021-10-05 | A
        """
    assert judged(statuses, movements, "side_at_end", "after_validity", "days_beyond", grace_days=10) == [
        ("OUT", "LEFT", None),
        ("IN", "LEFT", None),
        ("IN", "LATE", 11),
        ("IN", "NODEP", 579),
        ("_Z", "VALID", None),
        ("IN", "OPEN", None),
    ]


def test_another_status_of_the_person_is_no_overstay(judged):
    statuses = """
        person_key | kind         | valid_from | valid_to
        -----------|--------------|------------|-----------
        renews     | permit       | 2019-01-01 | 2019-12-31
        renews     | permit       | 2020-01-01 | 2021-12-31
        waits      | permit       | 2019-01-01 | 2019-12-31
        waits      | permit       | 2020-02-01 | 2021-12-31
        protected  | visa         | 2019-01-01 | 2019-03-31
        protected  | protection   | 2019-02-01 |
        student    | visa         | 2019-01-01 | 2019-03-31
        student    | enrolment    | 2019-02-01 |
        """
    movements = """
        person_key | event_date | direction
        -----------|------------|----------
        renews     | 2019-01-10 | A
        waits      | 2019-01-10 | A
        protected  | 2019-01-10 | A
        student    | 2019-01-10 | A
        """
    expected = [
        ("CONT", None),
        ("VALID", None),
        ("GAP", 31),  # all of January
        ("VALID", None),
        ("CONT", None),
        ("NODEP", 1006),  # 275 days of 2019 from 1 April, 366 and 365: an enrolment allows no stay
    ]
    assert judged(statuses, movements, "after_validity", "days_beyond") == expected
    # The permit that came after a month counts as in time where the country allows as long.
    assert judged(statuses, movements, "after_validity", grace_days=31)[2] == ("CONT",)
    assert judged(statuses, movements, "after_validity", grace_days=30)[2] == ("GAP",)


def test_an_end_that_is_recorded_twice_is_one_overstay(judged):
    statuses = """
        person_key | kind | valid_from | valid_to
        -----------|------|------------|-----------
        anna       | visa | 2020-03-01 | 2020-05-31
        anna       | visa | 2020-03-01 | 2020-05-31
        """
    movements = """
        person_key | event_date | direction
        -----------|------------|----------
        anna       | 2020-03-10 | A
        """
    assert sorted(judged(statuses, movements, "after_validity")) == [("CONT",), ("NODEP",)]


def test_a_permit_is_the_first_renews_or_changes_the_reason(judged):
    statuses = """
        person_key | kind   | reason  | valid_from | valid_to
        -----------|--------|---------|------------|-----------
        anna       | permit | EDU     | 2018-01-01 | 2018-12-31
        anna       | permit | EDU     | 2019-01-01 | 2019-06-30
        anna       | permit | EMP_NEW | 2019-07-01 | 2020-06-30
        anna       | permit | EMP_OWN | 2020-08-01 | 2020-12-31
        anna       | permit | EMP     | 2021-07-01 | 2021-12-31
        boris      | permit | EDU     | 2018-01-01 | 2018-12-31
        boris      | permit | EDU     | 2019-06-30 | 2020-06-30
        carla      | permit |         | 2018-01-01 | 2018-12-31
        carla      | permit | FAM     | 2019-01-01 | 2019-12-31
        dora       | visa   | EMP     | 2018-01-01 | 2018-12-31
        dora       | permit | EMP     | 2018-06-01 | 2018-07-31
        dora       | permit | EMP     | 2018-08-01 | 2018-10-31
        """
    found = judged(statuses, NOBODY, "occasion", "previous_reason", "months")
    assert found == [
        ("FIRST", "_Z", 12),
        ("RENEW", "EDU", 6),
        ("CHANGE", "EDU", 12),
        ("RENEW", "EMP", 5),
        ("FIRST", "_Z", 6),  # six months, from 1 January to 30 June, without a permit
        ("FIRST", "_Z", 12),
        ("RENEW", "EDU", 12),  # a day less
        ("FIRST", "_Z", 12),
        ("_U", "_U", 12),
        ("_Z", "_Z", 12),
        ("_Z", "_Z", 2),
        ("FIRST", "_Z", 3),  # the permit before was for less than three months
    ]


def test_a_first_permit_cannot_be_told_when_those_before_were_not_recorded(judged):
    statuses = """
        person_key | kind   | reason | valid_from | valid_to
        -----------|--------|--------|------------|-----------
        anna       | permit | EDU    | 2018-06-30 | 2019-06-29
        boris      | permit | EDU    | 2018-07-01 | 2019-06-30
        """
    since = date(2018, 1, 1)
    found = judged(statuses, NOBODY, "occasion", "previous_reason", since=since)
    assert found == [("_U", "_U"), ("FIRST", "_Z")]


def test_of_several_permits_one_stands_for_the_person(judged):
    statuses = """
        person_key | kind   | valid_from | valid_to
        -----------|--------|------------|-----------
        anna       | permit | 2018-01-01 | 2019-12-31
        anna       | permit | 2019-06-01 | 2020-05-31
        boris      | permit | 2018-01-01 |
        boris      | permit | 2019-06-01 | 2020-05-31
        carla      | visa   | 2018-01-01 | 2019-12-31
        """
    assert judged(statuses, NOBODY, "stands_until") == [
        (date(2019, 5, 31),),
        (date(2020, 5, 31),),
        (None,),
        (date(2019, 5, 31),),  # never: the day before it begins
        (None,),
    ]


def test_a_status_that_ends_before_it_begins_was_never_valid(judged):
    statuses = """
        person_key | kind   | valid_from | valid_to
        -----------|--------|------------|-----------
        anna       | permit | 2020-05-31 | 2020-03-01
        anna       | permit | 2019-05-31 | 2020-02-29
        """
    movements = """
        person_key | event_date | direction
        -----------|------------|----------
        anna       | 2019-06-10 | A
        """
    found = judged(statuses, movements, "outcome", "months", "occasion", "side_at_end", "after_validity")
    assert found == [("_U", None, "_Z", "_U", "_U"), ("ARR", 9, "FIRST", "IN", "NODEP")]


def test_a_rule_refuses_what_makes_no_sense():
    with pytest.raises(ValueError, match="Days of grace cannot be -1"):
        PermitRule(grace_days=-1)
    with pytest.raises(ValueError, match="gap of 0 months"):
        PermitRule(gap_months=0)
