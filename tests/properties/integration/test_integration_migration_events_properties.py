"""Migration events of random histories: against plain definitions, and what holds of any history."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from border_histories import FIRST, RULES, by_crossing, events_of, movements, plain_classes
from sojourn.concepts.frameworks import ResidenceRule, Unit
from sojourn.engine import Engine
from sojourn.integration.movements import Gaps

COLUMNS = tuple(RULES)
LAST = 1900
KINDS = ("previously_resident", "return_migrant", "repeat_migrant", "onward_migrant", "circular_migrant")
SETTINGS = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

# Lengths of stays near the thresholds decide; others are there for all that lies between.
_NEAR_THRESHOLDS = [0, 89, 90, 122, 123, 182, 183, 243, 244, 364, 365, 487, 488]
_LENGTH = st.one_of(st.integers(0, 700), st.sampled_from(_NEAR_THRESHOLDS))
_HISTORY = st.tuples(st.integers(0, 800), st.lists(_LENGTH, min_size=0, max_size=7), st.integers(0, 1))
# What goes wrong at a crossing: nothing, nobody recorded it, or it was recorded twice.
_MISHAPS = st.lists(st.sampled_from(["", "", "", "", "missing", "twice"]), min_size=8, max_size=8)
_PEOPLE_WITH_MISHAPS = st.lists(st.tuples(_HISTORY, _MISHAPS), min_size=1, max_size=30)


@pytest.fixture(scope="module")
def engine():
    with Engine() as opened:
        yield opened


def _crossings(history, last=LAST):
    """Days and sides of one person's crossings until the last day."""
    start, lengths, side = history
    days = [start]
    for length in lengths:
        days.append(days[-1] + length)
    seen = [day for day in days if day <= last]
    return seen, [(side + place) % 2 for place in range(len(seen))]


def _histories(seed, count):
    """Many histories: the day of the first crossing, the lengths of the stays, the side of the first one."""
    numbers = random.Random(seed)
    found = []
    for _ in range(count):
        lengths = [
            numbers.choice(_NEAR_THRESHOLDS) if numbers.random() < 0.4 else numbers.randint(1, 500)
            for _ in range(numbers.randint(0, 7))
        ]
        found.append((numbers.randint(0, 800), lengths, numbers.randint(0, 1)))
    return found


def _rows(people, last=LAST):
    return [
        (f"p{number}", day, "DA"[side], {"purpose": "HOL" if number % 3 == 0 else "_O"})
        for number, history in enumerate(people)
        for day, side in zip(*_crossings(history, last), strict=True)
    ]


def _rows_with_mishaps(people, last=LAST):
    found = []
    for number, (history, mishaps) in enumerate(people):
        for (day, side), mishap in zip(zip(*_crossings(history, last), strict=True), mishaps, strict=False):
            if mishap != "missing":
                found += [(f"p{number}", day, "DA"[side])] * (2 if mishap == "twice" else 1)
    return found


@pytest.mark.parametrize("seed", range(3))
def test_classes_and_residence_are_those_of_the_definition_counted_day_by_day(engine, seed):
    people = _histories(seed, 300)
    rows = _rows(people)
    found = by_crossing(events_of(engine, rows, last=LAST))
    next_day = by_crossing(events_of(engine, rows, last=LAST + 1))
    place = 0
    for number, history in enumerate(people):
        days, sides = _crossings(history)
        excluded = [number % 3 == 0] * len(days)
        wanted = {name: plain_classes(name, days, sides, excluded, until=LAST) for name in COLUMNS if days}
        for position in range(len(days)):
            for name in COLUMNS:
                columns = (f"class_{name}", f"residence_before_{name}", f"residence_after_{name}")
                for column, value in zip(columns, wanted[name][position], strict=True):
                    # A day counts when it is over, so the method may be a day behind the definition.
                    now, then = found[place][column], next_day[place][column]
                    assert now == value or (now == "_U" and then == value), (number, position, column)
            place += 1


@SETTINGS
@given(people=_PEOPLE_WITH_MISHAPS, treatment=st.sampled_from(list(Gaps)))
def test_the_frameworks_nest_as_their_definitions_say(engine, people, treatment):
    rows = _rows_with_mishaps(people)
    unbroken = ResidenceRule(365, 365)
    for row in events_of(engine, rows, last=LAST, gaps=treatment, rule=unbroken).to_pylist():
        of_1998, six, twelve, without_a_break = (row[f"class_{name}"] for name in COLUMNS)
        assert (of_1998 == "LT") == (twelve == "RES")
        assert (of_1998 in ("ST", "VIS")) == (twelve == "TMP")
        assert (of_1998 == "_U") == (twelve == "_U")
        assert row["final_on_1998"] == row["final_on_2021_12"]
        side = "R" if row["direction"] == "A" else "N"
        if without_a_break == "RES":
            # Who spends twelve months without a break spends six of them, and twelve of sixteen.
            assert six != "TMP"
            assert twelve != "TMP"
            assert {row[f"residence_after_{name}"] for name in COLUMNS} == {side}
        if six == "TMP":
            assert twelve != "RES"
            assert row["stay_days"] < 183


@SETTINGS
@given(people=_PEOPLE_WITH_MISHAPS, treatment=st.sampled_from(list(Gaps)))
def test_every_movement_has_one_row_and_what_is_wrong_with_it_is_never_a_no(engine, people, treatment):
    rows = _rows_with_mishaps(people)
    rows += [("p0", -1, "A"), ("p1", LAST + 1, "D"), ("p2", 900, "_U")]
    events = events_of(engine, rows, last=LAST, gaps=treatment)
    assert sorted(events["movement_id"].to_pylist()) == sorted(f"m{number}" for number in range(len(rows)))
    for row in events.to_pylist():
        if row["position"] is None:
            assert row["problem"] is not None
            assert {row[f"class_{name}"] for name in COLUMNS} <= {"_U", "_Z"}
            assert {row[f"residence_after_{name}"] for name in COLUMNS} == {"_U"}
            assert {row[name] for name in KINDS} <= {"_U", "_Z"}
            assert row["duration_band"] in ("_U", "_Z")
        for name in COLUMNS:
            if row[f"class_{name}"] == "_U":
                assert row[f"final_on_{name}"] is None
        if row["class_national"] == "_U":
            assert "N" not in {row[name] for name in KINDS}


@SETTINGS
@given(
    people=_PEOPLE_WITH_MISHAPS,
    order=st.randoms(use_true_random=False),
    treatment=st.sampled_from(list(Gaps)),
)
def test_the_order_of_the_movements_does_not_matter(engine, people, order, treatment):
    table = movements(_rows_with_mishaps(people))
    places = list(range(len(table)))
    order.shuffle(places)
    first = events_of(engine, table, last=LAST, gaps=treatment)
    shuffled = events_of(engine, table.take(places), last=LAST, gaps=treatment)
    assert by_crossing(first) == by_crossing(shuffled)


@pytest.mark.parametrize(
    ("seed", "rule"),
    [(0, ResidenceRule(365, 487)), (1, ResidenceRule(365, 365)), (2, ResidenceRule(12, 16, Unit.MONTHS))],
    ids=str,
)
def test_a_class_is_known_from_the_day_on_which_it_is_certain_and_never_changes(engine, seed, rule):
    rows = _rows(_histories(seed, 400))
    in_the_end = by_crossing(events_of(engine, rows, last=LAST, rule=rule))
    numbers = random.Random(seed)
    for until in [LAST - 1, LAST - 2, *(numbers.randint(300, LAST) for _ in range(12))]:
        places = [place for place, row in enumerate(rows) if row[1] <= until]
        seen = by_crossing(events_of(engine, [rows[place] for place in places], last=until, rule=rule))
        for row, place in zip(seen, places, strict=True):
            later = in_the_end[place]
            for name in COLUMNS:
                final = later[f"final_on_{name}"]
                is_certain = final is not None and (final - FIRST).days <= until
                assert row[f"class_{name}"] == (later[f"class_{name}"] if is_certain else "_U"), (
                    rows[place],
                    name,
                    until,
                )
                assert row[f"final_on_{name}"] == (final if is_certain else None)
                for when in ("before", "after"):
                    column = f"residence_{when}_{name}"
                    assert row[column] in ("_U", later[column])
