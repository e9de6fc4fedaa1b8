"""Small helpers for tests of the linkage: records from drawn tables, and likeness by the kernels."""

from __future__ import annotations

import pyarrow as pa

from sojourn.integration.linkage.comparison_kernel import (
    NAME_LEVELS,
    jaro_winkler,
    name_level,
    remembered,
    slips,
)
from sojourn.integration.linkage.encoding import Encoded, encoded
from sojourn.integration.linkage.letters import text_buffers
from sojourn.integration.linkage.linking import Linked, linked, planned
from sojourn.integration.linkage.model import compared
from sojourn.integration.linkage.specification import Specification
from sojourn.production.linkage_files import chosen_specification
from sojourn.project.linkage_declarations import shipped_linkage


def drawn(text: str) -> pa.Table:
    """A table of texts from a drawing; an empty cell is missing."""
    lines = [line.strip() for line in text.strip().splitlines()]
    names = [name.strip() for name in lines[0].split("|")]
    cells = [[cell.strip() or None for cell in line.split("|")] for line in lines[2:]]
    return pa.table(
        {name: pa.array([row[at] for row in cells], pa.string()) for at, name in enumerate(names)}
    )


def as_records(*tables: pa.Table) -> tuple[Encoded, Specification]:
    """Tables as the linkage reads them, by the specification that ships."""
    names = [[name for name in table.column_names if name != "record_id"] for table in tables]
    specification, places = chosen_specification(shipped_linkage(), names)
    renamed = [
        pa.table({field: table[column] for field, column in place.items()})
        for table, place in zip(tables, places, strict=True)
    ]
    columns = {field.name: field.name for field in specification.fields}
    return encoded(renamed, specification.fields, columns), specification


def linked_tables(*tables: pa.Table, dedupe: bool = False) -> Linked:
    """The linkage of tables by the specification that ships."""
    records, specification = as_records(*tables)
    return linked(records, specification, planned(records, specification, dedupe=dedupe), dedupe=dedupe)


def level_of(one: str, other: str) -> str:
    """What the level of two names is called."""
    records, _ = as_records(pa.table({"surname": pa.array([one, other])}))
    table = compared(records)
    first, second = records.codes[:, 0]
    found = name_level(first, second, table.texts, table.words, table.sound, remembered())
    return NAME_LEVELS[found]


def likeness(one: str, other: str) -> float:
    """Likeness by Jaro and Winkler of two ASCII texts."""
    return float(_on_bytes(jaro_winkler, one, other))


def slips_between(one: str, other: str) -> int:
    """How many slips two ASCII texts are apart."""
    return int(_on_bytes(slips, one, other))


def _on_bytes(kernel, one, other):
    starts, data = text_buffers(pa.array([one, other]))
    return kernel(data, starts[0], starts[1], data, starts[1], starts[2])
