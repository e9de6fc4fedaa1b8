"""Migration events: what each crossing of the border did to the traveller's residence, under every framework.

The rule of residence decides which crossings change it. The others begin a temporary stay, which is classed
by its length and purpose, or end one. A stay is the time until the next crossing; one that a short absence
interrupts is two stays. What the observed days do not decide is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import pyarrow as pa

from sojourn.concepts.frameworks import Framework, ResidenceRule, framework
from sojourn.contracts.microdata import MigrationEvent
from sojourn.engine import Engine, Relation, sql_beside
from sojourn.integration.circularity import LONG_TERM_DAYS, circularity
from sojourn.integration.movements import Gaps, Observation, classified_movements
from sojourn.integration.stays import stays

__all__ = ["FRAMEWORKS", "EventRules", "crossings_of_movements", "migration_events", "sql_of_events"]

# The names of the frameworks in the columns of the contract.
FRAMEWORKS = {"1998": "1998", "2021-06": "2021_06", "2021-12": "2021_12", "national": "national"}
_CROSSINGS = sql_beside(__file__, "crossings_of_movements.sql")
_CLASSES = sql_beside(__file__, "stay_classes.sql")
_EVENTS = sql_beside(__file__, "migration_events.sql")
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

    Movements of a person must come together. Those of one day are in the order of their instants; where one of
    them has none, as when one of two sources writes no times, arrivals and departures take turns.
    """
    return _CROSSINGS(movements=movements)


def sql_of_events() -> list[tuple[str, str]]:
    """The statements by which events are made, each with what it gives.

    Between the first two stands the rule of residence, which is computed by a compiled kernel.
    """
    return [
        ("Movements as crossings", _CROSSINGS.text),
        ("Class of the stay after each crossing, for each framework", _CLASSES.text),
        ("Migration events", _EVENTS.text),
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
    row = pa.array(range(len(first)), pa.int64())
    begun = stays(first, observation, gaps=rules.gaps)
    held = [name for name in first.column_names if name in crossings.column_names]
    shown = pa.table(
        {
            **{name: first[name] for name in held},
            "problem": first["problem"].cast(pa.string()),
            "row": row,
            "position": begun.positions,
            "stay_days": begun.days,
        }
    )
    classes = {
        column: _classes(engine, one, decided, shown, begun.rows_before)
        for column, one in rules.frameworks().items()
    }
    return MigrationEvent.conform(_assembled(engine, shown, classes, rules, observation))


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
            excludes_boundary=rules.excludes_boundary and rule.days_present < rule.window_days,
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
    return pa.concat_tables(parts)


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


def _assembled(
    engine: Engine,
    shown: pa.Table,
    classes: Mapping[str, pa.Table],
    rules: EventRules,
    observation: Observation,
) -> pa.Table:
    crossings = engine.relation(shown)
    named = {
        name if name == "national" else f"f{name}": engine.relation(table) for name, table in classes.items()
    }
    migrations = _MIGRATIONS(crossings=crossings, national=named["national"])
    circular = circularity(migrations, reference=observation.last, threshold_days=LONG_TERM_DAYS)
    found = _EVENTS(
        crossings=crossings,
        circular=circular,
        country=rules.country,
        threshold=rules.national.rule(observation.last).residence.days_present,
        last_day=observation.last,
        long_term_days=LONG_TERM_DAYS,
        sees_ten_years=observation.last - observation.first >= _TEN_YEARS,
        **named,
    )
    table = found.to_arrow()
    engine.forget(found, circular, migrations, *named.values(), crossings)
    return table
