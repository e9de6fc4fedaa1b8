"""Split a stream of rows by a key, so that what belongs together can be worked on piece by piece.

The rows go to one file for each part, in the order in which they come. A part holds all rows of its keys and
fits into memory, however many rows there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa

from sojourn.engine.gather import by_part, taken
from sojourn.engine.names import quoted

__all__ = ["KEY_HASH", "hashed_statement", "parts_of", "write_parts"]

KEY_HASH = "key_hash"


def hashed_statement(key: str, relation: str) -> str:
    """The rows of a relation, each with the number made from its key by which it can be split."""
    return f"SELECT *, hash({quoted(key)}) AS {quoted(KEY_HASH)} FROM {quoted(relation)}"


def write_parts(batches: Iterator[pa.RecordBatch], folder: Path, parts: int) -> int:
    """Write the batches to so many files of the folder by their column `key_hash`; return the rows.

    `parts` is a power of two. The column itself is not kept.
    """
    rows = 0
    writers: list[Any] = []
    with ExitStack() as stack:
        for batch in batches:
            rows += len(batch)
            content = batch.select([name for name in batch.schema.names if name != KEY_HASH])
            if not writers:
                writers = [
                    stack.enter_context(
                        pa.ipc.new_file(stack.enter_context(pa.OSFile(str(file), "wb")), content.schema)
                    )
                    for file in _files(folder, parts)
                ]
            if parts == 1:
                writers[0].write_batch(content)
                continue
            order, starts = by_part(batch[KEY_HASH].to_numpy(), parts)
            ordered = taken(content, order)
            for number, (begin, end) in enumerate(pairwise(starts.tolist())):
                if end > begin:
                    writers[number].write_batch(ordered.slice(begin, end - begin))
    return rows


def parts_of(folder: Path, parts: int) -> Iterator[pa.Table]:
    """The parts one after the other; the file of one is removed when the next is asked for."""
    for file in filter(Path.exists, _files(folder, parts)):
        with pa.memory_map(str(file)) as opened:
            yield pa.ipc.open_file(opened).read_all()
        file.unlink()


def _files(folder: Path, parts: int) -> list[Path]:
    return [folder / f"part-{number:05d}.arrow" for number in range(parts)]
