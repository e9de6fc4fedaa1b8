"""The contracts that a source can give records of, by the word that its declaration uses."""

from __future__ import annotations

from collections.abc import Mapping

from sojourn.contracts.aggregates import PublishedFigure
from sojourn.contracts.microdata import (
    MigrationEvent,
    Movement,
    PermitOutcome,
    Person,
    Resident,
    Status,
)
from sojourn.contracts.respondents import Emigrant, Household, Respondent
from sojourn.contracts.spine import MigratoryStatus
from sojourn.contracts.table import Table
from sojourn.project.declarations import SourceDeclaration
from sojourn.project.spine_declarations import SpineSettings
from sojourn.project.table_declarations import Indicator

__all__ = ["CONTRACTS", "COUNTED", "GIVEN_BY_US", "contract_of", "sources_behind"]

CONTRACTS: dict[str, type[Table]] = {
    "person": Person,
    "movement": Movement,
    "status": Status,
    "respondent": Respondent,
    "household": Household,
    "emigrant": Emigrant,
    "published_figure": PublishedFigure,
}
# Records that are made of those of sources, and what these sources give.
COUNTED: dict[str, tuple[type[Table], tuple[str, ...]]] = {
    "migration_event": (MigrationEvent, ("movement",)),
    "resident": (Resident, ("movement",)),
    "permit_outcome": (PermitOutcome, ("movement", "status")),
    "migratory_status": (MigratoryStatus, ("person",)),
}
# Columns that no source gives: they are made on receipt.
GIVEN_BY_US = {"record_id", "person_key"}


def contract_of(indicator: Indicator, sources: Mapping[str, SourceDeclaration]) -> type[Table] | None:
    """The contract of the records that an indicator is about; none when its source is not declared."""
    if indicator.counts is not None:
        return COUNTED[indicator.counts][0]
    source = sources.get(indicator.source or "")
    return CONTRACTS[source.gives] if source is not None else None


def sources_behind(
    indicator: Indicator, sources: Mapping[str, SourceDeclaration], spine: SpineSettings
) -> tuple[SourceDeclaration, ...]:
    """The sources that the records of an indicator come from, by name; of migratory status, the spine's."""
    if indicator.counts == "migratory_status":
        return tuple(sources[name] for name in sorted(spine.named) if name in sources)
    if indicator.counts is not None:
        given = COUNTED[indicator.counts][1]
        return tuple(sources[name] for name in sorted(sources) if sources[name].gives in given)
    return (sources[indicator.source or ""],)
