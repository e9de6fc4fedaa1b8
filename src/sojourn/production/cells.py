"""Work on columns of cells as they came from a file."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["looked_up", "trimmed"]

# What Unicode calls white space, of the characters of ASCII.
_ASCII_SPACES = " \t\n\v\f\r\x1c\x1d\x1e\x1f"


def trimmed(cells: pa.Array) -> pa.Array:
    """The cells without white space around them."""
    data = cells.buffers()[2]
    if data is None or not data.size or np.frombuffer(data, np.uint8).max() < 0x80:
        return pc.ascii_trim(cells, _ASCII_SPACES)
    return pc.utf8_trim_whitespace(cells)


def looked_up(keys: pa.ChunkedArray, values: dict[str, str]) -> pa.Array:
    """For each key its value, the empty text where there is none."""
    encoded = keys.combine_chunks().dictionary_encode()
    found = pa.array([values.get(key, "") for key in encoded.dictionary.to_pylist()], pa.string())
    return found.take(encoded.indices)
