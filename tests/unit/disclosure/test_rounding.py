"""Rounding of single figures, and of tables whose margins must add."""

from __future__ import annotations

import hmac
import itertools

import numpy as np
import pyarrow as pa
import pytest

from sojourn.disclosure.rounding import (
    Outcome,
    RoundingSearch,
    by_cell_key,
    by_name,
    controlled,
    conventional,
)
from sojourn.disclosure.suppression import linked_cells
from sojourn.errors import DisclosureRisk, ProjectError

SECRET = bytes(range(32))


def cube(inner: dict[tuple[str, ...], int]):
    """Cells of a table with all totals, from its inner cells."""
    width = len(next(iter(inner)))
    sums: dict[tuple[str, ...], int] = {}
    for cell, value in inner.items():
        for totals in itertools.product((False, True), repeat=width):
            name = tuple("_T" if total else code for total, code in zip(totals, cell, strict=True))
            sums[name] = sums.get(name, 0) + value
    columns = {f"d{place}": [cell[place] for cell in sums] for place in range(width)}
    table = pa.table({**columns, "value": [float(value) for value in sums.values()]})
    return linked_cells([table], [list(columns)])


def test_figures_go_to_the_nearest_multiple_and_halves_where_they_are_told():
    values = np.array([0, 1, 2, 3, 5, 7, 15, -5, -7, np.nan])
    assert conventional(values, 5)[:9].tolist() == [0, 0, 0, 5, 5, 5, 15, -5, -5]
    assert np.isnan(conventional(values, 5)[9])
    halves = np.array([5.0, 15, 25, -5, -15])
    assert conventional(halves, 10).tolist() == [0, 20, 20, 0, -20]
    assert conventional(halves, 10, halves="up").tolist() == [10, 20, 30, -10, -20]


def test_a_cell_key_below_the_part_of_the_base_takes_a_count_up():
    # 7 is 2 of 5 above 5: it goes up for keys below two fifths of 2**32.
    limit = 2 * 2**32 // 5
    keys = np.array([0, limit, limit + 1, 2**32 - 1], np.uint64)
    assert by_cell_key(np.array([7, 7, 7, 7]), keys, 5).tolist() == [10, 10, 5, 5]
    assert by_cell_key(np.array([0, 5, 10, 15]), keys, 5).tolist() == [0, 5, 10, 15]


def test_rounding_by_key_is_right_on_average():
    keys = (np.arange(10_000, dtype=np.uint64) * np.uint64(2**32 // 10_000)).astype(np.uint64)
    for value in range(10):
        found = by_cell_key(np.full(10_000, value), keys, 3)
        assert np.all(np.abs(found - value) < 3)
        assert found.mean() == pytest.approx(value, abs=0.001)


def test_a_margin_is_rounded_alike_in_every_table_that_shows_it():
    wide = pa.table({"region": ["N", "N", "_T"], "sex": ["_T", "F", "_T"], "time_period": ["2024"] * 3})
    narrow = pa.table({"region": ["_T", "N"], "time_period": ["2024"] * 2})
    other = pa.table({"region": ["N", "_T"], "age": ["_T", "_T"], "time_period": ["2024"] * 2})
    values = {"N": 101, "F": 52, "_T": 203}
    in_wide = by_name(np.array([101, 52, 203]), wide, ["region", "sex"], 5, secret=SECRET)
    in_narrow = by_name(np.array([203, 101]), narrow, ["region"], 5, secret=SECRET)
    in_other = by_name(np.array([101, 203]), other, ["age", "region"], 5, secret=SECRET)
    assert in_wide[0] == in_narrow[1] == in_other[0]
    assert in_wide[2] == in_narrow[0] == in_other[1]
    assert abs(in_wide[1] - values["F"]) < 5


def test_the_draw_is_the_keyed_hash_of_the_cells_name():
    names = [f"c{number}" for number in range(200)]
    table = pa.table({"place": names})
    found = by_name(np.full(200, 12), table, ["place"], 5, secret=SECRET)
    for name, rounded in zip(names, found, strict=True):
        digest = hmac.digest(SECRET, f"random rounding|place={name}".encode(), "sha256")
        key = int.from_bytes(digest[:4], "big")
        assert rounded == (15 if key * 5 < 2 * 2**32 else 10)
    assert not np.array_equal(found, by_name(np.full(200, 12), table, ["place"], 5, secret=bytes(32)))


def test_a_total_of_everything_has_a_name_too():
    table = pa.table({"region": ["_T"]})
    assert by_name(np.array([10]), table, ["region"], 5, secret=SECRET).tolist() == [10]
    assert by_name(np.array([10]), pa.table({"value": [10]}), [], 5, secret=SECRET).tolist() == [10]


def test_figures_that_cannot_be_rounded_are_refused():
    with pytest.raises(ProjectError, match="multiples of 1"):
        conventional(np.array([1.0]), 1)
    with pytest.raises(ProjectError, match="256 bits"):
        by_name(np.array([1]), pa.table({"d": ["a"]}), ["d"], 5, secret=b"short")
    with pytest.raises(DisclosureRisk, match="no key each"):
        by_cell_key(np.array([1, 2]), np.array([1], np.uint64), 5)
    with pytest.raises(ProjectError, match="32 bits"):
        by_cell_key(np.array([1]), np.array([2**32], np.uint64), 5)
    with pytest.raises(ProjectError, match="multiples of 0"):
        controlled(cube({("a",): 1}), 0)
    with pytest.raises(ProjectError, match="one branch"):
        RoundingSearch(nodes=0)
    table = pa.table({"d": ["a", "b"], "value": [0.5, 0.5]})
    with pytest.raises(DisclosureRisk, match="whole numbers"):
        controlled(linked_cells([table], [["d"]]), 5)


def test_margins_add_after_rounding_and_as_little_as_possible_is_moved():
    # 4 + 4 + 4 = 12: three go up with a total of 15, moving 1 + 1 + 1 + 3; with 10 it were 1 + 1 + 4 + 2.
    found = controlled(cube({("a",): 4, ("b",): 4, ("c",): 4}), 5)
    assert found.outcome is Outcome.OPTIMAL
    assert found.values.tolist() == [15, 5, 5, 5]
    assert str(found) == "optimal"


def choices(cells, base):
    """All ways to take each figure to one of the two multiples around it so that all sums hold."""
    below = (cells.values // base * base).astype(int)
    open_ = np.nonzero(cells.values % base)[0]
    for ups in itertools.product((0, base), repeat=len(open_)):
        rounded = below.copy()
        rounded[open_] += np.array(ups, int)
        if np.all(cells.equations @ rounded == 0):
            yield rounded


def test_tables_without_any_such_choice_are_said_to_be_infeasible():
    infeasible = {("x", "x", "x"): 1, ("x", "y", "y"): 1, ("y", "x", "y"): 1, ("y", "y", "x"): 1}
    values = infeasible | {("z", b, c): 2 for b in "xy" for c in "xy"}
    found = [controlled(cube(each), 2) for each in (infeasible, values)]
    for each, table in zip(found, (infeasible, values), strict=True):
        has_choice = next(choices(cube(table), 2), None) is not None
        assert (each.outcome is Outcome.INFEASIBLE) == (not has_choice)
    assert Outcome.INFEASIBLE in {each.outcome for each in found}


def test_multiples_move_by_one_base_where_the_caller_agrees_and_zeros_never():
    table = {
        ("x", "x", "x"): 1,
        ("x", "y", "y"): 1,
        ("y", "x", "y"): 1,
        ("y", "y", "x"): 1,
        ("z", "z", "z"): 0,
    }
    cells = cube(table)
    strict = controlled(cells, 2)
    found = controlled(cells, 2, search=RoundingSearch(may_move_multiples=True))
    assert strict.outcome is Outcome.INFEASIBLE
    assert strict.values is None
    assert np.isnan(strict.gap)
    assert found.moved_multiples
    assert np.all(cells.equations @ found.values == 0)
    assert np.all(np.abs(found.values - cells.values) <= 2)
    assert np.all(found.values[cells.values == 0] == 0)
