"""Known truth: Ruritania's true crossings of ten years decide what those of three years may say."""

from __future__ import annotations

import datetime

import numpy as np
import pyarrow as pa
import pytest

from sojourn.concepts.frameworks import ResidenceRule, national_framework
from sojourn.contracts.microdata import Movement
from sojourn.demo.journeys import Purpose, journeys
from sojourn.demo.lives import lives
from sojourn.engine import Engine
from sojourn.integration.migration_events import EventRules, crossings_of_movements, migration_events
from sojourn.integration.movements import Observation

pytestmark = pytest.mark.oracle
TEN_YEARS = Observation(datetime.date(2015, 1, 1), datetime.date(2024, 12, 31))
THREE_YEARS = Observation(datetime.date(2022, 1, 1), datetime.date(2024, 12, 31))
RULES = EventRules(
    "XRT",
    national_framework(
        {datetime.date(2000, 1, 1): ResidenceRule(365, 487)}, source="test", titles={"en": "12 of 16"}
    ),
)
FRAMEWORKS = ("1998", "2021_06", "2021_12", "national")


@pytest.fixture(scope="module")
def crossings():
    """Every crossing of ten years: who, when, in which direction and, since the truth is known, why."""
    rng = np.random.default_rng(7)
    _, made = journeys(rng, lives(rng, 6_000))
    numbers = pa.array(np.arange(len(made.person))).cast(pa.string())
    days = pa.array(made.day.astype(np.int32)).cast(pa.date32())
    direction = pa.array(["D", "A"]).take(pa.array(made.direction))
    columns = {"record_id": numbers, "movement_id": numbers, "event_date": days, "direction": direction}
    columns["person_key"] = pa.array(made.person).cast(pa.string())
    purposes = pa.array([purpose.name for purpose in Purpose]).take(pa.array(made.purpose))
    return pa.table(columns), purposes


def events(crossings, observation):
    """The events of the crossings within the observation, in the order of their records."""
    within = pa.compute.and_(
        pa.compute.greater_equal(crossings["event_date"], observation.first),
        pa.compute.less_equal(crossings["event_date"], observation.last),
    )
    given = crossings.filter(within)
    columns = [
        given[name] if name in given.column_names else pa.nulls(len(given), declared.arrow_type)
        for name, declared in Movement.columns.items()
    ]
    movements = Movement.conform(pa.table(columns, names=list(Movement.columns)))
    with Engine() as engine:
        prepared = crossings_of_movements(engine.relation(movements)).to_arrow()
        found = migration_events(engine, prepared, rules=RULES, observation=observation)
    order = np.argsort(found["record_id"].cast(pa.int64()).to_numpy())
    return found.take(pa.array(order))


def test_everyone_who_moves_here_is_an_immigrant_and_hardly_anybody_else(crossings):
    table, purposes = crossings
    found = events(table, TEN_YEARS)
    is_move = np.isin(purposes.to_pylist(), ["MOVE", "RETURN_MOVE"])
    is_arrival = np.array(found["direction"].to_pylist()) == "A"
    classes = np.array(found["class_2021_12"].to_pylist())
    decided = classes != "_U"
    arrived = decided & is_move & is_arrival
    assert arrived.sum() > 300
    assert set(classes[arrived]) == {"RES"}
    # Stays near the threshold are none's move, and may change the residence all the same.
    others = (classes == "RES") & ~is_move
    assert others.sum() < 0.05 * arrived.sum()


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_what_three_years_decide_ten_years_decide_alike(crossings, framework):
    table, _ = crossings
    whole, part = events(table, TEN_YEARS), events(table, THREE_YEARS)
    late = pa.compute.is_in(whole["record_id"], part["record_id"])
    of_whole, of_part = (
        np.array(found[f"class_{framework}"].to_pylist()) for found in (whole.filter(late), part)
    )
    decided = of_part != "_U"
    assert decided.mean() > 0.5
    assert np.array_equal(of_whole[decided], of_part[decided])
