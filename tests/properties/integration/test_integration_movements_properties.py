"""The outcome-based rule: the compiled method against plain definitions, and what holds of any history."""

from __future__ import annotations

import datetime
import itertools
import random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from movement_definition import UNKNOWN, decided, side_of_each_day
from one_history import decide_person
from sojourn.concepts.frameworks import ResidenceRule
from sojourn.integration.movement_kernel import NEVER, outcomes, residence, room_for
from sojourn.integration.movements import Gaps, Observation, classified_movements

FIRST = datetime.date(2010, 1, 1)
RULE = ResidenceRule(20, 26)


def _history(random_numbers, most, span):
    days = sorted(random_numbers.choices(range(span), k=random_numbers.randint(1, most)))
    first_side = random_numbers.randint(0, 1)
    return days, [(first_side + place) % 2 for place in range(len(days))]


@pytest.mark.parametrize("seed", range(4))
def test_the_kernel_agrees_with_the_rule_counted_day_by_day_on_a_hundred_thousand_histories(seed):
    random_numbers = random.Random(seed)
    open_results = 0
    for _ in range(25_000):
        window = random_numbers.choice([5, 8, 20, 40])
        threshold = random_numbers.randint(window // 2 + 1, window)
        days, sides = _history(random_numbers, 9, random_numbers.choice([1, 3, 6]) * window)
        until = days[-1] + random_numbers.randint(0, window)
        first_states = random_numbers.choice([(0,), (1,), (0, 1)])
        expected = decided(
            days, sides, threshold=threshold, window=window, until=until, first_states=first_states
        )
        # A day on the new side counts when it is over, so the method may be a day behind the definition.
        now, next_day = (
            decide_person(
                np.array(days, np.int64),
                np.array(sides, np.int8),
                threshold=threshold,
                window=window,
                until=last,
                may_be_inside=1 in first_states,
                may_be_outside=0 in first_states,
            )
            for last in (until, until + 1)
        )
        for place, column in itertools.product(range(len(days)), range(3)):
            name = ("before", "after", "migration")[column]
            wanted, found = expected[place][column], int(now[name][place])
            open_results += wanted == UNKNOWN
            assert found == wanted or (found == UNKNOWN and int(next_day[name][place]) == wanted)
    assert open_results > 10_000


def _under_every_future(days, sides, last, threshold, window, excludes_boundary, first_states):
    """What residence and migration can be, over all ways to spend the days after the last one observed."""
    found = [[set(), set(), set()] for _ in days]
    known = side_of_each_day(days, sides, days[0], last)
    for future, state in itertools.product(itertools.product((0, 1), repeat=window), first_states):
        by_day = [*known, *future]
        for place, (day, side) in enumerate(zip(days, sides, strict=True)):
            new, old, can = 0, 0, None
            for where in by_day[day - days[0] : day - days[0] + window]:
                new, old = new + (where == side), old + (where != side)
                if excludes_boundary and old >= window - threshold:
                    can = False
                    break
                if new >= threshold:
                    can = True
                    break
            found[place][0].add(state)
            found[place][2].add(int(bool(can) and state != side))
            state = side if can else state
            found[place][1].add(state)
    return found


def _known_at_the_end_of_each_day(days, sides, threshold, window, excludes_boundary, until, first_states):
    """The method's results with its days dated as the definition dates them: when their last day ends."""
    count, day_array, side_array = len(days), np.array(days, np.int64), np.array(sides, np.int8)
    can, cannot, later_can, later_cannot = (np.zeros(count, np.int64) for _ in range(4))
    spent, finals, states = (
        np.zeros((2, count), int),
        np.zeros((2, count), int),
        np.zeros((3, count), np.int8),
    )
    settings_of_rule = (day_array, side_array, count, threshold, window, excludes_boundary)
    outcomes(*settings_of_rule, until, spent, can, cannot)
    outcomes(*settings_of_rule, until + 1, spent, later_can, later_cannot)
    can = np.where(later_can < NEVER, later_can - 1, NEVER)
    if excludes_boundary:
        cannot = np.where(later_cannot < NEVER, np.maximum(later_cannot - 1, day_array), NEVER)
    residence(
        *settings_of_rule, until, 1 in first_states, 0 in first_states, np.zeros(0, np.int64),
        np.zeros(0, np.int8), spent, can, cannot, states, finals, room_for(count),
    )  # fmt: skip
    return *states, *finals


@pytest.mark.parametrize("seed", range(6))
def test_a_decision_falls_on_the_first_day_on_which_no_future_can_change_it(seed):
    random_numbers = random.Random(seed)
    for _ in range(40):
        window = random_numbers.randint(2, 7)
        threshold = random_numbers.randint(window // 2 + 1, window)
        excludes_boundary = threshold < window and random_numbers.random() < 0.5
        days, sides = _history(random_numbers, 6, random_numbers.randint(2, 16))
        first_states = random_numbers.choice([(0,), (1,), (0, 1)])
        certain = {}
        for until in range(days[0], days[-1] + window + 2):
            seen = sum(day <= until for day in days)
            possible = _under_every_future(
                days[:seen], sides[:seen], until, threshold, window, excludes_boundary, first_states
            )
            found = _known_at_the_end_of_each_day(
                days[:seen], sides[:seen], threshold, window, excludes_boundary, until, first_states
            )
            for place, column in itertools.product(range(seen), range(3)):
                values = possible[place][column]
                value = next(iter(values)) if len(values) == 1 else UNKNOWN
                assert int(found[column][place]) == value
                if value != UNKNOWN:
                    certain.setdefault((place, column), until)
                    final = {1: found[3], 2: found[4]}.get(column)
                    assert final is None or final[place] == certain[place, column]


_PERSON = st.tuples(
    st.lists(st.integers(0, 120), min_size=1, max_size=8),
    st.booleans(),
    st.lists(st.booleans(), min_size=8, max_size=8),
)

# Two crossings on one day may have happened in either order, so that a gap beside them need not be one.
_ON_DIFFERENT_DAYS = st.tuples(
    st.lists(st.integers(0, 60).map(lambda day: 2 * day), min_size=1, max_size=8, unique=True),
    st.booleans(),
    st.lists(st.booleans(), min_size=8, max_size=8),
)


def _table(people, *, is_mirrored=False):
    """Crossings of several people; now and then one is missing, so that two have the same direction."""
    rows = []
    for number, (days, begins_inside, skips) in enumerate(people):
        side = begins_inside != is_mirrored
        for day, skipped in zip(sorted(days), skips, strict=False):
            side = side if skipped and len(days) > 5 else not side
            rows.append(
                (number, len(rows), FIRST + datetime.timedelta(day), "arrival" if side else "departure")
            )
    names = ("person_id", "crossing_id", "date", "direction")
    return pa.table({name: [row[place] for row in rows] for place, name in enumerate(names)})


def _classified(table, last=160, **kept):
    observation = Observation(
        FIRST - datetime.timedelta(kept.pop("before", 30)), FIRST + datetime.timedelta(last)
    )
    return classified_movements(table, rule=RULE, observation=observation, **kept).sort_by("crossing_id")


@settings(max_examples=200, deadline=None)
@given(people=st.lists(_PERSON, min_size=1, max_size=4), treatment=st.sampled_from(list(Gaps)))
def test_the_mirror_of_a_history_has_the_mirrored_result(people, treatment):
    found = _classified(_table(people), gaps=treatment)
    mirrored = _classified(_table(people, is_mirrored=True), gaps=treatment)
    for name in ("is_migration", "unresolved", "status_final_on", "migration_final_on", "problem"):
        assert found[name].to_pylist() == mirrored[name].to_pylist()
    for name in ("resident_before", "resident_after"):
        swapped = [None if value is None else not value for value in mirrored[name].to_pylist()]
        assert found[name].to_pylist() == swapped
    assert found["days_in"].to_pylist() == mirrored["days_out"].to_pylist()


@settings(max_examples=100, deadline=None)
@given(people=st.lists(_PERSON, min_size=2, max_size=5), order=st.randoms(use_true_random=False))
def test_neither_the_order_of_the_input_nor_its_partition_by_person_matters(people, order):
    table = _table(people)
    whole = _classified(table)
    places = list(range(len(table)))
    order.shuffle(places)
    assert _classified(table.take(places)).equals(whole)
    parts = [
        _classified(table.filter(pa.array([person == number for person in table["person_id"].to_pylist()])))
        for number in set(table["person_id"].to_pylist())
    ]
    assert pa.concat_tables(parts).sort_by("crossing_id").equals(whole)


@settings(max_examples=200, deadline=None)
@given(
    people=st.lists(_PERSON, min_size=1, max_size=3),
    first=st.integers(0, 120),
    more=st.integers(1, 60),
    treatment=st.sampled_from([Gaps.BOUNDS, Gaps.EARLIEST, Gaps.LATEST, Gaps.MIDPOINT]),
)
def test_what_was_final_stays_when_more_days_and_crossings_are_observed(people, first, more, treatment):
    table = _table(people)
    early = table.filter(pa.array([(day - FIRST).days <= first for day in table["date"].to_pylist()]))
    if not len(early):
        return
    before = _classified(early, last=first, gaps=treatment).to_pylist()
    after = {
        row["crossing_id"]: row for row in _classified(table, last=first + more, gaps=treatment).to_pylist()
    }
    for row in before:
        later = after[row["crossing_id"]]
        if later["problem"] is not None or any(
            other["problem"] is not None for other in after.values() if other["person_id"] == row["person_id"]
        ):
            continue  # a movement that turns out to be missing changes what is known of its person
        for name, final in (("is_migration", "migration_final_on"), ("resident_after", "status_final_on")):
            if row[name] is not None:
                assert (later[name], later[final]) == (row[name], row[final])


@settings(max_examples=200, deadline=None)
@given(
    people=st.lists(_ON_DIFFERENT_DAYS, min_size=1, max_size=2),
    share=st.lists(st.floats(0, 1), min_size=8, max_size=8),
)
def test_what_is_decided_within_bounds_holds_wherever_the_missing_movements_lay(people, share):
    table = _table(people)
    bounded = {row["crossing_id"]: row for row in _classified(table).to_pylist()}
    completed, previous = [], None
    for row, part in zip(table.to_pylist(), itertools.cycle(share), strict=False):
        is_gap = (
            previous is not None
            and (previous["person_id"], previous["direction"]) == (row["person_id"], row["direction"])
            and previous["date"] != row["date"]
        )
        if is_gap:
            between = (row["date"] - previous["date"]).days
            other = "departure" if row["direction"] == "arrival" else "arrival"
            when = previous["date"] + datetime.timedelta(round(part * between))
            completed.append({**row, "crossing_id": 1000 + len(completed), "direction": other, "date": when})
        completed.append(row)
        previous = row
    truth = _classified(pa.Table.from_pylist(completed, table.schema)).to_pylist()
    for row in truth:
        known = bounded.get(row["crossing_id"])
        if known is None or row["problem"] is not None or known["problem"] == "duplicate":
            continue
        for name in ("is_migration", "resident_before", "resident_after"):
            if known[name] is not None and row[name] is not None:
                assert known[name] == row[name]
