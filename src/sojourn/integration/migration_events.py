"""Migration events: what each crossing of the border did to the traveller's residence, under every framework.

The rule of residence decides which crossings change it. The others begin a temporary stay, which is classed
by its length and purpose, or end one. A stay is the time until the next crossing; one that a short absence
interrupts is two stays. What the observed days do not decide is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.concepts.frameworks import Framework, ResidenceRule, framework
from sojourn.contracts.microdata import MigrationEvent
from sojourn.engine import Engine, Relation, sql_beside
from sojourn.integration.circularity import LONG_TERM_DAYS, circularity
from sojourn.integration.movements import Gaps, Observation, classified_movements
from sojourn.integration.stays import stays

__all__ = [
    "FRAMEWORKS",
    "OF_THE_NATIONAL_RULE",
    "EventRules",
    "crossings_of_movements",
    "migration_events",
    "sql_of_events",
]

# The names of the frameworks in the columns of the contract.
FRAMEWORKS = {"1998": "1998", "2021-06": "2021_06", "2021-12": "2021_12", "national": "national"}
# Columns without a framework in their name whose values wait for the national rule. The length of a stay
# does not: it is known when the stay ends, or reaches the threshold.
OF_THE_NATIONAL_RULE = frozenset(
    {"previously_resident", "return_migrant", "repeat_migrant", "onward_migrant", "circular_migrant"}
)
_CROSSINGS = sql_beside(__file__, "crossings_of_movements.sql")
_CLASSES = sql_beside(__file__, "stay_classes.sql")
_BANDS = sql_beside(__file__, "duration_bands.sql")
_KINDS = sql_beside(__file__, "migrant_kinds.sql")
_MIGRATIONS = sql_beside(__file__, "national_migrations.sql")
_TEN_YEARS = timedelta(days=3652)


@dataclass(frozen=True)
class EventRules:
    """By what rules events are made.

    `country` is the country whose border it is, `national` its own framework; `gaps` and `excludes_boundary`
    are those of `classified_movements`.
    """

    country: str
    national: Framework
    gaps: Gaps = Gaps.BOUNDS
    excludes_boundary: bool = False

    def framework(self, name: str) -> Framework:
        """The framework of an identifier; `national` is the country's own."""
        return self.national if name == "national" else framework(name)

    def frameworks(self) -> dict[str, Framework]:
        """The frameworks by their names in the columns of the contract."""
        return {column: self.framework(name) for name, column in FRAMEWORKS.items()}


def crossings_of_movements(movements: Relation) -> Relation:
    """Movements as crossings that can be classified; columns beyond those of a crossing stay beside them.

    Movements of a person must come together. Those of one day are in the order of their instants; where one
    of them has none, as when one of two sources writes no times, arrivals and departures take turns.
    """
    return _CROSSINGS(movements=movements)


def sql_of_events() -> list[tuple[str, str]]:
    """The statements by which events are made, each with what it gives.

    Between the first two stands the rule of residence, which is computed by a compiled kernel.
    """
    return [
        ("Movements as crossings", _CROSSINGS.text),
        ("Class of the stay after each crossing, for each framework", _CLASSES.text),
        ("Length of the stay after each crossing", _BANDS.text),
        ("What kind of migrant each migration makes", _KINDS.text),
    ]


def migration_events(
    engine: Engine, crossings: pa.Table, *, rules: EventRules, observation: Observation
) -> pa.Table:
    """The events of all persons in `crossings`, which `crossings_of_movements` gives, as `MigrationEvent`.

    Crossings of a person must come together in one table. Whatever is wrong with a crossing, it has a row.
    Sources: definitions in the domain reference, sections 1.1 to 1.3 and 5.1.
    """
    decided = _decided(crossings, rules, observation)
    first = next(iter(decided.values()))
    begun = stays(first, observation, gaps=rules.gaps)
    held = {name: first[name] for name in first.column_names if name in crossings.column_names}
    shown = pa.table(
        {
            **held,
            "problem": first["problem"].cast(pa.string()),
            "row": pa.array(np.arange(len(first))),
            "person": begun.persons,
            "position": begun.positions,
            "stay_days": begun.days,
            "open_days": begun.open_days,
        }
    )
    classes = {
        column: _classes(engine, one, decided, shown, begun.rows_before)
        for column, one in rules.frameworks().items()
    }
    columns = {
        **{name: shown[name] for name in MigrationEvent.columns if name in shown.column_names},
        "record_id": shown["crossing_id"],
        "person_key": shown["person_id"],
        "direction": shown["direction_code"],
        "duration_band": _bands(engine, shown, rules, observation),
        **{
            f"{name}_{column}": found[name]
            for column, found in classes.items()
            for name in ("class", "final_on", "residence_before")
        },
        **{f"residence_after_{column}": found["residence"] for column, found in classes.items()},
        **_kinds(engine, shown, classes["national"], rules, observation),
    }
    return MigrationEvent.conform(pa.table(columns))


def _decided(
    crossings: pa.Table, rules: EventRules, observation: Observation
) -> dict[ResidenceRule, pa.Table]:
    """The crossings under each rule of residence that a framework has, all in the same order."""
    wanted = {rule.residence: None for one in rules.frameworks().values() for rule in one.rules}
    return {
        rule: classified_movements(
            crossings,
            rule=rule,
            observation=observation,
            gaps=rules.gaps,
            excludes_boundary=rules.excludes_boundary and rule.present < rule.window,
        )
        for rule in wanted
    }


def _classes(
    engine: Engine,
    framework: Framework,
    decided: Mapping[ResidenceRule, pa.Table],
    shown: pa.Table,
    rows_before: pa.Array,
) -> pa.Table:
    """Class, day of certainty and residence of every row under one framework."""
    excluded = engine.relation(pa.table({"purpose": pa.array(framework.excluded_purposes, pa.string())}))
    parts = []
    for valid_from, valid_to, number in _in_force(framework):
        rule = framework.rules[number]
        found = decided[rule.residence]
        table = pa.table(
            {
                **{name: shown[name] for name in _OF_A_STAY},
                **{name: found[name] for name in _OF_A_DECISION},
                "before_final_on": found["status_final_on"].take(rows_before),
            }
        )
        one_rule = Framework(**{**vars(framework), "rules": (rule,)})
        relation = _CLASSES(
            decided=engine.relation(table),
            categories=engine.relation(one_rule.to_arrow()),
            excluded=excluded,
            valid_from=valid_from,
            valid_to=valid_to,
        )
        parts.append(relation.to_arrow())
        engine.forget(relation)
    return _by_row(pa.concat_tables(parts))


def _by_row(found: pa.Table) -> pa.Table:
    """The rows of a result that has one for each crossing, in the order of the crossings."""
    return found.take(pa.array(np.argsort(found["row"].to_numpy())))


_OF_A_KIND = (
    "row", "person", "position", "event_date", "direction_code", "problem", "previous_residence",
    "next_residence", "birthplace", "citizenship",
)  # fmt: skip
_OF_A_STAY = ("row", "event_date", "direction_code", "purpose", "problem", "position", "stay_days")
_OF_A_DECISION = (
    "resident_before",
    "resident_after",
    "is_migration",
    "migration_final_on",
    "status_final_on",
)


def _in_force(framework: Framework) -> Iterator[tuple[date | None, date | None, int]]:
    """From when until when each rule of a framework decides: the first one also before it."""
    for number, rule in enumerate(framework.rules):
        yield None if number == 0 else rule.valid_from, rule.valid_to, number


def _bands(engine: Engine, shown: pa.Table, rules: EventRules, observation: Observation) -> pa.ChunkedArray:
    """The length of the stay after each crossing."""
    threshold = rules.national.rule(observation.last).residence.least_days
    given = engine.relation(shown.select(["row", "problem", "stay_days", "open_days"]))
    found = _BANDS(crossings=given, threshold=threshold)
    table = _by_row(found.to_arrow())
    engine.forget(found, given)
    return table["band"]


def _kinds(
    engine: Engine, shown: pa.Table, national: pa.Table, rules: EventRules, observation: Observation
) -> dict[str, pa.Array]:
    """What kind of migrant each crossing makes; not applicable where it is no migration."""
    of_kinds = [name for name in _OF_A_KIND if name in shown.column_names]
    columns = {name: shown[name] for name in of_kinds} | {
        name: national[name] for name in ("class", "residence", "residence_before")
    }
    crossings = engine.relation(pa.table(columns))
    migrations = _MIGRATIONS(crossings=crossings)
    circular = circularity(migrations, reference=observation.last, threshold_days=LONG_TERM_DAYS)
    found = _KINDS(
        crossings=crossings,
        circular=circular,
        country=rules.country,
        last_day=observation.last,
        long_term_days=LONG_TERM_DAYS,
        sees_ten_years=observation.last - observation.first >= _TEN_YEARS,
    )
    table = found.to_arrow()
    engine.forget(found, circular, migrations, crossings)
    rows = table["row"].to_numpy()
    return {name: _scattered(table[name], rows, len(shown)) for name in table.column_names if name != "row"}


def _scattered(codes: pa.ChunkedArray, rows: npt.NDArray[np.int64], count: int) -> pa.Array:
    """The codes in their rows, and not applicable in all others."""
    known = pa.array(["_Z", "Y", "N", "_U"])
    places = np.zeros(count, np.int8)
    places[rows] = pc.index_in(codes, known).to_numpy()
    return pa.DictionaryArray.from_arrays(pa.array(places), known)
