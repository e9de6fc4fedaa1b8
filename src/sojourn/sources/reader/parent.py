"""Parent: reads a file through a child process, so that no file can take the office down with it.

The child has limits on memory, time and writing, and opens nothing but the one file. Whatever it says
arrives as frames; whatever kills it becomes a `DataRefused` that names the limit and the way out.

    with read(path, dialect, expected_columns=["record_id", "surname"]) as reading:
        reading.header.columns
        for frame in reading:            # Loaded(batch) or Quarantined(batch), streaming
            ...
        reading.summary                  # counts, newlines, sha256; reading.non_data lists the other lines
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Literal, Self

from sojourn.sources.reader.dialect import Dialect, Limits
from sojourn.sources.reader.frames import Header, Loaded, NonData, Quarantined, Summary

__all__ = ["Reading", "read"]

UnknownColumns = Literal["drop", "keep", "refuse"]


def read(
    path: str | os.PathLike[str],
    dialect: Dialect,
    expected_columns: Sequence[str] = (),
    limits: Limits | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    *,
    unknown_columns: UnknownColumns = "drop",
) -> Reading:
    """Begin to read a file under a declared dialect; the header is known when this returns.

    `expected_columns` must all be there; columns that are not among them are reported in `header.unknown`
    and, with "drop", never leave the child process. Without expected columns every column is handed on.
    `on_progress(done, total)` is called now and then.

    Raises: DataRefused, now or while iterating, when the file or its cost is refused.
    """
    raise NotImplementedError


class Reading:
    """A reading under way: iterate it for its frames, then look at `summary` and `non_data`."""

    header: Header
    non_data: list[NonData]

    @property
    def summary(self) -> Summary:
        """What became of every record. Raises: RuntimeError before the last frame was read."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[Loaded | Quarantined]:
        """The batches, in the order of the file."""
        raise NotImplementedError

    def close(self) -> None:
        """End the reading and its child process, wherever it stands."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
