"""The linkage of records on plain files: who is who between two files, or within one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sojourn.errors import DataRefused, Problem, ProjectError, shown
from sojourn.integration.linkage.encoding import Encoded, encoded
from sojourn.integration.linkage.households import with_households
from sojourn.integration.linkage.linking import Linked, Plan, linked, planned
from sojourn.integration.linkage.specification import (
    BlockKey,
    BlockRule,
    Field,
    Kind,
    Part,
    Specification,
)
from sojourn.production.movement_reading import opened_table
from sojourn.production.table_files import require_targets, write_table
from sojourn.project.linkage_declarations import HouseholdColumns, LinkageDeclaration

__all__ = [
    "LinkageFiles",
    "LinkageTargets",
    "chosen_specification",
    "columns_of",
    "link_files",
    "read_compared",
    "too_many_pairs",
]

IDENTIFIERS = ("record_id", "unique_id", "rec_id", "id")
MOST_FIELDS = 15
MOST_SOURCES = 64


@dataclass(frozen=True)
class LinkageTargets:
    """The files to write: pairs, and where wanted the person of each record and what was learned."""

    pairs: Path
    persons: Path | None = None
    model: Path | None = None


@dataclass(frozen=True)
class LinkageFiles:
    """What came out, with the records it came from; `compared` has each file's compared columns."""

    records: Encoded
    specification: Specification
    plan: Plan
    found: Linked
    identifiers: pa.ChunkedArray
    dedupe: bool
    compared: tuple[pa.Table, ...]

    def to_json(self) -> dict[str, Any]:
        """The numbers as plain values."""
        return {
            "records": len(self.records),
            "fields": [field.name for field in self.records.fields],
            "pairs_compared": self.plan.pairs,
            "pairs_kept": len(self.found.ones),
            "links": int(self.found.is_link.sum()),
            "persons": len(np.unique(self.found.person)),
            "expected_false_links": float((1.0 - self.found.probability[self.found.is_link]).sum()),
            "expected_missed_links": float(self.found.probability[~self.found.is_link].sum()),
        }


def chosen_specification(
    declared: LinkageDeclaration, columns: Sequence[Sequence[str]]
) -> tuple[Specification, list[dict[str, str]]]:
    """The part of a declaration for which two files have a column, or the only one; and each file's columns.

    Raises: ProjectError when nothing is left to compare or to choose pairs by.
    """
    found: list[Field] = []
    places: list[dict[str, str]] = [{} for _ in columns]
    for field in declared.fields:
        own = [next((name for name in field.columns if name in known), None) for known in columns]
        if len(own) - own.count(None) < min(len(own), 2):
            continue
        kind = Kind[field.compare.upper()]
        found.append(Field(field.name, kind, field.columns, field.within, field.swaps_with, field.goes_with))
        for place, name in zip(places, own, strict=True):
            if name is not None:
                place[field.name] = name
    names = {field.name for field in found}
    rules = tuple(
        BlockRule(_keys(rule.share), tuple(key for key in _keys(rule.narrow) if key.field in names))
        for rule in declared.pairs
        if all(key.field in names for key in _keys(rule.share))
    )
    if not rules:
        known = ", ".join(field.columns[0] for field in declared.fields)
        raise ProjectError(
            "The files have no columns in common by which pairs could be chosen.",
            f"Rename columns, or name them in a specification (--spec). Known are: {known}.",
        )
    if len(found) > MOST_FIELDS:
        raise ProjectError(
            f"{len(found)} fields are compared, and {MOST_FIELDS} is the most.", "Leave some out."
        )
    chosen = Specification(
        tuple(found), rules, declared.cost.false_link, declared.cost.missed_link, declared.one_to_one,
        declared.pairs_per_record, seed=declared.seed,
    )  # fmt: skip
    return chosen, places


def _keys(texts: Sequence[str]) -> tuple[BlockKey, ...]:
    split = [text.partition(".") for text in texts]
    return tuple(BlockKey(name, Part(part) if part else Part.VALUE) for name, _, part in split)


def link_files(
    sources: Sequence[Path],
    targets: LinkageTargets,
    *,
    declared: LinkageDeclaration,
    dedupe: bool = False,
    identifier: str | None = None,
    pairs_at_most: int | None = None,
    on_plan: Callable[[Plan], None] = lambda plan: None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    is_dry: bool = False,
) -> LinkageFiles | None:
    """Find who is who, and write pairs with their probabilities, and the person of each record.

    `on_plan` is told what the work will be before it begins; when it `is_dry` nothing follows.

    Raises: ProjectError for a result that exists, nothing to compare, or more pairs than `pairs_at_most`;
    DataRefused when a file or a column of it cannot be read.
    """
    require_targets(targets.pairs, targets.persons, targets.model)
    if len({source.name for source in sources}) < len(sources):
        raise ProjectError(
            "Two files have one name, and the result could not tell them apart.", "Rename one of them."
        )
    if len(sources) > MOST_SOURCES:
        raise ProjectError(f"{len(sources)} files are linked, and {MOST_SOURCES} is the most.", "Name fewer.")
    columns = [columns_of(source) for source in sources]
    specification, places = chosen_specification(declared, [list(known) for known in columns])
    tables, identifiers = [], []
    for source, known, place in zip(sources, columns, places, strict=True):
        if not place:
            raise ProjectError(
                f"{shown(source.name)} has no column that another of the files has and that is compared.",
                "Rename its columns, name them in a specification (--spec), or leave the file out.",
            )
        table, own = read_compared(source, known, place, identifier)
        tables.append(_with_all(table, specification.fields))
        identifiers.append(own)
    records = encoded(
        tables, specification.fields, {field.name: field.name for field in specification.fields}
    )
    if (household := declared.household) is not None:
        lists = _household_lists(sources, columns, household, identifier, tables)
        records = with_households(records, lists, members_once=household.members_once, dedupe=dedupe)
    plan = planned(records, specification, dedupe=dedupe)
    on_plan(plan)
    if is_dry:
        return None
    if pairs_at_most is not None and plan.pairs > pairs_at_most:
        raise ProjectError(
            too_many_pairs(plan, pairs_at_most), "Narrow that rule, or allow more with --pairs."
        )
    found = linked(records, specification, plan, dedupe=dedupe, on_progress=on_progress)
    names = pa.chunked_array([chunk for own in identifiers for chunk in own.chunks], pa.string())
    result = LinkageFiles(records, specification, plan, found, names, dedupe, tuple(tables))
    _write(result, sources, targets)
    return result


def too_many_pairs(plan: Plan, pairs_at_most: int) -> str:
    """That more pairs would be compared than are allowed, and by which rule."""
    worst = max(plan.blocks, key=lambda part: int(part.pairs.sum()))
    return (
        f"{plan.pairs:,} pairs would be compared, and {pairs_at_most:,} are allowed; most by the rule"
        f" {worst.rule}: {int(worst.pairs.sum()):,}, of which {worst.worst_pairs:,} share one value."
    )


def columns_of(source: Path) -> dict[str, str]:
    """The columns of a file without blanks around their names, each with its name in the file."""
    opened = opened_table(source, {})
    names: list[str] = pq.read_schema(opened).names if isinstance(opened, Path) else opened.schema.names
    return {name.strip(): name for name in names}


def read_compared(
    source: Path, known: Mapping[str, str], place: Mapping[str, str], identifier: str | None
) -> tuple[pa.Table, pa.ChunkedArray]:
    """The compared columns of a file as texts under their fields' names, and the records' identifiers."""
    own = identifier or next((name for name in IDENTIFIERS if name in known), None)
    if own is not None and own not in known:
        raise DataRefused(
            Problem(shown(source.name), 1, f"there is no column {shown(own)}.", "Name another with --id.")
        )
    wanted = [known[name] for name in place.values()] + ([known[own]] if own else [])
    opened = opened_table(source, {} if source.suffix == ".parquet" else dict.fromkeys(wanted, "text"))
    table = (
        pq.read_table(opened, columns=list(dict.fromkeys(wanted)))
        if isinstance(opened, Path)
        else opened.read_all()
    )
    columns = [_as_text(table[known[name]]) for name in place.values()]
    identifiers = _as_text(table[known[own]]) if own else _numbered(len(table))
    if identifiers.null_count or len(identifiers.unique()) < len(identifiers):
        raise DataRefused(
            Problem(
                shown(source.name),
                None,
                f"the column {shown(str(own))} does not name each record once.",
                "Name a column that does with --id, or number the records.",
            )
        )
    # In the order of identifiers, so that the order of the file's rows does not matter.
    order = pc.sort_indices(identifiers) if own else pa.array(np.arange(len(table)))
    return pa.table(columns, names=list(place)).take(order), identifiers.take(order)


def _with_all(table: pa.Table, fields: Sequence[Field]) -> pa.Table:
    """A table with a column for each field: of nulls where the file has none."""
    nothing = pa.nulls(len(table), pa.string())
    names = [field.name for field in fields]
    return pa.table([table[name] if name in table.column_names else nothing for name in names], names=names)


def _household_lists(
    sources: Sequence[Path],
    columns: Sequence[Mapping[str, str]],
    declared: HouseholdColumns,
    identifier: str | None,
    tables: Sequence[pa.Table],
) -> list[pa.Table]:
    """The household of each file's records and the day of its list, in the order of `tables`.

    Raises: ProjectError when members are listed once, and no file has a household or a day so named.
    """
    found = []
    for what, names in (("columns", declared.columns), ("dates", declared.dates)):
        is_there = any(name in known for known in columns for name in names)
        if declared.members_once and names and not is_there:
            raise ProjectError(
                f"Members are listed once (`members_once`), and no file has the column {shown(names[0])}.",
                f"Correct `{what}` under `household` in the specification;"
                " `dates: []` says that a file is one list.",
            )
    for source, known, table in zip(sources, columns, tables, strict=True):
        named = (("household", declared.columns), ("date", declared.dates))
        stated = {name: next((one for one in choice if one in known), None) for name, choice in named}
        place = {name: column for name, column in stated.items() if column is not None}
        if "household" not in place:
            nothing = pa.chunked_array([pa.nulls(len(table), pa.string())])
            found.append(pa.table({"household": nothing, "date": nothing}))
            continue
        read, _ = read_compared(source, known, place, identifier)
        if "date" not in place:
            read = read.append_column("date", pa.array([""] * len(read)))
        found.append(read)
    return found


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    text = pc.utf8_trim_whitespace(column.cast(pa.string()))
    return pc.if_else(pc.is_in(text, pa.array(["", "NaN", "nan"])), pa.scalar(None, pa.string()), text)


def _numbered(size: int) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(np.arange(1, size + 1)).cast(pa.string())])


def _write(result: LinkageFiles, sources: Sequence[Path], targets: LinkageTargets) -> None:
    found, names = result.found, result.identifiers.combine_chunks()
    files = pa.array([shown(source.name) for source in sources])
    of_record = files.take(pa.array(result.records.source))
    order = np.argsort(-found.scores, kind="stable")
    ones, others = pa.array(found.ones[order]), pa.array(found.others[order])
    write_table(
        pa.table(
            {
                "file_a": of_record.take(ones),
                "record_a": names.take(ones),
                "file_b": of_record.take(others),
                "record_b": names.take(others),
                "score": found.scores[order],
                "probability": found.probability[order],
                "is_link": pa.array(found.is_link[order]),
            }
        ),
        targets.pairs,
    )
    if targets.persons is not None:
        write_table(
            pa.table({"file": of_record, "record_id": names, "person": names.take(pa.array(found.person))}),
            targets.persons,
        )
    if targets.model is not None:
        from sojourn.production.linkage_model import model_table

        write_table(model_table(result.records, found.model), targets.model)
