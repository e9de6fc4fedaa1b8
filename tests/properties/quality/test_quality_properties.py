"""Measures of border-crossing data against plain definitions, and what holds of any records."""

from __future__ import annotations

import datetime
import itertools
from collections import Counter, defaultdict

import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sojourn.concepts.frameworks import ResidenceRule
from sojourn.engine import Engine
from sojourn.integration.movements import Gaps, Observation, classified_movements
from sojourn.quality.counts import counts, facts, summed
from sojourn.quality.places import placed
from sojourn.quality.sensitivity import comparable_days, sensitivity

FIRST = datetime.date(2010, 1, 1)
OBSERVED = Observation(FIRST, FIRST + datetime.timedelta(170))
RULE = ResidenceRule(60, 80)

# Days of few persons, close together, so that ties, gaps and duplicates are frequent.
RECORD = st.tuples(
    st.one_of(st.none(), st.integers(0, 4)),
    st.one_of(st.none(), st.integers(-3, 90)),
    st.sampled_from(["arrival", "departure", "arrival", "departure", "transit"]),
    st.sampled_from(["AIR", "SEA", None]),
    st.sampled_from(["F", "M", None, "_U"]),
    st.sampled_from([1980, 1981, None]),
)
RECORDS = st.lists(RECORD, min_size=1, max_size=24)


def table(records, first_id=0) -> pa.Table:
    days = [None if day is None else FIRST + datetime.timedelta(day) for _, day, *_ in records]
    return pa.table(
        {
            "person_id": pa.array([record[0] for record in records], pa.int64()),
            "crossing_id": pa.array(range(first_id, first_id + len(records)), pa.int64()),
            "date": pa.array(days, pa.date32()),
            "direction": pa.array([record[2] for record in records]),
            "border_point": pa.array([record[3] for record in records], pa.string()),
            "sex": pa.array([record[4] for record in records], pa.string()),
            "birth_year": pa.array([record[5] for record in records], pa.int32()),
        }
    )


def placed_rows(records) -> pa.Table:
    return placed(classified_movements(table(records), rule=RULE, observation=OBSERVED))


def counted(engine, found) -> dict:
    of_crossings = facts(engine.relation(found), observed_until=OBSERVED.last)
    rows = counts(of_crossings, observed_until=OBSERVED.last, threshold_days=60).to_pylist()
    return {
        (row["measure"], row["breakdown"], row["category"], row["subcategory"]): (
            row["numerator"],
            row["denominator"],
            row["numerator_people"],
            row["denominator_people"],
        )
        for row in rows
    }


def in_turn(records):
    """The usable crossings of a person: those of one day in turn, second records of one left out."""
    found = []
    for day in sorted({day for day, _, _ in records}):
        of_day = [
            (side, number) for when, side, number in sorted(records, key=lambda it: it[2]) if when == day
        ]
        while of_day:
            previous = found[-1][1] if found else 1 - of_day[0][0]
            wanted = next((it for it in of_day if it[0] != previous), of_day[0])
            of_day.remove(wanted)
            if found and found[-1][:2] == (day, wanted[0]):
                continue
            found.append((day, *wanted))
    return found


def by_definition(records):
    """Matches, violations and duplicates, by border point and whole, with persons: counted one by one."""
    histories = defaultdict(list)
    shown = [it for it in enumerate(records) if it[1][1] is None or it[1][1] >= 0 or it[1][0] is None]
    for number, (person, day, direction, *_) in shown:
        if person is not None and day is not None and direction != "transit":
            histories[person].append((day, int(direction == "arrival"), number))
    kept, matched, violating, following = set(), set(), set(), set()
    for history in histories.values():
        path = in_turn(history)
        for place, (_, side, number) in enumerate(path):
            kept.add(number)
            before = path[place - 1][1] if place else None
            after = path[place + 1][1] if place + 1 < len(path) else None
            if before is not None:
                following.add(number)
            if before == side:
                violating.add(number)
            if len(path) > 1 and side not in (before, after):
                matched.add(number)
    readable = {number for history in histories.values() for _, _, number in history}
    people = {
        number: number if person is None else f"p{person}" for number, (person, *_) in enumerate(records)
    }
    sets = {
        "usable": (kept, {number for number, _ in shown}),
        "matched": (matched, {number for number, _ in shown}),
        "direction-violations": (violating, following),
        "duplicates": (readable - kept, readable),
    }
    found = {}
    for measure, (of_these, of_all) in sets.items():
        for breakdown, points in (("all", [None]), ("border_point", ["AIR", "SEA", "_U"])):
            for point in points:
                chosen = [
                    {it for it in numbers if point is None or (records[it][3] or "_U") == point}
                    for numbers in (of_these, of_all)
                ]
                if chosen[1]:
                    persons = [len({people[it] for it in numbers}) for numbers in chosen]
                    found[measure, breakdown, point or "_T", "_Z"] = (*map(len, chosen), *persons)
    return found


@settings(max_examples=50, deadline=None)
@given(RECORDS)
@example([(None, None, "arrival", "AIR", "F", 1980), (0, -1, "transit", "AIR", "F", 1980)])
def test_matches_violations_and_duplicates_are_those_of_the_definition(records):
    # A record without a person is nobody's, whenever it was; the rule does not ask for its day.
    with Engine() as engine:
        found = counted(engine, placed_rows(records))
    expected = by_definition(records)
    measured = {
        key: value
        for key, value in found.items()
        if key[0] in ("usable", "matched", "direction-violations", "duplicates")
        and key[1] in ("all", "border_point")
    }
    assert measured == expected


@settings(max_examples=40, deadline=None)
@given(RECORDS)
def test_conflicts_are_persons_of_whom_two_things_are_said(records):
    rows = placed_rows(records)
    said = {"sex": defaultdict(Counter), "birth_year": defaultdict(Counter)}
    for row in rows.to_pylist():
        for name, of_person in said.items():
            if row["place"] is not None and row[name] not in (None, "_U"):
                of_person[row["person_id"]][row[name]] += 1
    with Engine() as engine:
        found = counted(engine, rows)
    for measure, name in (("sex-conflicts", "sex"), ("birth-year-conflicts", "birth_year")):
        several = [values for values in said[name].values() if values.total() > 1]
        conflicts = sum(len(values) > 1 for values in several)
        expected = (conflicts, len(several), conflicts, len(several)) if several else None
        assert found.get((measure, "all", "_T", "_Z")) == expected


@settings(max_examples=150, deadline=None)
@given(RECORDS)
def test_a_crossing_beside_one_of_its_own_direction_is_one_beside_a_missing_movement(records):
    for row in placed_rows(records).to_pylist():
        is_beside_gap = row["follows_same"] or row["precedes_same"]
        assert is_beside_gap == (row["problem"] == "missing-movement")


@settings(max_examples=20, deadline=None)
@given(st.lists(RECORDS, min_size=2, max_size=3))
def test_counts_of_parts_with_different_persons_add_up_to_those_of_the_whole(parts):
    apart = [
        [(person if person is None else 10 * place + person, *rest) for person, *rest in records]
        for place, records in enumerate(parts)
    ]
    with Engine() as engine:
        whole = counted(engine, placed_rows([record for records in apart for record in records]))
        pieces = []
        for records in apart:
            of_crossings = facts(engine.relation(placed_rows(records)), observed_until=OBSERVED.last)
            pieces.append(counts(of_crossings, observed_until=OBSERVED.last, threshold_days=60))
        together = {
            tuple(row.values())[:4]: tuple(row.values())[4:] for row in summed(engine, pieces).to_pylist()
        }
    assert together == whole


@settings(max_examples=60, deadline=None)
@given(RECORDS)
def test_totals_by_rule_are_those_of_classifying_everything_by_that_rule(records):
    rules = {"60/80": RULE, "20/30": ResidenceRule(20, 30)}
    days = comparable_days(rules, OBSERVED)
    rows = sensitivity(placed_rows(records), rules=rules, observation=OBSERVED).to_pylist()
    found = {(row["measure"], row["category"], row["subcategory"]): row["numerator"] for row in rows}
    for (name, rule), gaps in itertools.product(rules.items(), Gaps):
        classified = classified_movements(
            table(records), rule=rule, observation=OBSERVED, gaps=gaps
        ).to_pylist()
        within = [row for row in classified if row["date"] and days.first <= row["date"] <= days.last]
        expected = Counter(row["direction"] for row in within if row["is_migration"])
        treatment = gaps.name.lower()
        assert found["immigrations", name, treatment] == expected["arrival"]
        assert found["emigrations", name, treatment] == expected["departure"]
