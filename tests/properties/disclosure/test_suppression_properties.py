"""Linked and hierarchical tables withstand an attack in fractions; contributions are as they are defined."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linked_tables import Attack, linked, tree
from sojourn.disclosure.suppression import (
    Dominance,
    MinimumContributors,
    Needs,
    Policy,
    Prior,
    Records,
    Search,
    audit,
    contributions,
    linked_cells,
    p_percent_rule,
    suppress,
    suppress_needs,
)
from sojourn.disclosure.suppression.pattern import Pattern

FEW = settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
LEVELS = {"region": (2, 2), "sex": (2,), "age": (3,)}
TABLES = [
    (("region", "sex"), ("region", "age")),
    (("region", "sex"), ("region", "age"), ("age", "sex")),
    (("region",), ("region", "sex")),
    (("age", "region", "sex"),),
]


@FEW
@given(st.sampled_from(TABLES), st.integers(0, 10_000), st.integers(20, 120), st.booleans())
def test_no_reader_of_all_tables_narrows_a_small_count_down_to_less_than_the_minimum(by, seed, records, near):
    cells = linked(LEVELS, by, records, seed).cells
    persons = np.rint(cells.values)
    need = np.where((persons > 0) & (persons < 4), 4.0, 0.0)
    asked = Needs(need, np.zeros(cells.size), np.zeros(cells.size))
    search = Search(whole_up_to=0, neighbourhood=8) if near else Search()
    found = suppress_needs(cells, asked, prior=Prior(least=1), search=search, may_change=persons > 0)
    attack = Attack(cells, found.is_withheld, exact=True)
    told = audit(cells, found.is_withheld, asked, found.room, search=search)
    assert told.passed
    for cell, lowest, highest in zip(told.cell, told.lowest, told.highest, strict=True):
        low, high = attack.bounds(int(cell), least=1.0)
        assert (lowest, highest) == pytest.approx((low, high))
        assert high >= persons[cell] + 4


@settings(FEW, max_examples=8)
@given(st.sampled_from(TABLES), st.integers(0, 10_000), st.integers(10, 60))
def test_firms_stay_uncertain_for_everybody_and_for_firms_alone_in_other_cells(by, seed, records):
    made = linked(LEVELS, by, records, seed, counts=False)
    cells = made.cells
    behind = [Records(made.records, names, "value", "who") for names in by]
    policy = Policy((p_percent_rule(15), Dominance(1, 80)))
    given_ = contributions(cells, behind)
    found = suppress(cells, given_, policy)
    is_withheld = found.is_withheld[: found.count]
    need, alone = found.needs.upper[: found.count], given_.alone
    readers = [-1, *sorted(set(alone[is_withheld].tolist()) - {-1})][:3]
    for reader in readers:
        # Who is alone in a cell knows it: to that reader it is as good as published.
        attack = Attack(cells, is_withheld & ((alone != reader) | (reader < 0)), exact=True)
        for cell in np.nonzero((need > 0) & ~cells.is_hidden)[0]:
            if reader >= 0 and reader in (alone[cell], given_.largest[cell]):
                continue
            low, high = attack.bounds(int(cell))
            assert high >= cells.values[cell] + need[cell] - 1e-6, (reader, cell)
            if reader < 0:
                assert low <= max(0.0, cells.values[cell] - need[cell]) + 1e-6


def test_a_set_of_five_thousand_cells_has_another_set_for_every_small_count(monkeypatch):
    levels = {"region": (4, 4), "sex": (2,), "age": (4, 2), "origin": (3, 4)}
    by = (("region", "sex", "age"), ("region", "age", "origin"), ("sex", "origin"))
    cells = linked(levels, by, 30_000, 3).cells
    assert cells.size == 4_849
    others: list[np.ndarray] = []
    take = Pattern.take

    def kept(pattern, at, change):
        other = np.zeros(cells.size)
        other[at] = change
        others.append(other)
        return take(pattern, at, change)

    monkeypatch.setattr(Pattern, "take", kept)
    persons = np.rint(cells.values)
    need = np.where((persons > 0) & (persons < 3), 3.0, 0.0)
    asked = Needs(need, np.zeros(cells.size), np.zeros(cells.size))
    found = suppress_needs(cells, asked, prior=Prior(least=1), cost="digits", search=Search(whole_up_to=0))
    # No solver is believed: the other tables are added up here, and differ in withheld cells only.
    is_proved = need == 0
    for other in others:
        table = cells.values + other
        assert np.max(np.abs(cells.equations @ table)) < 1e-5
        assert np.all(np.abs(other[~found.is_withheld]) < 1e-5)
        assert np.all(table[cells.values > 0] > 1 - 1e-5)
        is_proved |= other >= need - 1e-5
    assert np.all(is_proved)
    assert need[need > 0].size > 300


@FEW
@given(st.integers(0, 10_000), st.integers(1, 40), st.integers(1, 4))
def test_contributions_are_those_of_the_definition(seed, records, n):
    draw = np.random.default_rng(seed)
    trees = {name: tree(name, levels) for name, levels in (("region", (2, 2)), ("sex", (2,)))}
    codes = {name: draw.choice(lowest, records) for name, (_, lowest) in trees.items()}
    size = draw.integers(0, 50, records).astype(float)
    weight = np.ones(records)
    owner, waived = draw.integers(0, records, records), draw.integers(0, 2, records)
    table = pa.table({**codes, "size": size, "w": weight, "owner": owner, "waived": waived})
    above = {name: hierarchy.above for name, (hierarchy, _) in trees.items()}
    members: dict[tuple[str, ...], list[int]] = {}
    for record in range(records):
        ways = [(codes[name][record], *above[name][codes[name][record]]) for name in trees]
        for cell in itertools.product(*ways):
            members.setdefault(cell, []).append(record)
    held = pa.table(
        {name: [cell[place] for cell in members] for place, name in enumerate(trees)}
        | {"value": [float(size[of].sum()) for of in members.values()]}
    )
    cells = linked_cells([held], [tuple(trees)], [hierarchy for hierarchy, _ in trees.values()])
    found = contributions(
        cells, [Records(table, tuple(trees), "size", "owner", "w", "waived")], depth=max(n, 2)
    )
    for cell, name in enumerate(cells.names(np.arange(cells.size))):
        of = members[name]
        owners = {who: sum(size[r] for r in of if owner[r] == who) for who in {owner[r] for r in of}}
        agreed = {who: all(waived[r] for r in of if owner[r] == who) for who in owners}
        assert found.contributors[cell] == len(owners)
        assert found.total[cell] == pytest.approx(sum(owners.values()))
        protected = sorted((owners[who] for who in owners if not agreed[who]), reverse=True)
        lacking = sum(protected[:n]) * 100 / 70 - found.total[cell]
        told = Dominance(n, 70).need(cells.values, found)[cell]
        assert told == pytest.approx(max(0.0, lacking), abs=1e-6)
        target = protected[0] if protected else 0.0
        rest = sorted(owners.values(), reverse=True)
        if protected:
            rest.remove(target)
        attacker = rest[0] if rest and protected else 0.0
        lacking = 0.15 * target - (found.total[cell] - target - attacker)
        assert p_percent_rule(15).need(cells.values, found)[cell] == pytest.approx(
            max(0.0, lacking) if target else 0.0, abs=1e-6
        )
        few = 0 < len(owners) < 3 and not all(agreed.values())
        assert (MinimumContributors(3).need(cells.values, found)[cell] > 0) == few
