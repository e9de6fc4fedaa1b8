"""Child: reads one file in a process of its own, under limits, and says what it found on stdout.

`python -m sojourn.sources.reader` takes one request as JSON on stdin (path, dialect, expected
columns, limits), makes the kernels ready, gives up the right to write files, to grow, to run for ever and
to start processes, and only then touches the file. It opens no socket and writes frames (see `wire`) to
stdout.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from collections.abc import Iterable
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa

from sojourn.sources.reader import archives, csv_scan
from sojourn.sources.reader.dialect import Dialect, Limits
from sojourn.sources.reader.reading import events, reader_of
from sojourn.sources.reader.reasons import FileRefused, refusal
from sojourn.sources.reader.wire import bug_frame, frames, refusal_frame

__all__ = ["main", "make_ready"]

STDOUT = 1
GRACE_SECONDS = 5


def main() -> None:
    """Answer one request."""
    sys.excepthook = _say_bug
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    request = json.loads(sys.stdin.buffer.read())
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    dialect = Dialect.from_json(request["dialect"])
    make_ready(dialect)
    _give_up_rights(Limits(**request["limits"]), request["path"])
    try:
        _say(
            frames(
                events(
                    request["path"],
                    dialect,
                    request["expected_columns"],
                    unknown_columns=request["unknown_columns"],
                )
            )
        )
    except FileRefused as refused:
        _say([refusal_frame(refused)])
    except MemoryError:
        _say([refusal_frame(refusal("out-of-memory"))])


def make_ready(dialect: Dialect) -> None:
    """Load every library and kernel that the format needs while numba may still write to its cache."""
    if dialect.format not in ("csv", "fixed_width"):
        reader_of(dialect)
        walk, errors = np.zeros(archives.WALK, np.int64), np.zeros(1, np.int64)
        archives.walk_cells(np.frombuffer(b"<c>", np.uint8), walk, errors)
        return
    csv_scan.skip_line(np.zeros(1, np.uint8), 0, True, np.zeros(csv_scan.STATE, np.int64))
    descriptor = os.memfd_create("ready")
    os.write(descriptor, 'a,b\n1,"x""y"\n2,"x\ny"\n3\nü,NA\n'.encode())
    for _ in events(f"/proc/self/fd/{descriptor}", Dialect(column_limit=8)):
        pass
    os.close(descriptor)


def _give_up_rights(limits: Limits, path: str) -> None:
    seconds = limits.seconds_for(os.stat(path).st_size if os.path.exists(path) else 0)
    spent = int(sum(resource.getrusage(resource.RUSAGE_SELF)[:2]))
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds + spent, seconds + spent + GRACE_SECONDS))
    for right in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE, resource.RLIMIT_NPROC):
        resource.setrlimit(right, (0, 0))


def _say(pieces: Iterable[bytes | pa.Buffer]) -> None:
    for piece in pieces:
        rest = memoryview(piece)
        while rest:
            rest = rest[os.write(STDOUT, rest) :]


def _say_bug(kind: type[BaseException], fault: BaseException, trace: TracebackType | None) -> Any:
    """Say what failed and where; the message of an exception may hold a value of the file and stays here."""
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = (
        "?" if trace is None else f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"
    )
    _say([bug_frame(kind.__name__, place)])
