"""Samples on plain files: plan them for a frame, draw them, and try them out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sojourn.errors import DataRefused, Problem, ProjectError, shown
from sojourn.production.sampling_frames import SampleFrame, sample_frame
from sojourn.production.table_files import require_targets, table_of, write_table
from sojourn.project.sampling_declarations import SamplingDeclaration
from sojourn.sources.sampling.costs import CostModel
from sojourn.sources.sampling.planning import PlanSettings, SamplePlan, plan_sample
from sojourn.sources.sampling.simulation import Tried, repeat, summary

__all__ = ["Planned", "plan_file", "planned_sizes", "settings_of", "try_files"]

Integers = npt.NDArray[np.int64]
PLAN_COLUMNS = {"stratum": "text", "drawn": "whole"}
MORE_PLAN_COLUMNS = {"take": "whole"}


@dataclass(frozen=True)
class Planned:
    """A plan for a declared frame, with what is needed to tell of it."""

    declared: SamplingDeclaration
    sampled: SampleFrame
    plan: SamplePlan

    def strata(self) -> pa.Table:
        """One row for each stratum: its size, what is drawn, and what is expected of it."""
        plan, frame = self.plan, self.sampled.frame
        by_places = plan.settings.kind == "places"
        units = frame.units
        of_what = frame.places if by_places else units
        columns: dict[str, Any] = {"stratum": list(frame.strata), **self.sampled.codes, "units": units}
        if by_places:
            columns |= {"places": frame.places, "take": np.full(len(units), plan.settings.take)}
        return pa.table(
            columns
            | {
                "drawn": plan.sizes,
                "rate": plan.sizes / of_what,
                "visits": plan.sizes * plan.visits,
                "interviews": plan.sizes * plan.interviews,
                "cost": plan.sizes * plan.allocation.strata.cost,
            }
        )

    def goals(self) -> pa.Table:
        """One row for each goal: what it is in the frame, what was asked for, what is promised, its price."""
        promised, truth = self.plan.promised, self.sampled.figures.truth
        asked = np.sqrt(self.sampled.most)
        with np.errstate(divide="ignore", invalid="ignore"):
            cv = promised / np.abs(truth)
        return pa.table(
            {
                "goal": [each.name for each in self.sampled.asked],
                "figure": [each.goal.figure for each in self.sampled.asked],
                "value": truth,
                "standard_error_asked": asked,
                "standard_error": promised,
                "cv": pa.array(cv, mask=~np.isfinite(cv)),
                "multiple": promised / asked,
                "price_of_a_per_cent": self.plan.allocation.price,
            }
        )

    def told(self) -> dict[str, str]:
        """What a Parquet result carries of the plan."""
        return {
            "sampling_plan": self.declared.id,
            "version": self.declared.version,
            "seed": str(self.declared.seed),
            "cost": f"{self.plan.cost:.10g}",
            "best_in_whole_units": "proven" if self.plan.allocation.is_proven else "not proven",
        }


def settings_of(declared: SamplingDeclaration) -> PlanSettings:
    """The settings of a plan that a declaration states."""
    design, cost = declared.design, declared.cost
    return PlanSettings(
        CostModel(cost.fixed, cost.place, cost.travel, cost.visit, cost.interview),
        design.kind,
        design.places,
        None if design.take == "best" else design.take,
        design.minimum,
        design.response,
        design.share_out,
        declared.budget,
    )


def planned(frame: Path, declared: SamplingDeclaration) -> Planned:
    """Plan a declared sample.

    Raises: as `sample_frame`; ProjectError for goals that cannot be met, naming each and how far it stays
    off, or a budget that is too small.
    """
    sampled = sample_frame(frame, declared)
    plan = plan_sample(sampled.frame, sampled.figures, sampled.most, settings_of(declared))
    return Planned(declared, sampled, plan)


def plan_file(
    frame: Path, target: Path, declared: SamplingDeclaration, *, goals: Path | None = None
) -> Planned:
    """Plan a sample for a frame and write its strata, and where wanted its goals.

    Raises: ProjectError for a target that exists; otherwise as `planned`.
    """
    require_targets(target, goals)
    found = planned(frame, declared)
    write_table(found.strata(), target, found.told())
    if goals is not None:
        write_table(found.goals(), goals, found.told())
    return found


def planned_sizes(file: Path, sampled: SampleFrame) -> tuple[Integers, int | None]:
    """What a plan's file says is drawn in each stratum of a frame, and the units taken from a place.

    Raises: DataRefused when a stratum of the frame is missing, or one is named twice, or its take differs.
    """
    table = table_of(file, PLAN_COLUMNS, MORE_PLAN_COLUMNS)
    drawn = dict(zip(table["stratum"].to_pylist(), table["drawn"].to_pylist(), strict=True))
    takes = set(table["take"].to_pylist()) if "take" in table.column_names else {None}
    strata = sampled.frame.strata
    if set(drawn) != set(strata) or len(drawn) < len(table) or None in drawn.values() or len(takes) > 1:
        raise DataRefused(
            Problem(
                shown(file.name),
                None,
                f"the plan is not for this frame: it has {len(drawn):,} strata, the frame {len(strata):,}.",
                "Plan the sample for this frame, and draw from the same.",
            )
        )
    return np.array([drawn[name] for name in strata], np.int64), takes.pop()


def try_files(
    frame: Path,
    target: Path,
    declared: list[SamplingDeclaration],
    *,
    repetitions: int,
    seed: int,
    on_progress: Callable[[int, int], None] = lambda done, of: None,
) -> list[tuple[Planned, Tried]]:
    """Plan each declared sample, draw it again and again from the frame, and write what came of it.

    One row for each plan and goal: what was promised and what repetitions show.

    Raises: ProjectError for a target that exists or two plans of one name; otherwise as `planned`.
    """
    require_targets(target)
    if len({each.id for each in declared}) < len(declared):
        raise ProjectError("Two plans have the same id.", "Give each its own.")
    found: list[tuple[Planned, Tried]] = []
    whole = len(declared) * repetitions
    for place, each in enumerate(declared):
        plan = planned(frame, each)
        found.append((plan, _tried(plan, repetitions, seed, on_progress, place * repetitions, whole)))
    rows = [
        {"plan": plan.declared.id, **asdict(figure), "cost": tried.cost, "cost_spread": tried.cost_spread}
        for plan, tried in found
        for figure in tried.figures
    ]
    write_table(pa.Table.from_pylist(rows), target, {"repetitions": str(repetitions), "seed": str(seed)})
    return found


def _tried(
    found: Planned,
    repetitions: int,
    seed: int,
    on_progress: Callable[[int, int], None],
    before: int,
    whole: int,
) -> Tried:
    sampled = found.sampled
    results = repeat(
        sampled.frame, sampled.figures, found.plan, repetitions=repetitions, seed=seed,
        on_progress=lambda done, _: on_progress(before + done, whole),
    )  # fmt: skip
    return summary(
        sampled.figures, found.plan, results,
        levels=np.array([each.target.level for each in sampled.asked]),
        intervals=tuple(each.target.interval for each in sampled.asked),
    )  # fmt: skip
