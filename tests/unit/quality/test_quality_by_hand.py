"""The measures of border-crossing data, counted by hand on a table that can be looked through."""

from __future__ import annotations

import datetime

import pyarrow as pa
import pytest

from sojourn.concepts.frameworks import ResidenceRule
from sojourn.integration.movements import Gaps, Observation, classified_movements
from sojourn.quality.counts import COUNTS, counts, facts, summed
from sojourn.quality.permits import OUTCOMES, permit_counts, permit_outcomes
from sojourn.quality.places import placed
from sojourn.quality.sensitivity import comparable_days, sensitivity
from sojourn.quality.verdicts import measures, without_few_people

RULE = ResidenceRule(365, 487)
RULES = {"12/16": RULE, "6/12": ResidenceRule(183, 365)}
OBSERVED = Observation(datetime.date(2010, 1, 1), datetime.date(2019, 12, 31))
NAMES = ("person_id", "crossing_id", "date", "direction", "border_point", "citizenship", "sex", "birth_year")
ROWS = [
    ("anna", 1, "2012-05-01", "arrival", "AIR", "FRA", "F", 1980),
    ("anna", 2, "2012-06-01", "departure", "AIR", "FRA", "F", 1980),
    ("anna", 3, "2012-06-20", "arrival", "AIR", "FRA", "M", 1980),  # another sex
    ("boris", 4, "2013-01-10", "departure", "SEA", "JOR", "M", None),
    ("boris", 5, "2013-01-20", "arrival", "SEA", "JOR", "M", 1975),
    ("carla", 6, "2019-06-01", "arrival", "AIR", None, "F", 1901),  # 118 years old in 2019
    ("dmitri", 7, "2014-03-01", "arrival", "ROAD", "SYR", "M", 1990),
    ("dmitri", 8, "2015-03-01", "arrival", "ROAD", "SYR", "M", 1991),  # arrives again, another year of birth
    ("dmitri", 9, "2015-03-01", "arrival", "ROAD", "SYR", "M", 1991),  # a second record of the same
    ("elena", 10, "2014-03-01", "transit", "AIR", "FRA", "F", 1980),  # no direction that there is
    ("elena", 11, "2009-12-31", "arrival", "AIR", "FRA", "F", 1980),  # before anybody watched
    (None, 12, "2014-03-01", "arrival", "AIR", "_U", "F", 1980),  # nobody
]
INPUTS = ("border_point", "citizenship", "sex", "birth_year")


def crossings(rows=ROWS, names=NAMES) -> pa.Table:
    table = pa.table({name: [row[place] for row in rows] for place, name in enumerate(names)})
    return table.set_column(2, "date", table["date"].cast(pa.date32()))


def placed_rows(table: pa.Table, **settings) -> pa.Table:
    return placed(classified_movements(table, rule=RULE, observation=OBSERVED, **settings))


def counted(engine, table=None, **along) -> pa.Table:
    found = engine.relation(placed_rows(crossings() if table is None else table))
    of_crossings = facts(found, observed_until=OBSERVED.last, intentions=along.pop("intentions", None))
    return counts(of_crossings, observed_until=OBSERVED.last, threshold_days=365, **along)


def measured(engine, table=None, inputs=INPUTS, **settings) -> dict:
    total = engine.relation(summed(engine, [counted(engine, table, **settings)]))
    rows = measures(total, inputs=inputs).to_pylist()
    return {(row["measure"], row["breakdown"], row["category"], row["subcategory"]): row for row in rows}


def of(rows, measure, breakdown="all", category="_T", subcategory="_Z"):
    row = rows[measure, breakdown, category, subcategory]
    return row["numerator"], row["denominator"], row["numerator_people"], row["denominator_people"]


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        # Of twelve records one lies outside; the duplicate, the transit and nobody's are not usable: 8 of 11.
        ("usable", (8, 11, 4, 6)),
        # Anna's three and Boris's two; Carla is alone and Dmitri lacks a departure.
        ("matched", (5, 11, 2, 6)),
        ("alone", (1, 8, 1, 4)),
        # Nobody's record is not known to be single: it was not read as a crossing of somebody.
        ("duplicates", (1, 9, 1, 4)),
        # Anna's second and third, Boris's and Dmitri's second follow another; Dmitri's goes the same way.
        ("direction-violations", (1, 4, 1, 3)),
        ("unmatched-arrivals", (1, 6, 1, 4)),
        ("unmatched-departures", (0, 2, 0, 2)),
        ("sex-conflicts", (1, 3, 1, 3)),
        # Boris's year of birth is stated once only.
        ("birth-year-conflicts", (1, 2, 1, 2)),
        ("initial-state-inferred", (4, 4, 4, 4)),
        ("initial-state-unknown", (0, 4, 0, 4)),
        # Anna, Boris, Carla and Dmitri are here at the end.
        ("present-over-110", (1, 4, 1, 4)),
        ("unknown-citizenship", (1, 8, 1, 4)),
        ("unknown-birth-year", (1, 8, 1, 4)),
        ("unknown-sex", (0, 8, 0, 4)),
        ("present", (4, 4, 4, 4)),
        # Carla is not resolved yet; the other three live here whichever day Dmitri left on.
        ("residence-unresolved", (1, 4, 1, 4)),
        ("resident", (3, 4, 3, 4)),
        # Carla's arrival, and both of Dmitri's: one of them is a migration, but not which.
        ("unresolved", (3, 8, 2, 4)),
    ],
)
def test_a_measure_of_the_whole_is_what_is_counted_by_hand(engine, measure, expected):
    assert of(measured(engine), measure) == expected


def test_categories_are_counted_like_the_whole(engine):
    found = measured(engine)
    assert of(found, "matched", "border_point", "AIR") == (3, 6, 1, 4)
    assert of(found, "matched", "citizenship", "_U") == (0, 2, 0, 2)
    assert of(found, "matched", "month", "2012-06") == (2, 2, 1, 1)
    assert of(found, "usable", "direction", "_U") == (0, 1, 0, 1)
    assert of(found, "unmatched-arrivals", "border_point,month", "ROAD", "2014-03") == (1, 1, 1, 1)
    assert of(found, "unmatched-arrivals", "border_point,month", "ROAD", "2015-03") == (0, 1, 0, 1)


def test_the_age_of_a_crossing_is_full_months_and_two_years_are_the_last(engine):
    found = measured(engine)
    assert of(found, "unresolved", "age", "06") == (1, 1, 1, 1)  # from 1 June to 31 December
    assert of(found, "unresolved", "age", "24") == (2, 7, 1, 3)


def test_a_verdict_follows_from_the_target_and_a_missing_column_is_not_zero(engine):
    found = measured(engine, inputs=("sex",))
    assert found["direction-violations", "all", "_T", "_Z"]["verdict"] == "not-met"
    assert found["usable", "all", "_T", "_Z"]["verdict"] == "no-target"
    lacking = found["unknown-citizenship", "all", "_T", "_Z"]
    assert (lacking["share"], lacking["numerator"], lacking["verdict"], lacking["reason"]) == (
        None,
        None,
        "not-computed",
        "not-given citizenship",
    )
    met = measured(engine, crossings(ROWS[:2]))["direction-violations", "all", "_T", "_Z"]
    assert (met["share"], met["verdict"]) == (0.0, "met")


def test_where_there_is_nothing_to_count_the_reason_says_so(engine):
    found = measured(engine, crossings(ROWS[5:6]))  # one crossing follows none
    row = found["direction-violations", "all", "_T", "_Z"]
    assert (row["share"], row["verdict"], row["reason"]) == (None, "not-computed", "nothing-counted")


def test_a_share_at_its_target_does_not_meet_it(engine):
    rows = [{"measure": "x", "breakdown": "all", "category": "_T", "subcategory": "_Z", "numerator": 1,
             "denominator": 100, "numerator_people": 1, "denominator_people": 100}]  # fmt: skip
    given = engine.relation(pa.Table.from_pylist(rows, COUNTS))
    (found,) = (
        row for row in measures(given, inputs=(), targets={"x": 0.01}).to_pylist() if row["measure"] == "x"
    )
    assert found["verdict"] == "not-met"


def test_an_anchor_before_the_first_crossing_is_told_apart(engine):
    anchors = pa.table({"person_id": ["boris"], "day": [datetime.date(2013, 1, 1)]})
    found = measured(engine, inputs=(*INPUTS, "anchors"), anchors=engine.relation(anchors))
    assert of(found, "initial-state-from-anchor") == (1, 4, 1, 4)
    assert of(found, "initial-state-inferred") == (3, 4, 3, 4)


def test_intention_is_held_against_outcome_only_where_residence_could_change(engine):
    names = (*NAMES[:4], "visa", "intended_days")
    rows = [
        ("anna", 1, "2012-05-01", "arrival", "WORK", 700),  # intended to stay, and did
        ("anna", 2, "2012-06-01", "departure", None, 20),  # a trip
        ("anna", 3, "2012-06-20", "arrival", None, None),  # comes home: nothing to hold against
        ("boris", 4, "2012-05-01", "arrival", "TOUR", None),  # 30 days by the visa, and stayed
        ("carla", 5, "2019-06-01", "arrival", "ODD", None),  # nobody knows, and it is open
    ]
    intentions = pa.table({"visa": ["TOUR"], "intended_days": pa.array([30], pa.int32())})
    found = measured(engine, crossings(rows, names), intentions=engine.relation(intentions))
    both = "direction,intention"
    assert of(found, "outcome-migration", both, "arrival", "long") == (1, 1, 1, 1)
    assert of(found, "outcome-migration", both, "arrival", "0") == (1, 1, 1, 1)
    assert of(found, "outcome-unresolved", both, "arrival", "_U") == (1, 1, 1, 1)
    assert of(found, "outcome-no-migration", both, "departure", "0") == (1, 1, 1, 1)
    assert sum(of(found, key[0], *key[1:])[0] for key in found if key[0].startswith("outcome")) == 4


def test_rules_are_compared_on_days_that_all_of_them_could_decide():
    days = comparable_days(RULES, OBSERVED)
    assert (days.first, days.last) == (datetime.date(2011, 1, 1), datetime.date(2018, 8, 31))
    short = Observation(OBSERVED.first, datetime.date(2012, 4, 30))  # 850 days, 365 before and 487 after
    assert comparable_days(RULES, short) is None
    assert len(sensitivity(placed_rows(crossings()), rules=RULES, observation=short)) == 0


def test_totals_depend_on_the_rule_and_on_what_is_assumed_of_missing_movements():
    rows = [
        *ROWS[:3],
        ("dmitri", 7, "2014-03-01", "arrival"),
        ("dmitri", 8, "2015-03-01", "arrival"),
        ("farid", 13, "2014-01-01", "arrival"),
        ("farid", 14, "2014-08-01", "departure"),  # 212 days: enough for 183 of 365 only
    ]
    table = placed_rows(crossings([row[:4] for row in rows], NAMES[:4]))
    found = {
        (row["measure"], row["category"], row["subcategory"]): row["numerator"]
        for row in sensitivity(table, rules=RULES, observation=OBSERVED).to_pylist()
    }
    assert found["immigrations", "12/16", "latest"] == 2  # Anna's and Dmitri's first
    assert found["immigrations", "12/16", "bounds"] == 1  # whichever of Dmitri's it is, it is not known
    assert found["undecided", "12/16", "bounds"] == 2
    assert found["immigrations", "12/16", "exclude"] == 1
    assert found["undecided", "12/16", "exclude"] == 2
    assert found["immigrations", "6/12", "latest"] == 3
    assert (found["emigrations", "12/16", "latest"], found["emigrations", "6/12", "latest"]) == (0, 1)


def test_permits_wait_for_an_arrival_unless_the_person_was_here(engine):
    permits = [
        (0, "anna", "2012-02-01", "WORK"),  # arrives in May
        (1, "carla", "2018-01-01", "WORK"),  # arrives seventeen months later
        (2, "nobody seen", "2015-01-01", "STUD"),
        (3, "boris", "2013-06-01", "WORK"),  # is here
        (4, "boris", "2012-12-01", "WORK"),  # was here, since he leaves first
        (5, "carla", "2019-09-01", "WORK"),  # is here
        (6, "late", "2019-12-01", "WORK"),  # half a year has not passed
        (7, "early", "2009-12-01", "WORK"),  # began before anybody watched
    ]
    names = ("row", "person_id", "valid_from", "category")
    table = pa.table({name: [row[place] for row in permits] for place, name in enumerate(names)})
    given = engine.relation(table.set_column(2, "valid_from", table["valid_from"].cast(pa.date32())))
    of_crossings = facts(engine.relation(placed_rows(crossings())), observed_until=OBSERVED.last)
    outcomes = permit_outcomes(given, of_crossings)
    assert outcomes.schema == OUTCOMES
    found = {
        (row["measure"], row["category"]): (row["numerator"], row["denominator"], row["denominator_people"])
        for row in permit_counts(given, engine.relation(outcomes), OBSERVED).to_pylist()
    }
    # Anna arrived and Carla did not; who was never seen may have been here all along.
    assert found["permits-without-arrival", "_T"] == (1, 2, 2)
    assert found["permits-without-arrival", "WORK"] == (1, 2, 2)
    assert ("permits-without-arrival", "STUD") not in found
    # All but those too late and too early to tell; Boris has two.
    assert found["permits-without-crossing", "_T"] == (1, 5, 4)
    assert found["permits-without-crossing", "STUD"] == (1, 1, 1)


def test_few_people_are_left_out_and_zero_stays_zero(engine):
    total = engine.relation(summed(engine, [counted(engine)]))
    whole = measures(total, inputs=INPUTS)
    kept = {
        row["measure"]: row
        for row in without_few_people(engine.relation(whole), 4).to_pylist()
        if row["breakdown"] == "all"
    }
    assert (kept["matched"]["numerator"], kept["matched"]["share"]) == (None, None)  # two people
    assert (kept["matched"]["denominator"], kept["matched"]["withheld"]) == (11, True)
    assert (kept["direction-violations"]["share"], kept["direction-violations"]["verdict"]) == (
        None,
        "not-met",
    )
    assert (kept["unknown-sex"]["numerator"], kept["unknown-sex"]["share"]) == (0, 0.0)
    assert kept["usable"]["numerator"] is None  # it would tell that three crossings are not
    # Three people could have had two sexes, so that even the denominator is left out.
    assert kept["sex-conflicts"]["denominator"] is None
    assert whole.num_rows == without_few_people(engine.relation(whole), 1).num_rows


@pytest.mark.parametrize("gaps", [Gaps.BOUNDS, Gaps.EXCLUDE])
def test_places_do_not_depend_on_what_becomes_of_gaps(gaps):
    found = placed_rows(crossings(), gaps=gaps).sort_by("crossing_id").to_pylist()
    assert [row["place"] for row in found] == [1, 2, 3, 1, 2, 1, 1, 2, None, None, None, None]
    assert [row["precedes_same"] for row in found].index(True) == 6
    assert [row["follows_same"] for row in found].index(True) == 7


def test_residents_are_held_against_the_population(engine):
    total = engine.relation(summed(engine, [counted(engine)]))
    population = engine.relation(pa.table({"citizenship": ["FRA", "DEU"], "persons": [4, 5]}))
    rows = measures(total, inputs=INPUTS, population=population).to_pylist()
    (row,) = (row for row in rows if row["measure"] == "resident-of-population")
    assert (row["category"], row["numerator"], row["denominator"], row["share"]) == ("FRA", 1, 4, 0.25)
