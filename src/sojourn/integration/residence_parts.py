"""Signs of life and the register made ready to be cut by person into parts that fit into memory."""

from __future__ import annotations

import pyarrow as pa

from sojourn.engine import Relation, sql_beside

__all__ = ["register_by_person", "rows_of_people", "signs_by_person"]

_SIGNS = sql_beside(__file__, "signs_by_person.sql")
_REGISTER = sql_beside(__file__, "register_by_person.sql")
_ROWS = sql_beside(__file__, "rows_of_people.sql")


def signs_by_person(signs: Relation) -> Relation:
    """The columns of `SignOfLife`, and `key_hash`, by which `engine.partitions` splits rows."""
    return _SIGNS(signs=signs)


def register_by_person(register: Relation) -> Relation:
    """The columns of `RegisterYear`, null where the register lacks one, and `key_hash`."""
    return _REGISTER(register=register)


def rows_of_people(rows: Relation, people: pa.Table) -> pa.Table:
    """The rows of those whose key is in the table of people, without `key_hash`."""
    chosen = rows.engine.relation(people)
    found = _ROWS(rows=rows, people=chosen)
    table = found.to_arrow()
    rows.engine.forget(found, chosen)
    return table
