"""Differences between protected figures: arrivals less departures, and gaps between two groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.contracts.aggregates import Estimate, Observation
from sojourn.disclosure.cell_keys.figures import CHANGED
from sojourn.disclosure.lattice import Flags
from sojourn.disclosure.linkage_errors import ends_of_classes, errors_of_cells
from sojourn.disclosure.protect import (
    PER_CENT,
    PER_CENT_OF,
    SEAL,
    Protected,
    ProtectedAs,
    observations_of,
    protect,
)
from sojourn.disclosure.rules import ProtectionRules
from sojourn.engine import Relation

__all__ = ["with_gap", "with_net"]

_SEPARATOR = "\x1f"


def with_net(
    protected: Protected, *, dimensions: Sequence[str], linkage_errors: Relation | None = None
) -> Protected:
    """The observations with arrivals less departures added, for every other code, as direction `NET`.

    It is worked out from what is published and tells nothing that the two do not: where one of them is
    withheld or missing there is no difference, with the same status. A direction without a row is nobody's.
    What linkage adds to a difference is no sum of what it adds to both sides, and stands in its class too.
    """
    table = protected.observations.to_arrow()
    names = tuple(name.upper() for name in dimensions)
    others = [name for name in names if name != "DIRECTION"] + ["TIME_PERIOD"]
    shown = [*others, "OBS_VALUE", "OBS_STATUS", "CONF_STATUS"]
    arrivals, departures = (
        table.filter(pc.equal(table.column("DIRECTION"), side)).select(shown) for side in ("A", "D")
    )
    pairs = arrivals.join(departures, others, join_type="full outer", left_suffix="_A", right_suffix="_D")
    nothing = pa.nulls(pairs.num_rows, pa.float64())
    columns = {name: pairs.column(name) for name in others} | _differences(pairs)
    columns |= {"DIRECTION": pa.repeat(pa.scalar("NET"), pairs.num_rows), "SE": nothing, "CV": nothing}
    columns["LINKAGE_SE"] = nothing
    if linkage_errors is not None:
        cells = pa.table({name.lower(): columns[name] for name in (*names, "TIME_PERIOD")})
        error = errors_of_cells(linkage_errors.to_arrow(), cells, dimensions)
        error[pc.is_null(columns["OBS_VALUE"]).to_numpy(zero_copy_only=False)] = np.nan
        ends = ends_of_classes(error, np.ones_like(error))
        columns["LINKAGE_SE"] = pa.array(ends, pa.float64(), mask=np.isnan(ends))
    added = Observation.conform(pa.table(columns), names)
    both = pa.concat_tables([table.cast(added.schema), added])
    return Protected(protected.observations.engine.relation(both), protected.report, SEAL)


def with_gap(
    estimates: Relation,
    *,
    dimensions: Sequence[str],
    gap: str,
    between: tuple[str, str],
    code: str,
    statistic: ProtectedAs,
    rules: ProtectionRules,
) -> Protected:
    """The differences between two codes of the dimension `gap`, by the other dimensions.

    `estimates` holds the figures of both codes and, under `code`, their differences. A difference and one of
    its figures give the other: it is withheld wherever one of the two is. It has no coefficient of variation,
    since a difference may be near zero, and is not rounded; its standard error is.

    Raises: as `protect`.
    """
    by = tuple(dimensions)
    table = estimates.to_arrow()
    is_gap = pc.equal(table.column(gap), code)
    figures = estimates.engine.relation(table.filter(pc.invert(is_gap)))
    sides = protect(figures, dimensions=(*by, gap), statistic=statistic, rules=rules)
    found = Estimate.conform(table.filter(is_gap), (*by, gap)).drop_columns([gap])
    found = found.sort_by([(name, "ascending") for name in (*by, "time_period")])
    is_withheld = _is_either_withheld(found, sides.observations.to_arrow(), by, gap, between)
    nothing = np.full(found.num_rows, np.nan)
    factor = PER_CENT if statistic in PER_CENT_OF else 1.0
    unmarked = replace(rules, publication="none")
    shown = observations_of(found, by, is_withheld, None, unmarked, factor, (nothing, nothing))
    place = shown.column_names.index("CV")
    shown = shown.set_column(place, shown.schema.field("CV"), pa.nulls(shown.num_rows, pa.float64()))
    cells = {"all": found.num_rows, "published": int(np.sum(~is_withheld))}
    report = {**sides.report, "gap": {"between": list(between), "cells": cells}}
    return Protected(estimates.engine.relation(shown), report, SEAL)


def _is_either_withheld(
    found: pa.Table, sides: pa.Table, by: tuple[str, ...], gap: str, between: tuple[str, str]
) -> Flags:
    """Whether one of the two figures behind each difference is withheld."""
    names = [*(name.upper() for name in by), "TIME_PERIOD", gap.upper()]
    known = pc.binary_join_element_wise(*(sides.column(name) for name in names), _SEPARATOR)
    is_secret = np.append(pc.equal(sides.column("CONF_STATUS"), "C").to_numpy(zero_copy_only=False), True)
    is_withheld = np.zeros(found.num_rows, bool)
    for side in between:
        own = [*(found.column(name) for name in (*by, "time_period")), pa.repeat(side, found.num_rows)]
        keys = pc.binary_join_element_wise(*own, _SEPARATOR)
        place = pc.fill_null(pc.index_in(keys, known), len(known)).to_numpy(zero_copy_only=False)
        is_withheld |= is_secret[place]
    return is_withheld


def _differences(pairs: pa.Table) -> dict[str, pa.ChunkedArray]:
    """Value and status of arrivals (`_A`) less departures (`_D`)."""
    value_in, value_out = (
        pc.if_else(pc.is_null(pairs.column(f"OBS_STATUS_{side}")), 0.0, pairs.column(f"OBS_VALUE_{side}"))
        for side in ("A", "D")
    )
    value = pc.subtract(value_in, value_out)
    found = {"OBS_VALUE": value}
    is_changed = pc.fill_null(
        pc.or_kleene(*(pc.equal(pairs.column(f"OBS_STATUS_{side}"), CHANGED) for side in ("A", "D"))), False
    )
    for name, usual in (("OBS_STATUS", "A"), ("CONF_STATUS", "F")):
        why = pc.if_else(pc.is_null(value_in), pairs.column(f"{name}_A"), pairs.column(f"{name}_D"))
        found[name] = pc.if_else(pc.is_null(value), why, usual)
    # A difference of figures that were changed at random is one itself.
    is_changed = pc.and_(is_changed, pc.is_valid(value))
    found["OBS_STATUS"] = pc.if_else(is_changed, CHANGED, found["OBS_STATUS"])
    return found
