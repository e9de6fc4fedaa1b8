"""Make tables: from the deliveries in force to figures, and from figures to protected ones.

Steps follow one another: the records of each delivery and which of them count, the estimates of each table,
the protected observations of each table. What is already made for the same code, declarations and inputs is
found, not made again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pyarrow.parquet as pq
import sqlalchemy as sa

from sojourn.catalogue import schema
from sojourn.contracts.aggregates import DraftObservation, Estimate
from sojourn.contracts.table import Zone
from sojourn.disclosure import (
    Protected,
    ProtectedAs,
    ProtectionRules,
    already_published,
    protect,
    with_gap,
    with_net,
)
from sojourn.engine import Engine
from sojourn.errors import DisclosureRisk, ProjectError
from sojourn.pipeline import Made, Step
from sojourn.pipeline import run as run_steps
from sojourn.production.at_work import require_at_work
from sojourn.production.cell_key_steps import cell_key_step, given_cell_keys, is_perturbed
from sojourn.production.counted import given_by, record_steps, records_of, records_read, survey_design_of
from sojourn.production.figures import figures_of
from sojourn.production.fingerprints import code_fingerprint, fingerprint
from sojourn.production.linkage_errors import linkage_error_step, version_of_table
from sojourn.production.published_figures import estimate_columns
from sojourn.production.source_steps import delivery_in, is_repetitions
from sojourn.production.survey_figures import is_survey
from sojourn.production.survey_steps import sums_in, survey_step, without_sums
from sojourn.production.versions import VersionRecord, is_named, name_version
from sojourn.production.workspace import Workspace
from sojourn.project.table_declarations import Indicator, TableDeclaration
from sojourn.store.store import Version

__all__ = [
    "MadeTable",
    "TableRun",
    "make_tables",
    "protected_table",
    "run_tables",
    "table_versions",
]

OnStep = Callable[[str, int, int, bool], None]


@dataclass(frozen=True)
class MadeTable:
    """A table's versions in the secure zone and what its protection reported.

    `linkage_errors` is what linkage adds to its figures, where the project asks for it; `cell_keys` are those
    of a table that is perturbed.
    """

    estimates: Version
    observations: Version
    linkage_errors: Version | None
    cell_keys: Version | None
    report: Mapping[str, Any]
    deliveries: tuple[str, ...]
    repetitions: int


@dataclass(frozen=True)
class TableRun:
    """What a run made and what it found already made."""

    tables: Mapping[str, MadeTable] = field(default_factory=dict)
    made: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    to_make: tuple[str, ...] = ()


def run_tables(
    workspace: Workspace, names: Sequence[str] = (), *, is_dry: bool = False, on_step: OnStep | None = None
) -> TableRun:
    """Make the named tables, or all, and everything that they need.

    Raises: ProjectError for an unknown table or a source without deliveries; DisclosureRisk when a table
    cannot be protected as declared; NotPermitted when whoever is at work may not make tables.
    """
    if not is_dry:
        require_at_work(workspace, "run", "make tables from records", "tables")
    return make_tables(workspace, names, is_dry=is_dry, on_step=on_step)


def make_tables(
    workspace: Workspace, names: Sequence[str] = (), *, is_dry: bool = False, on_step: OnStep | None = None
) -> TableRun:
    """Make tables as part of an act that whoever is at work was allowed.

    Raises: as `run_tables`, but NotPermitted.
    """
    declared = workspace.declarations.tables
    for name in names:
        if name not in declared:
            raise ProjectError(f"No table is called {name}.", f"Declared are: {', '.join(sorted(declared))}.")
    chosen = [declared[name] for name in names or sorted(declared)]
    with workspace.writing():
        steps = _steps(workspace, chosen)
        made = run_steps(steps, fingerprint, code=code_fingerprint(), on_step=on_step, is_dry=is_dry)
    missing = tuple(step.name for step in steps if step.name not in made)
    tables = {} if missing else {table.id: _made_table(workspace, table, made) for table in chosen}
    return TableRun(
        tables,
        tuple(m.name for m in made.values() if not m.was_found),
        tuple(m.name for m in made.values() if m.was_found),
        missing,
    )


def _steps(workspace: Workspace, tables: Sequence[TableDeclaration]) -> list[Step[Version]]:
    steps: dict[str, Step[Version]] = {}
    for table in tables:
        indicator = workspace.declarations.indicators[table.indicator]
        before = record_steps(workspace, indicator, table.id)
        inputs = tuple(step.name for step in before)
        errors = linkage_error_step(workspace, indicator.counts, before) if indicator.counts else None
        own = [errors] if errors is not None else []
        if is_survey(workspace.declarations, indicator):
            sums = survey_step(workspace, indicator, inputs)
            own.append(sums)
            inputs = (*inputs, sums.name)
        beside = errors.name if errors is not None else None
        for step in (*before, *own, *_table_steps(workspace, table, indicator, inputs, beside)):
            steps[step.name] = step
    return list(steps.values())


def _table_steps(
    workspace: Workspace,
    table: TableDeclaration,
    indicator: Indicator,
    inputs: tuple[str, ...],
    errors: str | None,
) -> list[Step[Version]]:
    """Figures and their protection; `errors` names the step to what linkage adds, if there is one."""
    design = survey_design_of(workspace.declarations, indicator)
    settings = {
        "table": table.model_dump(mode="json", exclude={"title", "description", "release"}),
        "indicator": indicator.model_dump(mode="json", exclude={"title", "definition", "unit"}),
        "design": design.model_dump(mode="json") if design is not None else None,
        "country": workspace.declarations.settings.country,
    }
    figures = Step[Version](
        f"estimates:{table.id}",
        inputs,
        settings,
        partial(_find, workspace, Estimate, f"estimates_{table.id}"),
        lambda mark, made: _make_estimates(
            workspace,
            table,
            {name: made[name].result for name in inputs},
            mark,
            settings,
            [made[name].fingerprint for name in inputs],
        ),
    )
    keys = [cell_key_step(workspace, table, indicator, inputs, settings)] if is_perturbed(table) else []
    protected = Step[Version](
        f"observations:{table.id}",
        (figures.name, *(step.name for step in keys), *([errors] if errors is not None else [])),
        {**settings, **(keys[0].settings if keys else {})},
        partial(_find, workspace, DraftObservation, f"observations_{table.id}"),
        lambda mark, made: _make_observations(
            workspace,
            table,
            made[figures.name],
            made[errors] if errors is not None else None,
            next((made[step.name] for step in keys), None),
            mark,
        ),
    )
    return [figures, *keys, protected]


def _find(
    workspace: Workspace, contract: type[Estimate | DraftObservation], name: str, mark: str
) -> Version | None:
    return workspace.store.version(contract, name, mark) if is_named(workspace, name, mark) else None


def _make_estimates(
    workspace: Workspace,
    table: TableDeclaration,
    versions: Mapping[str, Version],
    mark: str,
    settings: Mapping[str, Any],
    inputs: Sequence[str],
) -> Version:
    name = f"estimates_{table.id}"
    beside = estimate_columns(table, workspace.declarations.indicators[table.indicator])
    with workspace.catalogue.work(workspace.actor, "read-records", f"table:{table.id}", "run") as work:
        with workspace.engine(Zone.SECURE) as engine:
            indicator = workspace.declarations.indicators[table.indicator]
            counted = records_of(engine, indicator, without_sums(versions))
            figures = figures_of(workspace, engine, table, counted, sums_in(versions))
            with workspace.store.writing(Estimate, name, mark, beside) as folder:
                pq.write_table(Estimate.conform(figures, beside), folder / "part-000000.parquet")
        about = VersionRecord(name, Zone.SECURE, "Estimate", mark, len(figures), tuple(inputs), settings)
        work.then(partial(name_version, workspace, about))
        work.detail.update(records=records_read(indicator, without_sums(versions)), cells=len(figures))
    found = workspace.store.version(Estimate, name, mark)
    if found is None:
        raise RuntimeError("The version is not there, although it was written a moment ago.")
    return found


def protected_table(
    workspace: Workspace,
    engine: Engine,
    table: TableDeclaration,
    version: Version,
    linkage_errors: Version | None = None,
    cell_keys: Version | None = None,
) -> Protected:
    """The table after protection, from its estimates and what linkage adds; it lives as long as the engine.

    Only figures that another body has published pass as they are, and only with the reason why.
    """
    figures = engine.relation(version.files)
    indicator = workspace.declarations.indicators[table.indicator]
    if indicator.statistic == "value":
        if given_by(workspace.declarations, indicator) != "published_figure":
            raise DisclosureRisk(f"{table.id} would publish records as they are.", "Nothing was made.")
        return already_published(figures, dimensions=table.by, reason=table.protect.none_because or "")
    rules = ProtectionRules(
        minimum_contributors=table.protect.minimum_contributors,
        secondary=table.protect.secondary,
        round_to=table.protect.round_to,
    )
    if table.gap is not None:
        dimension, codes = table.gap.split(":")
        one, other = codes.split("-")
        return with_gap(
            figures,
            dimensions=table.by,
            gap=dimension,
            between=(one, other),
            code=codes,
            statistic=protected_as(indicator),
            rules=rules,
        )
    errors = engine.relation(linkage_errors.files) if linkage_errors is not None else None
    found = protect(
        figures,
        dimensions=table.by,
        statistic=protected_as(indicator),
        rules=rules,
        within=table.within,
        linkage_errors=errors,
        cell_keys=given_cell_keys(workspace, engine, cell_keys) if cell_keys is not None else None,
    )
    return with_net(found, dimensions=table.by, linkage_errors=errors) if table.net else found


def protected_as(indicator: Indicator) -> ProtectedAs:
    """What protection takes an indicator's figures for: what is rounded, what is per cent."""
    if indicator.statistic in ("proportion", "poverty_rate", "poverty_gap"):
        return "proportion"
    return indicator.statistic if indicator.statistic in ("count", "share") else "mean"


def _make_observations(
    workspace: Workspace,
    table: TableDeclaration,
    figures: Made[Version],
    errors: Made[Version] | None,
    keys: Made[Version] | None,
    mark: str,
) -> Version:
    name = f"observations_{table.id}"
    of_table = version_of_table(workspace, table.id, errors.fingerprint) if errors is not None else None
    columns = tuple(dimension.upper() for dimension in table.by)
    with workspace.catalogue.work(workspace.actor, "protect", f"table:{table.id}", "run") as work:
        with workspace.engine(Zone.SECURE) as engine:
            protected = protected_table(
                workspace, engine, table, figures.result, of_table, keys.result if keys is not None else None
            )
            observations = DraftObservation.conform(protected.observations.to_arrow(), columns)
        with workspace.store.writing(DraftObservation, name, mark, columns) as folder:
            pq.write_table(observations, folder / "part-000000.parquet")
        report = {"report": protected.report}
        about = VersionRecord(
            name,
            Zone.SECURE,
            "DraftObservation",
            mark,
            len(observations),
            tuple(one.fingerprint for one in (figures, keys, errors) if one is not None),
            report,
        )
        work.then(partial(name_version, workspace, about))
    found = workspace.store.version(DraftObservation, name, mark)
    if found is None:
        raise RuntimeError("The version is not there, although it was written a moment ago.")
    return found


def _made_table(
    workspace: Workspace, table: TableDeclaration, made: Mapping[str, Made[Version]]
) -> MadeTable:
    figures, observations = made[f"estimates:{table.id}"], made[f"observations:{table.id}"]
    versions = schema.table_version.c
    row = workspace.catalogue.rows(
        sa.select(versions.settings).where(
            versions.name == observations.result.name, versions.fingerprint == observations.fingerprint
        )
    )[0]
    deliveries = tuple(found for name in figures.inputs if (found := delivery_in(name)) is not None)
    repetitions = [made[name].result.rows for name in figures.inputs if is_repetitions(name)]
    keys = made.get(f"cell_keys:{table.id}")
    others = (figures.name, *([keys.name] if keys is not None else []))
    marks = [mark for name, mark in observations.inputs.items() if name not in others]
    return MadeTable(
        figures.result,
        observations.result,
        version_of_table(workspace, table.id, marks[0]) if marks else None,
        keys.result if keys is not None else None,
        json.loads(row["settings"])["report"],
        deliveries,
        sum(repetitions),
    )


def table_versions(workspace: Workspace, name: str) -> MadeTable:
    """The versions of one table that a run has made for the present declarations and deliveries.

    Raises: ProjectError if it has to be run first.
    """
    found = run_tables(workspace, [name], is_dry=True)
    if name not in found.tables:
        raise ProjectError(
            f"{name} is not made from the present deliveries, declarations and methods.",
            f"Run it first: sojourn run {name}",
        )
    return found.tables[name]
