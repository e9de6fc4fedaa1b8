"""The files of a whole table that lie beside it in its release, written once and served unchanged."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pyarrow as pa

from sojourn.dissemination.descriptions import Download, ReleaseDescription, TableDescription
from sojourn.dissemination.formats import (
    MEDIA_TYPES,
    SUFFIXES,
    csv_bytes,
    csvw_metadata,
    parquet_bytes,
    sdmx_csv_bytes,
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
    contents = {
        "csv": csv_bytes(description, observations, language),
        "sdmx-csv": sdmx_csv_bytes(release.agency, description, observations),
        "parquet": parquet_bytes(observations),
    }
    contents["csvw"] = csvw_metadata(
        release,
        description,
        file=f"{description.id}.{SUFFIXES['csv']}",
        rows=observations.num_rows,
        sha256=hashlib.sha256(contents["csv"]).hexdigest(),
        language=language,
    )
    if observations.num_rows <= WORKBOOK_ROWS:
        contents["xlsx"] = workbook_bytes(release, description, observations, language)
    return tuple(
        _write(folder, description, format_, contents[format_], observations.num_rows)
        for format_ in MEDIA_TYPES
        if format_ in contents
    )


def _write(folder: Path, description: TableDescription, format_: str, content: bytes, rows: int) -> Download:
    file = f"{description.id}.{SUFFIXES[format_]}"
    (folder / file).write_bytes(content)
    return Download.model_validate(
        {
            "file": file,
            "format": format_,
            "media_type": MEDIA_TYPES[format_],
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "rows": rows,
        }
    )
