"""The person spine: the method against the definition, and what holds of any records."""

from __future__ import annotations

import datetime
import random

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn.contracts.spine import PersonRecord, PersonSpine, SpineValue
from sojourn.contracts.table import Table
from sojourn.engine import Engine
from sojourn.integration.person_spine import ATTRIBUTES, SourceOrder, person_spine, spine_values
from status_definition import best_value

ORDER = SourceOrder(
    ("register", "permits", "border"),
    {"citizenship": ("permits", "register"), "death_date": ("register",), "region": ()},
)
AS_OF = datetime.date(2021, 1, 1)
NAMES = PersonRecord.schema().names
places = st.sampled_from([None, "FRA", "MAR", "_U", "_Z"])
records = st.fixed_dictionaries(
    {
        "person_key": st.sampled_from(["p", "q", "r"]),
        "source": st.sampled_from(["register", "permits", "border", "survey"]),
        "reference_date": st.sampled_from([None, datetime.date(2020, 1, 1), datetime.date(2021, 1, 1)]),
        "birthplace": places,
        "citizenship": places,
        "birth_year": st.sampled_from([None, 1980, 1981]),
        "death_date": st.sampled_from([None, datetime.date(2022, 5, 1), datetime.date(2022, 5, 2)]),
        "region": st.sampled_from([None, "north"]),
    }
)
many = st.lists(records, min_size=1, max_size=25)


def _table(contract: type[Table], rows: list[dict]) -> pa.Table:
    names = contract.schema().names
    return pa.Table.from_pylist(
        [{name: row.get(name) for name in names} for row in rows], schema=contract.schema()
    )


def _numbered(drawn: list[dict]) -> list[dict]:
    return [
        {**dict.fromkeys(NAMES), **record, "record_id": f"r{number:03d}"}
        for number, record in enumerate(drawn)
    ]


def _spine(engine: Engine, rows: list[dict], order: SourceOrder = ORDER) -> tuple[list[dict], list[dict]]:
    """The values and the persons, in order of their keys."""
    given_records = engine.relation(_table(PersonRecord, rows))
    values = spine_values(given_records, order=order, as_of=AS_OF)
    found = SpineValue.conform(values.to_arrow())
    people = PersonSpine.conform(person_spine(given_records, values, as_of=AS_OF).to_arrow())
    by_value = sorted(found.to_pylist(), key=lambda row: (row["person_key"], row["attribute"]))
    return by_value, sorted(people.to_pylist(), key=lambda row: row["person_key"])


@settings(max_examples=60, deadline=None)
@given(many)
def test_every_value_is_that_of_the_definition(drawn):
    rows = _numbered(drawn)
    keys = sorted({row["person_key"] for row in rows})
    expected = {}
    for key in keys:
        own = [row for row in rows if row["person_key"] == key]
        for attribute in ATTRIBUTES:
            # Values are compared as the records hold them; a day is not found by its text.
            best = best_value(own, attribute, ORDER.of(attribute))
            if best is not None:
                expected[key, attribute] = best
    with Engine() as engine:
        values, people = _spine(engine, rows)
    assert {(row["person_key"], row["attribute"]): (row["value"], row["source"], row["record_id"],
        row["records"], row["stated_values"]) for row in values} == {
            place: (str(best[0]), *best[1:]) for place, best in expected.items()}  # fmt: skip
    assert [row["person_key"] for row in people] == keys
    for person in people:
        own = {name: expected[person["person_key"], name] for name in ATTRIBUTES
               if (person["person_key"], name) in expected}  # fmt: skip
        assert {name: person[name] for name in ATTRIBUTES} == {
            name: own[name][0] if name in own else None for name in ATTRIBUTES
        }
        assert person["attributes_stated"] == sum(best[4] > 0 for best in own.values())
        assert person["conflicts"] == sum(best[4] > 1 for best in own.values())


@settings(max_examples=30, deadline=None)
@given(many, st.integers(0, 1000))
def test_the_order_of_records_changes_nothing(drawn, seed):
    rows = _numbered(drawn)
    shuffled = random.Random(seed).sample(rows, len(rows))
    with Engine() as engine:
        assert _spine(engine, rows) == _spine(engine, shuffled)


@settings(max_examples=30, deadline=None)
@given(many, st.lists(records, max_size=8))
def test_records_that_say_nothing_or_not_known_never_change_a_known_value(drawn, more):
    rows = _numbered(drawn)
    silent = [
        {**dict.fromkeys(NAMES), **record, "birthplace": "_U", "citizenship": None, "birth_year": None,
         "death_date": None, "region": "_U", "record_id": f"a{number:03d}"}
        for number, record in enumerate(more)
    ]  # fmt: skip
    with Engine() as engine:
        before, _ = _spine(engine, rows)
        after, _ = _spine(engine, rows + silent)
    known = [row for row in before if row["value"] != "_U"]
    assert [row for row in after if row["value"] != "_U"] == known


@settings(max_examples=30, deadline=None)
@given(many)
def test_a_source_that_no_order_names_says_nothing(drawn):
    rows = _numbered(drawn)
    without = [row for row in rows if row["source"] != "survey"]
    with Engine() as engine:
        assert _spine(engine, rows)[0] == (_spine(engine, without)[0] if without else [])
