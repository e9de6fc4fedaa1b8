"""What an indicator counts: the records of one source, or records that are made of those of several."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

from sojourn.concepts.frameworks import Framework
from sojourn.contracts.table import Table
from sojourn.engine import Engine, Relation
from sojourn.engine.deliveries import each_once_statement
from sojourn.engine.rules import parse_rule
from sojourn.errors import ProjectError
from sojourn.integration.migration_events import FRAMEWORKS, OF_THE_NATIONAL_RULE, sql_of_events
from sojourn.integration.migratory_status import sql_of_migratory_status
from sojourn.integration.movement_spans import days_from
from sojourn.integration.movements import Observation
from sojourn.integration.permit_outcomes import sql_of_permit_outcomes
from sojourn.integration.person_spine import sql_of_person_spine
from sojourn.integration.residents import sql_of_residents
from sojourn.pipeline import Step
from sojourn.pipeline import run as run_steps
from sojourn.production.deliveries import deliveries_in_force
from sojourn.production.derivations import Derivation, derivation_step
from sojourn.production.derived_steps import RESIDENTS, event_derivation, event_rules, resident_derivation
from sojourn.production.fingerprints import code_fingerprint, fingerprint
from sojourn.production.link_steps import link_step
from sojourn.production.observed import observation_of
from sojourn.production.once import each_once
from sojourn.production.permit_steps import PERMITS, permit_derivation
from sojourn.production.source_steps import counted_versions, source_in, source_steps
from sojourn.production.spine_steps import STATUS, status_derivations
from sojourn.production.workspace import Workspace
from sojourn.project.contracts import CONTRACTS, contract_of, sources_behind
from sojourn.project.declarations import SourceDeclaration
from sojourn.project.load import Declarations
from sojourn.project.survey_declarations import SurveyDesignDeclaration
from sojourn.project.table_declarations import Indicator, TableDeclaration
from sojourn.sources.periods import Days, days_of
from sojourn.store.store import Version

__all__ = [
    "contract_behind",
    "derivations",
    "given_by",
    "is_final",
    "record_steps",
    "record_versions",
    "records_of",
    "records_read",
    "sql_of_records",
    "survey_design_of",
    "why_empty",
]


def contract_behind(declarations: Declarations, indicator: Indicator) -> type[Table]:
    """The contract of the records that an indicator of a checked project is about."""
    found = contract_of(indicator, declarations.sources)
    if found is None:
        raise ProjectError(f"No source is called {indicator.source}.")
    return found


def given_by(declarations: Declarations, indicator: Indicator) -> str:
    """The records' contract by the word that declarations use."""
    return indicator.counts or declarations.sources[indicator.source or ""].gives


def _sources(declarations: Declarations, indicator: Indicator) -> tuple[SourceDeclaration, ...]:
    return sources_behind(indicator, declarations.sources, declarations.settings.spine)


def survey_design_of(declarations: Declarations, indicator: Indicator) -> SurveyDesignDeclaration | None:
    """The design of the survey that the indicator's source is; made records have none."""
    return declarations.sources[indicator.source].design if indicator.source is not None else None


def record_steps(workspace: Workspace, indicator: Indicator, needed_by: str) -> list[Step[Version]]:
    """The steps that give the records an indicator is about, for a table.

    Raises: ProjectError when no delivery of a source is in force.
    """
    sources = _sources(workspace.declarations, indicator)
    steps = [step for source in sources for step in source_steps(workspace, source, needed_by)]
    if indicator.counts is None:
        return steps
    steps += _link_steps(workspace, sources, steps, needed_by)
    inputs = tuple(step.name for step in steps)
    made = derivations(workspace, indicator, inputs)
    return [*steps, *(derivation_step(workspace, derivation) for derivation in made)]


def derivations(workspace: Workspace, indicator: Indicator, inputs: tuple[str, ...]) -> list[Derivation]:
    """What is made, in this order, of records for an indicator; the inputs are the steps to these records."""
    sources = _sources(workspace.declarations, indicator)
    if indicator.counts is None:
        return []
    if indicator.counts == PERMITS:
        return [permit_derivation(workspace, sources, inputs)]
    if indicator.counts == STATUS:
        return status_derivations(workspace, sources, inputs)
    events = event_derivation(workspace, sources, inputs)
    if indicator.counts != RESIDENTS:
        return [events]
    return [events, resident_derivation(observation_of(workspace, sources))]


def _link_steps(
    workspace: Workspace,
    sources: Sequence[SourceDeclaration],
    before: Sequence[Step[Version]],
    needed_by: str,
) -> list[Step[Version]]:
    """The steps to the persons of all linked sources, if one of these sources is linked."""
    declared = workspace.declarations
    linked = [declared.sources[name] for name in sorted(declared.settings.linkage.sources)]
    if not {source.id for source in sources} & {source.id for source in linked}:
        return []
    known = {source.id for source in sources}
    others = [source for source in linked if source.id not in known]
    present = [source for source in others if deliveries_in_force(workspace, source.id)]
    steps = [step for source in present for step in source_steps(workspace, source, needed_by)]
    together = [source for source in linked if source.id in known or source in present]
    names = {source.id for source in together}
    own = [step for step in before if source_in(step.name) in names]
    return [*steps, link_step(workspace, together, [*own, *steps])]


def record_versions(workspace: Workspace, indicator: Indicator, needed_by: str) -> dict[str, Version]:
    """What these steps have made for the deliveries in force, by step.

    Raises: ProjectError when they have to be run first.
    """
    steps = record_steps(workspace, indicator, needed_by)
    made = run_steps(steps, fingerprint, code=code_fingerprint(), is_dry=True)
    if len(made) < len(steps):
        raise ProjectError(f"The records behind {needed_by} are not read yet.", "Run: sojourn run")
    return {name: one.result for name, one in made.items()}


def records_of(engine: Engine, indicator: Indicator, versions: Mapping[str, Version]) -> Relation:
    """The records, each once, from what the steps made."""
    if indicator.counts is not None:
        return engine.relation(versions[indicator.counts].files)
    return each_once(engine, *counted_versions(versions))


def records_read(indicator: Indicator, versions: Mapping[str, Version]) -> int:
    """How many records there are to count."""
    if indicator.counts is not None:
        return versions[indicator.counts].rows
    records, repetitions = counted_versions(versions)
    return sum(version.rows for version in records) - (repetitions.rows if repetitions is not None else 0)


def sql_of_records(declarations: Declarations, indicator: Indicator) -> list[tuple[str, str]]:
    """The statements by which the records came about, each with what it gives."""
    sources = _sources(declarations, indicator)
    has_keys = any(CONTRACTS[source.gives].natural_key for source in sources)
    parts = [("Each record once", each_once_statement())] if has_keys else []
    if indicator.counts == PERMITS:
        parts.append(("Visas and permits with their holders' movements", sql_of_permit_outcomes()))
    elif indicator.counts == STATUS:
        parts.append(("Best values of several sources", sql_of_person_spine()))
        parts += sql_of_migratory_status()
    elif indicator.counts is not None:
        parts += sql_of_events()
    if indicator.counts == RESIDENTS:
        parts.append(("Who was here and who lived here", sql_of_residents()))
    return parts


def is_final(workspace: Workspace, table: TableDeclaration, period: str) -> bool:
    """Whether nothing that is still to come can change the records of a table's period.

    Only events and residents can change: an event is decided by the days of the window after it, and where
    people lived before is known when no movement was recorded for the threshold's days. Every framework
    counts that the indicator names, or whose columns its condition or the table uses. What is open of a
    permit is an outcome of its own.
    """
    indicator = workspace.declarations.indicators[table.indicator]
    if indicator.counts in (None, PERMITS, STATUS):
        return True
    days = days_of(period)
    if days is None:
        return False
    observation = observation_of(workspace, _sources(workspace.declarations, indicator))
    rules = event_rules(workspace.declarations.settings)
    if indicator.counts == RESIDENTS:
        days = Days(days.last, days.last)  # a stock is that of one day, whatever the length of the period
    return all(
        _is_decided(rules.framework(name), days, observation)
        for name in _frameworks_used(workspace.declarations, table)
    )


def why_empty(workspace: Workspace, table: TableDeclaration) -> str:
    """Why a table may have no cell: no record meets the condition, or no period can be decided yet."""
    indicator = workspace.declarations.indicators[table.indicator]
    usual = "No record meets the indicator's condition: look at its codes."
    if indicator.counts in (None, PERMITS, STATUS):
        return usual
    seen = observation_of(workspace, _sources(workspace.declarations, indicator))
    rules = event_rules(workspace.declarations.settings)
    spans = []
    for name in sorted(_frameworks_used(workspace.declarations, table)):
        before, after = days_from(rules.framework(name).rule(seen.last).residence, seen.last)
        spans.append(f"{name}: {before} days before a period and {after} after it")
    return (
        f"Crossings were recorded from {seen.first} to {seen.last}. A period is shown when enough was"
        f" recorded to decide it ({'; '.join(spans)}). If one is, no record meets the condition."
    )


def _is_decided(rules: Framework, days: Days, observation: Observation) -> bool:
    """Whether all that happened in the days is decided, under each rule that was in force until their end."""
    begun = [rule for rule in rules.rules if rule.valid_from <= days.last] or rules.rules[:1]
    ends = [(rule.residence, min(rule.valid_to or days.last, days.last)) for rule in begun]
    windows_over = [end + datetime.timedelta(days=days_from(rule, end)[1]) for rule, end in ends]
    threshold = max(days_from(rule.residence, observation.first)[0] for rule in begun)
    known_from = observation.first + datetime.timedelta(days=threshold)
    return known_from <= days.first and max(windows_over) <= observation.last


def _frameworks_used(declarations: Declarations, table: TableDeclaration) -> set[str]:
    """The framework of the table's indicator, and those of the columns that are looked at."""
    indicator = declarations.indicators[table.indicator]
    columns = contract_behind(declarations, indicator).columns
    condition = parse_rule(indicator.where, columns).columns if indicator.where is not None else ()
    looked_at = {*condition, *table.by}
    used = {
        name for name, column in FRAMEWORKS.items() if any(one.endswith(f"_{column}") for one in looked_at)
    }
    if looked_at & OF_THE_NATIONAL_RULE:
        used.add("national")
    return {indicator.framework or "national", *used}
