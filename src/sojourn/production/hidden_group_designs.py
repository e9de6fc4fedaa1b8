"""From declarations of samples of hidden groups to the designs of the methods, and to columns of files."""

from __future__ import annotations

from collections.abc import Mapping

from sojourn.project.special_design_declarations import (
    AdaptiveSampleDeclaration,
    CentresSampleDeclaration,
    DrawDeclaration,
    FramesSampleDeclaration,
    IndirectSampleDeclaration,
    RespondentDrivenDeclaration,
    TargetDeclaration,
    TwoPhaseSampleDeclaration,
)
from sojourn.sources.sampling.adaptive import AdaptiveDesign
from sojourn.sources.sampling.centres import CentresDesign
from sojourn.sources.sampling.frames import FramesDesign
from sojourn.sources.sampling.indirect import IndirectDesign
from sojourn.sources.sampling.respondent_driven import RespondentDrivenDesign
from sojourn.sources.sampling.staged_designs import Stage, StagedDesign
from sojourn.sources.sampling.targets import Target
from sojourn.sources.sampling.two_phase import TwoPhaseDesign

__all__ = [
    "EVERYONE",
    "SATISFIES",
    "adaptive_design",
    "centres_design",
    "columns_of_draw",
    "columns_of_targets",
    "constants_of",
    "draw_design",
    "frames_design",
    "indirect_design",
    "respondent_driven_design",
    "target_of",
    "two_phase_design",
]

# Columns that a declaration stands for, and files do not have.
EVERYONE = "_everyone"
SATISFIES = "_satisfies"


def target_of(declared: TargetDeclaration) -> Target:
    """The target that a declaration states."""
    return Target(
        declared.id, declared.statistic, declared.of, declared.category, declared.denominator, declared.by
    )


def columns_of_targets(targets: tuple[TargetDeclaration, ...]) -> dict[str, str]:
    """The columns that targets are about, and what they hold."""
    found: dict[str, str] = {}
    for target in targets:
        if target.by is not None:
            found.setdefault(target.by, "any")
    for target in targets:
        if target.of is not None and target.statistic == "share":
            found.setdefault(target.of, "any")
    for target in targets:
        if target.of is not None and target.statistic != "share":
            found[target.of] = "number"
        if target.denominator is not None:
            found[target.denominator] = "number"
    return found


def draw_design(declared: DrawDeclaration) -> StagedDesign:
    """The design of a draw; a number in place of a column of populations becomes a column."""
    return StagedDesign(
        tuple(
            Stage(
                stage.units,
                stage.strata,
                stage.population if stage.everyone is None else f"{EVERYONE}{place}",
            )
            for place, stage in enumerate(declared.stages)
        ),
        declared.weight,
        declared.with_replacement,
        declared.single_units,
    )


def constants_of(declared: DrawDeclaration) -> dict[str, float]:
    """The columns that hold one number in all rows."""
    return {
        f"{EVERYONE}{place}": stage.everyone
        for place, stage in enumerate(declared.stages)
        if stage.everyone is not None
    }


def columns_of_draw(declared: DrawDeclaration) -> dict[str, str]:
    """The columns that say how rows were drawn, and what they hold."""
    found: dict[str, str] = {}
    for stage in declared.stages:
        found |= dict.fromkeys([name for name in (stage.units, *stage.strata) if name is not None], "any")
        if stage.population is not None:
            found[stage.population] = "number"
    if declared.weight is not None:
        found[declared.weight] = "number"
    return found


def two_phase_design(declared: TwoPhaseSampleDeclaration) -> TwoPhaseDesign:
    """The design that a declaration states."""
    return TwoPhaseDesign(
        draw_design(declared.draw),
        declared.second,
        declared.strata,
        declared.units,
        (*declared.regress_on, *declared.regress_on_categories),
        declared.post_stratify_by,
        declared.variance,
    )


def frames_design(declared: FramesSampleDeclaration) -> FramesDesign:
    """The design that a declaration states."""
    return FramesDesign(
        declared.frame,
        {frame.id: frame.member for frame in declared.frames},
        draw_design(declared.draw),
        declared.estimator,
        declared.sharing if declared.share is None else declared.share,
        {frame.id: frame.probability for frame in declared.frames if frame.probability is not None},
    )


def adaptive_design(declared: AdaptiveSampleDeclaration) -> AdaptiveDesign:
    """The design that a declaration states."""
    return AdaptiveDesign(
        declared.unit,
        declared.initial,
        declared.satisfies or SATISFIES,
        declared.population or EVERYONE,
        declared.strata,
        declared.replacement,
        declared.estimator,
        declared.improved,
    )


def indirect_design(declared: IndirectSampleDeclaration) -> IndirectDesign:
    """The design that a declaration states."""
    return IndirectDesign(
        declared.unit,
        declared.target,
        draw_design(declared.draw),
        declared.links,
        declared.strength,
        declared.probability,
        declared.cluster,
    )


def centres_design(declared: CentresSampleDeclaration) -> CentresDesign:
    """The design that a declaration states."""
    sizes: Mapping[str, float] = {
        centre.id: centre.size for centre in declared.centres if centre.size is not None
    }
    return CentresDesign(
        declared.centre,
        {centre.id: centre.attends for centre in declared.centres},
        sizes or None,
        declared.population,
        declared.replicates,
        declared.seed,
    )


def respondent_driven_design(declared: RespondentDrivenDeclaration) -> RespondentDrivenDesign:
    """The design that a declaration states."""
    return RespondentDrivenDesign(**declared.model_dump())
