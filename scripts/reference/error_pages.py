"""The page of exit codes and errors."""

from __future__ import annotations

from collections.abc import Iterator

from layout import docstring, table

from sojourn import errors
from sojourn.errors import SojournError

__all__ = ["error_page"]

_OTHERS = {
    0: "Done.",
    1: "A mistake of ours; a traceback is shown. Report it, without records.",
    130: "Interrupted from the keyboard. Nothing half-done is kept; give the same command again.",
}


def error_page() -> Iterator[str]:
    """The lines of the page."""
    yield from ["# Exit codes and errors", ""]
    yield "A command tells the shell how it ended. Scripts may rely on these numbers."
    yield ""
    named = [getattr(errors, name) for name in errors.__all__]
    kinds = [
        it for it in named if isinstance(it, type) and issubclass(it, SojournError) and it is not SojournError
    ]
    rows = sorted(_rows(kinds), key=lambda row: int(row[0]))
    yield from table(["Exit code", "Error", "Meaning"], rows)
    yield from ["## What a message looks like", ""]
    yield "A message says what happened, where, and what to do next. It never holds a value of a person's"
    yield "record: it says in which line and column the value stands. With `--json` the same message stands"
    yield "on standard output under `error`, as a list of problems, each with `file`, `line`, `message` and"
    yield "`remedy`."


def _rows(kinds: list[type[SojournError]]) -> Iterator[list[str]]:
    for code, meaning in _OTHERS.items():
        yield [str(code), "", meaning]
    for kind in kinds:
        yield [str(kind.exit_code), f"`{kind.__name__}`", docstring(kind).splitlines()[0]]
