"""Rounding of each figure by itself: to the nearest multiple, or up or down by a keyed draw.

Random rounding goes up in proportion to how far the figure is above the multiple below it, so that it is
right on average. The draw is no new one each time: it follows from a secret and from what the figure is, so
that the same figure is rounded the same way in every table and every answer, and asking again averages
nothing out. Multiples of the base stay what they are.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.errors import DisclosureRisk, ProjectError

__all__ = ["by_cell_key", "by_name", "conventional"]

Integers = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]
TOTAL = "_T"
_KEYS = 2**32
_SEPARATOR = "\x1f"
_PURPOSE = b"random rounding|"
LARGEST = 2**53


def conventional(values: Numbers, base: int, *, halves: Literal["even", "up"] = "even") -> Numbers:
    """The nearest multiples of the base; halves go to the even multiple, or away from zero.

    Missing figures stay missing.

    Raises: ProjectError if the base is below 2.
    """
    _refuse_base(base)
    if halves == "even":
        rounded: Numbers = np.rint(values / base) * base
    else:
        rounded = np.sign(values) * np.floor(np.abs(values) / base + 0.5) * base
    return rounded + 0.0


def by_cell_key(values: Integers, keys: npt.NDArray[np.uint64], base: int) -> Integers:
    """Counts rounded at random by their cell keys, which are the same for the same persons in any table.

    `keys` are whole numbers below 2 to the power of 32, spread evenly. A count goes up where its key is below
    its part of the base.

    Raises: ProjectError if the base is below 2 or a key is too large; DisclosureRisk if counts and keys
    differ in number, or a count is negative.
    """
    _refuse_base(base)
    if len(values) != len(keys) or np.any(values < 0):
        raise DisclosureRisk(
            "Counts to be rounded are negative, or have no key each.", "Give each count its cell key."
        )
    if len(keys) and int(np.max(keys)) >= _KEYS:
        raise ProjectError("A cell key is no number of 32 bits.", "Reduce keys modulo 2**32.")
    residue = values % base
    goes_up = keys.astype(np.uint64) * np.uint64(base) < residue.astype(np.uint64) * np.uint64(_KEYS)
    return values - residue + np.where(goes_up, base, 0)


def by_name(
    values: Integers, table: pa.Table, dimensions: Sequence[str], base: int, *, secret: bytes
) -> Integers:
    """Counts rounded at random by the names of their cells and a secret of at least 256 bits.

    The name of a cell is its codes in the columns `dimensions` of the table, less the totals, and its time
    period where the table has one: so a margin is rounded alike in every table that shows it. Two cells of
    the same persons with different names are rounded each by its own; `by_cell_key` rounds them alike.

    Raises: ProjectError if the base is below 2 or the secret too short; DisclosureRisk as `by_cell_key`.
    """
    if len(secret) < 32:
        raise ProjectError(
            "A secret for rounding needs at least 256 bits.", "Draw 32 random bytes and keep them."
        )
    names = _names(table, dimensions).to_pylist()
    # The first four bytes of HMAC with SHA-256 (RFC 2104) are the key: a million cells take two seconds.
    drawn = b"".join(hmac.digest(secret, _PURPOSE + name.encode(), "sha256")[:4] for name in names)
    return by_cell_key(values, np.frombuffer(drawn, ">u4").astype(np.uint64), base)


def _names(table: pa.Table, dimensions: Sequence[str]) -> pa.Array:
    """One text for each cell, whatever dimensions its table has beside those in which it is a total."""
    columns = sorted(dimensions) + (["time_period"] if "time_period" in table.column_names else [])
    parts = []
    for name in columns:
        codes = table.column(name).cast(pa.string())
        named = pc.binary_join_element_wise(name, codes, "=")
        parts.append(pc.if_else(pc.equal(codes, TOTAL), "", named))
    if not parts:
        return pa.array([""] * table.num_rows, pa.string())
    # The separators of totals stay out too, so that a name has no trace of dimensions without a code.
    joined = pc.binary_join_element_wise(*parts, _SEPARATOR)
    names = pc.utf8_trim(pc.replace_substring_regex(joined, f"{_SEPARATOR}+", _SEPARATOR), _SEPARATOR)
    return names.combine_chunks() if isinstance(names, pa.ChunkedArray) else names


def _refuse_base(base: int) -> None:
    if base < 2:
        raise ProjectError(f"Figures cannot be rounded to multiples of {base}.", "Use 2 or more.")
