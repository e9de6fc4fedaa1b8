"""No reader can narrow a withheld figure down to less than the minimum, whatever the table."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from disclosure_attack import Reader, counted, published

from sojourn.disclosure import ProtectionRules, protect
from sojourn.engine import Engine
from sojourn.errors import DisclosureRisk

MANY = settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
SHAPES = [(4,), (3, 3), (2, 4), (2, 2, 2), (2, 3, 3)]
PERSONS = st.one_of(st.integers(0, 4), st.integers(0, 40), st.just(1))


@st.composite
def tables(draw):
    shape = draw(st.sampled_from(SHAPES))
    cells = list(itertools.product(*[[f"c{code}" for code in range(codes)] for codes in shape]))
    counts = draw(st.lists(PERSONS, min_size=len(cells), max_size=len(cells)))
    return dict(zip(cells, counts, strict=True))


def protected(inner, minimum):
    table = counted(inner)
    dimensions = [name for name in table.column_names if name.startswith("d") and name[1:].isdigit()]
    with Engine(threads=1) as engine:
        found = protect(
            engine.relation(table), dimensions=dimensions, statistic="count",
            rules=ProtectionRules(minimum_contributors=minimum),
        )  # fmt: skip
        return published(found.observations.to_arrow()), found.report, table


def persons_of(table):
    names = [name for name in table.column_names if name.startswith("d") and name[1:].isdigit()]
    return {tuple(row[name] for name in names): row["contributors"] for row in table.to_pylist()}


@MANY
@given(inner=tables(), minimum=st.integers(2, 6))
def test_every_figure_with_few_persons_stays_as_uncertain_as_the_minimum(inner, minimum):
    if not any(inner.values()):
        return
    figures, report, table = protected(inner, minimum)
    truth = persons_of(table)
    few = [cell for cell, persons in truth.items() if persons < minimum]
    assert all(figures[cell] is None for cell in few)
    assert all(value is None or value == truth[cell] for cell, value in figures.items())
    assert report["audit"]["passed"]
    reader = Reader(figures)
    for cell in few:
        low, high = reader.bounds(cell)
        assert low <= truth[cell] <= high
        assert high - low >= minimum, (cell, low, high)


@MANY
@given(inner=tables(), minimum=st.integers(2, 5))
def test_the_only_person_of_a_withheld_figure_learns_no_other_one(inner, minimum):
    if not any(inner.values()):
        return
    figures, _, table = protected(inner, minimum)
    truth = persons_of(table)
    alone = [cell for cell, persons in inner.items() if persons == 1][:3]
    for own in alone:
        # The person knows every figure in which nobody else is.
        known = [
            (cell, 1)
            for cell, persons in truth.items()
            if persons == 1 and all(code in ("_T", mine) for code, mine in zip(cell, own, strict=True))
        ]
        reader = Reader(figures, known)
        for cell, persons in truth.items():
            if persons < minimum and (cell, 1) not in known:
                low, high = reader.bounds(cell)
                assert high - low >= minimum, (own, cell, low, high)


@MANY
@given(inner=tables(), minimum=st.integers(2, 6))
def test_no_total_less_its_published_parts_gives_a_figure_away(inner, minimum):
    if not any(inner.values()):
        return
    figures, _, _ = protected(inner, minimum)
    for cell in figures:
        for place, code in enumerate(cell):
            if code == "_T":
                line = [
                    value
                    for other, value in figures.items()
                    if other[:place] + other[place + 1 :] == cell[:place] + cell[place + 1 :]
                ]
                assert sum(value is None for value in line) != 1


@MANY
@given(inner=tables(), minimum=st.integers(2, 6))
def test_without_secondary_protection_a_table_is_safe_or_refused(inner, minimum):
    if not any(inner.values()):
        return
    table = counted(inner)
    dimensions = [name for name in table.column_names if name.startswith("d") and name[1:].isdigit()]
    rules = ProtectionRules(minimum_contributors=minimum, secondary=False)
    with Engine(threads=1) as engine:
        try:
            found = protect(engine.relation(table), dimensions=dimensions, statistic="count", rules=rules)
        except DisclosureRisk:
            return
        figures = published(found.observations.to_arrow())
    truth = persons_of(table)
    reader = Reader(figures)
    for cell, persons in truth.items():
        assert (figures[cell] is None) == (persons < minimum)
        if persons < minimum:
            low, high = reader.bounds(cell)
            assert high - low >= minimum


@MANY
@given(inner=tables())
def test_the_same_table_is_protected_the_same_way_in_any_order(inner):
    if not any(inner.values()):
        return
    first = protected(inner, 5)[0]
    again = protected(dict(reversed(list(inner.items()))), 5)[0]
    assert first == again
