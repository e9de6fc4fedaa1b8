"""Unfinished work on plain files: it lies beside the result, on the same disk, and goes when it is done."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["as_parquet", "unfinished_beside"]


@contextmanager
def unfinished_beside(target: Path) -> Iterator[Path]:
    """A folder for unfinished work on the target's disk; it is gone when the block ends."""
    folder = Path(tempfile.mkdtemp(prefix=".sojourn-", dir=target.resolve().parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def as_parquet(opened: Path | pa.RecordBatchReader, folder: Path) -> Path:
    """A Parquet file with the rows of an opened table, which can be read more than once."""
    if isinstance(opened, Path):
        return opened
    file = folder / "rows.parquet"
    with pq.ParquetWriter(file, opened.schema) as writer:
        for batch in opened:
            writer.write_batch(batch)
    return file
