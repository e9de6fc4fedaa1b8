"""The steps of a protection applied to a table, one after another, each with what there is to tell of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.disclosure.microdata import (
    Missing,
    Secret,
    banded,
    cut_to_period,
    declared_transitions,
    end_coded,
    group_means,
    invariant_transitions,
    key_codes,
    locally_suppressed,
    mapped,
    mdav_groups,
    patterns_of,
    randomised,
    rounded,
    with_noise,
)
from sojourn.disclosure.microdata.recoding import as_before
from sojourn.errors import SojournError, shown
from sojourn.production.protection_households import swapped_table
from sojourn.production.protection_synthesis import synthetic_table
from sojourn.project.protection_declarations import Limits, ProtectionDeclaration, ProtectionStep

__all__ = ["RECODING", "Held", "applied"]

Floats = npt.NDArray[np.float64]
RECODING = frozenset({"recode", "bands", "ends", "round", "period"})
Step = Callable[["Held", Any], tuple[pa.Table, dict[str, Any]]]


@dataclass(frozen=True)
class Held:
    """A table in the middle of its protection. `identifiers` tell records apart and have chances."""

    table: pa.Table
    identifiers: pa.Array
    declared: ProtectionDeclaration
    limits: Limits
    secret: Secret

    @property
    def missing(self) -> Missing:
        return self.declared.missing


def applied(held: Held, step: ProtectionStep, place: int) -> tuple[pa.Table, dict[str, Any]]:
    """The table after a step, and what is told of it: `step`, its columns and its figures.

    Raises: DataRefused and ProjectError of the methods, with the place of the step and the column.
    """
    with _naming(f"step {place}, {step.name}"):
        table, told = _STEPS[step.name](held, step.settings)
    return table, {"step": step.name, **told}


@contextmanager
def _naming(what: str) -> Iterator[None]:
    """Mistakes that a method finds, after the name of where they are."""
    try:
        yield
    except SojournError as error:
        raise type(error)(
            tuple(
                type(each)(each.file, each.line, f"{what}: {each.message}", each.remedy)
                for each in error.problems
            )
        ) from error


def _each_column(
    held: Held, columns: tuple[str, ...], change: Callable[[pa.ChunkedArray], pa.ChunkedArray]
) -> pa.Table:
    table = held.table
    for name in columns:
        with _naming(f"column {shown(name)}"):
            table = with_column(table, name, change(table[name]))
    return table


def with_column(table: pa.Table, name: str, column: pa.ChunkedArray | pa.Array) -> pa.Table:
    """The table with a column replaced, at its place."""
    return table.set_column(table.column_names.index(name), name, column)


def _recode(held: Held, how: Any) -> tuple[pa.Table, dict[str, Any]]:
    table = _each_column(
        held,
        how.columns,
        lambda column: mapped(column, how.codes, others=how.others, keeps_others=how.keep_others),
    )
    return table, {"columns": list(how.columns), "codes": dict(how.codes), "others": how.others}


def _bands(held: Held, how: Any) -> tuple[pa.Table, dict[str, Any]]:
    table = _each_column(held, how.columns, lambda column: banded(column, how.starts))
    return table, {"columns": list(how.columns), "starts": list(how.starts)}


def _ends(held: Held, how: Any) -> tuple[pa.Table, dict[str, Any]]:
    changed: dict[str, int] = {}
    table = held.table
    for name in how.columns:
        with _naming(f"column {shown(name)}"):
            column, count = end_coded(table[name], lowest=how.bottom, highest=how.top)
        table, changed[name] = with_column(table, name, column), count
    return table, {"columns": list(how.columns), "bottom": how.bottom, "top": how.top, "records": changed}


def _round(held: Held, how: Any) -> tuple[pa.Table, dict[str, Any]]:
    table = _each_column(held, how.columns, lambda column: rounded(column, how.base))
    return table, {"columns": list(how.columns), "base": how.base}


def _period(held: Held, how: Any) -> tuple[pa.Table, dict[str, Any]]:
    table = _each_column(held, how.columns, lambda column: cut_to_period(column, how.period))
    return table, {"columns": list(how.columns), "period": how.period}


def _suppress(held: Held, how: Any) -> tuple[pa.Table, dict[str, Any]]:
    least = how.least or max(2, held.limits.least_agreeing or 2)
    keys = key_codes(held.table, held.declared.keys, held.declared.unknown)
    order = held.secret.numbers(held.identifiers, "suppression")
    found = locally_suppressed(keys, least=least, costs=how.costs, missing=held.missing, order=order)
    table = held.table
    lost = found.keys.codes != keys.codes
    for place, name in enumerate(keys.names):
        if lost[:, place].any():
            emptied = pc.if_else(pa.array(lost[:, place]), pa.scalar(None, table[name].type), table[name])
            table = with_column(table, name, emptied)
    return table, {
        "columns": list(keys.names),
        "least": least,
        "endangered": found.endangered,
        "records": found.records,
        "cells": found.cells,
        "by_key": found.by_key,
    }


def _randomise(held: Held, how: Any) -> tuple[pa.Table, dict[str, Any]]:
    table, matrices = held.table, {}
    for name in how.columns:
        with _naming(f"column {shown(name)}"):
            transitions = (
                declared_transitions(how.chances)
                if how.stay is None
                else invariant_transitions(table[name], how.stay)
            )
            chances = held.secret.chances(held.identifiers, f"randomisation|{name}")
            column = randomised(table[name], transitions, chances).cast(table[name].type)
        table = with_column(table, name, column)
        matrices[name] = {
            "codes": list(transitions.codes),
            "chances": [[round(float(chance), 12) for chance in row] for row in transitions.chances],
        }
    return table, {"columns": list(how.columns), "is_invariant": how.stay is not None, "matrices": matrices}


def _numbers(table: pa.Table, columns: tuple[str, ...]) -> Floats:
    found = []
    for name in columns:
        kind = table[name].type
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
            with _naming(f"column {shown(name)}"):
                rounded(table[name], 1.0)
        found.append(pc.fill_null(table[name].cast(pa.float64()), float("nan")).to_numpy())
    return np.column_stack(found)


def _aggregate(held: Held, how: Any) -> tuple[pa.Table, dict[str, Any]]:
    """Groups within the columns of codes, and of records that state the same of the numbers."""
    values = _numbers(held.table, how.columns)
    stated = np.isfinite(values)
    within = stated.astype(np.int32)
    if how.within:
        within = np.hstack([within, key_codes(held.table, how.within, ()).codes])
    strata = patterns_of(np.ascontiguousarray(within, np.int32)).of_record
    order = np.argsort(held.secret.numbers(held.identifiers, "aggregation"), kind="stable")
    found, groups, emptied = values.copy(), 0, 0
    for rows in np.split(
        order[np.argsort(strata[order], kind="stable")], np.cumsum(np.bincount(strata))[:-1]
    ):
        columns = np.flatnonzero(stated[rows[0]])
        if not len(columns):
            continue
        if len(rows) < how.least:
            found[np.ix_(rows, columns)] = np.nan
            emptied += len(rows) * len(columns)
            continue
        part = values[np.ix_(rows, columns)]
        group = mdav_groups(part, how.least)
        found[np.ix_(rows, columns)] = group_means(part, group)
        groups += int(group.max()) + 1
    table = _with_numbers(held.table, how.columns, found)
    told = {"columns": list(how.columns), "least": how.least, "within": list(how.within)}
    return table, {**told, "groups": groups, "emptied": emptied}


def _with_numbers(table: pa.Table, columns: tuple[str, ...], values: Floats) -> pa.Table:
    for place, name in enumerate(columns):
        table = with_column(table, name, as_before(values[:, place], table[name].type))
    return table


def _noise(held: Held, how: Any) -> tuple[pa.Table, dict[str, Any]]:
    values = _numbers(held.table, how.columns)
    draws = np.column_stack([held.secret.normal(held.identifiers, f"noise|{name}") for name in how.columns])
    found = with_noise(values, draws, share=how.share, keeps_zero=how.keep_zero)
    table = _with_numbers(held.table, how.columns, found)
    return table, {"columns": list(how.columns), "share": how.share}


def _swap(held: Held, how: Any) -> tuple[pa.Table, dict[str, Any]]:
    return swapped_table(
        held.table, held.identifiers, held.declared, how, held.secret, max(2, held.limits.least_agreeing or 2)
    )


def _synthesise(held: Held, how: Any) -> tuple[pa.Table, dict[str, Any]]:
    return synthetic_table(held.table, held.declared, how, held.secret)


_STEPS: Mapping[str, Step] = {
    "recode": _recode,
    "bands": _bands,
    "ends": _ends,
    "round": _round,
    "period": _period,
    "suppress": _suppress,
    "swap": _swap,
    "randomise": _randomise,
    "aggregate": _aggregate,
    "noise": _noise,
    "synthesise": _synthesise,
}
