"""The files of a whole table that lie beside it in its release, written once and served unchanged."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from sojourn.dissemination.descriptions import Download, ReleaseDescription, TableDescription
from sojourn.dissemination.formats import (
    MEDIA_TYPES,
    SUFFIXES,
    csv_pieces,
    csvw_metadata,
    parquet_bytes,
    sdmx_csv_pieces,
)
from sojourn.dissemination.workbook import WORKBOOK_ROWS, workbook_bytes

__all__ = ["write_downloads"]


def write_downloads(
    folder: Path, release: ReleaseDescription, description: TableDescription, observations: pa.Table
) -> tuple[Download, ...]:
    """Write a table in every format into a folder and say what was written.

    Names are in the first language of the table's title. A table too long for a workbook has none.
    """
    language = next(iter(description.title), "en")
    rows = observations.num_rows
    csv = _write(folder, description, "csv", csv_pieces(description, observations, language), rows)
    beside = csvw_metadata(
        release, description, file=csv.file, rows=rows, sha256=csv.sha256, language=language
    )
    others: dict[str, Iterable[bytes]] = {
        "csvw": [beside],
        "sdmx-csv": sdmx_csv_pieces(release.agency, description, observations),
        "parquet": [parquet_bytes(observations)],
    }
    if rows <= WORKBOOK_ROWS:
        others["xlsx"] = [workbook_bytes(release, description, observations, language)]
    return (csv, *(_write(folder, description, format_, pieces, rows) for format_, pieces in others.items()))


def _write(
    folder: Path, description: TableDescription, format_: str, pieces: Iterable[bytes], rows: int
) -> Download:
    file = f"{description.id}.{SUFFIXES[format_]}"
    digest, size = hashlib.sha256(), 0
    with (folder / file).open("xb") as opened:
        for piece in pieces:
            digest.update(piece)
            size += opened.write(piece)
    return Download.model_validate(
        {
            "file": file,
            "format": format_,
            "media_type": MEDIA_TYPES[format_],
            "bytes": size,
            "sha256": digest.hexdigest(),
            "rows": rows,
        }
    )
