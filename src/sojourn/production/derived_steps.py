"""Records that Sojourn makes of what sources give: migration events, and residents."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow.parquet as pq

from sojourn.concepts.frameworks import Framework, framework, national_framework
from sojourn.contracts.microdata import MigrationEvent, Movement, Resident
from sojourn.contracts.table import Table, Zone
from sojourn.engine import Engine, Relation
from sojourn.engine.rules import parse_rule
from sojourn.engine.selections import judged_statement, stacked_statement
from sojourn.integration.migration_events import (
    EventRules,
)
from sojourn.integration.movements import Gaps, Observation
from sojourn.integration.residents import residents
from sojourn.pipeline import Made
from sojourn.production.derivations import Derivation, Inputs, Written
from sojourn.production.events_by_person import EventWork, written_events
from sojourn.production.link_steps import LINK, with_persons
from sojourn.production.observed import observation_of
from sojourn.production.once import each_once
from sojourn.production.source_steps import counted_versions, source_in
from sojourn.production.workspace import Workspace
from sojourn.project.contracts import CONTRACTS
from sojourn.project.declarations import Settings, SourceDeclaration
from sojourn.store.store import Version

__all__ = [
    "EVENTS",
    "RESIDENTS",
    "event_derivation",
    "event_rules",
    "last_days_of_years",
    "records_of_sources",
    "resident_derivation",
]

EVENTS, RESIDENTS = "migration_event", "resident"


def event_rules(settings: Settings) -> EventRules:
    """The rules by which the project's movements become events."""
    rules = settings.rules
    return EventRules(
        settings.country,
        _national(settings),
        Gaps[rules.movements.missing.upper()],
        rules.movements.boundary == "no-migration",
    )


def _national(settings: Settings) -> Framework:
    """The country's own framework; without a declared rule the one that comes with Sojourn."""
    dated = {rule.valid_from: rule.residence for rule in settings.rules.residence}
    if not dated:
        return framework("national")
    return national_framework(dated, source="sojourn.yaml", titles=dict(settings.title))


def event_derivation(
    workspace: Workspace, sources: Sequence[SourceDeclaration], inputs: tuple[str, ...]
) -> Derivation:
    """Events of the movements of the sources, whose own steps are the inputs.

    Raises: ProjectError when the deliveries do not say from when until when crossings were recorded.
    """
    observation = observation_of(workspace, sources)
    declared = workspace.declarations.settings
    settings = {
        "rules": declared.rules.model_dump(mode="json"),
        "country": declared.country,
        "observed": [observation.first.isoformat(), observation.last.isoformat()],
    }

    def write(engine: Engine, made: Inputs, folder: Path) -> Written:
        movements = _in_scope_or_not(
            declared.rules.movements.out_of_scope, records_of_sources(engine, sources, made, Movement)
        )
        own = {source.id for source in sources}
        records = sum(one.result.rows for name, one in made.items() if source_in(name) in own)
        work = EventWork(event_rules(declared), observation)
        with workspace.store.beside(Zone.SECURE) as unfinished:
            rows, accounts = written_events(
                movements, records, work, folder, unfinished, declared.engine.master
            )
        return Written(rows, {"accounts": accounts})

    return Derivation(MigrationEvent, inputs, settings, write)


def resident_derivation(observation: Observation) -> Derivation:
    """Who was here, and lived here, on the last day of each observed year, from the events."""
    days = last_days_of_years(observation)
    settings = {"days": [day.isoformat() for day in days]}

    def write(engine: Engine, made: Inputs, folder: Path) -> Written:
        rows = 0
        for number, file in enumerate(made[EVENTS].result.files):
            found = residents(engine, pq.read_table(file), days)
            pq.write_table(found, folder / f"part-{number:06d}.parquet")
            rows += len(found)
        return Written(rows)

    return Derivation(Resident, (EVENTS,), settings, write)


def last_days_of_years(observation: Observation) -> list[datetime.date]:
    """The last days of the years, within the observation."""
    days = (datetime.date(year, 12, 31) for year in range(observation.first.year, observation.last.year + 1))
    return [day for day in days if observation.first <= day <= observation.last]


def _in_scope_or_not(condition: str | None, movements: Relation) -> Relation:
    """The movements, each with whether the rule of residence does not apply to it."""
    rule = parse_rule(condition, Movement.columns) if condition is not None else None
    statement = judged_statement("movements", rule, "out_of_scope")
    return movements.engine.query(statement, {"movements": movements})


def records_of_sources(
    engine: Engine,
    sources: Sequence[SourceDeclaration],
    made: Mapping[str, Made[Version]],
    contract: type[Table],
) -> Relation:
    """The records of all sources that give a contract, each once, with every column of the contract.

    Where records were linked, they stand under the keys of the persons that were found.
    """
    found = [engine.relation(contract.schema().empty_table())]
    links = made[LINK].result if LINK in made else None
    for source in sources:
        if CONTRACTS[source.gives] is contract:
            own = {name: one.result for name, one in made.items() if source_in(name) == source.id}
            once = each_once(engine, *counted_versions(own))
            found.append(with_persons(engine, once, source.id, links))
    names = [f"source_{number}" for number in range(len(found))]
    return engine.query(stacked_statement(names), dict(zip(names, found, strict=True)))
