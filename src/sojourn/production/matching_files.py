"""Statistical matching on plain files: read, match as declared, write what was given and what is unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from sojourn.errors import DataRefused, Problem, ProjectError, shown
from sojourn.production.matching_bounds import Bounds, bounds_of, bounds_table
from sojourn.production.matching_report import matching_report
from sojourn.production.report_files import require_report, said_of, write_report
from sojourn.production.survey_reading import survey_rows
from sojourn.production.table_files import require_targets, write_table
from sojourn.project.joining_declarations import MatchingDeclaration
from sojourn.statistics.weighting import Matched, MatchingRule, distributions, matched

__all__ = ["MatchingSummary", "MatchingTargets", "match_files"]

IMPUTED = "_is_imputed"


@dataclass(frozen=True)
class MatchingTargets:
    """Files to write: recipients with what they were given; where wanted bounds, uses of donors, a report."""

    matched: Path
    bounds: Path | None = None
    uses: Path | None = None
    report: Path | None = None


@dataclass(frozen=True)
class MatchingSummary:
    """What came out: counts of recipients and donors, distances, what is imputed, how much is not known."""

    counts: dict[str, Any]
    imputed: tuple[str, ...]
    classes: list[dict[str, Any]]
    distributions: list[dict[str, Any]]
    bounds: list[dict[str, Any]]

    def to_json(self) -> dict[str, Any]:
        """The numbers as plain values."""
        return {**self.counts, **{name: each for name, each in vars(self).items() if name != "counts"}}


def match_files(
    recipients: Path,
    donors: Path,
    targets: MatchingTargets,
    *,
    declared: MatchingDeclaration,
    on_progress: Callable[[int, int], None] = lambda done, of: None,
) -> MatchingSummary:
    """Write the recipients with values of donors, each given column marked as imputed.

    The result has the recipients' columns, then donor, distance, the given columns, and for each of them
    `…_is_imputed`, which is true. `on_progress` is told how many recipients of how many have a donor.

    Raises: ProjectError for targets that exist and declarations that do not fit; DataRefused when a column is
    missing or wrong, or a class cannot be matched.
    """
    require_targets(targets.matched, targets.bounds, targets.uses)
    require_report(targets.report)
    _require_bounds(targets, declared)
    arrives = declared.arrives
    here = survey_rows(recipients, _of_recipients(declared), arrives=arrives.recipients, others=True)
    _require_free(recipients, here, declared)
    there = survey_rows(donors, _of_donors(declared), arrives=arrives.donors)
    with said_of(recipients, donors):
        done = matched(
            _plain(here, declared, declared.recipient), _plain(there, declared, declared.donor),
            _rule(declared), recipient=declared.recipient, donor=declared.donor, on_progress=on_progress,
        )  # fmt: skip
        table = _labelled(here, done, declared)
        found = [bounds_of(table, there, each, declared) for each in declared.bounds]
        summary = _summary(table, there, done, found, declared)
    _write(targets, table, done, summary, declared)
    return summary


def _write(
    targets: MatchingTargets,
    table: pa.Table,
    done: Matched,
    summary: MatchingSummary,
    declared: MatchingDeclaration,
) -> None:
    told = {
        "matching": declared.id,
        "version": declared.version,
        "imputed": ", ".join(summary.imputed),
    }
    write_table(table, targets.matched, told)
    if targets.bounds is not None:
        write_table(bounds_table(summary.bounds), targets.bounds, told)
    if targets.uses is not None:
        write_table(done.uses, targets.uses, told)
    if targets.report is not None:
        given = declared.model_dump(mode="json", exclude_none=True)
        told_all = {**told, "declaration": given, **summary.to_json()}
        write_report(targets.report, told_all, matching_report(declared, summary.to_json()))


def _require_bounds(targets: MatchingTargets, declared: MatchingDeclaration) -> None:
    if targets.bounds is not None and not declared.bounds:
        raise ProjectError(
            "There are no bounds to write: the declaration names no columns for them.",
            "Leave out --bounds, or declare `bounds: [{recipients: …, donors: …}]`.",
        )


def _of_both(declared: MatchingDeclaration) -> dict[str, str]:
    return {
        **dict.fromkeys([*declared.within, *declared.near.codes], "any"),
        **dict.fromkeys(declared.near.numbers, "number"),
    }


def _of_bounds(declared: MatchingDeclaration, side: str) -> dict[str, str]:
    """The columns of one side that the bounds need."""
    found: dict[str, str] = {}
    for each in declared.bounds:
        shared = declared.within if each.shared is None else each.shared
        for name in (*shared, getattr(each, side)):
            found[name] = "number" if name in each.cuts else found.get(name, "any")
    return found


def _of_recipients(declared: MatchingDeclaration) -> dict[str, str]:
    weights = {declared.weights.recipients: "number"} if declared.weights.recipients else {}
    own = {declared.recipient: "any"}
    return {**own, **_of_bounds(declared, "recipients"), **_of_both(declared), **weights}


def _of_donors(declared: MatchingDeclaration) -> dict[str, str]:
    weights = {declared.weights.donors: "number"} if declared.weights.donors else {}
    given = {**dict.fromkeys(declared.give.codes, "any"), **dict.fromkeys(declared.give.numbers, "number")}
    own = {declared.donor: "any"}
    return {**own, **_of_bounds(declared, "donors"), **_of_both(declared), **given, **weights}


def _new_names(declared: MatchingDeclaration) -> Iterator[str]:
    yield from ("donor", "distance")
    for name in declared.give.names:
        yield from (name, name + IMPUTED)


def _require_free(file: Path, here: pa.Table, declared: MatchingDeclaration) -> None:
    taken = [name for name in _new_names(declared) if name in here.column_names]
    if taken:
        raise DataRefused(
            Problem(
                shown(file.name),
                None,
                f"there is a column {shown(taken[0])}, which the result adds.",
                "Rename it: what was asked and what is imputed are two columns.",
            )
        )


def _plain(table: pa.Table, declared: MatchingDeclaration, identifier: str) -> pa.Table:
    """A file's columns with codes as text and numbers as numbers, whatever form the file has them in."""
    for name in {*declared.within, *declared.near.codes, *declared.give.codes} & set(table.column_names):
        if name != identifier:
            table = table.set_column(
                table.column_names.index(name), name, table[name].cast(pa.string()).combine_chunks()
            )
    for name in {*declared.near.numbers, *declared.give.numbers} & set(table.column_names):
        if not pa.types.is_integer(table[name].type):
            table = table.set_column(table.column_names.index(name), name, table[name].cast(pa.float64()))
    return table


def _rule(declared: MatchingDeclaration) -> MatchingRule:
    return MatchingRule(
        declared.give.names,
        declared.method,
        declared.within,
        declared.near.names,
        declared.importance,
        declared.most_uses,
        declared.weights.donors if declared.draw_by_weight else None,
        declared.seed,
    )


def _labelled(here: pa.Table, done: Matched, declared: MatchingDeclaration) -> pa.Table:
    """The recipients' columns, the donor and the distance, and what is given, marked as imputed."""
    for name in _new_names(declared):
        is_mark = name.endswith(IMPUTED) and name not in done.table.column_names
        column = pa.array([True]).take(pa.array([0] * len(here))) if is_mark else done.table[name]
        here = here.append_column(name, column)
    return here


def _summary(
    table: pa.Table,
    there: pa.Table,
    done: Matched,
    found: list[Bounds],
    declared: MatchingDeclaration,
) -> MatchingSummary:
    compared = distributions(
        table,
        there,
        codes=declared.give.codes,
        numbers=declared.give.numbers,
        recipient_weight=declared.weights.recipients,
        donor_weight=declared.weights.donors,
    )
    return MatchingSummary(
        done.to_json(),
        declared.give.names,
        done.classes.to_pylist(),
        compared.to_pylist(),
        [each.to_json() for each in found],
    )
