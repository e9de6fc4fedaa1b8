"""The step that says what linkage adds to the error of tables: their figures from links as they could be.

The records that a table counts are made again from each of several drawn sets of links, by the derivations of
an ordinary run. All tables that count the same kind of records share one step, so that these are made again
once for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sojourn.contracts.link_quality import LinkageError
from sojourn.contracts.links import Link, LinkPair
from sojourn.contracts.table import Zone
from sojourn.errors import ProjectError
from sojourn.integration.drawn_persons import drawn_persons
from sojourn.pipeline import Step
from sojourn.production.counted import derivations
from sojourn.production.derivations import Inputs, made_again
from sojourn.production.figures import figures_of
from sojourn.production.link_steps import LINK, repeated_sources
from sojourn.production.review import reviewed_strata
from sojourn.production.source_steps import source_in
from sojourn.production.versions import VersionRecord, is_named, name_version
from sojourn.production.workspace import Workspace
from sojourn.project.table_declarations import TableDeclaration
from sojourn.statistics.linkage_errors import linkage_errors
from sojourn.store.store import Version

__all__ = ["DrawnLinks", "drawn_links", "errors_of_tables", "linkage_error_step", "version_of_table"]


@dataclass(frozen=True)
class DrawnLinks:
    """How many sets of links were drawn, and by how many decided pairs their probabilities were corrected."""

    versions: int
    reviewed_pairs: int


def drawn_links(version: Version | None) -> DrawnLinks | None:
    """What the errors of a table were made from; none where there are none."""
    if version is None or not version.rows:
        return None
    first = pq.read_table(version.files, columns=["versions", "reviewed_pairs"]).slice(0, 1).to_pylist()[0]
    return DrawnLinks(**first)


def linkage_error_step(
    workspace: Workspace, counts: str, before: Sequence[Step[Version]]
) -> Step[Version] | None:
    """The step for all tables that count such records, whose own steps come before; none where none is asked.

    It is asked for by `linkage: {versions: …}`, and only records that stand on links have it.
    """
    declared = workspace.declarations.settings.linkage
    inputs = tuple(step.name for step in before)
    if not declared.versions or LINK not in inputs:
        return None
    tables = _tables(workspace, counts)
    settings = {
        "versions": declared.versions,
        "seed": declared.seed,
        "country": workspace.declarations.settings.country,
        "tables": [_settings(workspace, table) for table in tables],
        "reviewed": [list(row.values()) for row in reviewed_strata(workspace).to_pylist()],
    }
    return Step[Version](
        f"linkage_error:{counts}",
        inputs,
        settings,
        partial(_find, workspace, tables),
        partial(_make, workspace, tables, inputs, settings),
    )


def version_of_table(workspace: Workspace, table: str, mark: str) -> Version | None:
    """The errors of one table from the step with this fingerprint, or none."""
    name = _name(table)
    return workspace.store.version(LinkageError, name, mark) if is_named(workspace, name, mark) else None


def _name(table: str) -> str:
    return f"linkage_error_{table}"


def _tables(workspace: Workspace, counts: str) -> list[TableDeclaration]:
    declared = workspace.declarations
    found = (declared.tables[name] for name in sorted(declared.tables))
    return [table for table in found if declared.indicators[table.indicator].counts == counts]


def _settings(workspace: Workspace, table: TableDeclaration) -> Mapping[str, Any]:
    """What of a table's declaration its figures depend on."""
    indicator = workspace.declarations.indicators[table.indicator]
    return {
        "table": table.model_dump(mode="json", exclude={"title", "description", "release", "protect"}),
        "indicator": indicator.model_dump(mode="json", exclude={"title", "definition", "unit"}),
    }


def _find(workspace: Workspace, tables: Sequence[TableDeclaration], mark: str) -> Version | None:
    """The first table's version, if all are there."""
    found = [version_of_table(workspace, table.id, mark) for table in tables]
    return found[0] if all(found) else None


def _make(
    workspace: Workspace,
    tables: Sequence[TableDeclaration],
    inputs: tuple[str, ...],
    settings: Mapping[str, Any],
    mark: str,
    made: Inputs,
) -> Version:
    used = {name: made[name].result for name in inputs}
    fingerprints = tuple(made[name].fingerprint for name in inputs)
    versions, seed = settings["versions"], settings["seed"]
    with workspace.catalogue.work(workspace.actor, "read-records", LINK, "run") as work:
        for table, errors in zip(
            tables, errors_of_tables(workspace, tables, used, versions=versions, seed=seed), strict=True
        ):
            name = _name(table.id)
            with workspace.store.writing(LinkageError, name, mark, table.by) as folder:
                pq.write_table(errors, folder / "part-000000.parquet")
            about = VersionRecord(
                name, Zone.SECURE, "LinkageError", mark, len(errors), fingerprints, settings
            )
            work.then(partial(name_version, workspace, about))
        work.detail.update(tables=[table.id for table in tables], versions=versions)
    found = _find(workspace, tables, mark)
    if found is None:
        raise RuntimeError("The versions are not there, although they were written a moment ago.")
    return found


def errors_of_tables(
    workspace: Workspace,
    tables: Sequence[TableDeclaration],
    made: Mapping[str, Version],
    *,
    versions: int,
    seed: int,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[pa.Table]:
    """The `LinkageError` of each of some tables that count the same kind of records.

    `made` is what the steps to these records made, by step. Raises: ProjectError when pairs are gone.
    """
    declared = workspace.declarations
    indicator = declared.indicators[tables[0].indicator]
    given = {name: one for name, one in made.items() if source_in(name) is not None or name == LINK}
    steps = derivations(workspace, indicator, tuple(given))
    found = _figures(workspace, tables, made)
    reviewed = reviewed_strata(workspace)
    drawn = []
    for number, links in enumerate(_drawn(workspace, made[LINK], reviewed, versions, seed), start=1):
        with workspace.store.beside(Zone.SECURE) as folder:
            pq.write_table(Link.conform(links), folder / "part-000000.parquet")
            with made_again(workspace, steps, {**given, LINK: replace(made[LINK], folder=folder)}) as again:
                drawn.append(_figures(workspace, tables, again))
        on_progress(number, versions)
    return [
        linkage_errors(
            found[place],
            [figures[place] for figures in drawn],
            dimensions=table.by,
            statistic=declared.indicators[table.indicator].statistic,  # type: ignore[arg-type]  # made records are never shown as they are: no `value`
            net=table.net,
            reviewed_pairs=sum(reviewed["same"].to_pylist()) + sum(reviewed["different"].to_pylist()),
        )
        for place, table in enumerate(tables)
    ]


def _figures(
    workspace: Workspace, tables: Sequence[TableDeclaration], made: Mapping[str, Version]
) -> list[pa.Table]:
    """The estimates of each table from its records."""
    counts = workspace.declarations.indicators[tables[0].indicator].counts or ""
    with workspace.engine(Zone.SECURE) as engine:
        records = engine.relation(made[counts].files)
        return [figures_of(workspace, engine, table, records) for table in tables]


def _drawn(
    workspace: Workspace, links: Version, reviewed: pa.Table, versions: int, seed: int
) -> Iterator[pa.Table]:
    """The links of each version, each key under the person that it has there."""
    pairs = workspace.store.version(LinkPair, LinkPair.title(), links.fingerprint)
    if pairs is None:
        raise ProjectError("The pairs behind the links are not there.", "Run: sojourn run")
    table = pa.concat_tables(map(pq.read_table, links.files)).combine_chunks()
    declared = workspace.declarations
    sources = [declared.sources[name] for name in declared.settings.linkage.sources]
    for person in drawn_persons(
        table,
        pa.concat_tables(map(pq.read_table, pairs.files)),
        repeated=repeated_sources(workspace, sources),
        versions=versions,
        seed=seed,
        reviewed=reviewed if len(reviewed) else None,
    ):
        names = table["record_key"].take(pa.array(person))
        sources_of = table["source"].take(pa.array(person))
        key = pc.binary_join_element_wise(sources_of, names, ":")
        yield table.set_column(table.schema.get_field_index("person_key"), "person_key", key)
