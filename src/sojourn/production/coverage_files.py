"""How much lists cover, from plain files: counts by stratum of two lists, or of patterns of several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sojourn.errors import DataRefused, Problem, shown
from sojourn.integration.dual_system import DualCounts, Rates, dual_system
from sojourn.integration.log_linear import patterns_of
from sojourn.integration.multiple_systems import MOST_LISTS, ListErrors, MultipleSystems, multiple_systems
from sojourn.production.movement_reading import opened_table
from sojourn.production.table_files import require_targets, table_of, write_table
from sojourn.project.coverage_declarations import CoverageDeclaration

__all__ = ["CoverageSummary", "coverage_file"]

Floats = npt.NDArray[np.float64]
DUAL_COLUMNS = {"first": "number", "second": "number", "linked": "number"}
RATE_COLUMNS = {
    name: "number"
    for rate in ("missed", "false", "first_erroneous", "second_erroneous")
    for name in (rate, f"{rate}_error")
}
ALL = "_T"


@dataclass(frozen=True)
class CoverageSummary:
    """What came out: the kind of estimate, and for each stratum the total that stands first."""

    kind: str
    rows: list[dict[str, Any]]
    spreads: dict[str, tuple[float, float]]

    def to_json(self) -> dict[str, Any]:
        """The numbers as plain values."""
        return vars(self)


def coverage_file(
    source: Path,
    target: Path,
    *,
    declared: CoverageDeclaration | None = None,
    linkage_in_common: bool = False,
    chapman: bool = True,
) -> CoverageSummary:
    """Estimate totals from a file, and write them.

    A file with columns first, second and linked is of two lists, with a row for each stratum; columns of
    rates may stand beside. Any other has a column people, and one for each list with 1 or 0.

    Raises: ProjectError for a target that exists; DataRefused when a column is missing or wrong, or the
    counts allow no estimate.
    """
    require_targets(target)
    names = _columns_of(source)
    try:
        if set(DUAL_COLUMNS) <= set(names):
            return _two_lists(source, target, linkage_in_common, chapman)
        return _several_lists(source, target, names, declared)
    except ValueError as error:
        raise DataRefused(
            Problem(shown(source.name), None, str(error), "Look at the counts, the strata and the rates.")
        ) from error


def _columns_of(source: Path) -> list[str]:
    opened = opened_table(source, {})
    names: list[str] = pq.read_schema(opened).names if isinstance(opened, Path) else opened.schema.names
    return names


def _two_lists(source: Path, target: Path, linkage_in_common: bool, chapman: bool) -> CoverageSummary:
    table = table_of(source, DUAL_COLUMNS, {"stratum": "text", **RATE_COLUMNS})
    _require_whole(source, table, table.column_names)
    if "stratum" not in table.column_names and len(table) > 1:
        raise ValueError("Several rows need a column stratum that tells them apart.")
    strata = table["stratum"].to_pylist() if "stratum" in table.column_names else ["all"] * len(table)
    _require_once(source, strata)
    columns = {name: _floats(table[name]) for name in table.column_names if name != "stratum"}
    counts = DualCounts(tuple(strata), columns["first"], columns["second"], columns["linked"])
    rates = Rates(**{name: columns[name] for name in RATE_COLUMNS if name in columns})
    found = dual_system(counts, rates=rates, chapman=chapman, linkage_in_common=linkage_in_common)
    write_table(found, target)
    return CoverageSummary("dual-system", found.to_pylist(), {})


def _several_lists(
    source: Path, target: Path, names: Sequence[str], declared: CoverageDeclaration | None
) -> CoverageSummary:
    lists = _lists(source, names, declared)
    kinds = {"people": "number", **dict.fromkeys(lists, "whole")}
    table = table_of(source, kinds, {"stratum": "text"})
    _require_whole(source, table, table.column_names)
    given = table["stratum"] if "stratum" in table.column_names else pa.array([ALL] * len(table))
    if not 2 <= len(lists) <= MOST_LISTS:
        raise ValueError(
            f"Models are compared for 2 to {MOST_LISTS} lists, not for {len(lists)}: merge lists."
        )
    settings = declared or CoverageDeclaration.model_validate({"lists": [{"id": name} for name in lists]})
    tables, rows, spreads = [], [], {}
    for stratum in pc.unique(given).to_pylist():
        counts = _counts(source, table.filter(pc.equal(given, stratum)), lists)
        found = multiple_systems(
            counts, lists, criterion=settings.criterion, errors=_errors(settings), seed=settings.seed
        )
        models = _with_coverage(found, counts, lists, settings)
        tables.append(models.add_column(0, "stratum", pa.array([stratum] * len(models))))
        rows.append(tables[-1].slice(0, 1).to_pylist()[0])
        spreads[stratum] = found.spread
    write_table(pa.concat_tables(tables), target)
    return CoverageSummary("multiple-system", rows, spreads)


def _lists(source: Path, names: Sequence[str], declared: CoverageDeclaration | None) -> list[str]:
    """The columns that are lists: those declared, else all but people and stratum."""
    found = [name for name in names if name not in ("people", "stratum")]
    if declared is None:
        return found
    lists = [each.id for each in declared.lists]
    others = sorted(set(found) - set(lists))
    if others:
        raise DataRefused(
            Problem(
                shown(source.name),
                None,
                f"the column {shown(others[0])} is no declared list.",
                "Declare it, or add up people over it and leave the column out.",
            )
        )
    return lists


def _counts(source: Path, table: pa.Table, lists: Sequence[str]) -> Floats:
    """People by pattern in the order of `patterns_of`; patterns that do not occur have none."""
    marks = np.column_stack([_floats(table[name]) for name in lists])
    if not np.isin(marks, (0, 1)).all():
        _refuse(source, "a column of a list holds something else than 0 and 1.", "Write 1 for being on it.")
    places = marks @ (2.0 ** np.arange(len(lists) - 1, -1, -1))
    if np.any(places == 0):
        _refuse(source, "a row is of people on none of the lists.", "Take it out: that is to be estimated.")
    if len(np.unique(places)) < len(places):
        _refuse(source, "a pattern occurs twice in one stratum.", "Add its rows up.")
    found = np.zeros(len(patterns_of(len(lists))))
    found[places.astype(int) - 1] = _floats(table["people"])
    return found


def _errors(settings: CoverageDeclaration) -> ListErrors | None:
    """What is known to be wrong with the lists; none where nothing is."""
    errors = ListErrors(
        tuple(each.missed for each in settings.lists),
        tuple(each.missed_error for each in settings.lists),
        tuple(each.erroneous for each in settings.lists),
        tuple(each.erroneous_error for each in settings.lists),
    )
    return errors if any(any(rates) for rates in vars(errors).values()) else None


def _with_coverage(
    found: MultipleSystems, counts: Floats, lists: Sequence[str], settings: CoverageDeclaration
) -> pa.Table:
    """The models, each with the share of its total that is not on each list."""
    models = found.models
    totals = models["total"].to_numpy(zero_copy_only=False).astype(float)
    for place, name in enumerate(lists):
        valid = counts @ patterns_of(len(lists))[:, place] * (1 - settings.lists[place].erroneous)
        shares = pa.array(1 - valid / totals, from_pandas=True)
        models = models.append_column(f"undercoverage_{name}", shares)
    return models


def _require_whole(source: Path, table: pa.Table, names: Sequence[str]) -> None:
    for name in names:
        if table[name].null_count:
            _refuse(source, f"the column {shown(name)} has empty cells.", "Fill them in.")


def _require_once(source: Path, strata: Sequence[str]) -> None:
    if len(set(strata)) < len(strata):
        _refuse(source, "a stratum occurs twice.", "Keep one row for each stratum.")
    if ALL in strata:
        _refuse(source, f"a stratum is called {ALL}, as the total is.", "Leave the total out.")


def _floats(column: pa.ChunkedArray) -> Floats:
    found: Floats = column.cast(pa.float64()).to_numpy()
    return found


def _refuse(source: Path, message: str, remedy: str) -> None:
    raise DataRefused(Problem(shown(source.name), None, message, remedy))
