"""A delivery's records: read, converted, checked, given keys, and split between vault and secure zone."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sojourn.contracts.microdata import Identity, QuarantinedRecord
from sojourn.contracts.table import Zone
from sojourn.engine import Engine, Relation
from sojourn.engine.batches import (
    digest_statement,
    good_statement,
    identities_statement,
    outcomes_statement,
    problems_statement,
    repeated_statement,
)
from sojourn.engine.conversions import conversion_statement, outcome_column
from sojourn.integration.pseudonyms import NORMALISATION, pseudonyms
from sojourn.production.counts import RecordCounts
from sojourn.production.fingerprints import code_fingerprint, fingerprint
from sojourn.production.workspace import Workspace
from sojourn.project.declarations import SourceDeclaration
from sojourn.sources.dialects import declared_dialect
from sojourn.sources.mapping import SourcePlan, source_plan
from sojourn.sources.reader.frames import Header, Loaded, NonData, Quarantined, column_letter
from sojourn.sources.reader.parent import read

__all__ = ["RecordCounts", "records_fingerprint", "records_name", "write_records"]

Progress = Callable[[int, int], None]
Cells: TypeAlias = pa.Array | pa.ChunkedArray


def records_name(source: str) -> str:
    """The name of the versions that hold a source's records."""
    return f"records_{source.replace('-', '_')}"


def records_fingerprint(
    workspace: Workspace, source: SourceDeclaration, digest: str, received_on: date
) -> str:
    """The name of the version that a delivery's content gives under today's code and declarations."""
    maps = {
        column: m.to_arrow().to_pylist()
        for (name, column), m in workspace.declarations.code_maps.items()
        if name == source.id
    }
    key_mark = hmac.new(workspace.keys.pseudonym, b"which key", hashlib.sha256).hexdigest()[:16]
    return fingerprint(
        code_fingerprint(),
        source.model_dump(mode="json", by_alias=True),
        maps,
        digest,
        received_on.isoformat(),
        workspace.declarations.settings.country,
        key_mark,
        NORMALISATION,
    )


def write_records(
    workspace: Workspace,
    source: SourceDeclaration,
    content: Path,
    version: str,
    delivery: str,
    received_on: date,
    on_progress: Progress | None = None,
) -> RecordCounts:
    """Read a delivered file and write its records as versions of that fingerprint.

    Content goes to the secure zone, identities and quarantined records to the vault. The content is put
    in its place last.

    Raises: DataRefused when the file as a whole cannot be read.
    """
    plan = source_plan(source, workspace.declarations.code_maps, workspace.declarations.settings.country)
    counts = RecordCounts()
    name = records_name(source.id)
    with ExitStack() as stack:
        folders = Folders(
            stack.enter_context(workspace.store.writing(plan.contract, name, version, plan.extra)),
            stack.enter_context(workspace.store.writing(Identity, name, version)),
            stack.enter_context(workspace.store.writing(QuarantinedRecord, f"quarantine_{name}", version)),
        )
        engine = stack.enter_context(workspace.engine(Zone.VAULT, Zone.SECURE))
        writer = RecordWriter(
            engine, plan, folders, counts, f"{source.id}:{delivery}:", received_on, workspace
        )
        dialect = declared_dialect(source.arrives)
        with read(content, dialect, plan.file_columns, on_progress=on_progress) as reading:
            writer.begin(reading.header)
            for frame in reading:
                writer.take(frame)
            summary = reading.summary
            _note_reading(counts, reading.header, reading.non_data, source)
        writer.finish()
        counts.non_data, counts.physical_records = summary.non_data, summary.physical_records
        _require_all_accounted(counts)
    return counts


def _require_all_accounted(counts: RecordCounts) -> None:
    accounted = counts.loaded + counts.quarantined + counts.non_data
    if accounted != counts.physical_records:
        raise AssertionError(f"{counts.physical_records} records came in and {accounted} are accounted for.")


def _note_reading(
    counts: RecordCounts, header: Header, lines: list[NonData], source: SourceDeclaration
) -> None:
    counts.encoding = header.encoding
    counts.unknown_columns = [
        column.header for column in header.unknown if column.header not in source.ignore
    ]
    counts.warnings = [
        {"code": w.code, "message": w.message, "line": w.line, "column": w.column}
        for w in header.warnings
        if w.code != "unknown-column" or counts.unknown_columns
    ]
    counts.non_data_lines = [{"line": n.line, "kind": n.kind, "count": n.count} for n in lines[:1_000]]


@dataclass(frozen=True)
class Folders:
    """Where the parts of a delivery are written before they are put in their places."""

    content: Path
    identity: Path
    quarantine: Path


class RecordWriter:
    """Takes a reading's batches one by one and writes what becomes of them."""

    def __init__(
        self,
        engine: Engine,
        plan: SourcePlan,
        folders: Folders,
        counts: RecordCounts,
        prefix: str,
        received_on: date,
        workspace: Workspace,
    ) -> None:
        self.engine, self.plan, self.folders, self.counts = engine, plan, folders, counts
        self.prefix, self.received_on = prefix, received_on
        self.workspace = workspace
        self._statement = conversion_statement(plan.conversions)
        self._codes = {name: engine.relation(table) for name, table in plan.code_tables.items()}
        self._part = 0
        self._digest_records, self._digest_total, self._digest_mixed = 0, 0, 0
        self._headers: dict[str, tuple[str, str]] = {}

    def begin(self, header: Header) -> None:
        """Learn which column of the file each target comes from, to name it in problems."""
        by_name = {column.name: (column.header, column.letter) for column in header.columns}
        by_cell = {
            f"c{position}": by_name.get(name, (name, ""))
            for position, name in enumerate(self.plan.file_columns)
        }
        self._headers = {
            c.target: by_cell[c.source] for c in self.plan.conversions.conversions if c.source is not None
        }
        handed_on = [column.name for column in header.columns]
        self._cells = [f"c{handed_on.index(name)}" for name in self.plan.file_columns]

    def take(self, frame: Loaded | Quarantined) -> None:
        """Write one batch."""
        self._part += 1
        if isinstance(frame, Quarantined):
            self._take_unreadable(pa.Table.from_batches([frame.batch]))
            return
        cells = pa.Table.from_batches([frame.batch])
        in_plan_order = pa.table(
            [cells["line"], *(pc.utf8_trim_whitespace(cells[name]) for name in self._cells)],
            names=["line", *(f"c{position}" for position in range(len(self._cells)))],
        )
        raw = self.engine.relation(in_plan_order)
        converted = self.engine.query(
            self._statement, {"raw": raw, **self._codes}, {"received_on": self.received_on}
        )
        self._write_good(converted)
        self._take_problems(converted, raw)
        self._count_outcomes(converted)
        self._add_digest(converted)
        self.engine.forget(converted, raw)

    def _write_good(self, converted: Relation) -> None:
        plan, part = self.plan, f"part-{self._part:06d}.parquet"
        content = [*plan.content, *plan.extra]
        if not plan.has_persons:
            good = self.engine.query(
                good_statement(self.prefix, content), {"converted": converted}
            ).to_arrow()
            pq.write_table(good, self.folders.content / part, compression="zstd")
            self.counts.loaded += len(good)
            return
        carried = list(dict.fromkeys([*content, *plan.identity]))
        statement = identities_statement(self.prefix, plan.strongest, plan.description, carried)
        described = self.engine.query(statement, {"converted": converted})
        purpose = self.workspace.declarations.settings.agency.id
        known = pseudonyms(described, key=self.workspace.keys.pseudonym, purpose=purpose)
        for folder, columns in ((self.folders.content, content), (self.folders.identity, plan.identity)):
            chosen = known.select(["record_id", "person_key", *columns])
            pq.write_table(chosen, folder / part, compression="zstd")
        self.counts.loaded += len(known)
        self.engine.forget(described)

    def _take_problems(self, converted: Relation, raw: Relation) -> None:
        cells = [f"c{position}" for position in range(len(self.plan.file_columns))]
        found = self.engine.query(problems_statement(cells), {"converted": converted, "raw": raw}).to_arrow()
        if not len(found):
            return
        self.counts.quarantined += len(found["line"].unique())
        names = _looked_up(found["target"], {target: name for target, (name, _) in self._headers.items()})
        letters = _looked_up(
            found["target"], {target: letter for target, (_, letter) in self._headers.items()}
        )
        # Two columns of the contract can read one cell of the file: its trouble is told once.
        kinds = pa.table(
            {
                "line": found["line"],
                "reason": found["reason"],
                "name": names,
                "letter": letters,
                "cells": found["cells"],
            }
        )
        told = kinds.group_by(["line", "reason", "name", "letter"]).aggregate([("cells", "min")])
        self._keep_quarantined(
            told["line"], told["reason"], told["name"], told["letter"], cells=told["cells_min"]
        )

    def _take_unreadable(self, batch: pa.Table) -> None:
        self.counts.quarantined += len(batch["line"].unique())
        positions = batch["column"].fill_null(0).cast(pa.string())
        known = {
            str(position): column_letter(position) for position in range(1, len(self.plan.file_columns) + 64)
        }
        letters = _looked_up(positions, known)
        names = pa.repeat(pa.scalar(""), len(batch))
        self._keep_quarantined(
            batch["line"], batch["reason"], names, letters, raw=batch["raw"], expected=batch["expected"]
        )

    def _keep_quarantined(
        self, lines: Cells, reasons: Cells, names: Cells, letters: Cells, **rest: Cells
    ) -> None:
        count = len(reasons)
        absent = {"expected": pa.string(), "cells": pa.string(), "raw": pa.binary()}
        kept = pa.table(
            {
                "line": lines,
                "reason": reasons,
                "column_name": names,
                "column_letter": letters,
                **{name: rest.get(name, pa.nulls(count, kind)) for name, kind in absent.items()},
            }
        )
        pq.write_table(
            QuarantinedRecord.conform(kept),
            self.folders.quarantine / f"part-{self._part:06d}-{count}.parquet",
        )
        self.counts.add_reasons(kept)

    def _count_outcomes(self, converted: Relation) -> None:
        rules = {outcome_column(rule): rule.identifier for rule in self.plan.conversions.rules}
        if not rules:
            return
        for column, *found in self.engine.query(
            outcomes_statement(list(rules)), {"converted": converted}
        ).rows():
            total = self.counts.outcomes.setdefault(rules[column], [0, 0, 0])
            self.counts.outcomes[rules[column]] = [a + b for a, b in zip(total, found, strict=True)]

    def _add_digest(self, converted: Relation) -> None:
        columns = [c.target for c in self.plan.conversions.conversions]
        ((records, total, mixed),) = self.engine.query(
            digest_statement(columns), {"converted": converted}
        ).rows()
        self._digest_records += records
        self._digest_total += int(total)
        self._digest_mixed ^= int(mixed)

    def finish(self) -> None:
        """Take out what was delivered twice within the file, and close the digest."""
        if not list(self.folders.content.glob("*.parquet")):
            self._write_empty()
        if self.plan.contract.natural_key and self.counts.loaded:
            self._take_out_repeated()
        text = f"{self._digest_records}|{self._digest_total}|{self._digest_mixed}".encode()
        self.counts.content_digest = hmac.new(
            self.workspace.keys.pseudonym, b"content|" + text, hashlib.sha256
        ).hexdigest()

    def _write_empty(self) -> None:
        contract = self.plan.contract
        columns = ["record_id", *(["person_key"] if self.plan.has_persons else []), *self.plan.content]
        fields = [contract.columns[name].field for name in columns] + [
            pa.field(n, pa.float64()) for n in self.plan.extra
        ]
        pq.write_table(pa.schema(fields).empty_table(), self.folders.content / "part-000000.parquet")

    def _take_out_repeated(self) -> None:
        key = self.plan.contract.natural_key
        records = self.engine.relation(sorted(self.folders.content.glob("*.parquet")))
        compared = [*self.plan.content, *(["person_key"] if self.plan.has_persons else [])]
        surplus = self.engine.query(repeated_statement(key, compared), {"records": records}).to_arrow()
        if not len(surplus):
            return
        for folder in (self.folders.content, self.folders.identity):
            self._rewrite_without(folder, surplus)
        self.counts.loaded -= len(surplus)
        self.counts.quarantined += len(surplus)
        self._part += 1
        named = self._headers.get(key[0], ("", ""))
        names, letters = (pa.repeat(pa.scalar(text), len(surplus)) for text in named)
        self._keep_quarantined(surplus["line"], surplus["reason"], names, letters)

    def _rewrite_without(self, folder: Path, surplus: pa.Table) -> None:
        gone = self.engine.relation(surplus)
        for file in sorted(folder.glob("*.parquet")):
            records = self.engine.relation(file)
            kept = self.engine.query(
                "SELECT * FROM records ANTI JOIN gone USING (record_id)", {"records": records, "gone": gone}
            )
            beside = file.with_suffix(".kept")
            kept.write_parquet(beside)
            beside.replace(file)


def _looked_up(keys: pa.ChunkedArray, values: dict[str, str]) -> pa.Array:
    """For each key its value, the empty text where there is none."""
    encoded = keys.combine_chunks().dictionary_encode()
    found = pa.array([values.get(key, "") for key in encoded.dictionary.to_pylist()], pa.string())
    return found.take(encoded.indices)
