"""A file of persons protected as declared: read, measured, treated, measured again, written if it is safe."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.concepts.spelling import nearest
from sojourn.disclosure.microdata import IdentifierFound, Secret, identifiers_in, key_codes
from sojourn.engine import Engine
from sojourn.errors import DataRefused, DisclosureRisk, Problem, ProjectError, shown
from sojourn.production.movement_reading import column_names
from sojourn.production.protection_judgement import breaches, open_identifiers
from sojourn.production.protection_loss import loss_of
from sojourn.production.protection_measures import measured
from sojourn.production.protection_report import notes_text, report_page
from sojourn.production.protection_steps import RECODING, Held, applied
from sojourn.production.table_files import require_targets, table_of, write_table
from sojourn.project.protection_declarations import ProtectionDeclaration, file_kind
from sojourn.store.shared_keys import shared_key

__all__ = ["ProtectionSummary", "ProtectionTargets", "protect_file", "risk_of_file"]

_REPORTS = (".json", ".md", ".html")
_NUMBERS = ("bands", "ends", "round", "aggregate", "noise")
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class ProtectionTargets:
    """Files to write: the protected one, reports for the office (.json, .md, .html), notes for readers."""

    protected: Path
    reports: Sequence[Path] = ()
    notes: Path | None = None


@dataclass(frozen=True)
class ProtectionSummary:
    """What was done and measured, as the report has it."""

    records: int
    written: int
    report: dict[str, Any] = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """The numbers as plain values."""
        return {"records": self.records, "written": self.written, **self.report}


def risk_of_file(source: Path, *, declared: ProtectionDeclaration, memory: str = "2GB") -> dict[str, Any]:
    """The risk of a file as it is, and the identifiers in it; nothing is written.

    Raises: as `protect_file`, but for what its steps do.
    """
    table = _read(source, declared)
    with _Naming(source):
        found = identifiers_in(table)
        risk = _measured(table, declared, memory)
    return {
        "id": declared.id,
        "version": declared.version,
        "kind": declared.kind,
        "risk": risk,
        "identifiers": [each.to_json() for each in found],
        "breaches": [str(problem) for problem in breaches(declared, risk, None)],
    }


def protect_file(
    source: Path,
    targets: ProtectionTargets,
    *,
    declared: ProtectionDeclaration,
    key_file: Path,
    memory: str = "2GB",
    on_progress: Progress | None = None,
) -> ProtectionSummary:
    """Protect a file of persons as declared, and write it with its reports if it keeps its limits.

    Raises: ProjectError for targets that exist, columns without a part, or a key that is not safe;
    DataRefused where the file cannot be read or treated; DisclosureRisk where an identifier is left in it, or
    it does not keep a limit: then nothing is written.
    """
    _require_targets(targets)
    secret = Secret(shared_key(key_file, source, targets.protected, is_shared=False))
    report = on_progress or (lambda done, total: None)
    stages = len(declared.steps) + 4
    table = _read(source, declared)
    report(1, stages)
    with _Naming(source):
        found = identifiers_in(table)
        kept = table.select([name for name in table.column_names if name not in declared.staying])
        before = _measured(kept, declared, memory)
        report(2, stages)
        held = Held(kept, _identifiers(kept, declared), declared, declared.kept_limits(), secret)
        protected, coarse, told = _treated(held, report, stages)
        left = _left(protected, declared)
        after = _measured(protected, declared, memory)
    replication = told[-1]["replication"] if declared.is_synthetic else None
    _require_safe(source, declared, left, after, replication)
    report(stages - 1, stages)
    loss = loss_of(kept, coarse, protected, declared, {step["step"]: step for step in told}.keys())
    said = _told(declared, (found, left), (before, after), told, loss, sorted(declared.staying))
    written = protected if declared.is_synthetic else _numbered_anew(protected, held)
    _write(written, targets, declared, said)
    report(stages, stages)
    return ProtectionSummary(len(table), len(written), said)


class _Naming:
    """Mistakes that a method finds, under the name of the file."""

    def __init__(self, file: Path) -> None:
        self._name = shown(file.name)

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, DataRefused):
            raise DataRefused(
                Problem(each.file or self._name, each.line, each.message, each.remedy)
                for each in error.problems
            ) from error


def _require_targets(targets: ProtectionTargets) -> None:
    require_targets(targets.protected)
    others = [*targets.reports, *([targets.notes] if targets.notes is not None else [])]
    for file in others:
        if file.suffix not in _REPORTS or (file == targets.notes and file.suffix != ".md"):
            raise ProjectError(
                f"{file} is no form of a report.", "Name reports .json, .md or .html, and notes .md."
            )
        if file.exists() or not file.resolve().parent.is_dir():
            raise ProjectError(
                f"{file} exists, or its folder does not.", "Name a new file in a folder that is there."
            )
    if len({file.resolve() for file in [targets.protected, *others]}) < len(others) + 1:
        raise ProjectError("Two results have the same name.", "Give each a file of its own.")


def _read(source: Path, declared: ProtectionDeclaration) -> pa.Table:
    """All columns of the file, which all have a part; numbers of a CSV file as numbers, days as days."""
    names = column_names(source)
    _require_parts(names, declared)
    numbers = {*declared.numbers, *(each.outcome for each in declared.regressions)}
    numbers |= {declared.weight} if declared.weight is not None else set()
    days: set[str] = set()
    for step in declared.steps:
        if step.name in _NUMBERS:
            numbers |= set(step.settings.columns)
        elif step.name == "period":
            days |= set(step.settings.columns)
        elif step.name == "synthesise":
            numbers |= set(step.settings.smooth)
    kinds = {name: "number" if name in numbers else "day" if name in days else "value" for name in names}
    table = table_of(source, kinds)
    if source.suffix == ".csv":
        for name in numbers:
            table = table.set_column(names.index(name), name, _whole(table[name]))
    return table


def _whole(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Numbers as whole ones where all are."""
    values = column.drop_null().to_numpy()
    is_whole = bool(np.all(np.isfinite(values)) and np.all(values == np.round(values)))
    return column.cast(pa.int64()) if is_whole and np.abs(values).max(initial=0) < 2**53 else column


def _require_parts(names: Sequence[str], declared: ProtectionDeclaration) -> None:
    """Every column of the file has a part, and every column that has one is in the file.

    Raises: ProjectError.
    """
    known = declared.leaving | declared.staying
    absent = sorted((known | set(declared.accepted)) - set(names))
    if absent:
        near = nearest(absent[0], list(names), 1)
        raise ProjectError(
            f"The file has no column {shown(absent[0])}, which the declaration names.",
            f"Did you mean {shown(near[0])}?" if near else "Look at the names of its columns.",
        )
    without = [name for name in names if name not in known]
    if without:
        listed = ", ".join(map(shown, without[:8])) + (", …" if len(without) > 8 else "")
        raise ProjectError(
            f"These columns have no part in the declaration: {listed}.",
            "Name each among `keys`, `sensitive`, `numbers` or `others`, or under `drop` or `identifiers`.",
        )


def _identifiers(table: pa.Table, declared: ProtectionDeclaration) -> pa.Array:
    """What chances go by: the column that names records, or the number of the row."""
    if declared.record is None:
        return pa.array(np.arange(len(table)))
    column = table[declared.record]
    if column.null_count or pc.count_distinct(column).as_py() < len(column):
        raise DataRefused(
            f"The column {shown(declared.record)} does not name each record once.",
            "Give every record its own, or leave `record` out: rows are then numbered.",
        )
    return column.cast(pa.string()).combine_chunks()


def _measured(table: pa.Table, declared: ProtectionDeclaration, memory: str) -> dict[str, Any]:
    with Engine(memory=memory) as engine:
        return measured(engine, table, declared)


def _treated(held: Held, report: Progress, stages: int) -> tuple[pa.Table, pa.Table, list[dict[str, Any]]]:
    """The table after all steps, after those that recode, and what is told of each."""
    told = []
    coarse = held.table
    for place, step in enumerate(held.declared.steps, 1):
        table, said = applied(held, step, place)
        told.append(said)
        held = Held(table, held.identifiers, held.declared, held.limits, held.secret)
        if step.name in RECODING:
            coarse = table
        report(place + 2, stages)
    return held.table, coarse, told


def _left(table: pa.Table, declared: ProtectionDeclaration) -> list[IdentifierFound]:
    """Identifiers in what is to leave; records, households and weights are dealt with apart."""
    apart = {declared.record, declared.household, declared.weight}
    return identifiers_in(table, [name for name in table.column_names if name not in apart])


def _require_safe(
    source: Path,
    declared: ProtectionDeclaration,
    left: Sequence[IdentifierFound],
    risk: dict[str, Any],
    replication: dict[str, Any] | None,
) -> None:
    problems = [
        *open_identifiers(declared, left, shown(source.name)),
        *breaches(declared, risk, replication),
    ]
    if problems:
        raise DisclosureRisk(problems)


def _numbered_anew(table: pa.Table, held: Held) -> pa.Table:
    """Records in an order by chance, households together, with new numbers for both."""
    declared = held.declared
    own = held.secret.numbers(held.identifiers, "order")
    group = own
    if declared.household is not None:
        together = key_codes(table, [declared.household], ()).codes[:, 0]
        first = np.full(int(together.max()) + 1, np.iinfo(np.uint64).max, np.uint64)
        np.minimum.at(first, together, own)
        group = first[together]
    order = np.lexsort((own, group))
    table = table.take(pa.array(order))
    if declared.household is not None:
        starts = np.r_[True, group[order][1:] != group[order][:-1]]
        table = _with_numbers(table, declared.household, np.cumsum(starts))
    if declared.record is not None:
        table = _with_numbers(table, declared.record, np.arange(1, len(table) + 1))
    return table


def _with_numbers(table: pa.Table, name: str, numbers: Any) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, pa.array(numbers, pa.int64()))


def _told(
    declared: ProtectionDeclaration,
    identifiers: tuple[Sequence[IdentifierFound], Sequence[IdentifierFound]],
    risk: tuple[dict[str, Any], dict[str, Any]],
    steps: list[dict[str, Any]],
    loss: dict[str, Any],
    dropped: list[str],
) -> dict[str, Any]:
    kind = file_kind(declared.kind)
    return {
        "id": declared.id,
        "version": declared.version,
        "kind": declared.kind,
        "kind_version": kind.version,
        "limits": declared.kept_limits().model_dump(),
        "dropped": dropped,
        "accepted": dict(declared.accepted),
        "identifiers": {
            "before": [each.to_json() for each in identifiers[0]],
            "after": [each.to_json() for each in identifiers[1]],
        },
        "risk": {"before": risk[0], "after": risk[1]},
        "steps": steps,
        "loss": loss,
    }


def _write(
    table: pa.Table, targets: ProtectionTargets, declared: ProtectionDeclaration, said: dict[str, Any]
) -> None:
    metadata = {
        "sojourn.protection": declared.id,
        "sojourn.version": declared.version,
        "sojourn.kind": declared.kind,
    }
    for file in targets.reports:
        if file.suffix == ".json":
            text = json.dumps(said, ensure_ascii=False, indent=1) + "\n"
        else:
            text = report_page(said, is_html=file.suffix == ".html")
        file.write_text(text, encoding="utf-8")
    if targets.notes is not None:
        targets.notes.write_text(notes_text(said), encoding="utf-8")
    write_table(table.replace_schema_metadata(None), targets.protected, metadata)
