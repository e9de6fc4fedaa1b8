"""Bring a release together: its tables as they are now, described, and handed to the gate."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow.compute as pc

from sojourn.contracts.table import Zone
from sojourn.dissemination.publication import ReleaseDescription, Revision
from sojourn.engine import Engine
from sojourn.errors import ProjectError
from sojourn.production.at_work import require_at_work, require_signed_in
from sojourn.production.deliveries import deliveries_in_force
from sojourn.production.describe import agency_of, country_of, describe_table
from sojourn.production.doctor import gate_of
from sojourn.production.figures import method_sql
from sojourn.production.fingerprints import code_fingerprint, fingerprint
from sojourn.production.linkage_errors import drawn_links
from sojourn.production.published_figures import decimals_of
from sojourn.production.quality import records_behind
from sojourn.production.release_attacks import attack_of
from sojourn.production.tables import protected_table, table_versions
from sojourn.production.workspace import Workspace
from sojourn.project.contracts import sources_behind
from sojourn.project.people import Person
from sojourn.project.table_declarations import ReleaseDeclaration, TableDeclaration
from sojourn.release import Gate, State
from sojourn.release.gate import DraftTable
from sojourn.release.states import WAITING

__all__ = ["full_hash", "gate_of", "listed_releases", "prepare_release"]


def prepare_release(
    workspace: Workspace,
    author: Person,
    identifier: str,
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> str:
    """Prepare a declared release from its tables as they were last run, and return its hash.

    A release that waits and was made from the same is not made again.

    Raises: ProjectError for an unknown release or a table that must be run first; NotPermitted without
    the role.
    """
    require_signed_in(workspace, author, "release-prepare", "prepare a release", f"release:{identifier}")
    releases = workspace.declarations.releases
    if identifier not in releases:
        raise ProjectError(
            f"No release is called {identifier}.", f"Declared are: {', '.join(sorted(releases))}."
        )
    declared = releases[identifier]
    gate = gate_of(workspace)
    earlier = [row for row in gate.releases() if row["id"] == identifier]
    published = [
        row for row in earlier if State(row["state"]) in (State.PUBLISHED, State.SUPERSEDED, State.WITHDRAWN)
    ]
    version = 1 + max((int(row["version"]) for row in published), default=0)
    revisions = _revisions(published)
    made_from = _made_from(workspace, declared, version)
    waiting = _waiting(earlier, made_from)
    if waiting is not None:
        return waiting
    drafts = []
    with workspace.engine(Zone.SECURE) as engine:
        for position, name in enumerate(declared.tables, start=1):
            drafts.append(_draft(workspace, engine, workspace.declarations.tables[name], version, revisions))
            if on_progress is not None:
                on_progress(position, len(declared.tables))
        description = _description(workspace, declared, version, published)
        with workspace.store.one_writer():
            return gate.prepare(
                author, description, drafts, dict(declared.note), made_from, attack_of(workspace)
            )


def _waiting(earlier: Sequence[Mapping[str, Any]], made_from: str) -> str | None:
    """The hash of the release that was made from the same and waits for approval or publication."""
    for row in earlier:
        if State(row["state"]) in WAITING and json.loads(row["summary"])["made_from"] == made_from:
            return str(row["hash"])
    return None


def _made_from(workspace: Workspace, declared: ReleaseDeclaration, version: int) -> str:
    """What decides the content of a release but the moment of its making."""
    tables = {name: table_versions(workspace, name).observations.fingerprint for name in declared.tables}
    declarations = workspace.declarations
    described = [
        declared.model_dump(mode="json"),
        declarations.settings.model_dump(mode="json"),
        [declarations.tables[name].model_dump(mode="json") for name in declared.tables],
        [i.model_dump(mode="json") for i in declarations.indicators.values()],
        [s.model_dump(mode="json") for s in declarations.sources.values()],
        declarations.names,
    ]
    return fingerprint(
        tables, described, version, code_fingerprint(("dissemination", "production", "release"))
    )


def _draft(
    workspace: Workspace, engine: Engine, table: TableDeclaration, version: int, revisions: list[Revision]
) -> DraftTable:
    made = table_versions(workspace, table.id)
    protected = protected_table(workspace, engine, table, made.estimates, made.linkage_errors, made.cell_keys)
    observations = protected.observations.to_arrow()
    indicator = workspace.declarations.indicators[table.indicator]
    codes = {name.upper(): pc.unique(observations[name.upper()]).to_pylist() for name in table.by}
    has_errors = observations["SE"].null_count < len(observations)
    deliveries = [
        delivery
        for source in sources_behind(
            indicator, workspace.declarations.sources, workspace.declarations.settings.spine
        )
        for delivery in deliveries_in_force(workspace, source.id)
    ]
    description = describe_table(
        workspace.declarations,
        table,
        codes=codes,
        periods=sorted(pc.unique(observations["TIME_PERIOD"]).to_pylist()),
        report=protected.report,
        deliveries=deliveries,
        behind=records_behind(deliveries, made.repetitions),
        has_errors=has_errors,
        version=version,
        revisions=revisions,
        drawn=drawn_links(made.linkage_errors),
        decimals=decimals_of(observations["OBS_VALUE"]) if indicator.statistic == "value" else None,
    )
    # Figures that were published before have no persons behind them to look at.
    estimates = made.estimates.fingerprint if indicator.statistic != "value" else None
    return DraftTable(description, protected, method_sql(workspace, table), estimates)


def _description(
    workspace: Workspace, declared: ReleaseDeclaration, version: int, published: list[dict[str, Any]]
) -> ReleaseDescription:
    in_force = next((row["hash"] for row in published if State(row["state"]) is State.PUBLISHED), None)
    return ReleaseDescription(
        id=declared.id,
        version=str(version),
        title=dict(declared.title),
        agency=agency_of(workspace.declarations),
        country=country_of(workspace.declarations),
        prepared_at=datetime.datetime.fromisoformat(workspace.catalogue.now()),
        tables=declared.tables,
        languages=workspace.declarations.settings.languages,
        description=dict(declared.note),
        supersedes=in_force,
    )


def _revisions(published: list[dict[str, Any]]) -> list[Revision]:
    return [
        Revision(
            on=datetime.datetime.fromisoformat(str(row["published_at"])).date(),
            version=f"{row['version']}.0",
            note=json.loads(row["reason"])
            or {"en": "First publication" if int(row["version"]) == 1 else "New version"},
        )
        for row in sorted(published, key=lambda row: int(row["version"]))
    ]


def listed_releases(workspace: Workspace) -> list[dict[str, Any]]:
    """All releases as the gate lists them, for whoever is at work.

    Raises: NotPermitted.
    """
    require_at_work(workspace, "release-list", "list releases that are not public", "releases")
    return gate_of(workspace).releases()


def full_hash(gate: Gate, beginning: str) -> str:
    """The hash of the one release whose hash begins so.

    Raises: ProjectError if there is none or more than one.
    """
    found = [row["hash"] for row in gate.releases() if row["hash"].startswith(beginning)]
    if len(found) != 1 or len(beginning) < 6:
        problem = "No release has" if not found else "More than one release has, or could have,"
        raise ProjectError(
            f"{problem} a hash that begins with {beginning}.", "List them: sojourn release list"
        )
    return str(found[0])
