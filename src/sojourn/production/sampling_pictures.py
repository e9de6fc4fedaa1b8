"""What precision costs as a picture on a plain file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from sojourn.dissemination.charts import svg_of
from sojourn.dissemination.precision_chart import PlanCurve, precision_chart
from sojourn.dissemination.wording import wording
from sojourn.production.movement_pictures import require_new
from sojourn.production.sampling_files import Planned
from sojourn.production.table_files import require_targets, write_table
from sojourn.production.unfinished import unfinished_beside
from sojourn.sources.sampling.planning import cost_curve
from sojourn.sources.sampling.simulation import Tried

__all__ = ["draw_precision", "require_picture"]

MULTIPLES = np.geomspace(0.5, 2.0, 25)


def require_picture(target: Path) -> None:
    """Refuse a picture that exists, or whose table does: the table lies beside it under its name as .csv.

    Raises: ProjectError.
    """
    require_new(target, ".svg")
    require_targets(target.with_suffix(".csv"))


def draw_precision(plans: Sequence[tuple[Planned, Tried | None]], target: Path) -> int:
    """Draw what precision costs under each plan, and what trying it out showed; return how many are drawn.

    The table of what is drawn is written beside the picture.

    Raises: as `require_picture`.
    """
    require_picture(target)
    curves = [_curve(planned, tried) for planned, tried in plans]
    drawing = precision_chart(curves)
    write_table(pa.Table.from_pylist(list(_rows(curves))), target.with_suffix(".csv"))
    with unfinished_beside(target) as folder:
        (folder / target.name).write_bytes(svg_of(drawing, wording("en")))
        os.replace(folder / target.name, target)
    return drawing.shown


def _rows(curves: Sequence[PlanCurve]) -> Iterator[dict[str, object]]:
    """What is drawn as rows: the points of each curve, the plan itself, and what was shown of it."""
    for plan in curves:
        shown = [] if plan.shown is None else [("shown", plan.shown)]
        for what, point in [*(("curve", each) for each in plan.curve), ("promised", plan.promised), *shown]:
            yield {"plan": plan.name, "what": what, "cost": point[0], "multiple": point[1]}


def _curve(planned: Planned, tried: Tried | None) -> PlanCurve:
    sampled, plan = planned.sampled, planned.plan
    asked = np.sqrt(sampled.most)
    worst = float(np.max(plan.promised / asked))
    # The curve goes as far on both sides of the plan, however far that is from what was asked for.
    points = cost_curve(sampled.frame, sampled.figures, sampled.most, plan, MULTIPLES * max(worst, 1e-9))
    shown = None
    if tried is not None:
        errors = np.array([figure.standard_error for figure in tried.figures])
        shown = (tried.cost, float(np.nanmax(errors / asked)))
    return PlanCurve(
        planned.declared.id, tuple((cost, multiple) for multiple, cost in points), (plan.cost, worst), shown
    )
