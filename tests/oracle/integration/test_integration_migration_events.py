"""Migration events against results worked out by hand from the domain reference, sections 1.1 to 1.3."""

from __future__ import annotations

import datetime

import pytest

from border_histories import by_crossing, classes, day, events_of, national
from sojourn.concepts.frameworks import ResidenceRule, Unit
from sojourn.contracts.microdata import MigrationEvent
from sojourn.integration.movements import Gaps

pytestmark = pytest.mark.oracle

# Whoever comes on day 400 was not seen for the longest threshold, so that they lived elsewhere.
COMES = 400
BIOGRAPHIES = """
who                     | days | purpose | 1998 | 2021_06 | 2021_12 | national | band
a day trip              |    0 | VIS     | VIS  | TMP     | TMP     | TMP      | D0
two weeks at the sea    |   14 | HOL     | VIS  | TMP     | TMP     | TMP      | D1
a pilgrimage            |   45 | PIL     | VIS  | TMP     | TMP     | TMP      | D1
a day short of 3 months |   89 | _O      | VIS  | TMP     | TMP     | TMP      | D1
three months of harvest |   90 | _O      | ST   | TMP     | TMP     | TMP      | D2
a five-month course     |  152 | _O      | ST   | TMP     | TMP     | TMP      | D2
a five-month recovery   |  152 | MED     | VIS  | TMP     | TMP     | TMP      | D2
six months less a day   |  182 | _O      | ST   | TMP     | TMP     | TMP      | D2
six months and a day    |  183 | _O      | ST   | RES     | TMP     | TMP      | D2
eight months of work    |  243 | _O      | ST   | RES     | TMP     | TMP      | D2
a day short of a year   |  364 | _O      | ST   | RES     | TMP     | TMP      | D2
a year                  |  365 | _O      | LT   | RES     | RES     | RES      | D3
"""
_HEADS, *_LINES = [[cell.strip() for cell in line.split("|")] for line in BIOGRAPHIES.strip().splitlines()]
CASES = [dict(zip(_HEADS, line, strict=True)) for line in _LINES]


@pytest.fixture
def lives(engine):
    """The events of all twelve biographies: a stay each, and then years abroad."""
    rows = [
        movement
        for life in CASES
        for movement in (
            (life["who"], COMES, "A", {"purpose": life["purpose"]}),
            (life["who"], COMES + int(life["days"]), "D"),
        )
    ]
    return by_crossing(events_of(engine, rows, last=2000))


@pytest.mark.parametrize("under", ["1998", "2021_06", "2021_12", "national"])
def test_twelve_biographies_have_their_class_under_each_framework(lives, under):
    found = {row["person_key"]: row[f"class_{under}"] for row in lives if row["direction"] == "A"}
    assert found == {life["who"]: life[under] for life in CASES}


def test_the_length_of_the_twelve_stays_is_told(lives):
    found = {
        row["person_key"]: (row["stay_days"], row["duration_band"])
        for row in lives
        if row["direction"] == "A"
    }
    assert found == {life["who"]: (int(life["days"]), life["band"]) for life in CASES}


def test_going_home_begins_no_stay_unless_one_had_come_to_live_here(lives):
    found = {row["person_key"]: row for row in lives if row["direction"] == "D"}
    assert [found["a five-month course"][f"class_{under}"] for under in ("1998", "2021_06", "2021_12")] == [
        "_Z",
        "_Z",
        "_Z",
    ]
    assert [found["eight months of work"][f"class_{under}"] for under in ("1998", "2021_06", "2021_12")] == [
        "_Z",
        "RES",
        "_Z",
    ]
    assert found["a year"]["class_1998"] == "LT"


def test_a_resident_abroad_for_five_or_eight_months_has_the_same_classes(engine):
    rows = [("anna", 400, "D"), ("anna", 552, "A"), ("berta", 400, "D"), ("berta", 643, "A")]
    found = by_crossing(events_of(engine, rows, last=2000))
    columns = ("class_1998", "class_2021_06", "class_2021_12", "class_national")
    assert [[row[name] for name in columns] for row in found] == [
        ["ST", "TMP", "TMP", "TMP"],
        ["_Z", "_Z", "_Z", "_Z"],
        ["ST", "RES", "TMP", "TMP"],
        ["_Z", "RES", "_Z", "_Z"],
    ]


@pytest.mark.parametrize("purpose", ["HOL", "VIS", "BUS", "MED", "PIL"])
def test_an_excluded_purpose_makes_a_visitor_of_whoever_stays_less_than_a_year(engine, purpose):
    rows = [("anna", 400, "A", {"purpose": purpose}), ("anna", 764, "D")]
    assert classes(events_of(engine, rows, last=2000), "1998") == ["VIS", "_Z"]


def test_an_excluded_purpose_of_a_year_changes_residence_all_the_same(engine):
    rows = [("anna", 400, "A", {"purpose": "MED"}), ("anna", 765, "D")]
    assert classes(events_of(engine, rows, last=2000), "1998") == ["LT", "LT"]


@pytest.mark.parametrize("purpose", ["_O", "_U", None])
def test_a_purpose_that_is_not_known_is_not_excluded(engine, purpose):
    rows = [("anna", 400, "A", {"purpose": purpose}), ("anna", 490, "D")]
    assert classes(events_of(engine, rows, last=2000), "1998") == ["ST", "_Z"]


def test_under_twelve_of_sixteen_months_absences_are_bridged(engine):
    # In: 100 + 265 = 365 of the 487 days after day 400; out: 122, exactly the spare days.
    rows = [("anna", 400, "A"), ("anna", 500, "D"), ("anna", 622, "A"), ("anna", 1400, "D")]
    found = events_of(engine, rows, last=3000)
    assert classes(found, "national") == ["RES", "TMP", "_Z", "RES"]
    assert classes(found, "2021_12") == ["RES", "TMP", "_Z", "RES"]
    unbroken = events_of(engine, rows, last=3000, rule=ResidenceRule(365, 365))
    assert classes(unbroken, "national") == ["TMP", "_Z", "RES", "RES"]
    excluded = events_of(engine, rows, last=3000, excludes_boundary=True)
    # Not within 487 days of day 400; from day 622 on she is here for 778 days.
    assert classes(excluded, "national") == ["TMP", "_Z", "RES", "RES"]


def test_the_days_since_when_a_class_is_certain(engine):
    rows = [("anna", 400, "A"), ("anna", 500, "D"), ("berta", 400, "A")]
    anna, home, berta = by_crossing(events_of(engine, rows, last=2000))
    # More than 122 days abroad when day 622 is over: on day 623 twelve months are out of reach.
    # Without spare days she cannot have stayed twelve months without a break once she leaves.
    assert anna["final_on_national"] == anna["final_on_2021_12"] == day(622)
    unbroken = by_crossing(events_of(engine, rows, last=2000, rule=ResidenceRule(365, 365)))[0]
    assert unbroken["final_on_national"] == day(500)
    assert berta["final_on_national"] == day(765)
    assert home["class_national"] == "_Z"


def test_a_stay_of_which_too_little_was_seen_is_unknown(engine):
    rows = [("anna", 400, "A")]
    seen = {last: by_crossing(events_of(engine, rows, last=last))[0] for last in (582, 583, 764, 765)}
    assert [seen[last]["class_2021_06"] for last in (582, 583)] == ["_U", "RES"]
    assert [seen[last]["class_1998"] for last in (764, 765)] == ["_U", "LT"]
    assert (seen[764]["residence_after_national"], seen[765]["residence_after_national"]) == ("_U", "R")
    assert seen[764]["final_on_national"] is None


def test_before_the_thresholds_days_have_passed_nobody_knows_where_one_lived(engine):
    rows = [("anna", 182, "A"), ("anna", 200, "D"), ("berta", 183, "A"), ("berta", 200, "D")]
    found = by_crossing(events_of(engine, rows, last=2000))
    assert [row["class_2021_06"] for row in found] == ["_U", "_U", "TMP", "_Z"]
    assert [row["class_2021_12"] for row in found] == ["_U"] * 4
    assert [row["residence_before_2021_06"] for row in found] == ["_U", "_U", "N", "N"]
    # Who then stays abroad lives there, whatever was before.
    assert found[1]["residence_after_2021_12"] == "N"


def _kinds(row):
    names = ("previously_resident", "return_migrant", "repeat_migrant", "onward_migrant", "circular_migrant")
    return tuple(row[name] for name in names)


def test_a_citizen_who_lived_here_or_was_born_here_returns(engine):
    own = {"citizenship": "XRU", "birthplace": "XRU"}
    abroad = {"citizenship": "XRU", "birthplace": "FRA"}
    foreign = {"citizenship": "FRA", "birthplace": "FRA"}
    rows = [
        ("born here", 400, "A", own),
        ("born abroad", 400, "A", abroad),
        ("lived here", 400, "D", abroad),
        ("lived here", 900, "A", abroad),
        ("a foreigner", 400, "D", foreign),
        ("a foreigner", 900, "A", foreign),
        ("stateless", 400, "A", {"citizenship": "STLS"}),
        ("of unknown citizenship", 400, "A", {"citizenship": "_U", "birthplace": "XRU"}),
        ("without citizenship", 400, "A"),
    ]
    found = by_crossing(events_of(engine, rows, last=2000))
    returns = [
        (row["person_key"], row["return_migrant"], row["previously_resident"])
        for row in found
        if row["direction"] == "A"
    ]
    assert returns == [
        ("born here", "Y", "_U"),
        ("born abroad", "_U", "_U"),
        ("lived here", "Y", "Y"),
        ("a foreigner", "N", "Y"),
        ("stateless", "N", "_U"),
        ("of unknown citizenship", "_U", "_U"),
        ("without citizenship", "_U", "_U"),
    ]
    assert {row["return_migrant"] for row in found if row["direction"] == "D"} == {"_Z"}


def test_the_second_migration_in_a_direction_is_a_repeated_one(engine):
    rows = [("anna", when, "AD"[place % 2]) for place, when in enumerate((400, 800, 1200, 1600))]
    found = by_crossing(events_of(engine, rows, last=2500))
    assert [row["class_national"] for row in found] == ["RES"] * 4
    assert [row["repeat_migrant"] for row in found] == ["N", "N", "Y", "Y"]


def test_a_visit_before_is_no_migration_to_repeat(engine):
    rows = [("anna", 400, "A"), ("anna", 420, "D"), ("anna", 900, "A")]
    found = by_crossing(events_of(engine, rows, last=2500))
    assert [(row["class_national"], row["repeat_migrant"]) for row in found] == [
        ("TMP", "_Z"),
        ("_Z", "_Z"),
        ("RES", "N"),
    ]


def test_whether_a_migration_is_repeated_is_unknown_when_an_earlier_crossing_is(engine):
    # What day 100 did is unknown: too little was seen before. The migration of day 1200 may be the second.
    rows = [("anna", 100, "A"), ("anna", 130, "D"), ("anna", 1200, "A")]
    found = by_crossing(events_of(engine, rows, last=2500))
    assert [row["class_national"] for row in found] == ["_U", "_U", "RES"]
    assert [row["repeat_migrant"] for row in found] == ["_U", "_U", "_U"]


def test_whether_a_migration_is_repeated_is_unknown_after_a_movement_that_was_not_recorded(engine):
    # She left at some time between day 400 and day 1000, and came back; nobody knows for how long.
    rows = [("anna", 400, "A"), ("anna", 1000, "A"), ("anna", 1800, "D"), ("anna", 2400, "A")]
    found = by_crossing(events_of(engine, rows, last=3500))
    assert [row["class_national"] for row in found[2:]] == ["RES", "RES"]
    assert [row["repeat_migrant"] for row in found[2:]] == ["_U", "_U"]


def test_who_goes_on_to_a_third_country_is_an_onward_migrant(engine):
    def life(person, birthplace, came_from, goes_to, citizenship="SYR"):
        who = {"birthplace": birthplace, "citizenship": citizenship}
        return [
            (person, 400, "A", {**who, "previous_residence": came_from}),
            (person, 900, "D", {**who, "next_residence": goes_to}),
        ]

    rows = [
        *life("goes on", "SYR", "TUR", "DEU"),
        *life("goes home", "SYR", "TUR", "SYR"),
        *life("goes back", "SYR", "TUR", "TUR"),
        *life("goes where nobody knows", "SYR", "TUR", None),
        *life("came from where nobody knows", "SYR", None, "DEU"),
        *life("born where nobody knows", None, "TUR", "DEU"),
        *life("goes to the country of citizenship", None, None, "SYR"),
    ]
    found = by_crossing(events_of(engine, rows, last=2000))
    assert [(row["person_key"], row["onward_migrant"]) for row in found if row["direction"] == "D"] == [
        ("goes on", "Y"),
        ("goes home", "N"),
        ("goes back", "N"),
        ("goes where nobody knows", "_U"),
        ("came from where nobody knows", "_U"),
        ("born where nobody knows", "_U"),
        ("goes to the country of citizenship", "N"),
    ]
    assert {row["onward_migrant"] for row in found if row["direction"] == "A"} == {"_Z"}


def test_the_country_one_came_from_last_counts_even_when_it_is_not_known(engine):
    who = {"birthplace": "SYR", "citizenship": "SYR"}
    rows = [
        ("anna", 400, "A", {**who, "previous_residence": "TUR"}),
        ("anna", 900, "D", {**who, "next_residence": "TUR"}),
        ("anna", 1400, "A", who),
        ("anna", 1900, "D", {**who, "next_residence": "DEU"}),
    ]
    found = by_crossing(events_of(engine, rows, last=3000))
    assert [found[1]["onward_migrant"], found[3]["onward_migrant"]] == ["N", "_U"]


def test_leaving_the_country_of_ones_birth_is_not_going_on(engine):
    own = {"birthplace": "XRU", "citizenship": "XRU", "next_residence": "FRA"}
    (found,) = by_crossing(events_of(engine, [("anna", 400, "D", own)], last=2000))
    assert (found["class_national"], found["onward_migrant"]) == ("RES", "N")


@pytest.mark.parametrize(
    ("days", "is_circular"),
    [([0, 400, 800], True), ([0, 400, 700], False), ([0, 100, 180, 300, 420], False), ([0], False)],
)
def test_circular_migrants_are_those_of_the_vectors(engine, days, is_circular):
    # A year and more before the first crossing are observed, and the ten years after it.
    rows = [("anna", when, "AD"[place % 2]) for place, when in enumerate(days)]
    events = events_of(engine, rows, first=-366, last=3651, rule=ResidenceRule(365, 365))
    found = {row["circular_migrant"] for row in events.to_pylist() if row["class_national"] == "RES"}
    assert found == {"Y" if is_circular else "N"}


def test_without_ten_years_seen_it_is_unknown_whether_somebody_is_no_circular_migrant(engine):
    rows = [
        ("anna", 400, "A"),
        ("anna", 800, "D"),
        ("berta", 400, "A"),
        ("berta", 800, "D"),
        ("berta", 1200, "A"),
    ]
    found = {
        row["person_key"]: row["circular_migrant"] for row in events_of(engine, rows, last=2000).to_pylist()
    }
    assert found == {"anna": "_U", "berta": "Y"}


def test_whether_somebody_is_no_circular_migrant_is_unknown_when_a_crossing_is(engine):
    # She went abroad on day 2000 or on day 2700: nobody recorded the arrival between the two.
    rows = [("anna", 1600, "A"), ("anna", 2000, "D"), ("anna", 2700, "D")]
    found = by_crossing(events_of(engine, rows, last=5000))
    assert [row["class_national"] for row in found] == ["RES", "_U", "_U"]
    assert [row["circular_migrant"] for row in found] == ["_U", "_U", "_U"]


def test_the_second_record_of_a_crossing_is_no_crossing(engine):
    rows = [("anna", 400, "A"), ("anna", 400, "A"), ("anna", 500, "D")]
    first, second, _ = by_crossing(events_of(engine, rows, last=2000))
    assert (first["position"], first["problem"], first["class_2021_12"]) == (1, None, "TMP")
    assert (second["position"], second["problem"], second["class_2021_12"]) == (None, "duplicate", "_Z")
    assert second["duration_band"] == "_Z"


def test_a_crossing_outside_the_observation_is_unknown_and_has_no_place(engine):
    rows = [("anna", -1, "A"), ("berta", 2001, "D")]
    for row in by_crossing(events_of(engine, rows, last=2000)):
        assert (row["problem"], row["position"], row["class_1998"]) == ("outside-observation", None, "_U")
        assert set(_kinds(row)) <= {"_U", "_Z"}


def test_a_history_that_is_excluded_is_unknown(engine):
    rows = [("anna", 400, "A"), ("anna", 1000, "A")]
    for row in by_crossing(events_of(engine, rows, last=2000, gaps=Gaps.EXCLUDE)):
        assert (row["position"], row["stay_days"], row["duration_band"]) == (None, None, "_U")
        assert (row["class_1998"], row["class_national"]) == ("_U", "_U")


def test_a_stay_that_ended_on_a_day_nobody_recorded_has_no_length(engine):
    rows = [("anna", 400, "A"), ("anna", 500, "A"), ("anna", 520, "D")]
    first, second, _ = by_crossing(events_of(engine, rows, last=2000))
    assert (first["stay_days"], first["duration_band"], first["class_2021_12"]) == (None, "_U", "_U")
    # Whether she had left for good or not, between day 400 and 500 she cannot have come to live here.
    assert (second["stay_days"], second["class_2021_12"]) == (20, "TMP")


def test_the_rule_in_force_on_the_day_of_the_crossing_decides(engine):
    # Twelve months without a break until the end of 2012, six of twelve from then on.
    changed = national(ResidenceRule(365, 365), (datetime.date(2013, 1, 1), ResidenceRule(183, 365)))
    rows = [("anna", datetime.date(2012, 12, 31), "A"), ("anna", datetime.date(2013, 8, 1), "D")]
    rows += [("berta", datetime.date(2013, 1, 1), "A"), ("berta", datetime.date(2013, 8, 1), "D")]
    found = by_crossing(events_of(engine, rows, last=3000, framework=changed))
    assert [row["class_national"] for row in found] == ["TMP", "RES", "RES", "RES"]


def test_a_national_rule_in_months_counts_the_calendar(engine):
    # From 1 March 2011 twelve months have 366 days, to 1 March 2012; from 1 March 2012 they have 365.
    rows = [("anna", datetime.date(2011, 3, 1), "A"), ("anna", datetime.date(2012, 2, 29), "D")]
    rows += [("berta", datetime.date(2011, 3, 1), "A"), ("berta", datetime.date(2012, 3, 1), "D")]
    rows += [("carla", datetime.date(2012, 3, 1), "A"), ("carla", datetime.date(2013, 3, 1), "D")]
    months = by_crossing(events_of(engine, rows, last=3000, rule=ResidenceRule(12, 12, Unit.MONTHS)))
    days = by_crossing(events_of(engine, rows, last=3000, rule=ResidenceRule(365, 365)))
    assert [row["class_national"] for row in months if row["direction"] == "A"] == ["TMP", "RES", "RES"]
    assert [row["class_national"] for row in days if row["direction"] == "A"] == ["RES", "RES", "RES"]


def test_an_office_without_crossings_has_no_events(engine):
    assert events_of(engine, [], last=2000).equals(MigrationEvent.schema().empty_table())
