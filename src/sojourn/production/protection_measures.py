"""The risk of a table as a protection reports it: of the file, of special uniques, of households."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from sojourn.disclosure.microdata import LEVELS, file_risk, key_codes, special_uniques
from sojourn.engine import Engine
from sojourn.production.protection_households import household_numbers, record_risk
from sojourn.project.protection_declarations import ProtectionDeclaration

__all__ = ["measured"]

_INTRUSION = (0.01, 0.1)


def measured(engine: Engine, table: pa.Table, declared: ProtectionDeclaration) -> dict[str, Any]:
    """All measures of risk of a table that the declaration asks for."""
    limits = declared.kept_limits()
    levels = {
        *LEVELS,
        *(each for each in (limits.least_agreeing, limits.least_different) if each is not None and each > 1),
    }
    risk = file_risk(
        engine.relation(table.select(_needed(table, declared))),
        keys=declared.keys,
        weight=declared.weight if declared.weight in table.column_names else None,
        sensitive=declared.sensitive,
        missing=declared.missing,
        unknown=declared.unknown,
        levels=sorted(levels),
    )
    found: dict[str, Any] = risk.to_json()
    if declared.special_uniques:
        found["special_uniques"] = _special(table, declared, risk.records, risk.weight)
    if declared.household is not None and declared.household in table.column_names:
        found["households"] = _households(table, declared)
    return found


def _needed(table: pa.Table, declared: ProtectionDeclaration) -> list[str]:
    wanted = [*declared.keys, *declared.sensitive, *([declared.weight] if declared.weight else [])]
    return [name for name in dict.fromkeys(wanted) if name in table.column_names]


def _special(table: pa.Table, declared: ProtectionDeclaration, records: int, weight: float) -> dict[str, Any]:
    keys = key_codes(table, declared.keys, declared.unknown)
    found = special_uniques(
        keys.codes,
        fraction=min(1.0, records / weight),
        largest=declared.special_uniques,
        missing=declared.missing,
    )
    scores = found.intrusion
    return {
        "largest_set": min(declared.special_uniques, len(declared.keys)),
        "sets": {str(size): count for size, count in enumerate(found.sets, 1)},
        "records": int(np.count_nonzero(found.smallest)),
        "contributions": dict(zip(declared.keys, found.contributions, strict=True)),
        "highest_score": float(scores.max(initial=0.0)),
        "above": {str(level): int(np.count_nonzero(scores > level)) for level in _INTRUSION},
    }


def _households(table: pa.Table, declared: ProtectionDeclaration) -> dict[str, Any]:
    risk = record_risk(table, declared).of_household
    number = household_numbers(table, declared.household)
    each = np.zeros(int(number.max()) + 1)
    each[number] = risk
    return {
        "households": len(each),
        "expected": float(each.sum()),
        "share": float(each.mean()),
        "highest": float(each.max()),
    }
