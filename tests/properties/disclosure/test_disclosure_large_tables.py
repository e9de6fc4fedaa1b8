"""Tables of thousands of cells, protected once and attacked once."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from disclosure_attack import Reader, counted, published

from sojourn.disclosure import ProtectionRules, protect, secondary
from sojourn.engine import Engine

MINIMUM = 10
ATTACKED = 25


def drawn(shape: tuple[int, ...], persons: int) -> dict[tuple[str, ...], int]:
    """Persons of a table in which, as in most, few codes hold most of them."""
    draw = np.random.default_rng(2024)
    columns = []
    for codes in shape:
        chances = 1.0 / np.arange(1, codes + 1)
        columns.append(draw.choice(codes, persons, p=chances / chances.sum()))
    cells, counts = np.unique(np.stack(columns, axis=1), axis=0, return_counts=True)
    return {tuple(f"c{code}" for code in cell): int(count) for cell, count in zip(cells, counts, strict=True)}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shape", "persons", "one_by_one"),
    [((100, 3, 18), 400_000, 4_000), ((12, 8, 6, 9), 400_000, 4_000), ((12, 8, 6, 9), 40_000, 0)],
    ids=["three dimensions", "four dimensions", "four dimensions, all cells at once"],
)
def test_a_table_of_five_thousand_cells_withstands_the_attack(monkeypatch, shape, persons, one_by_one):
    monkeypatch.setattr(secondary, "ONE_BY_ONE", one_by_one)
    table = counted(drawn(shape, persons))
    dimensions = [f"d{place}" for place in range(len(shape))]
    assert table.num_rows > 5_000
    with Engine(threads=1) as engine:
        rules = ProtectionRules(minimum_contributors=MINIMUM)
        found = protect(engine.relation(table), dimensions=dimensions, statistic="count", rules=rules)
        figures = published(found.observations.to_arrow())
    assert found.report["audit"]["passed"]
    assert found.report["cells"]["withheld_secondary"] > 0
    truth = {tuple(row[name] for name in dimensions): row["contributors"] for row in table.to_pylist()}
    few = sorted(cell for cell, count in truth.items() if count < MINIMUM)
    assert all(figures[cell] is None for cell in few)
    # Without whole persons in mind a reader's question is a small linear program.
    reader = Reader(figures, is_whole=False)
    for cell in few[:: max(1, len(few) // ATTACKED)]:
        low, high = reader.bounds(cell)
        assert low <= truth[cell] <= high
        assert high - low >= MINIMUM, (cell, low, high)
