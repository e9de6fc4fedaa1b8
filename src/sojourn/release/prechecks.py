"""Checks by machine, for what checkers most often send a release back: before a person looks at it.

What blocks cannot be accepted by anybody: a description that is missing in the site's own language, a break
in the series without a word, a protection that did not pass its own audit. What somebody may answer for, by
name and with a reason: what is not translated into the other languages, counts that are neither rounded nor
perturbed, counts of one and two. That no count stands beside shares and means is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.dissemination.publication import PublishedTable, ReleaseDescription, TableDescription, Texts
from sojourn.release.findings import MOST_CELLS, Finding, Severity

__all__ = ["prechecks"]

_SMALL = 3
_COUNTS = ("count",)
_DESCRIBED = ("title", "description", "definition", "citation")


def prechecks(release: ReleaseDescription, tables: Sequence[PublishedTable]) -> list[Finding]:
    """What the machine finds in the tables of a release."""
    found = list(_undescribed(release.id, "title", release.title, release.languages))
    counted = {table.description.dimension_ids for table in tables if _is_count(table.description)}
    for table in tables:
        found += _of_description(table.description, release.languages)
        found += _of_protection(table)
        found += _of_context(table, counted)
        found += _unexplained(table)
    return found


def _cells_of(observations: pa.Table, is_found: pa.ChunkedArray) -> tuple[tuple[dict[str, str], ...], int]:
    """The first cells that are marked, by their codes, and how many they are."""
    dimensions = observations.column_names[: observations.column_names.index("TIME_PERIOD") + 1]
    chosen = observations.select(dimensions).filter(is_found)
    return tuple(chosen.slice(0, MOST_CELLS).to_pylist()), chosen.num_rows


def _is_count(description: TableDescription) -> bool:
    return description.statistic in _COUNTS


def _undescribed(table: str, name: str, texts: Texts, languages: Sequence[str]) -> Iterator[Finding]:
    absent = [language for language in languages if not texts.get(language, "").strip()]
    if not absent:
        return
    if absent[0] == languages[0]:
        yield Finding("undescribed", Severity.BLOCKS, table, f"The {name} is missing in {absent[0]}.")
    else:
        told = f"The {name} is not translated: {', '.join(absent)}."
        yield Finding("untranslated", Severity.DECIDE, table, told)


def _of_description(description: TableDescription, languages: Sequence[str]) -> Iterator[Finding]:
    for name in _DESCRIBED:
        yield from _undescribed(description.id, name, getattr(description, name), languages)
    for dimension in description.dimensions:
        yield from _undescribed(description.id, f"name of {dimension.id}", dimension.name, languages)
    if not description.sources:
        yield Finding("no-source", Severity.BLOCKS, description.id, "No source is named.")


def _of_protection(table: PublishedTable) -> Iterator[Finding]:
    name, report = table.description.id, table.protection
    if "audit" in report and not report["audit"]["passed"]:
        yield Finding("not-protected", Severity.BLOCKS, name, "The protection did not pass its own audit.")
    rules = report["rules"]
    if "none_because" in rules:
        yield Finding(
            "unprotected",
            Severity.NOTE,
            name,
            f"Nothing was protected, as the figures are already public: {rules['none_because']}",
        )
        return
    if not _is_count(table.description):
        return
    if rules.get("round_to") is None and rules.get("method") != "cell_keys":
        yield Finding(
            "unrounded", Severity.DECIDE, name, "Counts are neither rounded nor perturbed: each is exact."
        )
    value = table.observations["OBS_VALUE"]
    is_small = pc.fill_null(pc.and_(pc.greater(value, 0), pc.less(value, _SMALL)), False)
    cells, count = _cells_of(table.observations, is_small)
    if count:
        yield Finding("small-counts", Severity.DECIDE, name, f"{count:,} counts are 1 or 2.", cells, count)


def _of_context(table: PublishedTable, counted: set[tuple[str, ...]]) -> Iterator[Finding]:
    description = table.description
    if not _is_count(description) and description.dimension_ids not in counted:
        yield Finding(
            "no-counts",
            Severity.NOTE,
            description.id,
            "No table of the release shows the counts behind these figures.",
        )


def _unexplained(table: PublishedTable) -> Iterator[Finding]:
    """A break in the series that no revision or note explains."""
    is_break = pc.equal(table.observations["OBS_STATUS"], "B")
    if not np.any(is_break.to_numpy(zero_copy_only=False)) or table.description.quality_notes:
        return
    cells, count = _cells_of(table.observations, is_break)
    yield Finding(
        "unexplained-break",
        Severity.BLOCKS,
        table.description.id,
        f"{count:,} figures are marked as a break in the series, and no note says why.",
        cells,
        count,
    )
