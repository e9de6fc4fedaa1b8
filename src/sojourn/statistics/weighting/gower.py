"""How unlike two persons are, over columns of codes and numbers together: Gower's distance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.concepts import UNKNOWN
from sojourn.errors import ProjectError, shown

__all__ = ["Likeness"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class Likeness:
    """Distances between rows of two tables, 0 for those that agree in all that is known, at most 1.

    Codes are 0 or 1 apart, numbers as far as their difference over the range of both tables. The distance is
    the mean over the columns, weighted by `importance`, of which both rows say something: empty cells and
    `_U` say nothing. Rows of which no column can be compared are 1 apart.

    Source: J. C. Gower, A general coefficient of similarity, Biometrics 27 (1971).
    """

    def __init__(
        self,
        here: pa.Table,
        there: pa.Table,
        columns: Sequence[str],
        importance: Mapping[str, float] | None = None,
    ) -> None:
        self._parts = []
        for name in columns:
            part = (importance or {}).get(name, 1.0)
            if not part > 0:
                raise ProjectError(
                    f"The column {shown(name)} has the importance {part}.", "Give it one above zero."
                )
            is_number = [_is_number(table[name].type) for table in (here, there)]
            if is_number[0] != is_number[1]:
                raise ProjectError(
                    f"The column {shown(name)} holds numbers in one file and codes in the other.",
                    "Bring both to one form.",
                )
            pair = _numbers(here, there, name) if is_number[0] else _codes(here, there, name)
            self._parts.append((part, _span(*pair) if is_number[0] else None, *pair))

    def distances(self, here: Integers, there: Integers) -> Floats:
        """The distances of some rows of the first table from some of the second (rows × rows)."""
        apart = np.zeros((len(here), len(there)))
        compared = np.zeros_like(apart)
        for part, span, mine, yours in self._parts:
            left, right = mine[here][:, None], yours[there][None, :]
            known = np.isfinite(left) & np.isfinite(right)
            with np.errstate(invalid="ignore"):
                far = np.abs(left - right) / span if span else (left != right).astype(np.float64)
            apart += np.where(known, part * far, 0.0)
            compared += part * known
        found: Floats = np.where(compared > 0, apart / np.where(compared > 0, compared, 1.0), 1.0)
        return found


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _numbers(here: pa.Table, there: pa.Table, name: str) -> tuple[Floats, Floats]:
    """The numbers of both tables; not a number where there is none."""
    both = [table[name].cast(pa.float64()).fill_null(np.nan).to_numpy() for table in (here, there)]
    return both[0], both[1]


def _span(here: Floats, there: Floats) -> float:
    """The range of the numbers of both tables; one where all are equal."""
    known = np.concatenate([here, there])
    known = known[np.isfinite(known)]
    return float(np.ptp(known)) or 1.0 if len(known) else 1.0


def _codes(here: pa.Table, there: pa.Table, name: str) -> tuple[Floats, Floats]:
    """The codes of both tables as places in one list; not a number where they are unknown."""
    both = [table[name].cast(pa.string()).combine_chunks() for table in (here, there)]
    listed = pc.drop_null(pc.unique(pa.concat_arrays(both)))
    listed = listed.filter(pc.not_equal(listed, UNKNOWN))
    places = [
        pc.index_in(column, listed).cast(pa.float64()).fill_null(np.nan).to_numpy(zero_copy_only=False)
        for column in both
    ]
    return places[0], places[1]
