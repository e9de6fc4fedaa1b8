"""Census tables of the Demographic Yearbook, in one long form.

A table of both sexes, and one of men and one of women, come from the same cells. Origins are M49 numbers;
an origin that is no country keeps its code: NB and FB, CIT and NONCIT, STLS, `_U` not known, `_T` total.

Source: domain reference, section 4.1: census tables 17 to 22 as named by the UN Statistics Division.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from sojourn.concepts import TOTAL, areas
from sojourn.concepts.migration_tables import MigrationTable, Yearbook
from sojourn.contracts.migration_tables import YearbookFigure
from sojourn.errors import ProjectError

__all__ = ["YearbookSource", "yearbook_tables"]

_COUNTRIES = ("birthplace", "citizenship")
_SAMPLE = "estimate from a sample"
_NO_NUMBER = "area without an M49 number: code of three letters"


@dataclass(frozen=True)
class YearbookSource:
    """What the yearbook is told of figures: their year and source, whether final, and if from a sample."""

    ref_year: int
    source: str
    status: Literal["P", "F"]
    is_sample: bool


def yearbook_tables(
    table: MigrationTable, figures: pa.Table, about: YearbookSource
) -> Mapping[str, pa.Table]:
    """The figures of a table as the yearbook's tables by number, each with the columns of YearbookFigure.

    Raises: ProjectError for a table that is not exported to the yearbook.
    """
    if table.yearbook is None:
        raise ProjectError(
            f"The table {table.id} is none of the Demographic Yearbook.",
            "Say under `yearbook` how it is exported.",
        )
    every = _long(figures, table.yearbook, about)
    found = {}
    for number, sex in table.yearbook.parts.items():
        part = every if sex == "all" else every.filter(pc.equal(every["sex"], sex))
        numbered = part.append_column("table_id", pa.array([number] * len(part), pa.string()))
        found[number] = YearbookFigure.conform(numbered)
    return found


def _long(figures: pa.Table, export: Yearbook, about: YearbookSource) -> pa.Table:
    count = len(figures)
    codes = figures[export.origin].to_pylist()
    numbers = _numbers() if export.origin in _COUNTRIES else {}
    notes = [
        "; ".join([_SAMPLE] * about.is_sample + [_NO_NUMBER] * (numbers.get(code, code) is None)) or None
        for code in codes
    ]
    same = {"ref_year": about.ref_year, "source": about.source, "status": about.status}
    broken_down = {"sex": TOTAL, "age_group": export.age_group, "education": TOTAL}
    return pa.table(
        {name: pa.array([value] * count) for name, value in same.items()}
        | {"origin_code": pa.array([numbers.get(code) or code for code in codes], pa.string())}
        | {
            name: figures[name] if name in figures.column_names else pa.array([code] * count, pa.string())
            for name, code in broken_down.items()
        }
        | {"value": figures["value"], "footnote": pa.array(notes, pa.string())}
    )


@cache
def _numbers() -> Mapping[str, str | None]:
    """Each country and area with its M49 number, or nothing where it has none; others keep their code."""
    return {area.code: area.m49 for area in areas() if area.is_place}
