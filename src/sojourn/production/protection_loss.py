"""What a protection cost, over the columns that it declares."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pyarrow as pa

from sojourn.disclosure.microdata import (
    changed_cells,
    coarsened,
    coefficients,
    number_losses,
    propensity,
    table_losses,
)
from sojourn.production.protection_steps import RECODING
from sojourn.project.protection_declarations import ProtectionDeclaration

__all__ = ["loss_of"]

_MOST_TABLES = 12


def loss_of(
    before: pa.Table,
    coarse: pa.Table,
    after: pa.Table,
    declared: ProtectionDeclaration,
    steps: Collection[str],
) -> dict[str, Any]:
    """Information loss: of recoding between `before` and `coarse`, of all else between `coarse` and `after`.

    Where a weight leaves with the file, tables are weighted.
    """
    names = [name for name in after.column_names if name not in (declared.record, declared.household)]
    recoded = {
        name: coarsened(before[name], coarse[name])
        for name in names
        if name in before.column_names and not before[name].equals(coarse[name])
    }
    numbers = [name for name in declared.numbers if _is_number(coarse, name) and _is_number(after, name)]
    amounts, correlation = number_losses(coarse, after, numbers) if numbers else ([], 0.0)
    codes = [
        name
        for name in dict.fromkeys([*declared.keys, *declared.sensitive])
        if name in names and name not in declared.numbers
    ][:_MOST_TABLES]
    weight = declared.weight if declared.weight in names else None
    treated = any(step not in RECODING for step in steps)
    return {
        "recoded": recoded,
        "changed": []
        if declared.is_synthetic
        else [each.to_json() for each in changed_cells(coarse, after, names) if each.changed],
        "tables": [each.to_json() for each in table_losses(coarse, after, codes, weight=weight)],
        "numbers": [each.to_json() for each in amounts],
        "largest_change_of_correlation": correlation,
        "coefficients": [
            each.to_json()
            for model in declared.regressions
            for each in coefficients(coarse, after, model.outcome, model.by)
        ],
        "propensity": propensity(coarse, after, [*codes, *numbers]).to_json() if treated else None,
    }


def _is_number(table: pa.Table, name: str) -> bool:
    kind = table[name].type
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))
