"""What a linkage learned, as a table that people can read, and the parts of one pair's score."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from sojourn.integration.linkage.comparison_kernel import (
    DATE_LEVELS,
    ENCODED_LEVELS,
    NAME_LEVELS,
    NUMBER_LEVELS,
)
from sojourn.integration.linkage.encoding import Encoded
from sojourn.integration.linkage.linking import Linked, prior_of
from sojourn.integration.linkage.model import LEVELS, Model, compared, weights_of
from sojourn.integration.linkage.pair_kernel import ORIGINS, parts_of_score
from sojourn.integration.linkage.specification import Kind

__all__ = ["level_names", "model_table", "score_parts"]

_NAMES = {
    Kind.NAME: NAME_LEVELS,
    Kind.DATE: DATE_LEVELS,
    Kind.CODE: ("missing", "other", "same"),
    Kind.NUMBER: NUMBER_LEVELS,
    Kind.ENCODED: ENCODED_LEVELS,
}


def level_names(kind: Kind) -> tuple[str, ...]:
    """What the levels of a kind of field are called."""
    return _NAMES[kind]


def model_table(records: Encoded, model: Model) -> pa.Table:
    """One row for each field, level and relation of origins: m, u, and the weight in bits without rarity."""
    weights = weights_of(records, model)
    rows = [
        {
            "field": field.name,
            "level": level_names(field.kind)[level],
            "origins": ORIGINS[origins],
            "m": float(model.m[place, level]),
            "u": float(model.u[place, level, origins]),
            "weight": float(weights.weight[place, level, origins]),
            "adds_rarity": bool(weights.rare[place, level, origins] > 0),
        }
        for place, field in enumerate(records.fields)
        for level in range(1, LEVELS[field.kind])
        for origins in range(3)
    ]
    return pa.Table.from_pylist(rows)


def score_parts(records: Encoded, found: Linked, one: int, other: int) -> pa.Table:
    """The parts of one pair's score in bits: the prior, then each field with its level."""
    levels, weights = parts_of_score(compared(records), weights_of(records, found.model), one, other)
    prior = prior_of(found, int(records.source[one]), int(records.source[other]))
    names = [level_names(field.kind)[int(level)] for field, level in zip(records.fields, levels, strict=True)]
    return pa.table(
        {
            "part": ["before they are compared", *(field.name for field in records.fields)],
            "level": ["", *names],
            "bits": np.concatenate([[prior], weights]),
        }
    )
