"""Signs of life and the register, cut by person into parts that fit into memory."""

from __future__ import annotations

import pyarrow as pa

from sojourn.engine import Relation, sql_beside

__all__ = ["register_of_part", "signs_of_part"]

_SIGNS = sql_beside(__file__, "signs_of_part.sql")
_REGISTER = sql_beside(__file__, "register_of_part.sql")


def signs_of_part(signs: Relation, *, part: int, parts: int, first_year: int, last_year: int) -> pa.Table:
    """The signs of life of one part of the people in some years: the columns of `SignOfLife`."""
    found = _SIGNS(signs=signs, part=part, parts=parts, first_year=first_year, last_year=last_year)
    table = found.to_arrow()
    signs.engine.forget(found)
    return table


def register_of_part(register: Relation, *, part: int, parts: int) -> pa.Table:
    """The rows of one part of the people in the register: the columns of `RegisterYear`, null where absent.

    Rows without a person are in the first part.
    """
    found = _REGISTER(register=register, part=part, parts=parts)
    table = found.to_arrow()
    register.engine.forget(found)
    return table
