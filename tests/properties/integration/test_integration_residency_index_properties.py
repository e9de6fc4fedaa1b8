"""The compiled index against a definition that goes person by person and year by year."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn.contracts.microdata import RegisterYear, SignOfLife
from sojourn.integration.residency_index import GroupRule, IndexRule, Register, residency_index

FIRST, LAST = 2019, 2023
REGISTERS = ("tax", "health", "absence")
PEOPLE = ("anna", "ben", "cleo")
eighths = st.integers(0, 8).map(lambda number: number / 8)
signed = st.integers(-8, 8).map(lambda number: number / 8)


@st.composite
def rules(draw):
    """A rule with thresholds that no index hits by chance of rounding, and registers with gaps."""
    registers = tuple(
        Register(
            name,
            draw(st.none() | st.integers(FIRST - 1, LAST)),
            draw(st.none() | st.integers(FIRST - 1, LAST)),
            draw(st.integers(1, 2)),
        )
        for name in REGISTERS
    )

    def group():
        weights = {name: draw(signed) for name in draw(st.sets(st.sampled_from(REGISTERS)))}
        return GroupRule(weights, draw(st.sampled_from((0.31, 0.5, 0.7))), draw(signed))

    return IndexRule(
        registers,
        group(),
        {"child": group()},
        draw(st.sampled_from((0.0, 0.5, 0.8))),
        draw(st.none() | eighths),
    )


sign_rows = st.dictionaries(
    st.tuples(st.sampled_from(PEOPLE), st.sampled_from(REGISTERS), st.integers(FIRST - 1, LAST)),
    st.none() | st.integers(0, 3),
    max_size=20,
)
register_rows = st.dictionaries(
    st.tuples(st.sampled_from(PEOPLE), st.integers(FIRST - 3, LAST + 1)),
    st.tuples(
        st.none() | st.just("child"),
        st.none() | st.booleans(),
        st.none() | st.booleans(),
        st.none() | st.sampled_from(("R", "N", "_U")),
    ),
    max_size=10,
)


def weighed(rule, group, person, year, signs):
    """The least and the most that a year's activity can be, by adding up what is known and what may be."""
    weights = rule.groups[group] if group else rule.general
    ends = []
    for choose in (min, max):
        total = weights.base
        for register in rule.registers:
            events = signs.get((person, register.name, year), 0)
            if events is not None and events >= register.least_events:
                total += weights.weights.get(register.name, 0.0)
            elif events is None or not register.covers(year):
                total += choose(0.0, weights.weights.get(register.name, 0.0))
        ends.append(min(max(total, 0.0), 1.0))
    return ends


def definition(rule, signs, register):
    """Residence as the documentation words it: {(person, year): (group, low, high, residence)}."""
    found = {}
    unknown = [0.0, 1.0] if rule.start is None else [rule.start, rule.start]
    for person in PEOPLE:
        rows = {year: row for (who, year), row in register.items() if who == person}
        index = None
        for year in range(min(rows, default=LAST + 1), LAST + 1):
            group = next(rows[before][0] for before in range(year, 0, -1) if before in rows)
            if year == FIRST and index is not None and not _entered_only(rows.get(FIRST - 1)):
                index = unknown
            is_first = year == min(rows)
            entered, left, certain = (rows.get(year) or (None,) * 4)[1:]
            if is_first and not entered:
                index = unknown
            if index is not None and certain in ("R", "N") and year >= FIRST:
                index = [float(certain == "R")] * 2
            if index is not None and year >= FIRST:
                threshold = (rule.groups[group] if group else rule.general).threshold
                residence = "R" if index[0] >= threshold else "N" if index[1] < threshold else "_U"
                found[person, year] = (group, *index, residence)
            if index is not None:
                activity = weighed(rule, group, person, year, signs)
                index = [
                    rule.stability * end + (1 - rule.stability) * now
                    for end, now in zip(index, activity, strict=True)
                ]
            if entered:
                index = [1.0, 1.0]
            if left:
                index = None
    return found


def _entered_only(row):
    """Whether the year's row says that the person entered, so that the next 1 January begins at one."""
    return row is not None and bool(row[1])


@settings(max_examples=300, deadline=None)
@given(rule=rules(), signs=sign_rows, register=register_rows)
def test_the_index_is_what_the_definition_says(rule, signs, register):
    sign_table = pa.table(
        {
            "person_key": [key[0] for key in signs],
            "register": [key[1] for key in signs],
            "year": [key[2] for key in signs],
            "n_events": list(signs.values()),
        },
        schema=SignOfLife.schema(),
    )
    columns = {"person_key": [key[0] for key in register], "year": [key[1] for key in register]}
    for place, name in enumerate(("group", "entered", "left", "residence")):
        columns[name] = [row[place] for row in register.values()]
    table = pa.table(columns, schema=RegisterYear.schema())
    found = residency_index(sign_table, table, rule=rule, first_year=FIRST, last_year=LAST).to_pylist()
    got = {
        (row["person_key"], row["year"]): (
            row["group"],
            row["index_low"],
            row["index_high"],
            row["residence"],
        )
        for row in found
    }
    expected = definition(rule, signs, register)
    assert got.keys() == expected.keys()
    for key, (group, low, high, residence) in expected.items():
        assert (got[key][0], got[key][3]) == (group, residence), key
        assert abs(got[key][1] - low) < 1e-12
        assert abs(got[key][2] - high) < 1e-12
        assert 0 <= got[key][1] <= got[key][2] <= 1
