"""From a source's declaration to the plan by which its records become a contract's table."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from sojourn.concepts import area, code_list
from sojourn.contracts.microdata import Identity
from sojourn.contracts.table import Column, Table
from sojourn.engine.conversions import Conversion, ConversionPlan, Kind, RecordRule
from sojourn.engine.rules import parse_rule
from sojourn.errors import ProjectError
from sojourn.project.code_maps import CodeMap
from sojourn.project.contracts import CONTRACTS
from sojourn.project.declarations import ColumnRule, SourceDeclaration
from sojourn.sources.periods import Days

__all__ = ["SourcePlan", "day_of_record", "expanded", "file_columns", "numbers_of_design", "source_plan"]

# The day that decides which line of a dated code map holds, by contract.
_DATED_BY = {
    "movement": "event_date",
    "status": "valid_from",
    "person": "reference_date",
    "respondent": "reference_date",
    "household": "reference_date",
    "emigrant": "reference_date",
}
_NOT_AFTER_RECEIPT = {
    "event_date",
    "event_time",
    "birth_date",
    "birth_year",
    "arrival_date",
    "departure_date",
}
_DOCUMENTS = {"document_no", "national_id"}
_PRESENT_ONLY = {"citizenship"}


@dataclass(frozen=True)
class SourcePlan:
    """How one source's files become its contract's table and, where it has persons, identities."""

    contract: type[Table]
    file_columns: tuple[str, ...]
    conversions: ConversionPlan
    code_tables: Mapping[str, pa.Table]
    content: tuple[str, ...]
    identity: tuple[str, ...]
    strongest: str | None
    description: tuple[str, ...]
    extra: tuple[str, ...]

    @property
    def has_persons(self) -> bool:
        """Whether the records are about persons, so that they get a person key."""
        return "person_key" in self.contract.columns


def source_plan(
    source: SourceDeclaration,
    code_maps: Mapping[tuple[str, str], CodeMap],
    country: str,
    covered: Days | None = None,
) -> SourcePlan:
    """The plan of a declared source. `country` is the project's own code, always known to its code lists.

    `covered` are the days of the delivery's period, for columns that take theirs from it.

    Raises: ProjectError for a column that no contract has, or that needs the period when there is none.
    """
    contract = CONTRACTS[source.gives]
    read = file_columns(source)
    cells = {name: f"c{position}" for position, name in enumerate(read)}
    code_tables: dict[str, pa.Table] = {}
    conversions = []
    for target, rule in source.columns.items():
        declared = contract.columns.get(target, Identity.columns.get(target))
        if declared is None:
            raise ProjectError(f"{target} is not a column of {contract.__name__}.")
        table = _code_table(source, target, declared, rule, code_maps, country)
        if table is not None:
            code_tables[f"codes_{target}"] = table
        conversions.append(_conversion(source, target, declared, rule, cells, table, covered))
    needed = numbers_of_design(source)
    conversions += [
        Conversion(name, "decimal", cells[name], is_required=True, type_kind="decimal") for name in needed
    ]
    conversions += [
        Conversion(name, "decimal", cells[column], is_required=False, type_kind="decimal")
        for name, column in source.measures.items()
    ]
    identity = tuple(name for name in source.columns if name in Identity.columns)
    first = source.identifies_by[0] if source.identifies_by else None
    strongest = first if first in _DOCUMENTS else None
    return SourcePlan(
        contract,
        read,
        _conversion_plan(source, conversions),
        code_tables,
        tuple(name for name in source.columns if name in contract.columns),
        identity,
        strongest,
        tuple(name for name in source.identifies_by if name != strongest),
        (*needed, *source.measures),
    )


def file_columns(source: SourceDeclaration) -> tuple[str, ...]:
    """The columns of a source's files that are read, each once, in the order of its declaration."""
    named = [rule.source for rule in source.columns.values() if rule.source is not None]
    return tuple(dict.fromkeys([*named, *numbers_of_design(source), *source.measures.values()]))


def numbers_of_design(source: SourceDeclaration) -> tuple[str, ...]:
    """Columns of the file that only a design names: replicate weights, sizes of strata, who was redrawn."""
    if source.design is None:
        return ()
    stages = source.design.stages
    sizes = [size for stage in stages for size in (stage.population, stage.fraction) if size]
    if source.design.calibrated is not None:
        sizes += [source.design.calibrated.base_weight, *source.design.calibrated.numbers]
    if source.design.second_phase is not None:
        sizes.append(source.design.second_phase.drawn)
    beside = [name for name in sizes if name not in source.columns]
    return tuple(dict.fromkeys([*expanded(source.design.weights), *beside]))


def _conversion_plan(source: SourceDeclaration, conversions: Sequence[Conversion]) -> ConversionPlan:
    known = set(CONTRACTS[source.gives].columns) & set(source.columns)
    rules = tuple(RecordRule(c.id, parse_rule(c.rule, known), c.severity == "error") for c in source.checks)
    arrives = source.arrives
    return ConversionPlan(
        tuple(conversions),
        rules,
        arrives.missing,
        arrives.decimal,
        arrives.thousands,
        arrives.time_zone,
        day_of_record=day_of_record(source),
    )


def day_of_record(source: SourceDeclaration) -> str | None:
    """The column of the day for which a record holds, where the source gives it."""
    day = _DATED_BY.get(source.gives)
    return day if day in source.columns else None


def expanded(names: Sequence[str]) -> tuple[str, ...]:
    """Column names with runs such as `PWGTP1-PWGTP80` written out."""
    found: list[str] = []
    for name in names:
        run = re.fullmatch(r"([A-Za-z_][A-Za-z_0-9]*?)(\d+)-\1(\d+)", name)
        if run is None:
            found.append(name)
            continue
        first, last, width = int(run[2]), int(run[3]), len(run[2]) if run[2].startswith("0") else 0
        found += [f"{run[1]}{number:0{width}d}" for number in range(first, last + 1)]
    return tuple(found)


def _conversion(
    source: SourceDeclaration,
    target: str,
    declared: Column,
    rule: ColumnRule,
    cells: Mapping[str, str],
    codes: pa.Table | None,
    covered: Days | None,
) -> Conversion:
    kind = _kind(target, declared, rule)
    dated_by = _DATED_BY.get(source.gives)
    has_validity = codes is not None and codes["valid_from"].null_count + codes[
        "valid_to"
    ].null_count < 2 * len(codes)
    return Conversion(
        target,
        kind,
        cells[rule.source] if rule.source is not None else None,
        is_required=declared.required or declared.key,
        format=rule.format,
        value=_value(target, rule, covered),
        codes=f"codes_{target}" if codes is not None else None,
        dated_by=dated_by if dated_by in source.columns else None,
        has_validity=has_validity,
        not_after=target in _NOT_AFTER_RECEIPT and kind in ("day", "local_day", "partial_day", "instant"),
        type_kind=_typed(declared),
    )


def _value(target: str, rule: ColumnRule, covered: Days | None) -> str | None:
    if rule.period is None:
        return rule.value
    if covered is None:
        day = rule.period.replace("_", " ")
        raise ProjectError(
            f"{target} is to be the {day} of the period, and the delivery covers none.",
            "Say which period it covers: --period 2024.",
        )
    return (covered.first if rule.period == "first_day" else covered.last).isoformat()


def _kind(target: str, declared: Column, rule: ColumnRule) -> Kind:
    if rule.source is None:
        return "fixed"
    if target in _DOCUMENTS:
        return "document"
    if target == "birth_date":
        return "partial_day"
    if rule.part == "year":
        return "year"
    if rule.part == "day":
        return "local_day"
    if declared.python_type is str:
        return "code" if declared.codes is not None or rule.codes is not None else "text"
    return _typed(declared)


def _typed(declared: Column) -> Kind:
    kinds: dict[type, Kind] = {
        int: "integer",
        float: "decimal",
        datetime.date: "day",
        datetime.datetime: "instant",
    }
    return kinds.get(declared.python_type, "text")


def _code_table(
    source: SourceDeclaration,
    target: str,
    declared: Column,
    rule: ColumnRule,
    code_maps: Mapping[tuple[str, str], CodeMap],
    country: str,
) -> pa.Table | None:
    """The lines that turn what is written into standard codes: the source's map, or the list itself."""
    if rule.source is None or (rule.codes is None and declared.codes is None):
        return None
    if rule.codes is not None:
        return code_maps[(source.id, target)].to_arrow()
    list_id = declared.codes or ""
    codes = list(code_list(list_id).for_records)
    if list_id == "CL_AREA":
        codes = [
            c for c in codes if target not in _PRESENT_ONLY or area(c).is_present or not area(c).is_place
        ]
        codes = list(dict.fromkeys([*codes, country]))
    nothing = pa.nulls(len(codes), pa.date32())
    return pa.table({"written": codes, "standard": codes, "valid_from": nothing, "valid_to": nothing})
