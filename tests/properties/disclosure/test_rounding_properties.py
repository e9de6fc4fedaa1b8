"""Controlled rounding: margins add and nothing moves by a base, or the tables are said to be infeasible."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linked_tables import linked
from sojourn.disclosure.rounding import Outcome, RoundingSearch, controlled

MANY = settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
TABLES = [
    (("region", "sex"), ("region", "age")),
    (("age", "region", "sex"),),
    (("region", "sex"), ("region", "age"), ("age", "sex")),
]
LEVELS = {"region": (2, 2), "sex": (2,), "age": (3,)}


@MANY
@given(st.sampled_from(TABLES), st.integers(0, 10_000), st.integers(1, 300), st.sampled_from([2, 3, 5, 10]))
def test_margins_add_and_every_figure_stays_within_one_base(by, seed, records, base):
    cells = linked(LEVELS, by, records, seed).cells
    found = controlled(cells, base, search=RoundingSearch(may_move_multiples=True))
    if found.values is None:
        assert found.outcome in (Outcome.INFEASIBLE, Outcome.UNDECIDED)
        return
    moved = found.values - cells.values
    assert np.all(found.values % base == 0)
    assert np.all(cells.equations @ found.values == 0)
    assert np.all(np.abs(moved) <= (base if found.moved_multiples else base - 1))
    assert np.all(found.values[cells.values == 0] == 0)
    again = controlled(cells, base, search=RoundingSearch(may_move_multiples=True))
    assert np.array_equal(found.values, again.values)


@MANY
@given(st.integers(0, 10_000), st.integers(1, 9), st.sampled_from([2, 3, 5]))
def test_what_is_called_optimal_or_infeasible_is_so_among_all_choices(seed, records, base):
    cells = linked({"region": (2,), "sex": (2,)}, (("region", "sex"),), records, seed).cells
    below = (cells.values // base * base).astype(int)
    open_ = np.nonzero(cells.values % base)[0]
    least = None
    for ups in itertools.product((0, base), repeat=len(open_)):
        rounded = below.copy()
        rounded[open_] += np.array(ups, int)
        if np.all(cells.equations @ rounded == 0):
            moved = int(np.abs(rounded - cells.values).sum())
            least = moved if least is None else min(least, moved)
    found = controlled(cells, base)
    if least is None:
        assert found.outcome is Outcome.INFEASIBLE
    else:
        assert found.outcome is Outcome.OPTIMAL
        assert int(np.abs(found.values - cells.values).sum()) == least
