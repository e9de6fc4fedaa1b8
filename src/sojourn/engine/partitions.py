"""Split a stream of rows by a key, so that what belongs together can be worked on piece by piece.

The rows go to one file for each part, in the order in which they come. A part holds all rows of its keys and
fits into memory, however many rows there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from sojourn.engine.gather import by_part, taken
from sojourn.engine.names import quoted

__all__ = ["KEY_HASH", "hashed_statement", "parts_of", "write_parts"]

KEY_HASH = "key_hash"
ROWS_AT_ONCE = 1 << 20


def hashed_statement(key: str, relation: str) -> str:
    """The rows of a relation, each with the number made from its key by which it can be split."""
    return f"SELECT *, hash({quoted(key)}) AS {quoted(KEY_HASH)} FROM {quoted(relation)}"


def write_parts(batches: Iterator[pa.RecordBatch], folder: Path, parts: int) -> int:
    """Write the batches to so many files of the folder by their column `key_hash`; return the rows.

    `parts` is a power of two. The column itself is not kept. Batches that fit into the processor's cache
    are put in order one by one, and written many at a time.
    """
    rows, waiting, ordered = 0, 0, []
    writers: list[Any] = []
    with ExitStack() as stack:
        for batch in batches:
            content = batch.select([name for name in batch.schema.names if name != KEY_HASH])
            if not writers:
                writers = [
                    stack.enter_context(_writer(file, content.schema)) for file in _files(folder, parts)
                ]
            order, starts = by_part(batch[KEY_HASH].to_numpy(), parts)
            ordered.append((taken(content, order), starts.tolist()))
            rows, waiting = rows + len(batch), waiting + len(batch)
            if waiting >= ROWS_AT_ONCE:
                _write(ordered, writers)
                waiting, ordered = 0, []
        _write(ordered, writers)
    return rows


def _write(ordered: list[tuple[pa.RecordBatch, list[int]]], writers: list[Any]) -> None:
    """Write batches that are ordered by part, each with the places where the parts begin."""
    for part, writer in enumerate(writers):
        slices = [batch.slice(starts[part], starts[part + 1] - starts[part]) for batch, starts in ordered]
        pieces = [piece for piece in slices if len(piece)]
        if pieces:
            writer.write_batch(pa.concat_batches(pieces))


@contextmanager
def _writer(file: Path, schema: pa.Schema) -> Iterator[Any]:
    with pa.OSFile(str(file), "wb") as opened, pa.ipc.new_file(opened, schema) as writer:
        yield writer


def parts_of(folder: Path, parts: int, least: int = 1) -> Iterator[pa.Table]:
    """The parts one after the other, small ones together until they have at least so many rows.

    The files of one are removed when the next is asked for.
    """
    files = [file for file in _files(folder, parts) if file.exists()]
    while files:
        with ExitStack() as stack:
            tables: list[pa.Table] = []
            taken_files = 0
            while not tables or (taken_files < len(files) and sum(map(len, tables)) < least):
                opened = stack.enter_context(pa.memory_map(str(files[taken_files])))
                tables.append(pa.ipc.open_file(opened).read_all())
                taken_files += 1
            yield pa.concat_tables(tables)
        for file in files[:taken_files]:
            file.unlink()
        files = files[taken_files:]


def _files(folder: Path, parts: int) -> list[Path]:
    return [folder / f"part-{number:05d}.arrow" for number in range(parts)]
