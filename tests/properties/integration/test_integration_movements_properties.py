"""The outcome-based rule: the compiled method against plain definitions, and what holds of any history."""

from __future__ import annotations

import datetime
import itertools
import operator
import random

import numpy as np
import pyarrow as pa
import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given, settings
from hypothesis import strategies as st

from movement_definition import UNKNOWN, decided, side_of_each_day
from one_history import decide_person
from sojourn.concepts.frameworks import ResidenceRule, Unit
from sojourn.integration.movement_kernel import NEVER
from sojourn.integration.movement_spans import spans_by_day
from sojourn.integration.movements import CLASSIFIED, Gaps, Observation, classified_movements

FIRST = datetime.date(2010, 1, 1)
RULE = ResidenceRule(20, 26)
IN_MONTHS = [ResidenceRule(1, 2, Unit.MONTHS), ResidenceRule(2, 3, Unit.MONTHS)]
RULES = st.sampled_from([RULE, *IN_MONTHS])


def _history(random_numbers, most, span):
    days = sorted(random_numbers.choices(range(span), k=random_numbers.randint(1, most)))
    first_side = random_numbers.randint(0, 1)
    return days, [(first_side + place) % 2 for place in range(len(days))]


def _spans(random_numbers, days, window, varies):
    """Threshold and window of each crossing; where they vary, as those of an invented calendar.

    The day on which a window ends never goes back, and crossings of one day have the same spans.
    """
    least = random_numbers.choice([1, window // 2, window // 2 + 1])
    threshold = random_numbers.randint(max(least, 1), window)
    if not varies:
        return [threshold] * len(days), [window] * len(days)
    ends, thresholds = {}, {}
    end = 0
    for day in sorted(set(days)):
        end = max(end, day + window + random_numbers.randint(-2, 2), day + 1)
        ends[day] = end
        thresholds[day] = min(max(threshold + random_numbers.randint(-2, 2), 1), end - day)
    return [thresholds[day] for day in days], [ends[day] - day for day in days]


@pytest.mark.parametrize("varies", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_the_kernel_agrees_with_the_rule_counted_day_by_day_on_a_hundred_thousand_histories(seed, varies):
    random_numbers = random.Random(seed)
    open_results = 0
    for _ in range(12_500 if varies else 25_000):
        window = random_numbers.choice([5, 8, 20, 40])
        days, sides = _history(random_numbers, 9, random_numbers.choice([1, 3, 6]) * window)
        thresholds, windows = _spans(random_numbers, days, window, varies)
        until = days[-1] + random_numbers.randint(0, window)
        first_states = random_numbers.choice([(0,), (1,), (0, 1)])
        expected = decided(
            days, sides, thresholds=thresholds, windows=windows, until=until, first_states=first_states
        )
        # A day on the new side counts when it is over, so the method may be a day behind the definition.
        now, next_day = (
            decide_person(
                np.array(days, np.int64),
                np.array(sides, np.int8),
                threshold=thresholds,
                window=windows,
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
    assert open_results > 5_000


NOWHERE = 2


def _can(sides_by_day, side, threshold, window, excludes_boundary):
    """Whether the days after a crossing change residence; the dead are nowhere, which is the other side."""
    new = old = 0
    for where in sides_by_day[:window]:
        new, old = new + (where == side), old + (where == 1 - side)
        if excludes_boundary and old >= window - threshold:
            return False
        if new >= threshold:
            return True
    return False


def _futures(longest, is_dead, may_die):
    """All ways to spend so many days; one who may die does so at the end of any of them."""
    if is_dead:
        return [(NOWHERE,) * longest]
    lived = list(itertools.product((0, 1), repeat=longest))
    if may_die:
        lived += [
            (*days, *(NOWHERE,) * (longest - length))
            for length in range(longest)
            for days in itertools.product((0, 1), repeat=length)
        ]
    return lived


def _under_every_future(days, sides, known, spans, futures, excludes_boundary, first_states):
    """What residence and migration can be, over all ways to spend the days after the last one observed."""
    found = [[set(), set(), set()] for _ in days]
    for future in futures:
        by_day = [*known, *future]
        results = [
            _can(by_day[day - days[0] :], side, threshold, window, excludes_boundary)
            for day, side, threshold, window in zip(days, sides, *spans, strict=True)
        ]
        for first_state in first_states:
            state = first_state
            for place, (can, side) in enumerate(zip(results, sides, strict=True)):
                found[place][0].add(state)
                found[place][2].add(int(can and state != side))
                state = side if can else state
                found[place][1].add(state)
    return found


@pytest.mark.parametrize("dies", [False, True])
@pytest.mark.parametrize("varies", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_a_decision_falls_on_the_first_day_on_which_no_future_can_change_it(seed, varies, dies):
    random_numbers = random.Random(seed)
    for _ in range(25):
        window = random_numbers.randint(2, 6)
        days, sides = _history(random_numbers, 6, random_numbers.randint(2, 16))
        spans = _spans(random_numbers, days, window, varies)
        excludes_boundary = random_numbers.random() < 0.5 and all(map(operator.lt, *spans))
        first_states = random_numbers.choice([(0,), (1,), (0, 1)])
        death = random_numbers.randint(days[-1], days[-1] + window) if dies else NEVER
        certain = {}
        for until in range(days[0], days[-1] + window + 4):
            seen = sum(day <= until for day in days)
            of_seen = [numbers[:seen] for numbers in spans]
            lived = side_of_each_day(days[:seen], sides[:seen], days[0], min(until, death - 1))
            known = lived + [NOWHERE] * (until - days[0] + 1 - len(lived))
            longest = max(day + span for day, span in zip(days[:seen], of_seen[1], strict=True)) - until
            possible = _under_every_future(
                days[:seen],
                sides[:seen],
                known,
                of_seen,
                _futures(max(longest, 0), until >= death, dies),
                excludes_boundary,
                first_states,
            )
            found = decide_person(
                np.array(days[:seen], np.int64),
                np.array(sides[:seen], np.int8),
                threshold=of_seen[0],
                window=of_seen[1],
                until=until,
                may_be_inside=1 in first_states,
                may_be_outside=0 in first_states,
                excludes_boundary=excludes_boundary,
                death=death,
                days_are_dated_when_over=False,
            )
            for place, column in itertools.product(range(seen), ("before", "after", "migration")):
                values = possible[place][("before", "after", "migration").index(column)]
                value = next(iter(values)) if len(values) == 1 else UNKNOWN
                assert int(found[column][place]) == value
                if value != UNKNOWN:
                    certain.setdefault((place, column), until)
                    final = {"after": "status_final", "migration": "migration_final"}.get(column)
                    assert final is None or found[final][place] == certain[place, column]


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
    rule = kept.pop("rule", RULE)
    return classified_movements(table, rule=rule, observation=observation, **kept).sort_by("crossing_id")


@settings(max_examples=200, deadline=None)
@given(people=st.lists(_PERSON, min_size=1, max_size=4), treatment=st.sampled_from(list(Gaps)), rule=RULES)
def test_the_mirror_of_a_history_has_the_mirrored_result(people, treatment, rule):
    found = _classified(_table(people), gaps=treatment, rule=rule)
    mirrored = _classified(_table(people, is_mirrored=True), gaps=treatment, rule=rule)
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
    people=st.lists(_PERSON, min_size=1, max_size=6),
    last=st.integers(100, 200),
    treatment=st.sampled_from(list(Gaps)),
    rule=RULES,
)
def test_settled_people_come_first_and_nothing_else_changes(people, last, treatment, rule):
    observation = Observation(FIRST - datetime.timedelta(60), FIRST + datetime.timedelta(last))
    asked = {"rule": rule, "observation": observation, "gaps": treatment}
    found = classified_movements(_table(people), settled_first=True, **asked)
    assert found.sort_by("crossing_id").equals(
        classified_movements(_table(people), **asked).sort_by("crossing_id")
    )
    rows = found.to_pylist()
    of_people = [list(of_one) for _, of_one in itertools.groupby(rows, key=lambda row: row["person_id"])]
    assert len(of_people) == len(people)
    are_settled = [_is_settled(of_one, rule, observation) for of_one in of_people]
    assert are_settled == sorted(are_settled, reverse=True)
    known = [name for name in CLASSIFIED.names if name != "problem"]
    for of_one in itertools.compress(of_people, are_settled):
        assert all(row[name] is not None for row in of_one for name in known)


def _is_settled(rows, rule, observation):
    """Whether crossings take turns, the first one late enough and the last one early enough."""
    spans = spans_by_day(rule, observation.first, observation.last, excludes_boundary=False)
    begin = observation.first + datetime.timedelta(int(spans[0, 0]))
    end = observation.last - datetime.timedelta(int(spans.sum(axis=0).max()))
    takes_turns = all(one["direction"] != other["direction"] for one, other in itertools.pairwise(rows))
    return takes_turns and rows[0]["date"] >= begin and rows[-1]["date"] <= end


@settings(max_examples=200, deadline=None)
@given(
    people=st.lists(_PERSON, min_size=1, max_size=3),
    first=st.integers(0, 120),
    more=st.integers(1, 60),
    treatment=st.sampled_from([Gaps.BOUNDS, Gaps.EARLIEST, Gaps.LATEST, Gaps.MIDPOINT]),
    rule=RULES,
)
def test_what_was_final_stays_when_more_days_and_crossings_are_observed(people, first, more, treatment, rule):
    table = _table(people)
    early = table.filter(pa.array([(day - FIRST).days <= first for day in table["date"].to_pylist()]))
    if not len(early):
        return
    before = _classified(early, last=first, gaps=treatment, rule=rule).to_pylist()
    after = {
        row["crossing_id"]: row
        for row in _classified(table, last=first + more, gaps=treatment, rule=rule).to_pylist()
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
    rule=RULES,
)
def test_what_is_decided_within_bounds_holds_wherever_the_missing_movements_lay(people, share, rule):
    table = _table(people)
    bounded = {row["crossing_id"]: row for row in _classified(table, rule=rule).to_pylist()}
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
    truth = _classified(pa.Table.from_pylist(completed, table.schema), rule=rule).to_pylist()
    for row in truth:
        known = bounded.get(row["crossing_id"])
        if known is None or row["problem"] is not None or known["problem"] == "duplicate":
            continue
        for name in ("is_migration", "resident_before", "resident_after"):
            if known[name] is not None and row[name] is not None:
                assert known[name] == row[name]


@settings(max_examples=200, deadline=None)
@given(
    people=st.lists(_PERSON, min_size=1, max_size=3),
    last=st.integers(0, 240),
    rule=st.sampled_from(IN_MONTHS),
)
def test_months_are_counted_from_the_day_of_each_crossing(people, last, rule):
    table = _table([(days, inside, [False] * 8) for days, inside, _ in people])
    seen = table.filter(pa.array([(day - FIRST).days <= last for day in table["date"].to_pylist()]))
    found = _classified(seen, last=last, rule=rule).to_pylist()
    # A day on the new side counts when it is over, so the method may be a day behind the definition.
    next_day = {row["crossing_id"]: row for row in _classified(seen, last=last + 1, rule=rule).to_pylist()}
    for person in {row["person_id"] for row in found}:
        rows = [row for row in found if row["person_id"] == person]
        days, sides = [row["date"] for row in rows], [int(row["direction"] == "arrival") for row in rows]
        thresholds, windows = (
            [(day + relativedelta(months=months) - day).days for day in days]
            for months in (rule.present, rule.window)
        )
        is_implied = days[0] >= FIRST - datetime.timedelta(30) + relativedelta(months=rule.present)
        expected = decided(
            [(day - FIRST).days for day in days],
            sides,
            thresholds=thresholds,
            windows=windows,
            until=last,
            first_states=(1 - sides[0],) if is_implied else (0, 1),
        )
        for row, values in zip(rows, expected, strict=True):
            for name, value in zip(
                ("resident_before", "resident_after", "is_migration"), values, strict=True
            ):
                wanted = None if value == UNKNOWN else bool(value)
                later = next_day[row["crossing_id"]][name]
                assert row[name] == wanted or (row[name] is None and later == wanted)
