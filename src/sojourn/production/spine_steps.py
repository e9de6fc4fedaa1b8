"""From the records of several sources to best values, persons, and their migratory status.

Whom it is about are the people in the sources that give `person`, on each day for which these hold. What is
known of them as of that day comes from all sources named under `spine`, wherever their records carry the same
person key.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from sojourn.contracts.microdata import Person, Status
from sojourn.contracts.spine import MigratoryStatus, PersonRecord, PersonSpine, SpineValue
from sojourn.contracts.table import Table
from sojourn.engine import Engine, Relation
from sojourn.engine.selections import stacked_statement
from sojourn.integration.migratory_status import MigrantsBy, StatusRules, migratory_status
from sojourn.integration.person_spine import SourceOrder, person_records, person_spine, spine_values
from sojourn.pipeline import Made
from sojourn.production.derivations import Derivation, Inputs, Written
from sojourn.production.derived_steps import records_of_sources
from sojourn.production.workspace import Workspace
from sojourn.project.contracts import CONTRACTS
from sojourn.project.declarations import SourceDeclaration
from sojourn.project.spine_declarations import StatusSettings
from sojourn.store.store import Version

__all__ = ["STATUS", "status_derivations"]

VALUES, SPINE, STATUS = SpineValue.title(), PersonSpine.title(), MigratoryStatus.title()
OfOneDay = Callable[[Engine, Inputs, datetime.date], Relation]


def status_derivations(
    workspace: Workspace, sources: Sequence[SourceDeclaration], inputs: tuple[str, ...]
) -> list[Derivation]:
    """Best values, persons and status, from records of sources whose own steps are the inputs."""
    declared = workspace.declarations.settings
    work = _Work(
        sources,
        SourceOrder(declared.spine.sources, declared.spine.attributes),
        _rules(declared.rules.migratory_status),
        declared.country,
    )
    spine = declared.spine.model_dump(mode="json")
    rules = {"rules": declared.rules.migratory_status.model_dump(mode="json"), "country": declared.country}
    return [
        _derivation(work, SpineValue, inputs, spine, work.values),
        _derivation(work, PersonSpine, (*inputs, VALUES), spine, work.people),
        _derivation(work, MigratoryStatus, (*inputs, SPINE), rules, work.statuses),
    ]


@dataclass(frozen=True)
class _Work:
    """What is computed of one day, and by which rules."""

    sources: Sequence[SourceDeclaration]
    order: SourceOrder
    rules: StatusRules
    country: str

    def values(self, engine: Engine, made: Inputs, day: datetime.date) -> Relation:
        """The best values as of the day, of everybody in any source."""
        found = [engine.relation(PersonRecord.schema().empty_table())]
        for source in self.sources:
            contract = CONTRACTS[source.gives]
            own = self._records(engine, made, contract, [source])
            found.append(person_records(own, contract, source=source.id))
        names = [f"source_{number}" for number in range(len(found))]
        records = engine.query(stacked_statement(names), dict(zip(names, found, strict=True)))
        return spine_values(records, order=self.order, as_of=day)

    def people(self, engine: Engine, made: Inputs, day: datetime.date) -> Relation:
        """The persons of whom a source of persons says something for the day."""
        listed = self._records(engine, made, Person)
        statement = "SELECT person_key FROM listed WHERE reference_date = $day"
        of_the_day = engine.query(statement, {"listed": listed}, {"day": day})
        return person_spine(of_the_day, _of_day(engine, made[VALUES], day), as_of=day)

    def statuses(self, engine: Engine, made: Inputs, day: datetime.date) -> Relation:
        """Their status on the day."""
        return migratory_status(
            _of_day(engine, made[SPINE], day),
            [day],
            country=self.country,
            rules=self.rules,
            statuses=self._records(engine, made, Status),
        )

    def days(self, engine: Engine, made: Inputs) -> list[datetime.date]:
        """The days for which records of persons hold."""
        listed = {"listed": self._records(engine, made, Person)}
        statement = "SELECT DISTINCT reference_date FROM listed WHERE reference_date IS NOT NULL"
        return sorted(day for (day,) in engine.query(statement, listed).rows())

    def _records(
        self,
        engine: Engine,
        made: Inputs,
        contract: type[Table],
        sources: Sequence[SourceDeclaration] | None = None,
    ) -> Relation:
        """The records of all or some sources that give a contract, each once."""
        return records_of_sources(engine, self.sources if sources is None else sources, made, contract)


def _rules(declared: StatusSettings) -> StatusRules:
    return StatusRules(
        MigrantsBy(declared.migrants_by),
        declared.working_age_from,
        declared.working_age_to,
        declared.return_months,
        dict(declared.protection),
    )


def _derivation(
    work: _Work,
    contract: type[Table],
    inputs: tuple[str, ...],
    settings: Mapping[str, Any],
    of_one_day: OfOneDay,
) -> Derivation:
    """The rows of a contract, one file a day."""

    def write(engine: Engine, made: Inputs, folder: Path) -> Written:
        rows = 0
        for day in work.days(engine, made):
            found = contract.conform(of_one_day(engine, made, day).to_arrow())
            pq.write_table(found, folder / f"part-{day.isoformat()}.parquet")
            rows += len(found)
        if not rows:
            pq.write_table(contract.schema().empty_table(), folder / "part-000000.parquet")
        return Written(rows)

    return Derivation(contract, inputs, settings, write)


def _of_day(engine: Engine, made: Made[Version], day: datetime.date) -> Relation:
    """The rows of a version as of one day, of which each has a file."""
    return engine.relation([file for file in made.result.files if file.stem == f"part-{day.isoformat()}"])
