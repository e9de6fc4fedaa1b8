"""The step that joins visas and permits to their holders' movements."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq

from sojourn.contracts.microdata import Movement, PermitOutcome, Status
from sojourn.contracts.table import Zone
from sojourn.integration.movements import Observation
from sojourn.integration.permit_outcomes import PermitRule, permit_outcomes
from sojourn.pipeline import Made, Step
from sojourn.production.derived_steps import records_of_sources
from sojourn.production.observed import observation_of
from sojourn.production.versions import VersionRecord, found_version, made_version, name_version
from sojourn.production.workspace import Workspace
from sojourn.project.declarations import PermitRules, SourceDeclaration
from sojourn.store.store import Version

__all__ = ["PERMITS", "permit_step"]

PERMITS = "permit_outcome"


def permit_step(
    workspace: Workspace, sources: Sequence[SourceDeclaration], before: Sequence[Step[Version]]
) -> Step[Version]:
    """The step that makes outcomes of the statuses and movements of the sources, whose steps come before.

    Raises: ProjectError when the deliveries do not say from when until when crossings were recorded.
    """
    observation = observation_of(workspace, [source for source in sources if source.gives == "movement"])
    declared = workspace.declarations.settings.rules.permits
    settings = {
        "rules": declared.model_dump(mode="json"),
        "observed": [observation.first.isoformat(), observation.last.isoformat()],
    }
    inputs = tuple(step.name for step in before)

    def make(mark: str, made: Mapping[str, Made[Version]]) -> Version:
        used = {name: made[name] for name in inputs}
        with workspace.catalogue.work(workspace.actor, "read-records", PERMITS, "run") as work:
            rows = _write(workspace, sources, used, mark, observation, declared)
            fingerprints = tuple(one.fingerprint for one in used.values())
            about = VersionRecord(PERMITS, Zone.SECURE, "PermitOutcome", mark, rows, fingerprints, settings)
            work.then(partial(name_version, workspace, about))
            work.detail.update(permits=rows)
        return made_version(workspace, PermitOutcome, mark)

    return Step[Version](PERMITS, inputs, settings, partial(found_version, workspace, PermitOutcome), make)


def _write(
    workspace: Workspace,
    sources: Sequence[SourceDeclaration],
    made: Mapping[str, Made[Version]],
    mark: str,
    observation: Observation,
    declared: PermitRules,
) -> int:
    """Write the outcomes, and return how many there are."""
    rule = PermitRule(declared.grace_days, declared.gap_months, frozenset(declared.newcomer_categories))
    # Where nobody says since when all permits are known, none is known to be a first one.
    since = declared.complete_since or observation.last + datetime.timedelta(days=1)
    rows = 0
    with (
        workspace.engine(Zone.SECURE) as engine,
        workspace.store.writing(PermitOutcome, PERMITS, mark) as folder,
    ):
        found = permit_outcomes(
            records_of_sources(engine, sources, made, Status),
            records_of_sources(engine, sources, made, Movement),
            observation=observation,
            statuses_since=since,
            rule=rule,
        )
        with pq.ParquetWriter(folder / "part-000000.parquet", PermitOutcome.schema()) as writer:
            for batch in found.batches():
                writer.write_table(PermitOutcome.conform(pa.Table.from_batches([batch])))
                rows += len(batch)
    return rows
