"""Arrivals less departures, worked out from what is published."""

from __future__ import annotations

import pyarrow as pa
import pytest

from sojourn.contracts.aggregates import Estimate
from sojourn.disclosure import ProtectionRules, protect, with_net
from sojourn.engine import Engine

# Direction, sex, persons: enough women both ways, too few men leaving, and no one of unknown sex left.
FLOWS = [("A", "F", 42), ("D", "F", 17), ("A", "M", 30), ("D", "M", 3), ("A", "_U", 12)]


@pytest.fixture
def net():
    """The cells by direction and sex, of a table without totals."""
    estimates = Estimate.conform(
        pa.table(
            {
                "direction": [row[0] for row in FLOWS],
                "sex": [row[1] for row in FLOWS],
                "time_period": ["2023"] * len(FLOWS),
                "value": [float(row[2]) for row in FLOWS],
                "contributors": [row[2] for row in FLOWS],
                "variance": pa.nulls(len(FLOWS), pa.float64()),
                "degrees_of_freedom": pa.nulls(len(FLOWS), pa.int64()),
                "method": ["count"] * len(FLOWS),
            }
        ),
        ("direction", "sex"),
    )
    rules = ProtectionRules(minimum_contributors=10, secondary=True, round_to=5)
    with Engine() as engine:
        protected = protect(
            engine.relation(estimates), dimensions=("direction", "sex"), statistic="count", rules=rules
        )
        found = with_net(protected, dimensions=("direction", "sex")).observations
        yield {
            row[:2]: row[2:]
            for row in found.rows("DIRECTION", "SEX", "OBS_VALUE", "OBS_STATUS", "CONF_STATUS")
        }


def test_the_difference_is_that_of_the_published_figures(net):
    assert net["A", "F"] == (40, "A", "F")
    assert net["D", "F"] == (15, "A", "F")
    assert net["NET", "F"] == (25, "A", "F")


def test_where_one_of_the_two_is_withheld_so_is_the_difference(net):
    assert net["D", "M"] == (None, "Q", "C")
    assert net["NET", "M"] == (None, "Q", "C")


def test_a_direction_that_nobody_took_counts_as_nobody(net):
    assert net["NET", "_U"] == net["A", "_U"]


def test_nothing_else_changes(net):
    assert {cell for cell in net if cell[0] != "NET"} == {row[:2] for row in FLOWS}
