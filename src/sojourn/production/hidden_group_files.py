"""Estimates of rare and hidden groups on plain files: read what a design needs, estimate, and write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.errors import DataRefused, Problem, ProjectError, shown
from sojourn.production import hidden_group_designs as designs
from sojourn.production.survey_reading import survey_rows
from sojourn.production.table_files import require_targets, write_table
from sojourn.project.special_design_declarations import (
    AdaptiveSampleDeclaration,
    CentresSampleDeclaration,
    FramesSampleDeclaration,
    HiddenGroupDeclaration,
    IndirectSampleDeclaration,
    RespondentDrivenDeclaration,
    TwoPhaseSampleDeclaration,
)
from sojourn.sources.sampling.adaptive import adaptive_estimates, adaptive_weights, grid_links
from sojourn.sources.sampling.centres import centre_popularity, centres_estimates, centres_weights
from sojourn.sources.sampling.frames import frames_estimates, frames_weights
from sojourn.sources.sampling.indirect import (
    IndirectSample,
    indirect_estimates,
    linked_values,
    shared_weights,
)
from sojourn.sources.sampling.recruitment_diagnostics import recruitment_diagnostics
from sojourn.sources.sampling.respondent_driven import (
    respondent_driven_estimates,
    respondent_driven_weights,
)
from sojourn.sources.sampling.targets import Target
from sojourn.sources.sampling.two_phase import two_phase_estimates, two_phase_weights

__all__ = ["HiddenGroupSources", "HiddenGroupSummary", "HiddenGroupTargets", "hidden_group_file"]


@dataclass(frozen=True)
class HiddenGroupSources:
    """Files to read: the sample; for some designs links, and the targets that they lead to."""

    sample: Path
    links: Path | None = None
    reached: Path | None = None


@dataclass(frozen=True)
class HiddenGroupTargets:
    """Files to write: estimates; where wanted weights, and what lies behind the estimates."""

    estimates: Path
    weights: Path | None = None
    details: Path | None = None


@dataclass(frozen=True)
class HiddenGroupSummary:
    """What came out: the design, how many were sampled, what the figures rest on, and the figures."""

    kind: str
    sampled: int
    basis: str
    rows: list[dict[str, Any]]

    def to_json(self) -> dict[str, Any]:
        """The numbers as plain values."""
        return dict(vars(self))


@dataclass(frozen=True)
class _Results:
    """What a design makes of its files, each made when it is asked for; `sampled` is made at once."""

    sampled: int
    estimates: Callable[[], pa.Table]
    weights: Callable[[], pa.Table]
    details: Callable[[], pa.Table] | None = None


def hidden_group_file(
    sources: HiddenGroupSources, targets: HiddenGroupTargets, *, declared: HiddenGroupDeclaration
) -> HiddenGroupSummary:
    """Estimate what is declared from a sample of a rare or hidden group, and write it.

    Details are diagnostics of a respondent-driven sample, popularities of centres, or what each sampled unit
    of an indirect sample carries; other designs have none.

    Raises: ProjectError for a target that exists or a declaration that the files do not serve; DataRefused
    when a column is missing or wrong, or the sample allows no estimate.
    """
    require_targets(targets.estimates, targets.weights, targets.details)
    _require_files(sources, declared)
    asked = [designs.target_of(target) for target in declared.targets]
    try:
        results = _READERS[declared.kind](sources, declared, asked)
        if targets.details is not None and results.details is None:
            raise ProjectError(
                f"A sample of the kind {declared.kind} has no details.", "Leave out --details."
            )
        estimates = results.estimates()
        more = {
            file: make()
            for file, make in ((targets.weights, results.weights), (targets.details, results.details))
            if file is not None and make is not None
        }
    except DataRefused as refused:
        raise _named(refused, sources.sample) from refused
    told = {"declaration": declared.id, "design": declared.kind, "basis": estimates["basis"][0].as_py()}
    for file, table in {**more, targets.estimates: estimates}.items():
        write_table(table, file, told)
    return HiddenGroupSummary(declared.kind, results.sampled, told["basis"], estimates.to_pylist())


def _named(refused: DataRefused, source: Path) -> DataRefused:
    """The same refusal with the file's name, where it has none."""
    name = shown(source.name)
    return DataRefused(
        Problem(problem.file or name, problem.line, problem.message, problem.remedy)
        for problem in refused.problems
    )


def _require_files(sources: HiddenGroupSources, declared: HiddenGroupDeclaration) -> None:
    grid = declared.adaptive.grid if declared.adaptive is not None else None
    needs_links = declared.kind == "indirect" or (declared.kind == "adaptive" and grid is None)
    needs = {"links": needs_links, "reached": declared.kind == "indirect"}
    for name, is_needed in needs.items():
        if is_needed and getattr(sources, name) is None:
            raise ProjectError(f"A sample of the kind {declared.kind} needs --{name}.", "Name the file.")
        if not is_needed and getattr(sources, name) is not None:
            raise ProjectError(
                f"A sample of the kind {declared.kind} has no --{name}.", "Leave the file out."
            )


def _table(
    declared: HiddenGroupDeclaration, file: Path, *kinds: Mapping[str, str], **constants: float
) -> pa.Table:
    """The columns of a file that are asked for, and columns that hold one number."""
    columns: dict[str, str] = {}
    for kind in kinds:
        # What is counted with must be numbers, also where it is a code elsewhere.
        columns |= {name: held for name, held in kind.items() if held != "any" or name not in columns}
    table = survey_rows(file, columns, arrives=declared.arrives)
    for name, value in constants.items():
        table = table.append_column(name, pa.array(np.full(len(table), value)))
    return table


def _any(*names: str | None) -> dict[str, str]:
    return {name: "any" for name in names if name is not None}


def _two_phase(
    sources: HiddenGroupSources, declared: HiddenGroupDeclaration, asked: list[Target]
) -> _Results:
    own: TwoPhaseSampleDeclaration = _own(declared)
    table = _table(
        declared,
        sources.sample,
        designs.columns_of_draw(own.draw),
        {**_any(own.unit, own.units, *own.strata), own.second: "claim"},
        {
            **_any(*own.regress_on_categories, *own.post_stratify_by),
            **dict.fromkeys(own.regress_on, "number"),
        },
        designs.columns_of_targets(declared.targets),
        **designs.constants_of(own.draw),
    )
    for name in own.regress_on_categories:
        table = table.set_column(table.column_names.index(name), name, table[name].cast(pa.string()))
    design = designs.two_phase_design(own)
    return _Results(
        len(table),
        lambda: two_phase_estimates(table, design, asked, confidence=declared.confidence),
        lambda: two_phase_weights(table, design, unit=own.unit),
    )


def _frames(sources: HiddenGroupSources, declared: HiddenGroupDeclaration, asked: list[Target]) -> _Results:
    own: FramesSampleDeclaration = _own(declared)
    chances = [frame.probability for frame in own.frames if frame.probability is not None]
    table = _table(
        declared,
        sources.sample,
        designs.columns_of_draw(own.draw),
        {**_any(own.unit, own.frame), **{frame.member: "claim" for frame in own.frames}},
        dict.fromkeys(chances, "number"),
        designs.columns_of_targets(declared.targets),
        **designs.constants_of(own.draw),
    )
    design = designs.frames_design(own)
    return _Results(
        len(table),
        lambda: frames_estimates(table, design, asked, confidence=declared.confidence),
        lambda: frames_weights(table, design, unit=own.unit),
    )


def _adaptive(sources: HiddenGroupSources, declared: HiddenGroupDeclaration, asked: list[Target]) -> _Results:
    own: AdaptiveSampleDeclaration = _own(declared)
    numbers = [name for name in (own.initial, own.condition_of, own.population) if name is not None]
    places = [] if own.grid is None else [own.grid.row, own.grid.column]
    units = _table(
        declared,
        sources.sample,
        {**_any(own.unit, *own.strata), **dict.fromkeys([*numbers, *places], "number")},
        {own.satisfies: "claim"} if own.satisfies is not None else {},
        designs.columns_of_targets(declared.targets),
        **({designs.EVERYONE: own.everyone} if own.everyone is not None else {}),
    )
    if own.condition_of is not None:
        meets = pc.greater_equal(units[own.condition_of], own.at_least)
        units = units.append_column(designs.SATISFIES, meets)
    if own.grid is not None:
        links = grid_links(
            units, unit=own.unit, row=own.grid.row, column=own.grid.column, corners=own.grid.corners
        )
    else:
        links = _table(declared, _given(sources.links), _any("unit", "neighbour"))
    design = designs.adaptive_design(own)
    return _Results(
        len(units),
        lambda: adaptive_estimates(units, links, design, asked, confidence=declared.confidence),
        lambda: adaptive_weights(units, links, design),
    )


def _indirect(sources: HiddenGroupSources, declared: HiddenGroupDeclaration, asked: list[Target]) -> _Results:
    own: IndirectSampleDeclaration = _own(declared)
    of_links = [name for name in (own.strength, own.probability) if name is not None]
    sample = IndirectSample(
        _table(
            declared,
            sources.sample,
            designs.columns_of_draw(own.draw),
            _any(own.unit),
            **designs.constants_of(own.draw),
        ),
        _table(
            declared, _given(sources.links), _any(own.unit, own.target), dict.fromkeys(of_links, "number")
        ),
        _table(
            declared,
            _given(sources.reached),
            {**_any(own.target, own.cluster), **({own.links: "number"} if own.links is not None else {})},
            designs.columns_of_targets(declared.targets),
        ),
    )
    design = designs.indirect_design(own)
    return _Results(
        len(sample.units),
        lambda: indirect_estimates(sample, design, asked, confidence=declared.confidence),
        lambda: shared_weights(sample, design),
        lambda: linked_values(sample, design, asked),
    )


def _centres(sources: HiddenGroupSources, declared: HiddenGroupDeclaration, asked: list[Target]) -> _Results:
    own: CentresSampleDeclaration = _own(declared)
    table = _table(
        declared,
        sources.sample,
        _any(own.unit, own.centre),
        {centre.attends: "number" if own.visits else "claim" for centre in own.centres},
        designs.columns_of_targets(declared.targets),
    )
    design = designs.centres_design(own)
    return _Results(
        len(table),
        lambda: centres_estimates(table, design, asked, confidence=declared.confidence),
        lambda: centres_weights(table, design, unit=own.unit),
        lambda: centre_popularity(table, design),
    )


def _respondent_driven(
    sources: HiddenGroupSources, declared: HiddenGroupDeclaration, asked: list[Target]
) -> _Results:
    own: RespondentDrivenDeclaration = _own(declared)
    table = _table(
        declared,
        sources.sample,
        {**_any(own.person, own.recruiter, own.trait), own.degree: "number"},
        designs.columns_of_targets(declared.targets),
    )
    design = designs.respondent_driven_design(own)
    return _Results(
        len(table),
        lambda: respondent_driven_estimates(table, design, asked, confidence=declared.confidence),
        lambda: respondent_driven_weights(table, design),
        lambda: recruitment_diagnostics(table, design, asked),
    )


def _own(declared: HiddenGroupDeclaration) -> Any:
    """The part of the declaration that is about its design."""
    return getattr(declared, declared.kind)


def _given(file: Path | None) -> Path:
    if file is None:
        raise AssertionError("files are looked for before they are read")
    return file


_Reader = Callable[[HiddenGroupSources, HiddenGroupDeclaration, list[Target]], _Results]
_READERS: Mapping[str, _Reader] = {
    "two_phase": _two_phase,
    "frames": _frames,
    "adaptive": _adaptive,
    "indirect": _indirect,
    "centres": _centres,
    "respondent_driven": _respondent_driven,
}
