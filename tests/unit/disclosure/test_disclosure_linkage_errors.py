"""What a published figure says of its linkage, on tables small enough to judge by hand."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from sojourn.disclosure import ProtectionRules, protect, with_net
from sojourn.disclosure.linkage_errors import ends_of_classes
from sojourn.engine import Engine

FIVE = ProtectionRules(minimum_contributors=5)


@pytest.fixture
def engine():
    with Engine(threads=1) as engine:
        yield engine


def figures(engine, name, cells):
    """Estimates and errors of cells of one dimension: code -> (persons, error)."""
    codes = list(cells)
    persons = [count for count, _ in cells.values()]
    same = {name: codes, "time_period": ["2024"] * len(codes), "value": [float(one) for one in persons]}
    estimates = {
        **same,
        "contributors": persons,
        "variance": pa.nulls(len(codes), pa.float64()),
        "degrees_of_freedom": pa.nulls(len(codes), pa.int64()),
        "method": ["count_of_migration_event"] * len(codes),
    }
    errors = {
        **same,
        "mean": same["value"],
        "standard_error": [error for _, error in cells.values()],
        "error": [error for _, error in cells.values()],
        "versions": [20] * len(codes),
        "reviewed_pairs": [0] * len(codes),
    }
    return engine.relation(pa.table(estimates)), engine.relation(pa.table(errors))


def shown(engine, cells, rules=FIVE, name="region"):
    made, errors = figures(engine, name, cells)
    found = protect(made, dimensions=[name], statistic="count", rules=rules, linkage_errors=errors)
    rows = found.observations.rows(name.upper(), "LINKAGE_SE", "OBS_STATUS")
    return {row[0]: row[1:] for row in rows}


def test_an_error_is_published_as_the_end_of_its_class():
    given = [0.0, 0.4, 1.0, 1.1, 2.0, 3.0, 5.0, 5.1, 13.0, 260.0, 999.0]
    found = ends_of_classes(np.array(given), np.ones(len(given)))
    assert found.tolist() == [1, 1, 1, 2, 2, 5, 5, 10, 20, 500, 1000]


def test_an_error_that_is_not_known_stays_so():
    assert np.isnan(ends_of_classes(np.array([np.nan]), np.array([1.0]))).all()


def test_an_error_of_a_share_is_no_finer_than_one_person_of_its_base():
    # One of 300 is 0.33 per cent: the class that ends at 0.5.
    assert ends_of_classes(np.array([0.01]), np.array([100 / 300])).tolist() == [0.5]


def test_no_class_tells_that_nobody_is_in_doubt(engine):
    found = shown(engine, {"N": (40, 0.0), "S": (60, 0.9), "_T": (100, 0.9)})
    assert {cell: error for cell, (error, _) in found.items()} == {"N": 1, "S": 1, "_T": 1}


def test_a_withheld_figure_has_no_error_for_whatever_reason_it_is_withheld(engine):
    found = shown(engine, {"N": (3, 1.5), "S": (60, 4.0), "W": (70, 2.0), "_T": (133, 4.0)})
    # North has too few; South is withheld so that the total does not give it away.
    assert found["N"] == (None, "Q")
    assert found["S"] == (None, "Q")
    assert found["W"] == (2, "A")


def test_a_zero_has_no_error_whether_anybody_is_behind_it_or_not(engine):
    rules = ProtectionRules(minimum_contributors=1, round_to=5)
    found = shown(engine, {"N": (0, 1.0), "S": (2, 1.0), "W": (60, 1.0), "_T": (62, 2.0)}, rules)
    assert (found["N"][0], found["S"][0]) == (None, None)


def test_a_figure_that_linkage_makes_imprecise_is_marked(engine):
    found = shown(engine, {"N": (20, 4.0), "S": (60, 2.0), "W": (10, 5.0), "_T": (90, 4.0)})
    # 4 of 20 are 20 per cent, more than 16.6; 5 of 10 more than 33.3.
    assert {cell: status for cell, (_, status) in found.items()} == {"N": "U", "S": "A", "W": "N", "_T": "A"}


def test_net_migration_has_an_error_of_its_own(engine):
    made, errors = figures(engine, "direction", {"A": (50, 4.0), "D": (30, 4.0), "NET": (20, 1.5)})
    sides = engine.query("SELECT * FROM made WHERE direction <> 'NET'", {"made": made})
    both = protect(sides, dimensions=["direction"], statistic="count", rules=FIVE, linkage_errors=errors)
    found = with_net(both, dimensions=["direction"], linkage_errors=errors)
    assert dict(found.observations.rows("DIRECTION", "LINKAGE_SE")) == {"A": 5, "D": 5, "NET": 2}


def test_net_migration_of_a_withheld_side_has_none(engine):
    made, errors = figures(engine, "direction", {"A": (50, 4.0), "D": (3, 1.0), "NET": (47, 3.0)})
    sides = engine.query("SELECT * FROM made WHERE direction <> 'NET'", {"made": made})
    both = protect(sides, dimensions=["direction"], statistic="count", rules=FIVE, linkage_errors=errors)
    found = with_net(both, dimensions=["direction"], linkage_errors=errors)
    assert dict(found.observations.rows("DIRECTION", "LINKAGE_SE")) == {"A": 5, "D": None, "NET": None}


def test_without_errors_of_linkage_none_are_shown(engine):
    made, _ = figures(engine, "region", {"N": (40, 0.0), "_T": (40, 0.0)})
    found = protect(made, dimensions=["region"], statistic="count", rules=FIVE)
    assert found.observations.rows("LINKAGE_SE") == [(None,), (None,)]
