"""Cells of linked tables, and the sums that tie them together."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from sojourn.concepts import code_list
from sojourn.disclosure.suppression import (
    CodeSum,
    Hierarchy,
    hierarchy_of,
    hierarchy_of_code_list,
    linked_cells,
)
from sojourn.errors import DisclosureRisk, ProjectError

BY_SEX = pa.table(
    {
        "region": ["N", "N", "S", "S", "N", "S", "_T", "_T", "_T"],
        "sex": ["F", "M", "F", "M", "_T", "_T", "F", "M", "_T"],
        "value": [1.0, 2, 3, 4, 3, 7, 4, 6, 10],
    }
)
BY_AGE = pa.table({"region": ["N", "S", "S", "_T"], "age": ["y", "y", "o", "_T"], "value": [3.0, 5, 2, 10]})


def test_a_margin_that_two_tables_show_is_one_cell():
    cells = linked_cells([BY_SEX, BY_AGE], [["region", "sex"], ["region", "age"]])
    # Nine of the first; of the second three inner cells and the totals of two ages.
    assert cells.size == 9 + 3 + 2
    assert cells.rows[0][8] == cells.rows[1][3]
    shown = {name for name, hidden in zip(cells.names(np.arange(14)), cells.is_hidden, strict=True) if hidden}
    # Both totals of ages are shown by no table, and a reader knows that they are sums.
    assert shown == {("y", "_T", "_T"), ("o", "_T", "_T")}


def test_every_sum_of_every_table_stands_there_once_and_holds():
    cells = linked_cells([BY_SEX, BY_AGE], [["region", "sex"], ["region", "age"]])
    # Along sex for N, S, _T; along region for F, M, _T, y, o; along age for N, S, _T.
    assert cells.equations.shape[0] == 3 + 5 + 3
    assert np.all(cells.equations @ cells.values == 0)


def test_one_code_may_be_the_sum_of_two_sets_of_codes():
    world = Hierarchy(
        "country",
        (
            CodeSum("_T", ("europe", "asia")),
            CodeSum("europe", ("DEU", "NOR")),
            CodeSum("asia", ("JPN",)),
            CodeSum("_T", ("union", "others")),
            CodeSum("union", ("DEU",)),
            CodeSum("others", ("NOR", "JPN")),
        ),
    )
    table = pa.table({"country": ["DEU", "NOR", "JPN"], "value": [5.0, 2, 1]})
    cells = linked_cells([table], [["country"]], [world])
    found = dict(zip((name for (name,) in cells.names(np.arange(cells.size))), cells.values, strict=True))
    assert found == {
        "_T": 8, "DEU": 5, "JPN": 1, "NOR": 2, "asia": 1, "europe": 7, "others": 3, "union": 5,
    }  # fmt: skip
    assert cells.equations.shape[0] == 6


def test_tables_may_stop_at_different_levels_of_one_hierarchy():
    ages = hierarchy_of("age", {"0": "young", "1": "young", "2": "old"})
    fine = pa.table({"age": ["0", "1", "2"], "value": [1.0, 2, 4]})
    coarse = pa.table({"age": ["young", "old"], "sex": ["F", "F"], "value": [3.0, 4]})
    cells = linked_cells([fine, coarse], [["age"], ["age", "sex"]], [ages])
    assert np.all(cells.equations @ cells.values == 0)
    # Of F there are no single ages, so no sum of them.
    assert cells.equations.shape[0] == 1 + 1 + 1 + 1 + 3


def test_an_observed_zero_is_a_cell_and_an_absent_row_is_none():
    table = pa.table({"region": ["N", "S", "W"], "value": [1.0, 2, 0]})
    assert linked_cells([table], [["region"]]).size == 4
    assert linked_cells([table.slice(0, 2)], [["region"]]).size == 3


def test_a_code_list_with_parents_is_a_hierarchy():
    found = hierarchy_of_code_list("country", code_list("CL_AREA"), ["NOR", "DEU"])
    assert "_T" in found.above["NOR"]
    with pytest.raises(ProjectError, match="has no code"):
        hierarchy_of_code_list("country", code_list("CL_AREA"), ["nowhere"])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"value": [1.0, 2, 3, 4, 3, 7, 4, 6, 11]}, "not the sum"),
        ({"region": ["N", "N", "S", "S", "N", "S", "_T", "_T", "N"]}, "occurs twice"),
        ({"value": [1.0, 2, 3, 4, 3, 7, 4, 6, None]}, "has no value"),
    ],
)
def test_tables_that_contradict_themselves_are_refused(changed, message):
    columns = {name: BY_SEX.column(name) for name in BY_SEX.column_names} | changed
    if "region" in changed:
        columns["sex"] = ["F", "M", "F", "M", "_T", "_T", "F", "M", "_T"]
    with pytest.raises(DisclosureRisk, match=message):
        linked_cells([pa.table(columns)], [["region", "sex"]])


def test_tables_that_contradict_each_other_are_refused():
    other = pa.table({"region": ["N", "S", "_T"], "value": [3.0, 8, 11]})
    with pytest.raises(DisclosureRisk, match="different values"):
        linked_cells([BY_SEX, other], [["region", "sex"], ["region"]])


def test_totals_without_parts_are_refused():
    table = pa.table({"region": ["N", "_T"], "sex": ["F", "M"], "value": [1.0, 5]})
    with pytest.raises(DisclosureRisk, match="in no part"):
        linked_cells([table], [["region", "sex"]])


@pytest.mark.parametrize(
    ("sums", "message"),
    [
        ((CodeSum("_T", ()),), "none, or one stands"),
        ((CodeSum("_T", ("a", "a")),), "none, or one stands"),
        ((CodeSum("a", ("b",)),), "adds up to no total"),
        ((CodeSum("_T", ("a",)), CodeSum("a", ("b",)), CodeSum("b", ("a",))), "part of itself"),
    ],
)
def test_hierarchies_that_are_none_are_refused(sums, message):
    with pytest.raises(ProjectError, match=message):
        Hierarchy("region", sums)


def test_a_code_outside_the_hierarchy_is_refused():
    with pytest.raises(ProjectError, match="in no sum"):
        linked_cells([BY_SEX], [["region", "sex"]], [hierarchy_of("region", {"N": "_T"})])
