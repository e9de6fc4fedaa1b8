"""Primary rules on cells small enough to judge by hand."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from sojourn.disclosure.suppression import (
    Contributions,
    Dominance,
    GroupAttributes,
    MinimumContributors,
    PqRule,
    Records,
    contributions,
    linked_cells,
    p_percent_rule,
)
from sojourn.errors import DisclosureRisk, ProjectError

# name of the cell: (size, weight, holding, waived) of each record
Cell = list[tuple[float, float, str, int]]


def cell(*sizes: float) -> Cell:
    return [(size, 1.0, f"h{place}", 0) for place, size in enumerate(sizes)]


def told(records: Cell, *, with_weights: bool = True) -> tuple[np.ndarray, Contributions]:
    """The values and contributions of the cell `a`, beside a cell `b` that is of no interest."""
    rows = [("a", *each) for each in records] + [("b", 7.0, 1.0, "other", 0)]
    names = ("place", "size", "weight", "holding", "waived")
    table = pa.table({name: [row[at] for row in rows] for at, name in enumerate(names)})
    weighted = pa.array([row[1] * row[2] for row in rows])
    held = table.append_column("amount", weighted).group_by("place").aggregate([("amount", "sum")])
    total = pa.table({"place": ["_T"], "amount_sum": [float(np.sum(weighted.to_numpy()))]})
    cells = linked_cells([pa.concat_tables([held.select(["place", "amount_sum"]), total])], [["place"]],
                         value="amount_sum")  # fmt: skip
    given = contributions(
        cells, [Records(table, ("place",), "size", "holding", "weight" if with_weights else None, "waived")]
    )
    return cells.values, given


def need(rule, records: Cell) -> float:
    values, given = told(records)
    return float(rule.need(values, given)[1])  # the total is cell 0, `a` is cell 1


@pytest.mark.parametrize(
    ("rule", "records", "expected"),
    [
        # 15 % of 100 is 15; the rest beside the two largest is 3.
        (p_percent_rule(15), cell(100, 5, 3), 12.0),
        # The rest is 20.
        (p_percent_rule(15), cell(100, 50, 20), 0.0),
        # The rest of two contributors is nothing: 15 % of 60.
        (p_percent_rule(15), cell(60, 40), 9.0),
        (p_percent_rule(15), cell(10), 1.5),
        # Exactly enough is enough: 10 % of 100 is the rest of 10.
        (p_percent_rule(10), cell(100, 50, 10), 0.0),
        # 15 / 50 of 100 is 30, the rest is 20.
        (PqRule(15, 50), cell(100, 50, 20), 10.0),
        (PqRule(15, 100), cell(100, 50, 20), 0.0),
        # 105 / 0.85 - 108.
        (Dominance(2, 85), cell(100, 5, 3), 105 / 0.85 - 108),
        # 150 of 170 is 88 %.
        (Dominance(2, 85), cell(100, 50, 20), 150 / 0.85 - 170),
        # 70 of 130 is 54 %.
        (Dominance(2, 85), cell(40, 30, 30, 30), 0.0),
        # 80 of 100 is 80 %, not more.
        (Dominance(1, 80), cell(80, 20), 0.0),
        (Dominance(1, 79), cell(80, 20), 80 / 0.79 - 100),
        # Three contributors with a mean of 4: five of them would be 20.
        (MinimumContributors(5), cell(2, 4, 6), 20.0),
        (MinimumContributors(3), cell(2, 4, 6), 0.0),
        (MinimumContributors(5, percent=50), cell(2, 4, 6), 6.0),
        # The largest stands for three of its size, so that its likes are the attacker and 150 of the rest.
        (p_percent_rule(15), [(100, 3, "x", 0), (50, 1, "y", 0)], 0.0),
        # Half of another like it, half of 50: the attacker has 75, the rest is 200 - 175 = 25.
        (p_percent_rule(15), [(100, 1.5, "x", 0), (50, 1, "y", 0)], 0.0),
        (p_percent_rule(30), [(100, 1.5, "x", 0), (50, 1, "y", 0)], 5.0),
        # Two places of 100 in a total of 350.
        (Dominance(2, 50), [(100, 3, "x", 0), (50, 1, "y", 0)], 200 / 0.5 - 350),
        # A weight below one is a smaller contributor: one of 50.
        (p_percent_rule(10), [(100, 0.5, "x", 0)], 5.0),
        # Two records of one owner are one contributor of 80: 12 less nothing.
        (p_percent_rule(15), [(40, 1, "x", 0), (40, 1, "x", 0), (20, 1, "y", 0)], 12.0),
        # Of three owners: 15 % of 40 is 6, the rest is 20.
        (p_percent_rule(15), [(40, 1, "x", 0), (40, 1, "y", 0), (20, 1, "z", 0)], 0.0),
        (MinimumContributors(3), [(40, 1, "x", 0), (40, 1, "x", 0), (20, 1, "y", 0)], 3 * 50.0),
        # Who stands for ten counts as ten where weights are counted, and as one where not.
        (MinimumContributors(5, counts_weights=True), [(1, 10, "x", 0)], 0.0),
        (MinimumContributors(5), [(1, 10, "x", 0)], 50.0),
        # The largest has waived: the target is 5, whom the rest of 3 protects.
        (p_percent_rule(15), [(100, 1, "x", 1), (5, 1, "y", 0), (3, 1, "z", 0)], 0.0),
        # Without the rest, 15 % of 5.
        (p_percent_rule(15), [(100, 1, "x", 1), (5, 1, "y", 0)], 0.75),
        (p_percent_rule(15), [(100, 1, "x", 1)], 0.0),
        (MinimumContributors(5), [(100, 1, "x", 1)], 0.0),
        (Dominance(1, 80), [(100, 1, "x", 1), (5, 1, "y", 0)], 0.0),
        # One record of an owner that is not waived leaves the owner protected.
        (p_percent_rule(15), [(60, 1, "x", 1), (40, 1, "x", 0)], 15.0),
        # A loss of 100 tells as much as a gain.
        (p_percent_rule(15), [(-100, 1, "x", 0), (5, 1, "y", 0), (3, 1, "z", 0)], 12.0),
    ],
)  # fmt: skip
def test_a_cell_needs_what_its_rule_says(rule, records, expected):
    assert need(rule, records) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("rule", "records", "expected"),
    [
        # The largest knows the 100; of the second, 15 % is 0.75, and the rest of 3 is enough.
        (p_percent_rule(15), cell(100, 5, 3), 0.0),
        # 15 % of 40, and no rest.
        (p_percent_rule(15), cell(60, 40), 6.0),
        (p_percent_rule(15), cell(10), 0.0),
        (Dominance(1, 80), cell(90, 10), 0.0),
        (Dominance(2, 80), cell(90, 10), 100 / 0.8 - 100),
        (MinimumContributors(5), cell(1, 1), 5.0),
    ],
)
def test_the_largest_contributor_need_not_be_kept_from_finding_out_itself(rule, records, expected):
    values, given = told(records)
    assert rule.need_against_largest(values, given)[1] == pytest.approx(expected)


def test_several_cells_together_are_judged_as_one_with_their_owners_merged():
    table = pa.table(
        {"place": ["a", "a", "b", "b", "c"], "size": [50.0, 2, 45, 3, 9], "owner": ["x", "y", "x", "z", "w"]}
    )
    held = pa.table({"place": ["a", "b", "c", "_T"], "value": [52.0, 48, 9, 109]})
    cells = linked_cells([held], [["place"]])
    given = contributions(cells, [Records(table, ("place",), "size", "owner")])
    together = given.together([np.array([1, 2]), np.array([3])])
    assert together.contributors.tolist() == [3, 1]
    assert together.total.tolist() == [100.0, 9.0]
    # x has 95; 15 % of it is 14.25, and beside x and z there is y with 2.
    assert p_percent_rule(15).need(np.array([100.0, 9.0]), together)[0] == pytest.approx(12.25)
    assert together.alone[0] == -1
    assert together.alone[1] >= 0


def test_records_without_a_cell_and_records_without_weight_are_refused():
    held = pa.table({"place": ["a", "_T"], "value": [1.0, 1.0]})
    cells = linked_cells([held], [["place"]])
    with pytest.raises(ProjectError, match="in no sum"):
        contributions(cells, [Records(pa.table({"place": ["z"]}), ("place",))])
    with pytest.raises(DisclosureRisk, match="no weight above zero"):
        contributions(cells, [Records(pa.table({"place": ["a"], "w": [0.0]}), ("place",), weight="w")])
    one, other = (pa.table({"place": ["a"], "who": [who]}) for who in ("x", None))
    with pytest.raises(ProjectError, match="which contributor is which"):
        contributions(cells, [Records(one, ("place",)), Records(other, ("place",))])
    with pytest.raises(DisclosureRisk, match="name no contributor"):
        contributions(cells, [Records(other, ("place",), holding="who")])


@pytest.mark.parametrize(
    "made",
    [
        lambda: MinimumContributors(0),
        lambda: MinimumContributors(3, percent=0),
        lambda: Dominance(0, 80),
        lambda: Dominance(2, 100),
        lambda: PqRule(50, 50),
        lambda: p_percent_rule(0),
        lambda: PqRule(10, 120),
        lambda: GroupAttributes("sex", -1),
    ],
)
def test_rules_with_impossible_numbers_are_refused(made):
    with pytest.raises(ProjectError, match="makes no rule"):
        made()
