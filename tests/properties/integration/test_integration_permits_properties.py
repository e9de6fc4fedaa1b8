"""Visas and permits joined to crossings: the method against the definition told day by day."""

from __future__ import annotations

import datetime
import random
from dataclasses import replace

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from permit_definition import (
    Grant,
    Setting,
    after_validity,
    completed_months,
    is_residence_permit,
    occasion,
    outcome,
)
from sojourn.concepts import code_list
from sojourn.contracts.microdata import Movement, PermitOutcome, Status
from sojourn.contracts.table import Table
from sojourn.engine import Engine, Relation
from sojourn.integration.movements import Observation
from sojourn.integration.permit_outcomes import PermitRule, permit_outcomes
from sojourn.statistics.permits import valid_permits

FIRST = datetime.date(2020, 1, 29)
MAIN = {"EMP": "EMP", "EMP_NEW": "EMP", "EMP_OWN": "EMP", "EDU": "EDU", "_U": "_U"}
SETTING = Setting(
    first=FIRST + datetime.timedelta(100),
    last=FIRST + datetime.timedelta(500),
    statuses_since=FIRST,
    grace=0,
    newcomers=frozenset({"first"}),
)

day_numbers = st.integers(0, 640)
crossing = st.tuples(day_numbers, st.sampled_from(["A", "D", "A", "D", "A", "D", "_U"]))
grants = st.tuples(
    st.sampled_from(["visa", "permit", "permit", "protection", "enrolment"]),
    day_numbers,
    st.one_of(st.none(), st.integers(-3, 400)),
    st.sampled_from([None, *MAIN]),
    st.sampled_from([None, "first", "renewal"]),
)
persons = st.tuples(st.lists(grants, max_size=4), st.lists(crossing, max_size=7))


def _table(contract: type[Table], records: list[dict[str, object]]) -> pa.Table:
    names = contract.schema().names
    return pa.Table.from_pylist(
        [{name: record.get(name) for name in names} for record in records], schema=contract.schema()
    )


def _on(number: int) -> datetime.date:
    return FIRST + datetime.timedelta(number)


def _expected(person: list[Grant], crossings: list[tuple[datetime.date, str]], setting: Setting) -> dict:
    possible = [each for each in person if each.end >= each.first and each.kind != "enrolment"]
    permits = [each for each in possible if is_residence_permit(each)]
    observed = [each for each in crossings if setting.first <= each[0] <= setting.last]
    return {
        each.record_id: (
            *outcome(each, observed, setting),
            *after_validity(each, possible, observed, setting),
            occasion(each, permits, setting, MAIN),
            completed_months(each) if each.end >= each.first else None,
        )
        for each in person
        if each.kind in ("visa", "permit")
    }


def _records(people: list, setting: Setting) -> tuple[list, list, dict]:
    """The records of statuses and movements of drawn people, and what is expected of each visa and permit."""
    statuses, movements, expected = [], [], {}
    for place, (drawn, drawn_crossings) in enumerate(people):
        person = []
        for number, (kind, first, days, reason, category) in enumerate(drawn):
            last = None if days is None else _on(first + days)
            grant = Grant(f"{place}-{number}", kind, _on(first), last, reason, category)
            person.append(grant)
            statuses.append(
                {"record_id": grant.record_id, "status_id": grant.record_id, "person_key": f"p{place}",
                 "kind": kind, "category": category, "reason": reason,
                 "valid_from": grant.first, "valid_to": grant.last}
            )  # fmt: skip
        crossings = sorted(((_on(day), side) for day, side in drawn_crossings), key=lambda each: each[0])
        for number, (day, direction) in enumerate(crossings):
            movements.append(
                {"record_id": f"{place}-{number:02d}", "movement_id": "any", "person_key": f"p{place}",
                 "event_date": day, "direction": direction}
            )  # fmt: skip
        expected |= _expected(person, crossings, setting)
    return statuses, movements, expected


def _outcomes(engine: Engine, statuses: pa.Table, movements: pa.Table, setting: Setting) -> Relation:
    return permit_outcomes(
        engine.relation(statuses),
        engine.relation(movements),
        observation=Observation(setting.first, setting.last),
        statuses_since=setting.statuses_since,
        rule=PermitRule(setting.grace, setting.gap_months, setting.newcomers),
    )


def _judged(people: list, setting: Setting, engine: Engine) -> tuple[Relation, dict]:
    statuses, movements, expected = _records(people, setting)
    return _outcomes(engine, _table(Status, statuses), _table(Movement, movements), setting), expected


@settings(max_examples=25, deadline=None)
@given(st.lists(persons, min_size=1, max_size=40), st.integers(0, 60), st.sampled_from([1, 6]))
def test_every_outcome_is_that_of_the_definition(people, grace, gap_months):
    # Observation begins more than the newcomers' year before the last permits only with an earlier first day.
    for setting in (SETTING, replace(SETTING, first=FIRST - datetime.timedelta(200))):
        setting = replace(setting, grace=grace, gap_months=gap_months)
        with Engine() as engine:
            found, expected = _judged(people, setting, engine)
            PermitOutcome.conform(found.to_arrow())
            columns = ("outcome", "first_arrival", "after_validity", "days_beyond", "occasion", "months")
            assert {row[0]: row[1:] for row in found.rows("record_id", *columns)} == expected


@settings(max_examples=20, deadline=None)
@given(st.lists(persons, min_size=1, max_size=20), day_numbers)
def test_on_every_day_each_holder_of_valid_permits_is_counted_once_by_the_one_with_the_latest_end(
    people, number
):
    on = _on(number)
    latest = {}
    for place, (drawn, _) in enumerate(people):
        permits = [
            Grant(f"{place}-{position}", kind, _on(first), None if days is None else _on(first + days))
            for position, (kind, first, days, _, _) in enumerate(drawn)
        ]
        held = [each for each in permits if is_residence_permit(each) and each.is_valid(on)]
        if held:
            latest[f"p{place}"] = max(held, key=lambda each: (each.end, each.first, each.record_id)).record_id
    with Engine() as engine:
        found, _ = _judged(people, SETTING, engine)
        assert sorted(valid_permits(found, on=[on]).rows("person_key", "record_id")) == sorted(latest.items())


def _drawn(random_numbers: random.Random) -> tuple[list, list]:
    kinds = ["visa", "permit", "permit", "protection", "enrolment"]
    statuses = [
        (
            random_numbers.choice(kinds),
            random_numbers.randint(0, 640),
            random_numbers.choice([None, *(random_numbers.randint(-3, 400) for _ in range(6))]),
            random_numbers.choice([None, *MAIN]),
            random_numbers.choice([None, "first", "renewal"]),
        )
        for _ in range(random_numbers.randint(1, 4))
    ]
    crossings = []
    direction = random_numbers.choice("AD")
    for day in sorted(random_numbers.choices(range(640), k=random_numbers.randint(0, 7))):
        crossings.append((day, random_numbers.choices([direction, "_U"], [19, 1])[0]))
        if random_numbers.random() < 0.1:  # there and back within a day
            crossings += [(day, "D"), (day, "A")]
        if random_numbers.random() < 0.9:
            direction = "D" if direction == "A" else "A"
    return statuses, crossings


def test_ten_thousand_persons_show_every_outcome_and_each_is_that_of_the_definition():
    random_numbers = random.Random(6)
    people = [_drawn(random_numbers) for _ in range(10_000)]
    setting = replace(SETTING, first=FIRST - datetime.timedelta(200), grace=14)
    with Engine() as engine:
        found, expected = _judged(people, setting, engine)
        columns = ("outcome", "first_arrival", "after_validity", "days_beyond", "occasion", "months")
        rows = {row[0]: row[1:] for row in found.rows("record_id", *columns)}
    assert rows == expected
    for position, list_id in ((0, "CL_PERMIT_OUTCOME"), (2, "CL_AFTER_VALIDITY"), (4, "CL_PERMIT_OCCASION")):
        assert {row[position] for row in rows.values()} == set(code_list(list_id).for_records)


def test_the_order_of_records_does_not_matter():
    random_numbers = random.Random(7)
    people = [_drawn(random_numbers) for _ in range(500)]
    with Engine() as engine:
        statuses, movements, _ = _records(people, SETTING)
        first, second = (
            _outcomes(engine, _table(Status, given), _table(Movement, crossed), SETTING)
            for given, crossed in ((statuses, movements), (statuses[::-1], movements[::-1]))
        )
        assert first.rows(order_by=("record_id",)) == second.rows(order_by=("record_id",))
