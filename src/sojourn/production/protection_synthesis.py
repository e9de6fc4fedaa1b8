"""Synthetic records in place of a file's own, with the report of how many equal a real one."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from sojourn.disclosure.microdata import Secret, disclosure_of, synthesised, without_replicas
from sojourn.errors import ProjectError
from sojourn.project.protection_declarations import ProtectionDeclaration, SynthesiseStep

__all__ = ["synthetic_table"]


def synthetic_table(
    table: pa.Table, declared: ProtectionDeclaration, how: SynthesiseStep, secret: Secret
) -> tuple[pa.Table, dict[str, Any]]:
    """The synthetic table, and its replication before and after replicas were left out.

    Raises: ProjectError for columns that tell records or households apart: they cannot be drawn; as
    `synthesised`.
    """
    apart = {declared.record, declared.household} & set(how.columns)
    if apart:
        raise ProjectError(
            "Numbers of records and households cannot be drawn.", "Leave them out of the columns."
        )
    made = synthesised(
        table, how.columns, secret=secret, records=how.records, smallest_leaf=how.leaf, smoothed=how.smooth
    )
    drawn = disclosure_of(table, made, declared.keys)
    if how.drop_replicas:
        made = without_replicas(table, made, declared.keys)
    left = disclosure_of(table, made, declared.keys)
    return made, {
        "columns": list(how.columns),
        "leaf": how.leaf,
        "smoothed": list(how.smooth),
        "drawn": drawn.to_json(),
        "replication": left.to_json(),
    }
