"""From the declaration of a survey's design to the design that methods take."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pyarrow as pa

from sojourn.project.survey_declarations import SurveyDesignDeclaration
from sojourn.sources.mapping import expanded
from sojourn.statistics.design import ReplicateDesign
from sojourn.statistics.survey import (
    CalibratedTo,
    CensusDesign,
    Replication,
    SecondPhase,
    Stage,
    SurveyDesign,
    TaylorDesign,
    with_replicates,
)

__all__ = ["design_columns", "design_of", "design_of_text", "design_text", "renamed_design", "with_design"]


def design_of(declared: SurveyDesignDeclaration) -> SurveyDesign:
    """The declared design; where replicate weights are to be made, the one they are made from.

    Raises: ProjectError where what is declared does not fit together.
    """
    if declared.variance == "none":
        return CensusDesign(declared.weight)
    if declared.variance == "taylor" or declared.make is not None:
        stages = tuple(
            Stage(each.unit, each.stratum, each.population, each.fraction) for each in declared.stages
        )
        to = declared.calibrated
        calibrated = CalibratedTo(to.base_weight, to.margins, to.numbers) if to is not None else None
        again = declared.second_phase
        second = (
            SecondPhase(again.drawn, again.unit, again.weight_covers, again.strata)
            if again is not None
            else None
        )
        return TaylorDesign(
            declared.weight or "", stages, declared.numbered, declared.single_unit, calibrated, second
        )
    return ReplicateDesign(
        declared.kind or "jackknife",
        expanded(declared.weights),
        declared.coefficient,
        declared.rho,
        declared.centre,
        declared.degrees_of_freedom,
        declared.weight,
    )


def design_columns(declared: SurveyDesignDeclaration) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns of numbers that a design names (weights and sizes), and those that tell units apart."""
    design = design_of(declared)
    if isinstance(design, ReplicateDesign):
        return (design.weight or "", *design.weights), ()
    weight = (design.weight,) if design.weight else ()
    if isinstance(design, CensusDesign):
        return weight, ()
    sizes = [size for stage in design.stages for size in (stage.population, stage.fraction) if size]
    if design.calibrated is not None:
        sizes += [design.calibrated.base_weight, *design.calibrated.numbers]
    names = [name for name in design.all_columns if name not in sizes]
    return (*weight, *sizes), tuple(names)


def with_design(records: pa.Table, declared: SurveyDesignDeclaration) -> tuple[pa.Table, SurveyDesign]:
    """The records and their design; replicate weights that are to be made are added to the records."""
    design = design_of(declared)
    if declared.make is None or not isinstance(design, TaylorDesign):
        return records, design
    make = declared.make
    replication = Replication(make.kind, make.replicates, make.rho, make.seed)
    return with_replicates(records, design, replication)


def design_text(design: ReplicateDesign) -> str:
    """A replicate design that was made, as a text that is kept beside the sums that it belongs to."""
    return json.dumps(asdict(design), sort_keys=True)


def design_of_text(text: str) -> ReplicateDesign:
    """The design that `design_text` wrote."""
    plain = json.loads(text)
    several = isinstance(plain["coefficient"], list)
    return ReplicateDesign(
        **{**plain, "coefficient": tuple(plain["coefficient"]) if several else plain["coefficient"]}
    )


def renamed_design(declared: SurveyDesignDeclaration, names: Mapping[str, str]) -> SurveyDesignDeclaration:
    """A design with other names of its columns; those that `names` does not have stay as they are."""
    stages = tuple(
        stage.model_copy(
            update={
                name: names.get(column, column)
                for name in ("unit", "stratum", "population", "fraction")
                if (column := getattr(stage, name)) is not None
            }
        )
        for stage in declared.stages
    )
    renamed: dict[str, Any] = {
        "weight": None if declared.weight is None else names.get(declared.weight, declared.weight),
        "stages": stages,
        "weights": tuple(names.get(name, name) for name in expanded(declared.weights)),
    }
    if declared.calibrated is not None:
        to = declared.calibrated
        renamed["calibrated"] = to.model_copy(
            update={
                "base_weight": names.get(to.base_weight, to.base_weight),
                "margins": tuple(tuple(names.get(name, name) for name in margin) for margin in to.margins),
                "numbers": tuple(names.get(name, name) for name in to.numbers),
            }
        )
    if declared.second_phase is not None:
        again = declared.second_phase
        renamed["second_phase"] = again.model_copy(
            update={
                "drawn": names.get(again.drawn, again.drawn),
                "unit": names.get(again.unit, again.unit),
                "strata": tuple(names.get(name, name) for name in again.strata),
            }
        )
    return declared.model_copy(update=renamed)
