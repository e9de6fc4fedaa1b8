"""Small areas as a picture on a plain file."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from sojourn.dissemination.charts import Chart, svg_of
from sojourn.dissemination.small_area_chart import AreaMark, small_area_chart
from sojourn.dissemination.wording import wording
from sojourn.production.movement_pictures import require_new
from sojourn.production.unfinished import unfinished_beside

__all__ = ["draw_areas", "draw_small_areas"]

_Z = 1.959963984540054


def draw_small_areas(table: pa.Table, target: Path) -> Chart:
    """Draw SmallAreaEstimate rows: benchmarked where they are, direct beside modelled.

    Raises: ProjectError for a target that exists or is no .svg.
    """
    return draw_areas([_mark(row) for row in table.to_pylist()], target)


def draw_areas(marks: Sequence[AreaMark], target: Path) -> Chart:
    """Draw direct estimates beside modelled ones.

    Raises: ProjectError for a target that exists or is no .svg.
    """
    require_new(target, ".svg")
    drawing = small_area_chart(marks)
    with unfinished_beside(target) as folder:
        (folder / target.name).write_bytes(svg_of(drawing, wording("en")))
        os.replace(folder / target.name, target)
    return drawing


def _mark(row: dict[str, Any]) -> AreaMark:
    prefix = "" if row["benchmarked"] is None else "benchmarked_"
    direct, variance = row["direct"], row["direct_variance"]
    half = None if direct is None or variance is None else _Z * math.sqrt(variance)
    return AreaMark(
        area=row["area"],
        estimate=row["estimate"] if not prefix else row["benchmarked"],
        low=row[f"{prefix}lower"],
        high=row[f"{prefix}upper"],
        direct=direct,
        direct_low=None if half is None else direct - half,
        direct_high=None if half is None else direct + half,
        is_synthetic=row["is_synthetic"],
    )
