"""Provisional figures from classified crossings: the one call for a project and for plain files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sojourn.concepts.frameworks import ResidenceRule
from sojourn.engine import Relation
from sojourn.errors import ProjectError
from sojourn.integration.movements import Observation
from sojourn.statistics.provisional.flows import months_in_window
from sojourn.statistics.provisional.histories import (
    Histories,
    histories,
    last_day_of_month,
    month_of,
    month_text,
)
from sojourn.statistics.provisional.probabilities import LearningWindow
from sojourn.statistics.provisional.revisions import revision_triangle
from sojourn.statistics.provisional.totals import first_figure, monthly_totals
from sojourn.statistics.provisional.vintages import MONTHS_ASKED, Vintage, final_flows, replayed

__all__ = ["ProvisionalFigures", "earliest_vintage", "latest_flows", "provisional_figures"]

_EPOCH = np.datetime64("1970-01-01", "D")
# Earlier vintages are made anew every so many months, to see how far they erred.
MONTHS_BETWEEN = 3


@dataclass(frozen=True)
class ProvisionalFigures:
    """`totals` by month, flow and dimensions; `crossings` that are open, each with its probability; and
    `triangle`, what earlier vintages said of the same months."""

    totals: pa.Table
    crossings: pa.Table
    triangle: pa.Table


def provisional_figures(
    classified: Relation | pa.Table,
    *,
    rule: ResidenceRule,
    observation: Observation,
    features: Sequence[str] = (),
    birth_date: str | None = None,
    by: Sequence[str] = (),
    learning: LearningWindow | None = None,
    seed: int = 0,
    on_progress: Callable[[int, int], None] = lambda done, of: None,
) -> ProvisionalFigures:
    """Migration by month up to the last day observed: decided crossings, and open ones by probability.

    `classified` is what `classified_movements` returns, with the columns named in `features` (codes such as
    sex, citizenship, visa), `birth_date` and `by` beside it. A classification made later serves as well:
    what happened or became certain after the last day is not looked at. Histories in which movements are
    missing are an exception: a crossing seen later may have shown that one was missing before.

    Raises: ProjectError when the last day does not end a month, a column is absent, or too few months have
    become final to learn from.
    Source: Statistics New Zealand, provisional outcomes-based migration; domain reference, section 5.2.
    """
    chosen = learning or LearningWindow()
    until = np.datetime64(observation.last, "D")
    month = int(month_of(np.array([(until - _EPOCH).astype(int)]))[0])
    if int(last_day_of_month(np.array([month]))[0]) != int((until - _EPOCH).astype(int)):
        raise ProjectError(
            f"The last day observed, {observation.last}, does not end a month.",
            "Figures are by month: give the last day of the last whole month.",
        )
    table = classified.to_arrow() if isinstance(classified, Relation) else classified
    _refuse_absent(table, by)
    known = histories(
        table, rule=rule, observed_from=observation.first, features=features, birth_date=birth_date
    )
    earliest = earliest_vintage(known, chosen)
    if month < earliest:
        raise ProjectError(
            f"Too few months are final on {observation.last} to learn from: {chosen.fewest} are needed"
            f" after the window of {known.window} days in which nobody's residence is known.",
            f"With this beginning of observation the first month that can be estimated is"
            f" {month_text(earliest)}.",
        )
    first_asked = max(earliest, month - MONTHS_ASKED)
    asked = list(range(month, first_asked - 1, -MONTHS_BETWEEN))[::-1]
    made = replayed(
        known, asked, learning=chosen, seed=seed,
        on_progress=lambda at: on_progress(asked.index(at) + 1, len(asked)),
    )  # fmt: skip
    return ProvisionalFigures(
        monthly_totals(known, made[-1], by=by), _open_crossings(known, made[-1]), _triangle(known, made)
    )


def earliest_vintage(known: Histories, learning: LearningWindow) -> int:
    """The first month at whose end enough months were final to learn from."""
    return first_figure(known) + months_in_window(known) + learning.fewest


def latest_flows(known: Histories, last: Vintage, first_month: int) -> npt.NDArray[np.float64]:
    """The newest figures of all months from the first: final ones, then those of the last vintage."""
    finals = final_flows(known, first_month, int(last.flows.months[0]) - 1)
    return np.hstack([finals, last.flows.value])


def _refuse_absent(table: pa.Table, by: Sequence[str]) -> None:
    absent = [name for name in by if name not in table.column_names]
    if absent:
        raise ProjectError(
            f"The crossings have no column {', '.join(absent)}.", "Dimensions are columns of the crossings."
        )


def _open_crossings(known: Histories, said: Vintage) -> pa.Table:
    chosen = known.table.select(["person_id", "crossing_id", "date", "direction"]).take(pa.array(said.rows))
    return chosen.append_column("probability", pa.array(said.chances))


def _triangle(known: Histories, made: Sequence[Vintage]) -> pa.Table:
    first = int(made[0].flows.months[0])
    latest = latest_flows(known, made[-1], first)
    said = [(each.flows, each.spread) for each in made]
    return revision_triangle(said, latest, first, int(made[-1].flows.months[0]) - 1)
