"""A writer of SPSS system files whose columns are all numbers.

The packaged writers want a data frame of pandas or polars, which Sojourn does not require, and stamp the
hour of writing into the file, which would make two equal runs differ. The format's numeric part is small:
a header, a record for each variable, value labels, and rows of doubles.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

__all__ = ["SYSTEM_MISSING", "Variable", "write_spss"]

SYSTEM_MISSING = -np.finfo(np.float64).max
_NUMBER_FORMAT = 5


@dataclass(frozen=True)
class Variable:
    """A numeric variable: a name of at most eight capitals, what it means, what its codes mean."""

    name: str
    label: str
    width: int = 8
    decimals: int = 0
    codes: Mapping[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 1 <= len(self.name) <= 8 or not self.name.isascii() or not self.name.isupper():
            raise ValueError(f"An SPSS variable cannot be called {self.name!r}: at most eight capitals.")


def _header(variables: int, cases: int, title: str) -> bytes:
    product = b"@(#) SPSS DATA FILE of the statistical office of Ruritania".ljust(60)
    start = struct.pack("<4s60siiiiid", b"$FL2", product, 2, variables, 0, 0, cases, 100.0)
    return start + b"31 Jan 25" + b"09:00:00" + title.encode("ascii").ljust(64) + bytes(3)


def _variable(variable: Variable) -> bytes:
    form = _NUMBER_FORMAT << 16 | variable.width << 8 | variable.decimals
    label = variable.label.encode("utf-8")
    padded = label.ljust(-(-len(label) // 4) * 4)
    start = struct.pack("<iiiiii8s", 2, 0, 1, 0, form, form, variable.name.encode("ascii").ljust(8))
    return start + struct.pack("<i", len(label)) + padded


def _value_labels(position: int, codes: Mapping[int, str]) -> bytes:
    parts = [struct.pack("<ii", 3, len(codes))]
    for code, meaning in codes.items():
        text = meaning.encode("utf-8")
        parts.append(struct.pack("<dB", float(code), len(text)) + text.ljust((len(text) + 8) // 8 * 8 - 1))
    return b"".join(parts) + struct.pack("<iii", 4, 1, position)


def _information() -> bytes:
    integers = struct.pack("<iiiiiiiiiiii", 7, 3, 4, 8, 1, 0, 0, -1, 1, 1, 2, 65001)
    floats = struct.pack(
        "<iiiiddd", 7, 4, 8, 3, SYSTEM_MISSING, np.finfo(np.float64).max, np.nextafter(SYSTEM_MISSING, 0)
    )
    return integers + floats + struct.pack("<iiii5s", 7, 20, 1, 5, b"UTF-8")


def write_spss(path: Path, title: str, variables: Sequence[Variable], rows: npt.NDArray[np.float64]) -> None:
    """Write rows (cases by variables) as an uncompressed system file; NaN becomes system-missing."""
    if rows.shape[1] != len(variables):
        raise ValueError(f"{len(variables)} variables are named for {rows.shape[1]} columns.")
    with path.open("wb") as opened:
        opened.write(_header(len(variables), len(rows), title))
        opened.write(b"".join(_variable(variable) for variable in variables))
        for position, variable in enumerate(variables, start=1):
            if variable.codes:
                opened.write(_value_labels(position, variable.codes))
        opened.write(_information())
        opened.write(struct.pack("<ii", 999, 0))
        opened.write(np.where(np.isnan(rows), SYSTEM_MISSING, rows).astype("<f8").tobytes())
