"""Whatever is in doubt: what linkage adds tells nothing of a figure that is withheld."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn.disclosure import ProtectionRules, protect
from sojourn.engine import Engine

RULES = ProtectionRules(minimum_contributors=5, round_to=5)
CELLS = st.lists(st.tuples(st.integers(0, 40), st.floats(0, 30)), min_size=3, max_size=8)


@pytest.fixture(scope="module")
def engine():
    with Engine(threads=1) as engine:
        yield engine


def observations(engine, persons, errors):
    """The observations of one dimension with its total, with errors of linkage or without."""
    persons = [*persons, sum(persons)]
    codes = [*(f"R{place}" for place in range(len(persons) - 1)), "_T"]
    same = {"region": codes, "time_period": ["2024"] * len(codes), "value": np.array(persons, float)}
    size = len(codes)
    estimates = pa.table(
        {
            **same, "contributors": persons, "variance": pa.nulls(size, pa.float64()),
            "degrees_of_freedom": pa.nulls(size, pa.int64()), "method": ["m"] * size,
        }
    )  # fmt: skip
    given_errors = None
    if errors is not None:
        error = np.append(errors, np.sqrt(np.sum(np.square(errors))))
        doubt = {"mean": same["value"], "standard_error": error, "error": error}
        more = {"versions": [20] * size, "reviewed_pairs": [0] * size}
        given_errors = engine.relation(pa.table({**same, **doubt, **more}))
    made = engine.relation(estimates)
    found = protect(made, dimensions=["region"], statistic="count", rules=RULES, linkage_errors=given_errors)
    rows = found.observations.to_arrow().to_pylist()
    engine.forget(made)
    return {row["REGION"]: row for row in rows}


@settings(max_examples=60, deadline=None)
@given(CELLS)
def test_errors_withhold_nothing_more_show_nothing_more_and_stand_in_their_classes(engine, cells):
    persons, errors = [count for count, _ in cells], [error for _, error in cells]
    with_errors, without = observations(engine, persons, errors), observations(engine, persons, None)
    for code, row in with_errors.items():
        assert (row["OBS_VALUE"], row["CONF_STATUS"]) == (
            without[code]["OBS_VALUE"],
            without[code]["CONF_STATUS"],
        )
        error = row["LINKAGE_SE"]
        if row["CONF_STATUS"] != "F" or not row["OBS_VALUE"]:
            assert error is None
        else:
            assert error >= 1
            assert f"{error:.0e}"[0] in "125"


@settings(max_examples=60, deadline=None)
@given(CELLS, st.integers(1, 30))
def test_persons_of_whom_nobody_doubts_change_no_error(engine, cells, more):
    """They add as much to every set of links: so errors cannot tell how many they are."""
    persons, errors = [max(count, 10) for count, _ in cells], [error for _, error in cells]
    fewer = observations(engine, persons, errors)
    larger = observations(engine, [persons[0] + more, *persons[1:]], errors)
    assert {code: row["LINKAGE_SE"] for code, row in fewer.items()} == {
        code: row["LINKAGE_SE"] for code, row in larger.items()
    }
