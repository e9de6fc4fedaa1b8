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

import contextlib
import fcntl
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa

from sojourn.sources.reader.dialect import Dialect, Limits
from sojourn.sources.reader.frames import Event, Header, Loaded, NonData, Progress, Quarantined, Summary
from sojourn.sources.reader.headers import UnknownColumns
from sojourn.sources.reader.reading import opened, read_fully
from sojourn.sources.reader.reasons import FileRefused, refusal
from sojourn.sources.reader.signatures import LONGEST, other_format
from sojourn.sources.reader.wire import FRAME, LONGEST_PAYLOAD, event_of

__all__ = ["Reading", "UnknownColumns", "read"]

PIPE_SIZE = 1 << 20
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "PYTHONPATH", "PYTHONHOME", "TMPDIR", "XDG_CACHE_HOME")
# One thread each: a limit on address space leaves no room for the stacks of idle pools.
SINGLE = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
}
MEMORY_POOL = {"ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "2"}


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
    limits = limits or Limits()
    with opened(path) as file:
        refused = other_format(read_fully(file, LONGEST), dialect.format)
    if refused is not None:
        raise refused.of(Path(path).name)
    request: dict[str, object] = {
        "path": os.path.abspath(os.fspath(path)),
        "dialect": dialect.to_json(),
        "expected_columns": list(expected_columns),
        "unknown_columns": unknown_columns,
        "limits": vars(limits),
    }
    return Reading(Path(path).name, request, limits, on_progress)


class Reading:
    """A reading under way: iterate it for its frames, then look at `summary` and `non_data`."""

    def __init__(
        self,
        name: str,
        request: dict[str, object],
        limits: Limits,
        on_progress: Callable[[int, int], None] | None,
    ) -> None:
        self.non_data: list[NonData] = []
        self._name = name
        self._limits = limits
        self._on_progress = on_progress
        self._summary: Summary | None = None
        self._child = _started(request)
        self._pipe = self._child.stdout.fileno() if self._child.stdout else -1
        with self._closed_on_failure():
            self.header: Header = self._until_header()

    @property
    def summary(self) -> Summary:
        """What became of every record. Raises: RuntimeError before the last frame was read."""
        if self._summary is None:
            raise RuntimeError(
                "The reading has not come to its end: iterate it before asking for the summary."
            )
        return self._summary

    def __iter__(self) -> Iterator[Loaded | Quarantined]:
        """The batches, in the order of the file."""
        with self._closed_on_failure():
            while self._summary is None:
                for event in self._next_events():
                    if isinstance(event, Loaded | Quarantined):
                        yield event
        self.close()

    def close(self) -> None:
        """End the reading and its child process, wherever it stands."""
        if self._child.poll() is None:
            self._child.kill()
        self._child.wait()
        if self._child.stdout:
            self._child.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextlib.contextmanager
    def _closed_on_failure(self) -> Iterator[None]:
        """Reap the child whatever goes wrong, and give a refusal the name of the file."""
        try:
            yield
        except FileRefused as refused:
            self.close()
            raise refused.of(self._name) from None
        except BaseException:
            self.close()
            raise

    def _until_header(self) -> Header:
        while True:
            for event in self._next_events():
                if isinstance(event, Header):
                    return event

    def _next_events(self) -> list[Event]:
        tag, length = FRAME.unpack(self._receive(FRAME.size).to_pybytes())
        if length > LONGEST_PAYLOAD:
            raise refusal("reader-died", "What it said cannot be understood.")
        found = event_of(tag, self._receive(length))
        for event in found:
            if isinstance(event, NonData):
                self.non_data.append(event)
            elif isinstance(event, Summary):
                self._summary = event
            elif isinstance(event, Progress) and self._on_progress is not None:
                self._on_progress(event.done, event.total)
        return found

    def _receive(self, count: int) -> pa.Buffer:
        """The next bytes that the child says. Raises: FileRefused when it falls silent or dies."""
        buffer = np.empty(count, np.uint8)
        rest = buffer.data
        while rest:
            ready, _, _ = select.select([self._pipe], [], [], self._limits.silent_seconds)
            if not ready:
                raise refusal("out-of-time", f"It was silent for {self._limits.silent_seconds:g} seconds.")
            got = os.readv(self._pipe, [rest])
            if got == 0:
                raise self._cause_of_death()
            rest = rest[got:]
        return pa.py_buffer(buffer)

    def _cause_of_death(self) -> FileRefused:
        ended = self._child.wait()
        mebibytes = self._limits.memory_bytes >> 20
        if ended == -signal.SIGXCPU:
            return refusal("out-of-time", "Its limit on computing time was reached.")
        if ended == -signal.SIGKILL:
            return refusal("out-of-memory", "The process was killed from outside, as a full machine does.")
        if ended == -signal.SIGABRT:
            return refusal("out-of-memory", f"The limit is {mebibytes} MiB.")
        return refusal("reader-died", f"It ended with {ended}.")


def _started(request: dict[str, object]) -> subprocess.Popen[bytes]:
    """The child process, with its request."""
    variables = {
        name: os.environ[name] for name in os.environ if name in KEPT_VARIABLES or name.startswith("NUMBA_")
    }
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "sojourn.sources.reader"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**variables, **SINGLE, **MEMORY_POOL},
    )
    if child.stdin is None or child.stdout is None:
        raise AssertionError("Popen gave no pipes although it was asked for them.")
    with contextlib.suppress(OSError):
        fcntl.fcntl(child.stdout.fileno(), fcntl.F_SETPIPE_SZ, PIPE_SIZE)
    with contextlib.suppress(BrokenPipeError), child.stdin as stdin:
        stdin.write(json.dumps(request).encode())
    return child
