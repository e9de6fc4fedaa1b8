"""Keys of several sources linked to persons: from what each source says of its keys to links and pairs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.engine import Engine, sql_beside
from sojourn.integration.linkage.encoding import Encoded, encoded, packed_days
from sojourn.integration.linkage.households import with_households
from sojourn.integration.linkage.linking import Known, Linked, Plan, linked, planned
from sojourn.integration.linkage.persons import NEVER, Facts, Presences
from sojourn.integration.linkage.scoring import Scoring, scored_here
from sojourn.integration.linkage.scripts import script_of_names
from sojourn.integration.linkage.specification import Specification

__all__ = ["Decisions", "Keys", "keys_in_one", "linked_keys", "plan_of_keys", "presences_of"]

_PERSONS = sql_beside(__file__, "persons_of_keys.sql")
_PAIRS = sql_beside(__file__, "pairs_of_keys.sql")


@dataclass(frozen=True)
class Keys:
    """The keys of all sources in one table, numbered by `unit`, and the records that the linkage compares."""

    table: pa.Table
    records: Encoded
    facts: Facts


@dataclass(frozen=True)
class Decisions:
    """Pairs of units, the lower first, each once, of which it is known whether they are one person.

    `clerical` are those at which a person of the office looked; others are known by a document.
    """

    ones: npt.NDArray[np.int32]
    others: npt.NDArray[np.int32]
    same: npt.NDArray[np.bool_]
    clerical: npt.NDArray[np.bool_]


def keys_in_one(
    tables: Sequence[pa.Table],
    names: Sequence[str],
    specification: Specification,
    *,
    repeated: frozenset[int],
    alive: frozenset[int],
    stays: Mapping[int, pa.Table] | None = None,
    members_once: bool | None = None,
) -> Keys:
    """The keys of several sources as `record_keys` gives them, as one table and as records to compare.

    A field of the specification is in the first of its columns that the tables have. A person may stand more
    than once in the sources `repeated`; a record of the sources `alive` shows that the person lived on its
    day. `stays` has, for sources of movements, what `certain_stays` gives. Households
    count unless `members_once` is None; when true, two keys of one source in one household, as listed for one
    day, are two persons.
    """
    named = [
        table.append_column("source", pa.array([name] * len(table), pa.string()))
        for table, name in zip(tables, names, strict=True)
    ]
    table = pa.concat_tables(named).combine_chunks()
    names_of_keys = (table[name].combine_chunks() for name in ("surname", "given_names"))
    table = table.append_column("script", script_of_names(*names_of_keys))
    table = table.append_column("unit", pa.array(np.arange(len(table), dtype=np.int32)))
    columns = {
        field.name: next(name for name in field.columns if name in table.column_names)
        for field in specification.fields
    }
    records = encoded(tables, specification.fields, columns)
    if members_once is not None:
        households = [
            pa.table({"household": own["household_id"], "date": own["listed_on"].cast(pa.string())})
            for own in tables
        ]
        records = with_households(records, households, members_once=members_once)
    is_alive = np.isin(records.source, sorted(alive))
    facts = Facts(
        packed_days(table["birth_date"]),
        _days(table["died"]),
        np.where(is_alive, _days(table["last_seen"]), NEVER).astype(np.int32),
        presences_of(tables, stays or {}),
    )
    return Keys(table, replace(records, repeated=repeated), facts)


def presences_of(tables: Sequence[pa.Table], stays: Mapping[int, pa.Table]) -> Presences:
    """The stays of the keys of all tables, each key's in their order."""
    firsts = np.concatenate(([0], np.cumsum([len(table) for table in tables]))).astype(np.int64)
    units, days = [np.zeros(0, dtype=np.int64)], [np.zeros((4, 0), dtype=np.int32)]
    for at, own in sorted(stays.items()):
        keys = tables[at]["record_key"].combine_chunks()
        units.append(firsts[at] + pc.index_in(own["record_key"], keys).to_numpy().astype(np.int64))
        columns = [_days(own[name]) for name in ("arrived", "departed", "crossed_before", "crossed_after")]
        columns[2] = np.where(columns[2] == NEVER, -NEVER, columns[2]).astype(np.int32)
        days.append(np.stack(columns))
    unit, together = np.concatenate(units), np.concatenate(days, axis=1)
    order = np.lexsort((together[0], unit))
    starts = np.concatenate(([0], np.cumsum(np.bincount(unit, minlength=int(firsts[-1])))))
    return Presences(starts.astype(np.int64), np.ascontiguousarray(together[:, order]))


def _days(column: pa.ChunkedArray) -> npt.NDArray[np.int32]:
    days = column.cast(pa.date32()).cast(pa.int32()).fill_null(NEVER)
    found: npt.NDArray[np.int32] = days.to_numpy().astype(np.int32)
    return found


def plan_of_keys(keys: Keys, specification: Specification) -> Plan:
    """Which pairs the linkage would look at."""
    return planned(keys.records, specification)


def linked_keys(
    engine: Engine,
    keys: Keys,
    specification: Specification,
    plan: Plan,
    decisions: Decisions,
    *,
    scoring: Scoring = scored_here,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[pa.Table, pa.Table]:
    """The person of each key, as rows of `Link`, and the pairs that were looked at, as rows of `LinkPair`."""
    known = Known(decisions.ones, decisions.others, decisions.same)
    found = linked(
        keys.records,
        specification,
        plan,
        known=known,
        facts=keys.facts,
        scoring=scoring,
        on_progress=on_progress,
    )
    same = found.person[found.ones] == found.person[found.others]
    methods = _methods(keys, found, decisions)
    pairs = pa.table(
        {
            "one": found.ones,
            "other": found.others,
            "score": found.scores.astype(np.float64),
            "probability": found.probability,
            "is_link": pa.array(same),
            "method": pa.array(["PROB", "DOC", "CLER"]).take(pa.array(methods)),
        }
    )
    table = _with_persons(keys, found, methods)
    table = table.drop(["died", "surname", "given_names", "national_id", "address", "phone", "region"])
    table = table.drop(["household_id", "listed_on"])
    links = _PERSONS(keys=engine.relation(table)).to_arrow()
    listed = _PAIRS(pairs=engine.relation(pairs), keys=engine.relation(table)).to_arrow()
    return links, listed


def _methods(keys: Keys, found: Linked, decisions: Decisions) -> npt.NDArray[np.int8]:
    """By what each pair was decided: probability (0), a document (1), a person who looked (2)."""
    size = np.int64(len(keys.records))
    key = found.ones.astype(np.int64) * size + found.others
    methods = np.zeros(len(key), dtype=np.int8)
    for is_clerical, method in ((False, 1), (True, 2)):
        chosen = decisions.clerical == is_clerical
        told = decisions.ones[chosen].astype(np.int64) * size + decisions.others[chosen]
        methods[np.isin(key, told)] = method
    return methods


def _with_persons(keys: Keys, found: Linked, methods: npt.NDArray[np.int8]) -> pa.Table:
    """The keys with the first key of their person, how it was found, and the likeliest of their links."""
    size = len(keys.records)
    link = found.is_link
    ends = np.concatenate((found.ones[link], found.others[link]))
    chance, best = np.full(size, -1.0), np.full(size, -1, dtype=np.int64)
    np.maximum.at(chance, ends, np.tile(found.probability[link], 2))
    np.maximum.at(best, ends, np.tile(methods[link], 2).astype(np.int64))
    names = pa.array(["NONE", "PROB", "DOC", "CLER"])
    table = keys.table.append_column("first_unit", pa.array(found.person))
    table = table.append_column("method", names.take(pa.array(best + 1)))
    return table.append_column("probability", pc.if_else(pa.array(chance >= 0), pa.array(chance), None))
