"""What the command says: data to stdout, words to people on stderr, progress only where someone watches."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rich.console import Console

__all__ = ["Screen"]


@dataclass
class Screen:
    """Where a command's words go. With `is_json` stdout holds one JSON document and nothing else."""

    is_json: bool = False

    def __post_init__(self) -> None:
        self._people = Console(stderr=True, highlight=False, soft_wrap=True)
        self._out = Console(highlight=False, soft_wrap=True)

    def say(self, text: str) -> None:
        """Tell a person something; control characters in it are shown, not obeyed."""
        (self._people if self.is_json else self._out).print(visible(text), markup=False)

    def note(self, text: str) -> None:
        """Tell a person something that is not the command's result."""
        self._people.print(visible(text), markup=False)

    def result(self, value: Any) -> None:
        """Print the command's result as JSON when JSON was asked for."""
        if self.is_json:
            sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")

    @contextmanager
    def progress(self, title: str) -> Iterator[Callable[[int, int], None]]:
        """Show how far something has come once it takes longer than two seconds.

        On a terminal the line is rewritten; elsewhere a line is written every ten seconds.
        """
        started = last = time.monotonic()
        is_terminal = self._people.is_terminal
        shown = False

        def report(done: int, total: int) -> None:
            nonlocal last, shown
            now = time.monotonic()
            if now - started < 2 or now - last < (0.2 if is_terminal else 10):
                return
            last = now
            share = f"{done / total:5.0%}" if total else ""
            left = (now - started) * (total - done) / done if done and total else 0
            line = f"{title} {share}, about {left:.0f} s left"
            if is_terminal:
                sys.stderr.write(f"\r\x1b[K{visible(line)}")
                sys.stderr.flush()
                shown = True
            else:
                self.note(line)

        try:
            yield report
        finally:
            if shown:
                sys.stderr.write("\r\x1b[K")


def visible(text: str) -> str:
    """The text with control and direction marks written out, so that it cannot play with the terminal."""
    return "".join(
        c if c == "\n" or (c.isprintable() and c not in _DIRECTION) else f"\\u{ord(c):04x}" for c in text
    )


_DIRECTION = {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C)}
