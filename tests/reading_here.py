"""Delivered files read in the process of the tests, which start no child for each of them.

A child under limits loads all its libraries for every file, which takes longer than what most tests are
about. Here the same reading is written as the same frames; only the process and its limits are missing.
`tests/unit/sources` and `tests/zones` are about those, and `test_production_receive.py` keeps them.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest

from sojourn.sources.reader import parent
from sojourn.sources.reader.dialect import Dialect
from sojourn.sources.reader.reading import events
from sojourn.sources.reader.reasons import FileRefused
from sojourn.sources.reader.wire import frames, refusal_frame

__all__ = ["reading_here"]


class ReadAlready:
    """Stands for a child process that has said everything and ended."""

    def __init__(self, request: dict[str, Any]) -> None:
        # Whoever reads it closes it, as the pipe of a child.
        self.stdout = tempfile.TemporaryFile()  # noqa: SIM115  it outlives this call
        said = events(
            request["path"],
            Dialect.from_json(request["dialect"]),
            request["expected_columns"],
            unknown_columns=request["unknown_columns"],
        )
        try:
            for piece in frames(said):
                self.stdout.write(piece)
        except FileRefused as refused:
            self.stdout.write(refusal_frame(refused))
        self.stdout.seek(0)

    def poll(self) -> int:
        return 0

    def wait(self) -> int:
        return 0


@contextlib.contextmanager
def reading_here() -> Iterator[None]:
    """Within the block no child process is started to read a file."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(parent, "_started", ReadAlready)
        yield
