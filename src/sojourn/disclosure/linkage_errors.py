"""What linkage adds to the error of a published figure, in classes too wide to tell of a person.

The standard error between links as they could have been tells of doubt and not of numbers: whoever is linked
without doubt adds as much to every set of links. Yet the error of a total beside that of its parts would
tell how much doubt is in a part that is withheld, and that there is none in a cell would tell something of
each person in it. Errors are therefore published as the end of their class, 1, 2 or 5 in some decimal place,
and none is smaller than what one person more or less changes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.contracts.link_quality import LinkageError
from sojourn.disclosure.lattice import Numbers

__all__ = ["ends_of_classes", "errors_of_cells"]

_SEPARATOR = "\x1f"
# A number that is the end of a class but for its last bit stays there.
_ALMOST = 1e-9


def ends_of_classes(errors: Numbers, least: Numbers) -> Numbers:
    """The smallest of 1, 2 and 5 times a power of ten that is neither below the error nor below the least."""
    wanted = np.maximum(errors, least) * (1 - _ALMOST)
    with np.errstate(divide="ignore", invalid="ignore"):
        power = 10.0 ** np.floor(np.log10(wanted))
        parts = wanted / power
        step = np.select([parts <= 1, parts <= 2, parts <= 5, parts > 5], [1.0, 2.0, 5.0, 10.0], np.nan)
        found: Numbers = np.where(wanted > 0, step * power, wanted)
    return found


def errors_of_cells(errors: pa.Table, cells: pa.Table, dimensions: Sequence[str]) -> Numbers:
    """The error of each cell, which has the dimensions and `time_period`; not a number where none is known.

    Raises: ContractBroken if the errors are no `LinkageError` table.
    """
    columns = [*dimensions, "time_period"]
    known = LinkageError.conform(errors, tuple(dimensions))
    names, wanted = (
        pc.binary_join_element_wise(*(table[name] for name in columns), _SEPARATOR)
        for table in (known, cells)
    )
    place = pc.index_in(wanted, names.combine_chunks()).fill_null(len(known)).to_numpy()
    found: Numbers = np.append(known["error"].fill_null(np.nan).to_numpy(), np.nan)[place]
    return found
