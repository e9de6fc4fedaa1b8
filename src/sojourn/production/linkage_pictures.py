"""A pair's score as a picture on a plain file."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pyarrow.compute as pc

from sojourn.dissemination.charts import svg_of
from sojourn.dissemination.score_chart import ScorePart, score_chart
from sojourn.dissemination.wording import wording
from sojourn.errors import ProjectError
from sojourn.production.linkage_files import LinkageFiles
from sojourn.production.linkage_model import score_parts
from sojourn.production.movement_pictures import require_new
from sojourn.production.unfinished import unfinished_beside

__all__ = ["draw_score"]


def draw_score(result: LinkageFiles, pair: tuple[str, str], target: Path) -> None:
    """Draw the parts of the score of two records, named by their identifiers; no value is shown.

    Raises: ProjectError for a target that exists, or identifiers that are no record's.
    """
    require_new(target, ".svg")
    one, other = _records(result, pair)
    parts = score_parts(result.records, result.found, one, other)
    score = float(np.sum(parts["bits"].to_numpy()))
    found = (result.found.ones == min(one, other)) & (result.found.others == max(one, other))
    at = np.flatnonzero(found)
    alone = 1.0 / (1.0 + 2.0 ** -np.clip(score, -500, 500))
    probability = float(result.found.probability[at[0]]) if len(at) else alone
    drawing = score_chart(
        [ScorePart(*row) for row in zip(*parts.to_pydict().values(), strict=True)], probability
    )
    with unfinished_beside(target) as folder:
        (folder / target.name).write_bytes(svg_of(drawing, wording("en")))
        os.replace(folder / target.name, target)


def _records(result: LinkageFiles, pair: tuple[str, str]) -> tuple[int, int]:
    """The records of the two identifiers, of two files where more than one record has them."""
    here, there = (
        np.flatnonzero(pc.equal(result.identifiers, name).to_numpy(zero_copy_only=False)) for name in pair
    )
    source = result.records.source
    for one in here.tolist():
        for other in there.tolist():
            if one != other and (result.dedupe or source[one] != source[other]):
                return one, other
    raise ProjectError(
        "The identifiers of --pair are not those of two records that are compared.",
        "Name two records, of two files where files are linked.",
    )
