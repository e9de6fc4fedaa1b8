"""Which keys may occur more than once in a delivery: found by sorting short stand-ins for them.

The stand-ins lie in a file until all records have been read, so that a delivery may have more records than
memory holds. Two different keys may share a stand-in; whoever asks compares the keys themselves.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["KeyHashes"]

Hashes: TypeAlias = npt.NDArray[np.uint64]
# Stand-ins sorted at a time: 256 MiB.
AT_ONCE = 1 << 25


class KeyHashes:
    """The stand-ins of a delivery's records, kept in a file of a folder that goes when the work is done."""

    def __init__(self, folder: Path, at_once: int = AT_ONCE) -> None:
        self._file = folder / "key-hashes"
        self._at_once = at_once

    def add(self, hashes: Hashes) -> None:
        """Keep the stand-ins of some more records."""
        with self._file.open("ab") as opened:
            hashes.tofile(opened)

    def seen_again(self) -> Hashes:
        """The stand-ins that more than one record has, each once."""
        count = self._file.stat().st_size // 8 if self._file.exists() else 0
        parts = -(-count // self._at_once)
        found = [np.zeros(0, np.uint64)]
        for part in range(parts):
            chosen = np.concatenate(
                [piece[piece % np.uint64(parts) == part] for piece in self._pieces(count)]
            )
            chosen.sort()
            found.append(np.unique(chosen[1:][chosen[1:] == chosen[:-1]]))
        return np.concatenate(found)

    def _pieces(self, count: int) -> list[Hashes]:
        kept = np.memmap(self._file, np.uint64, mode="r")
        return [kept[begin : begin + self._at_once] for begin in range(0, count, self._at_once)]
