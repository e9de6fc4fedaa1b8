"""The audit of linked and hierarchical tables against lp_solve, another solver of another make (R `lpSolve`).

What is withheld stands beside the answers, so that they stay answers to the same question whatever withholds.
Where R is installed it is asked again for the smaller set of tables; the larger one takes it minutes, and is
asked when `store` writes the files anew.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from answers_of_r import run_of_r
from linked_tables import Linked, linked
from sojourn.disclosure.suppression import Audit, Cells, Needs, Prior, Search, audit, suppress_needs

FOLDER = Path(__file__).parent
SCRIPT = FOLDER / "oracle_suppression.R"
SEARCH = Search(whole_up_to=1_000)
SETS = {
    "438_cells": (
        {"region": (3, 3), "sex": (2,), "age": (4,), "origin": (3, 2)},
        (("region", "sex", "age"), ("region", "origin"), ("sex", "age", "origin")),
        3_000,
        10,
    ),
    "4849_cells": (
        {"region": (4, 4), "sex": (2,), "age": (4, 2), "origin": (3, 4)},
        (("region", "sex", "age"), ("region", "age", "origin"), ("sex", "origin")),
        30_000,
        4,
    ),
}


def made(name: str) -> Linked:
    levels, tables, records, _ = SETS[name]
    return linked(levels, tables, records, seed=3)


def needs_of(name: str, values: np.ndarray) -> Needs:
    minimum = SETS[name][-1]
    need = np.where((values > 0) & (values < minimum), float(minimum), 0.0)
    return Needs(need, np.zeros(len(need)), np.zeros(len(need)))


def question(cells: Cells, is_withheld: np.ndarray, asked: np.ndarray) -> dict[str, pa.Table]:
    """The sums among withheld cells and what is asked of them, as the script reads them."""
    free = np.nonzero(is_withheld)[0]
    sums = cells.equations.tocsc()[:, free].tocoo()
    kept = np.unique(sums.row)
    return {
        "sums": pa.table(
            {"row": np.searchsorted(kept, sums.row) + 1, "column": sums.col + 1, "sign": sums.data}
        ),
        "cells": pa.table({"down": cells.values[free] - 1, "value": cells.values[free]}),
        "asked": pa.table({"cell": np.searchsorted(free, asked) + 1}),
    }


def audited(name: str) -> tuple[dict, Cells, np.ndarray, Audit]:
    stored = json.loads((FOLDER / f"suppression_{name}.json").read_text(encoding="utf-8"))
    cells = made(name).cells
    is_withheld = np.zeros(cells.size, bool)
    is_withheld[stored["withheld"]] = True
    found = audit(
        cells, is_withheld, needs_of(name, cells.values), Prior(least=1.0).room(cells), search=SEARCH
    )
    return stored, cells, is_withheld, found


@pytest.mark.oracle
@pytest.mark.parametrize("name", list(SETS))
def test_the_ends_of_every_unsafe_cell_are_those_that_lp_solve_finds(name):
    stored, cells, _, found = audited(name)
    assert np.all(found.is_exact)
    assert found.cell.tolist() == stored["asked"]
    assert found.lowest == pytest.approx(np.array(stored["lowest"]), abs=1e-6)
    assert found.highest == pytest.approx(np.array([float(end) for end in stored["highest"]]), abs=1e-6)
    # And what lp_solve says is enough: every unsafe cell may have the minimum more than it has.
    assert np.all(
        np.array([float(end) for end in stored["highest"]]) >= cells.values[found.cell] + SETS[name][-1]
    )


@pytest.mark.oracle
def test_lp_solve_still_says_what_is_stored(tmp_path):
    stored, cells, is_withheld, found = audited("438_cells")
    run = run_of_r(SCRIPT, tmp_path, **question(cells, is_withheld, found.cell))
    if run is None:
        pytest.skip("R with its package lpSolve is not installed; the stored answers are used alone")
    ends = np.array(list(run[1].values()))
    assert ends[:, 0] == pytest.approx(np.array(stored["lowest"]), abs=1e-6)
    assert ends[:, 1] == pytest.approx(np.array([float(end) for end in stored["highest"]]), abs=1e-6)


def store(name: str, folder: Path) -> None:
    """Withhold, ask R for both ends of every unsafe cell, and write what it says."""
    cells = made(name).cells
    needs = needs_of(name, cells.values)
    found = suppress_needs(cells, needs, prior=Prior(least=1.0), cost="digits", search=SEARCH)
    asked = np.nonzero(needs.is_primary)[0]
    run = run_of_r(SCRIPT, folder, **question(cells, found.is_withheld, asked))
    assert run is not None, "R with lpSolve is not installed"
    ends = list(run[1].values())
    told = {
        "made_by": run[0],
        "withheld": np.nonzero(found.is_withheld)[0].tolist(),
        "asked": asked.tolist(),
        "lowest": [end[0] for end in ends],
        "highest": [str(end[1]) for end in ends],
    }
    (FOLDER / f"suppression_{name}.json").write_text(json.dumps(told) + "\n", encoding="utf-8")
