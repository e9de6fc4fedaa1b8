"""What a process of ours does before it loads anything: it leaves out what it would load for nothing.

Some libraries load others only in case they are needed. Arrow loads pandas, where that is installed, to ask
of the first list that is made a column whether it is one of pandas' own; numba loads cffi, YAML and the
linear algebra of SciPy to know whether they are there. A command, a server and the reader hand no data frame
to anybody, and loading pandas alone took a third of the time of a command that does little. Whoever calls
Sojourn from Python has all of them as ever.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

__all__ = ["found_again", "left_out"]


class _LeftOut(MetaPathFinder):
    """Says that some libraries are not installed."""

    def __init__(self, libraries: frozenset[str]) -> None:
        self.libraries = libraries

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname in self.libraries:
            raise ModuleNotFoundError(f"This process does without {fullname}.", name=fullname)
        return None


def left_out(*libraries: str) -> None:
    """Let whatever looks for these libraries in this process find none, unless they are loaded already."""
    sys.meta_path.insert(0, _LeftOut(frozenset(libraries)))


def found_again() -> None:
    """Let every library be found again, for one that does not start without them."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _LeftOut)]
