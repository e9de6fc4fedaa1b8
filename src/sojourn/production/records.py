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

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sojourn.contracts.microdata import Identity, QuarantinedRecord
from sojourn.contracts.table import Zone
from sojourn.engine import Engine, Relation
from sojourn.engine.batches import problems_statement, received_statement, repeated_statement
from sojourn.engine.conversions import conversion_statement, outcome_column
from sojourn.errors import ProjectError
from sojourn.integration.pseudonyms import NORMALISATION, pseudonyms
from sojourn.production.cells import looked_up, trimmed
from sojourn.production.counts import RecordCounts
from sojourn.production.fingerprints import code_fingerprint, fingerprint
from sojourn.production.repeats import KeyHashes
from sojourn.production.workspace import Workspace
from sojourn.project.declarations import SourceDeclaration
from sojourn.sources.dialects import HANDED_OUT, declared_dialect, mended_dialect
from sojourn.sources.mapping import SourcePlan, source_plan
from sojourn.sources.periods import days_of
from sojourn.sources.reader.frames import Header, Loaded, NonData, Quarantined, column_letter
from sojourn.sources.reader.parent import read

__all__ = ["Delivered", "RecordCounts", "records_fingerprint", "records_name", "write_records"]

Progress = Callable[[int, int], None]
Cells: TypeAlias = pa.Array | pa.ChunkedArray
# Records with problems that are written together.
BAD_TOGETHER = 50_000


def records_name(source: str) -> str:
    """The name of the versions that hold a source's records."""
    return f"records_{source.replace('-', '_')}"


@dataclass(frozen=True)
class Delivered:
    """What is known of a delivery before it is read: its number, its file's checksum, what it covers."""

    id: str
    digest: str
    period: str
    received_on: date


def records_fingerprint(workspace: Workspace, source: SourceDeclaration, delivered: Delivered) -> str:
    """The name of the version that a delivery's content gives under today's code and declarations."""
    maps = {
        column: m.to_arrow().to_pylist()
        for (name, column), m in workspace.declarations.code_maps.items()
        if name == source.id
    }
    return fingerprint(
        code_fingerprint(),
        source.model_dump(mode="json", by_alias=True),
        maps,
        vars(delivered),
        workspace.declarations.settings.country,
        workspace.keys.pseudonym_mark,
        NORMALISATION,
    )


def write_records(
    workspace: Workspace,
    source: SourceDeclaration,
    delivered: Delivered,
    version: str,
    on_progress: Progress | None = None,
) -> RecordCounts:
    """Read a delivered file and write its records as versions of that fingerprint.

    Content goes to the secure zone, identities and quarantined records to the vault. The content is put
    in its place last. Mended records are read in the form in which they were handed out.

    Raises: DataRefused when the file as a whole cannot be read; ProjectError when it is not kept any more,
    or a day is to be that of the period and there is none.
    """
    content = workspace.store.delivery(delivered.digest)
    if content is None:
        raise ProjectError(f"The file of delivery {delivered.id} is gone.", "Restore it from a backup.")
    plan = source_plan(
        source,
        workspace.declarations.code_maps,
        workspace.declarations.settings.country,
        days_of(delivered.period),
    )
    counts = RecordCounts()
    name = records_name(source.id)
    with ExitStack() as stack:
        folders = Folders(
            stack.enter_context(workspace.store.writing(plan.contract, name, version, plan.extra)),
            stack.enter_context(workspace.store.writing(Identity, name, version)),
            stack.enter_context(workspace.store.writing(QuarantinedRecord, f"quarantine_{name}", version)),
            stack.enter_context(workspace.store.beside(Zone.SECURE)),
        )
        engine = stack.enter_context(workspace.engine(Zone.VAULT, Zone.SECURE))
        writer = RecordWriter(
            engine, plan, folders, counts, f"{source.id}:{delivered.id}:", delivered.received_on, workspace
        )
        dialect = mended_dialect(source.arrives, content) or declared_dialect(source.arrives)
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
        column.header
        for column in header.unknown
        if column.header not in source.ignore and not column.header.startswith(HANDED_OUT)
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
    unfinished: Path


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
        self.workspace = workspace
        self._conversion = conversion_statement(plan.conversions, received_on)
        self._rules = {outcome_column(rule): rule.identifier for rule in plan.conversions.rules}
        carried = [*plan.content, *plan.extra, *plan.identity, *self._rules]
        self._received = received_statement(
            prefix,
            list(dict.fromkeys(carried)),
            digested=[c.target for c in plan.conversions.conversions if c.source is not None],
            key=plan.contract.natural_key,
            strongest=plan.strongest,
            description=plan.description,
        )
        self._key_hashes = KeyHashes(folders.unfinished)
        self._bad: list[pa.Table] = []
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
        cells = frame.batch
        in_plan_order = pa.table(
            [cells["line"], *(trimmed(cells[name]) for name in self._cells)],
            names=["line", *(f"c{position}" for position in range(len(self._cells)))],
        )
        raw = self.engine.relation(in_plan_order)
        converted = self.engine.query(self._conversion, {"raw": raw, **self._codes})
        received = self.engine.query(self._received, {"converted": converted})
        found = self._with_pseudonyms(received)
        self._count_outcomes(found)
        good = found
        if found["problems"].null_count < len(found):
            self._set_aside(found.filter(pc.is_valid(found["problems"])), in_plan_order)
            good = found.filter(pc.is_null(found["problems"]))
        self._write_good(good)
        self._add_digest(good)
        self.engine.forget(received, converted, raw)

    def _with_pseudonyms(self, received: Relation) -> pa.Table:
        if not self.plan.has_persons:
            return received.to_arrow()
        purpose = self.workspace.declarations.settings.agency.id
        return pseudonyms(received, key=self.workspace.keys.pseudonym, purpose=purpose)

    def _write_good(self, good: pa.Table) -> None:
        plan, part = self.plan, f"part-{self._part:06d}.parquet"
        names = ["record_id", *(["person_key"] if plan.has_persons else [])]
        content = good.select([*names, *plan.content, *plan.extra])
        own_values = {*names, *plan.contract.natural_key, *plan.extra}
        shared = [name for name in plan.content if name not in own_values]
        pq.write_table(content, self.folders.content / part, compression="zstd", use_dictionary=shared)
        if plan.has_persons:
            identity = good.select([*names, *plan.identity])
            pq.write_table(identity, self.folders.identity / part, compression="zstd", use_dictionary=False)
        self.counts.loaded += len(good)

    def _set_aside(self, bad: pa.Table, cells: pa.Table) -> None:
        """Remember records that have problems with their cells, which stand in the order of their lines."""
        places = np.searchsorted(cells["line"].to_numpy(), bad["line"].to_numpy())
        self._bad.append(cells.take(pa.array(places)).append_column("problems", bad["problems"]))
        if sum(map(len, self._bad)) > BAD_TOGETHER:
            self._take_problems()

    def _take_problems(self) -> None:
        """Quarantine the records that were set aside."""
        if not self._bad:
            return
        bad, self._bad = pa.concat_tables(self._bad), []
        self.counts.quarantined += len(bad)
        cells = [f"c{position}" for position in range(len(self.plan.file_columns))]
        found = self.engine.query(problems_statement(cells), {"bad": bad}).to_arrow()
        names = looked_up(found["target"], {target: name for target, (name, _) in self._headers.items()})
        letters = looked_up(
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
        letters = looked_up(positions, known)
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

    def _count_outcomes(self, found: pa.Table) -> None:
        for column, rule in self._rules.items():
            passes = pc.sum(found[column]).as_py() or 0
            unknown = found[column].null_count
            total = self.counts.outcomes.setdefault(rule, [0, 0, 0])
            added = (passes, len(found) - passes - unknown, unknown)
            self.counts.outcomes[rule] = [a + b for a, b in zip(total, added, strict=True)]

    def _add_digest(self, good: pa.Table) -> None:
        """Work the records into a digest that does not depend on their order, and keep their keys in mind."""
        hashes = good["content_hash"].to_numpy()
        halves = (hashes >> np.uint64(32), hashes & np.uint64(0xFFFFFFFF))
        self._digest_records += len(good)
        self._digest_total += (int(halves[0].sum()) << 32) + int(halves[1].sum())
        self._digest_mixed ^= int(np.bitwise_xor.reduce(hashes, initial=np.uint64(0)))
        if self.plan.contract.natural_key:
            self._key_hashes.add(good["key_hash"].to_numpy())

    def finish(self) -> None:
        """Quarantine what is left, take out what was delivered twice, and close the digest."""
        self._part += 1
        self._take_problems()
        if not list(self.folders.content.glob("*.parquet")):
            self._write_empty()
        if self.plan.contract.natural_key and self.counts.loaded:
            self._take_out_repeated()
        text = f"{self._digest_records}|{self._digest_total}|{self._digest_mixed}".encode()
        self.counts.content_digest = hmac.new(self.workspace.keys.content, text, hashlib.sha256).hexdigest()

    def _write_empty(self) -> None:
        contract = self.plan.contract
        columns = ["record_id", *(["person_key"] if self.plan.has_persons else []), *self.plan.content]
        fields = [contract.columns[name].field for name in columns] + [
            pa.field(n, pa.float64()) for n in self.plan.extra
        ]
        pq.write_table(pa.schema(fields).empty_table(), self.folders.content / "part-000000.parquet")

    def _take_out_repeated(self) -> None:
        key = self.plan.contract.natural_key
        suspected = self._key_hashes.seen_again()
        if not len(suspected):
            return
        records = self.engine.relation(sorted(self.folders.content.glob("*.parquet")))
        compared = [*self.plan.content, *(["person_key"] if self.plan.has_persons else [])]
        inputs = {"records": records, "suspected": self.engine.relation(pa.table({"key_hash": suspected}))}
        surplus = self.engine.query(repeated_statement(key, compared), inputs).to_arrow()
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
