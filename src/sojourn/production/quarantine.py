"""Get quarantined records out of the vault so that somebody can mend them."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from sojourn.contracts.table import Zone
from sojourn.errors import ProjectError
from sojourn.production.at_work import require_at_work
from sojourn.production.deliveries import delivery_of
from sojourn.production.records import records_name
from sojourn.production.workspace import Workspace
from sojourn.project.declarations import SourceDeclaration
from sojourn.sources.dialects import declared_dialect, mended_dialect
from sojourn.sources.mapping import file_columns
from sojourn.sources.reader.frames import Loaded
from sojourn.sources.reader.parent import read
from sojourn.store.zones import require_not_public

__all__ = ["write_quarantined"]


def write_quarantined(workspace: Workspace, delivery: str, file: Path, purpose: str) -> int:
    """Write the quarantined records of a delivery as CSV and return how many they are.

    Cells are as received; the columns that begin with `sojourn_` say line, reasons and columns. The file
    is readable by its owner only, and the look is in the audit trail.

    Raises: ProjectError for an unknown delivery, a file that exists or lies in the public zone; NotPermitted
    when whoever is at work may not.
    """
    row = delivery_of(workspace, delivery)
    what = f"see quarantined records of {row['source']}"
    require_at_work(workspace, "see-quarantine", what, f"delivery:{delivery}", row["source"])
    require_not_public(file)
    if file.exists():
        raise ProjectError(f"{file} exists.", "Name a file that does not: nothing is overwritten.")
    source = workspace.declarations.sources[row["source"]]
    name = f"quarantine_{records_name(source.id)}"
    version = workspace.store.version_in(Zone.VAULT, name, json.loads(row["summary"])["version"])
    files = version.files if version is not None else []
    with workspace.catalogue.act(workspace.actor, "read-quarantine", f"delivery:{delivery}", purpose) as act:
        count = 0
        if files:
            with workspace.engine(Zone.VAULT) as engine:
                grouped = engine.query(
                    "SELECT line, string_agg(reason, '; ') AS reasons, string_agg(column_name, '; ') AS"
                    " names, any_value(cells) AS cells, any_value(raw) AS raw FROM quarantined GROUP BY"
                    " line ORDER BY line",
                    {"quarantined": engine.relation(files)},
                )
                rows = grouped.to_arrow()
            count = _write(file, source, rows, _cells_as_sent(workspace, source, row["sha256"], rows))
        act.detail.update(records=count, source=source.id)
    return count


def _cells_as_sent(
    workspace: Workspace, source: SourceDeclaration, digest: str, rows: pa.Table
) -> dict[int, list[str]]:
    """By line, the cells of records that were found wrong only beside others, from the file itself."""
    without = pc.and_(pc.is_null(rows["cells"]), pc.is_null(rows["raw"]))
    lines = rows["line"].filter(without)
    content = workspace.store.delivery(digest)
    if not len(lines) or content is None:
        return {}
    dialect = mended_dialect(source.arrives, content) or declared_dialect(source.arrives)
    columns = file_columns(source)
    found: dict[int, list[str]] = {}
    with read(content, dialect, columns) as reading:
        names = [column.name for column in reading.header.columns]
        places = [f"c{names.index(name)}" for name in columns]
        for frame in reading:
            if isinstance(frame, Loaded):
                chosen = frame.batch.filter(pc.is_in(frame.batch["line"], lines.combine_chunks()))
                cells = zip(*(chosen[place].to_pylist() for place in places), strict=True)
                found.update(zip(chosen["line"].to_pylist(), map(list, cells), strict=True))
    return found


def _write(file: Path, source: SourceDeclaration, rows: pa.Table, as_sent: dict[int, list[str]]) -> int:
    columns, encoding = file_columns(source), source.arrives.encoding
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding=encoding, errors="backslashreplace", newline="") as opened:
        writer = csv.writer(opened, delimiter=source.arrives.separator[:1])
        writer.writerow([*columns, "sojourn_line", "sojourn_reasons", "sojourn_columns", "sojourn_raw"])
        for batch in rows.to_batches():
            for line, reasons, names, cells, raw in zip(
                *(batch.column(i).to_pylist() for i in range(5)), strict=True
            ):
                values = json.loads(cells) if cells else as_sent.get(line, [""] * len(columns))
                text = raw.decode(encoding, errors="backslashreplace") if raw else ""
                writer.writerow([*("" if v is None else v for v in values), line, reasons, names, text])
    return int(rows.num_rows)
