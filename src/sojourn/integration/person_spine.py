"""The person spine: what is known of each person, when several sources speak of the same one?

Each attribute has an order of sources; a source that its order does not name does not speak of it. Of all
records, one that states a value goes before one that says "not known"; then the first source, the latest
reference date, the value that most of the person's records state, and the smallest record identifier. So
the choice depends on what the records say and never on the order in which they are read. Where it came from
is kept, and so is whether records contradict one another.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import pyarrow as pa

from sojourn.contracts.spine import PersonAttributes, PersonRecord
from sojourn.contracts.table import Table
from sojourn.engine import Relation, sql_beside
from sojourn.engine.attributes import gathered_statement, harmonised_statement, said_statement

__all__ = [
    "ATTRIBUTES",
    "SourceOrder",
    "person_records",
    "person_spine",
    "spine_values",
    "sql_of_person_spine",
]

ATTRIBUTES = tuple(PersonAttributes.columns)
_BEST = sql_beside(__file__, "person_spine.sql")
_BESIDE = ("person_key", "source", "record_id", "reference_date")
_KINDS: Mapping[pa.DataType, str] = {
    pa.string(): "VARCHAR",
    pa.int64(): "BIGINT",
    pa.date32(): "DATE",
}
# The day for which a record holds, where its contract calls it by another name.
_DAYS = ("reference_date", "event_date", "valid_from")


@dataclass(frozen=True)
class SourceOrder:
    """Which sources speak of a person, the most trusted first.

    `attributes` gives attributes an order of their own, which replaces `sources`.
    """

    sources: tuple[str, ...]
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        unknown = sorted(set(self.attributes) - set(ATTRIBUTES))
        if unknown:
            raise ValueError(f"A person has no attribute {', '.join(unknown)}.")
        for order in (self.sources, *self.attributes.values()):
            if len(set(order)) < len(order):
                raise ValueError(f"The order {', '.join(order)} names a source twice.")

    def of(self, attribute: str) -> tuple[str, ...]:
        """The sources that speak of an attribute, the most trusted first."""
        return self.attributes.get(attribute, self.sources)

    def to_arrow(self) -> pa.Table:
        """One row for each attribute and each source that speaks of it: attribute, source, place."""
        rows = [
            (attribute, source, place)
            for attribute in ATTRIBUTES
            for place, source in enumerate(self.of(attribute), start=1)
        ]
        attributes, sources, places = zip(*rows, strict=True) if rows else ((), (), ())
        return pa.table(
            {
                "attribute": pa.array(attributes, pa.string()),
                "source": pa.array(sources, pa.string()),
                "place": pa.array(places, pa.int64()),
            }
        )


def person_records(records: Relation, contract: type[Table], *, source: str) -> Relation:
    """The records of one source as `PersonRecord`, whatever contract they keep.

    A crossing holds for its day, a status for its first one. What the contract does not say is null.
    """
    day = next(name for name in _DAYS if name in contract.columns)
    wanted = {
        name: (name if name in contract.columns else None, _KINDS[column.arrow_type])
        for name, column in PersonRecord.columns.items()
        if name not in ("source", "reference_date")
    }
    statement = harmonised_statement({**wanted, "reference_date": (day, "DATE")})
    return records.engine.query(statement, {"records": records}, {"source": source})


def spine_values(records: Relation, *, order: SourceOrder, as_of: datetime.date) -> Relation:
    """The best value of every attribute of every person, as the contract SpineValue says.

    `records` is a PersonRecord table whose person keys are final; those that hold for a day after `as_of` do
    not count, so that what became known later does not change what was known then. A code `_U` says that
    something was asked and is not known: it is the best value only where no record states one. `_Z`, not
    applicable, is a statement like any other. Records and different values are counted over the sources that
    the attribute's order names. Computed now and kept by the engine.

    Source: domain reference, sections 2.1 and 6.6 (several sources for one attribute); rule of our own.
    """
    said = records.engine.query(said_statement(ATTRIBUTES, _BESIDE), {"records": records})
    return _BEST(said=said, orders=records.engine.relation(order.to_arrow()), as_of=as_of)


def person_spine(people: Relation, values: Relation, *, as_of: datetime.date) -> Relation:
    """One row for each person whose key occurs in `people`, as the contract PersonSpine says.

    `people` is any table with person keys, such as the records themselves; `values` is what `spine_values`
    found as of that day. Null is what no record says anything of; `_U` is what records say is not known.
    """
    engine = people.engine
    persons = engine.query("SELECT DISTINCT person_key FROM people", {"people": people})
    kinds = {name: _KINDS[column.arrow_type] for name, column in PersonAttributes.columns.items()}
    return engine.query(gathered_statement(kinds), {"persons": persons, "best": values}, {"as_of": as_of})


def sql_of_person_spine() -> str:
    """The statement by which the best values are chosen, as it is published."""
    return _BEST.text
