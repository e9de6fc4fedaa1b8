"""Protection of several tables of the same persons together.

`protect` looks at one table; tables that share cells, or whose codes add up in hierarchies, can give away
each other's withheld figures. `protect_tables` withholds so that all of them together tell no more of a small
figure than that it lies in a range at least as wide as the minimum. The figures that are published are then
rounded and marked as `protect` does.

What is withheld depends on the numbers of contributors alone. These must add up in every table: a person who
is counted in two cells of a table cannot be told from two persons here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.contracts.aggregates import Estimate
from sojourn.disclosure.protect import SEAL, Protected, ProtectedAs, observations_of
from sojourn.disclosure.rules import ProtectionRules
from sojourn.disclosure.suppression.audit import Audit, audit
from sojourn.disclosure.suppression.cells import Cells, Flags, Integers, Numbers, linked_cells
from sojourn.disclosure.suppression.hierarchies import Hierarchy
from sojourn.disclosure.suppression.prior import Prior
from sojourn.disclosure.suppression.rules import Needs
from sojourn.disclosure.suppression.secondary import Search
from sojourn.disclosure.suppression.suppress import Suppression, suppress_needs
from sojourn.engine import Relation
from sojourn.errors import DisclosureRisk, ProjectError

__all__ = ["LinkedTable", "persons_alone", "protect_tables"]

_STATISTICS = ("count", "mean")


@dataclass(frozen=True)
class LinkedTable:
    """One of several tables: an Estimate table with its dimensions, of counts or of means."""

    id: str
    estimates: Relation
    dimensions: tuple[str, ...]
    statistic: ProtectedAs = "count"


def protect_tables(
    tables: Sequence[LinkedTable],
    *,
    rules: ProtectionRules,
    hierarchies: Sequence[Hierarchy] = (),
    search: Search | None = None,
) -> Mapping[str, Protected]:
    """The observations of each table, withheld so that all tables together give no small figure away.

    The tables are of the same persons; `hierarchies` say which codes add up to which others, and a dimension
    without one is flat. Margins that no table shows are taken as unknown to the reader, who knows that they
    are sums. Each time period is protected apart. A figure of nobody is published, and everybody knows that a
    combination without a row is empty.

    Raises: DisclosureRisk if a small figure cannot be kept uncertain, or contributors do not add up;
    ProjectError if a table is of another statistic, or two tables have one name; ContractBroken if the
    estimates are no Estimate table.
    """
    names = [each.id for each in tables]
    if not names or len(set(names)) < len(names):
        raise ProjectError(
            "Tables that are protected together need names of their own.", "Name each table once."
        )
    held = [_sorted(each) for each in tables]
    is_withheld = [np.zeros(table.num_rows, bool) for table in held]
    reports: list[dict[str, Any]] = []
    for period in sorted({p for table in held for p in pc.unique(table.column("time_period")).to_pylist()}):
        rows = [_of_period(table, period) for table in held]
        parts = [table.take(own) for table, own in zip(held, rows, strict=True)]
        found, audited = _withheld(parts, tables, rules, hierarchies, search or Search())
        for place, own in enumerate(rows):
            is_withheld[place][own] = found.of_table(place)
        reports.append(_audit_report(found, audited, rules))
    together = _together(names, rules, reports)
    return {
        each.id: _protected(each, table, withheld, rules, together)
        for each, table, withheld in zip(tables, held, is_withheld, strict=True)
    }


def persons_alone(cells: Cells, persons: Integers) -> Integers:
    """For each cell of one person a number of that person, -1 for others.

    A total of one person and its one part that is not empty are of the same person, in whatever table. Cells
    that no such sum ties together are taken to be of different persons.
    """
    found = np.where(persons == 1, np.arange(cells.size), -1)
    equations = cells.equations
    row = np.repeat(np.arange(equations.shape[0]), np.diff(equations.indptr))
    alone = persons[equations.indices] == 1
    is_total = equations.data < 0
    is_single = np.zeros(equations.shape[0], bool)
    is_single[row[is_total & alone]] = True
    kept = alone & is_single[row]
    rows, members = row[kept], equations.indices[kept]
    while True:
        least = np.full(equations.shape[0], cells.size, np.int64)
        np.minimum.at(least, rows, found[members])
        after = found.copy()
        np.minimum.at(after, members, least[rows])
        if np.array_equal(after, found):
            return found
        found = after


def _sorted(each: LinkedTable) -> pa.Table:
    if each.statistic not in _STATISTICS:
        raise ProjectError(
            f"{each.id}: a table of {each.statistic}s is not protected together with others.",
            f"Protect it alone, or make it a table of one of {', '.join(_STATISTICS)}.",
        )
    table = Estimate.conform(each.estimates.to_arrow(), each.dimensions)
    return table.sort_by([(name, "ascending") for name in (*each.dimensions, "time_period")])


def _of_period(table: pa.Table, period: str) -> Integers:
    is_own = pc.equal(table.column("time_period"), period).to_numpy(zero_copy_only=False)
    own: Integers = np.nonzero(is_own)[0]
    return own


def _withheld(
    parts: Sequence[pa.Table],
    tables: Sequence[LinkedTable],
    rules: ProtectionRules,
    hierarchies: Sequence[Hierarchy],
    search: Search,
) -> tuple[Suppression, Audit]:
    """What is withheld of one time period, and what an audit finds of it."""
    cells = linked_cells(parts, [each.dimensions for each in tables], hierarchies, value="contributors")
    persons = np.rint(cells.values).astype(np.int64)
    is_small = (persons > 0) & (persons < rules.minimum_contributors) & ~cells.is_hidden
    needs = _needs(is_small, rules.minimum_contributors)
    alone = persons_alone(cells, persons)
    prior = Prior(least=1.0)
    may_change = persons > 0
    if not rules.secondary:
        may_change = may_change & (is_small | cells.is_hidden)
    found = suppress_needs(
        cells, needs, alone=alone, prior=prior, may_change=may_change, cost="digits", search=search
    )
    audited = audit(
        found.cells, found.is_withheld, found.needs, found.room, readers=found.readers, search=search
    )
    if not audited.passed:
        raise DisclosureRisk(
            f"{int(np.sum(~(audited.is_met & audited.against_alone)))} small figures can be narrowed down.",
            "Drop totals, or use fewer or coarser dimensions.",
        )
    return found, audited


def _needs(is_small: Flags, minimum: int) -> Needs:
    """Another set of tables with the minimum of persons more: the standard of `protect`."""
    nothing: Numbers = np.zeros(len(is_small))
    return Needs(np.where(is_small, float(minimum), 0.0), nothing, nothing)


def _audit_report(found: Suppression, audited: Audit, rules: ProtectionRules) -> dict[str, Any]:
    return {
        "figures_audited": len(audited.cell),
        "figures_failed": int(np.sum(~(audited.is_met & audited.against_alone))),
        "figures_measured_exactly": int(np.sum(audited.is_exact)),
        "other_tables_found": found.lines,
    }


def _together(
    names: Sequence[str], rules: ProtectionRules, reports: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """The audit of all tables and periods, as every table's report shows it."""
    sums = {key: sum(int(each[key]) for each in reports) for key in (reports[0] if reports else {})}
    return {
        "standard": (
            "For each figure with too few persons, other possible values of all figures of all tables named"
            " were found, in which it has at least `width` persons more while every published figure and"
            " every sum stays; also for a reader who is the only person of another withheld figure."
        ),
        "width": rules.minimum_contributors,
        "tables": list(names),
        **sums,
        "passed": not sums.get("figures_failed", 0),
    }


def _protected(
    each: LinkedTable, table: pa.Table, is_withheld: Flags, rules: ProtectionRules, together: dict[str, Any]
) -> Protected:
    contributors = table.column("contributors").to_numpy()
    is_primary = (contributors > 0) & (contributors < rules.minimum_contributors)
    steps = None
    if rules.round_to and each.statistic == "count":
        steps = np.full(table.num_rows, float(rules.round_to))
    unknown = np.full(table.num_rows, np.nan)
    shown = observations_of(table, each.dimensions, is_withheld, steps, rules, 1.0, (unknown, unknown))
    report = {
        "rules": {
            "minimum_contributors": rules.minimum_contributors,
            "secondary": rules.secondary,
            "round_to": rules.round_to,
            "publication": rules.publication,
        },
        "statistic": each.statistic,
        "dimensions": list(each.dimensions),
        "cells": {
            "all": table.num_rows,
            "published": int(np.sum(~is_withheld)),
            "zero": int(np.sum(contributors == 0)),
            "withheld_primary": int(np.sum(is_withheld & is_primary)),
            "withheld_secondary": int(np.sum(is_withheld & ~is_primary)),
        },
        "audit": together,
    }
    return Protected(each.estimates.engine.relation(shown), report, SEAL)
