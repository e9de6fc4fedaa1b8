"""Visas and permits joined to their holders' movements."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sojourn.contracts.microdata import Movement, PermitOutcome, Status
from sojourn.engine import Engine
from sojourn.integration.permit_outcomes import PermitRule, permit_outcomes
from sojourn.production.derivations import Derivation, Inputs, Written
from sojourn.production.derived_steps import records_of_sources
from sojourn.production.observed import observation_of
from sojourn.production.workspace import Workspace
from sojourn.project.declarations import SourceDeclaration

__all__ = ["PERMITS", "permit_derivation"]

PERMITS = "permit_outcome"


def permit_derivation(
    workspace: Workspace, sources: Sequence[SourceDeclaration], inputs: tuple[str, ...]
) -> Derivation:
    """Outcomes of the statuses and movements of the sources, whose own steps are the inputs.

    Raises: ProjectError when the deliveries do not say from when until when crossings were recorded.
    """
    observation = observation_of(workspace, [source for source in sources if source.gives == "movement"])
    declared = workspace.declarations.settings.rules.permits
    settings = {
        "rules": declared.model_dump(mode="json"),
        "observed": [observation.first.isoformat(), observation.last.isoformat()],
    }

    def write(engine: Engine, made: Inputs, folder: Path) -> Written:
        found = permit_outcomes(
            records_of_sources(engine, sources, made, Status),
            records_of_sources(engine, sources, made, Movement),
            observation=observation,
            # Where nobody says since when all permits are known, none is known to be a first one.
            statuses_since=declared.complete_since or observation.last + datetime.timedelta(days=1),
            rule=PermitRule(
                declared.grace_days, declared.gap_months, frozenset(declared.newcomer_categories)
            ),
        )
        rows = 0
        with pq.ParquetWriter(folder / "part-000000.parquet", PermitOutcome.schema()) as writer:
            for batch in found.batches():
                writer.write_table(PermitOutcome.conform(pa.Table.from_batches([batch])))
                rows += len(batch)
        return Written(rows)

    return Derivation(PermitOutcome, inputs, settings, write)
