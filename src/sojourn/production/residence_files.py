"""Residence from signs of life on plain files: read them part by part, weigh, judge, and write the result.

The files may be larger than memory. People are told apart by the hash of their identifiers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sojourn.contracts.microdata import RegisterYear, ResidenceChange, ResidencyIndex, SignOfLife
from sojourn.contracts.table import Table
from sojourn.engine import Engine, Relation
from sojourn.engine.partitions import parts_of, write_parts
from sojourn.engine.selections import renamed_statement
from sojourn.errors import DataRefused, Problem, ProjectError, shown
from sojourn.integration.residence_parts import register_by_person, rows_of_people, signs_by_person
from sojourn.integration.residence_truth import JudgedSample, judged_sample
from sojourn.integration.residency_index import (
    GroupRule,
    IndexRule,
    Register,
    residence_changes,
    residency_index,
)
from sojourn.production.movement_reading import opened_table
from sojourn.production.residence_checks import require_register, require_signs, require_truth
from sojourn.production.residence_populations import population_table
from sojourn.production.table_files import require_targets, table_of, table_writer, write_table
from sojourn.production.unfinished import as_parquet, unfinished_beside
from sojourn.project.residence_declarations import ResidenceDeclaration

__all__ = ["ResidenceSources", "ResidenceSummary", "ResidenceTargets", "index_file", "rule_of"]

SIGN_COLUMNS = {"person_id": "any", "register": "text", "year": "whole", "n_events": "whole"}
REGISTER_COLUMNS = {"person_id": "any", "year": "whole"}
MORE_REGISTER_COLUMNS = {"group": "text", "entered": "claim", "left": "claim", "residence": "text"}
TRUTH_COLUMNS = {"person_id": "any", "year": "whole", "resident": "claim"}
# About 2 GB are in use for so many people with ten years and a few dozen signs each.
PEOPLE_OF_A_PART = 500_000
SIGNS_OF_A_PART = 15_000_000
ROWS_OF_A_BATCH = 122_880


@dataclass(frozen=True)
class ResidenceSources:
    """Files to read: signs of life, the register, and, where there is one, a sample whose truth is known."""

    signs: Path
    register: Path
    truth: Path | None = None


@dataclass(frozen=True)
class ResidenceTargets:
    """Files to write: the index; where wanted changes, populations, and the weights that were learned."""

    index: Path
    changes: Path | None = None
    population: Path | None = None
    weights: Path | None = None


@dataclass
class ResidenceSummary:
    """What came out, in numbers; quality and populations as rows."""

    rows: int = 0
    people: int = 0
    residence: Counter[str] = field(default_factory=Counter)
    changes: Counter[str] = field(default_factory=Counter)
    quality: list[dict[str, Any]] = field(default_factory=list)
    population: list[dict[str, Any]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The numbers as plain values."""
        return {**vars(self), "residence": dict(self.residence), "changes": dict(self.changes)}


def rule_of(declared: ResidenceDeclaration) -> IndexRule:
    """The rule that a declaration states."""
    general = GroupRule(
        {each.id: each.weight for each in declared.registers}, declared.threshold, declared.base
    )
    return IndexRule(
        tuple(Register(each.id, each.since, each.until, each.least_events) for each in declared.registers),
        general,
        {
            each.id: GroupRule(
                {**general.weights, **each.weights},
                declared.threshold if each.threshold is None else each.threshold,
                declared.base if each.base is None else each.base,
            )
            for each in declared.groups
        },
        declared.stability,
        declared.start,
    )


def index_file(
    sources: ResidenceSources,
    targets: ResidenceTargets,
    *,
    declared: ResidenceDeclaration,
    memory: str = "1GB",
    on_progress: Callable[[int, int], None] = lambda done, of: None,
) -> ResidenceSummary:
    """Write the residency index of everyone in the register on 1 January of the declared years.

    Raises: ProjectError for a target that exists or a declaration that the files do not serve; DataRefused
    when a column is missing or wrong, or rows contradict each other.
    """
    require_targets(targets.index, targets.changes, targets.population, targets.weights)
    _require_sample(sources, targets, declared)
    folders = {file.resolve().parent for file in (sources.signs, sources.register)}
    with (
        unfinished_beside(targets.index) as folder,
        Engine([*folders, folder], memory=memory, threads=1, spill=folder) as engine,
    ):
        files = _Files(engine, sources, folder, declared)
        sample = _sample(files, sources, declared)
        if targets.weights is not None and sample is not None and sample.weights is not None:
            write_table(sample.weights.coefficients, targets.weights, _metadata(declared))
        rule = rule_of(declared) if sample is None else sample.rule
        summary = _written(files, targets, rule, declared, on_progress, sample)
    if sample is not None and sample.weights is not None:
        summary.quality = sample.weights.quality.to_pylist()
    return summary


def _require_sample(
    sources: ResidenceSources, targets: ResidenceTargets, declared: ResidenceDeclaration
) -> None:
    if declared.weights == "estimated" and sources.truth is None:
        raise ProjectError(
            "Weights are to be estimated, and there is no truth sample.",
            "Give --truth with people whose residence is known, or declare `weights: declared`.",
        )
    if declared.weights == "declared" and targets.weights is not None:
        raise ProjectError(
            "There are no learned weights to write: they are declared.",
            "Leave out --learned, or declare `weights: estimated`.",
        )


class _Files:
    """The files as relations whose rows can be split by person, and into how many parts."""

    def __init__(
        self, engine: Engine, sources: ResidenceSources, folder: Path, declared: ResidenceDeclaration
    ) -> None:
        self.sources, self.declared = sources, declared
        self._folders = (folder / "signs", folder / "register")
        signs, signs_count = _opened(engine, sources.signs, self._folders[0], SIGN_COLUMNS, {})
        register, rows = _opened(
            engine, sources.register, self._folders[1], REGISTER_COLUMNS, MORE_REGISTER_COLUMNS
        )
        self._relations = (signs_by_person(signs), register_by_person(register))
        least = max(rows // PEOPLE_OF_A_PART, signs_count // SIGNS_OF_A_PART)
        self.parts = 1 << least.bit_length()

    def of_people(self, people: pa.Table) -> tuple[pa.Table, pa.Table]:
        """Signs and register rows of some people."""
        signs, register = (rows_of_people(relation, people) for relation in self._relations)
        return self._looked_through(signs, register)

    def each_part(self) -> Iterator[tuple[pa.Table, pa.Table]]:
        """Signs and register rows of one part of the people after the other; those of a part go with it."""
        for relation, folder in zip(self._relations, self._folders, strict=True):
            write_parts(relation.batches(ROWS_OF_A_BATCH), folder, self.parts)
        signs, register = (
            _tables(folder, self.parts, contract)
            for folder, contract in zip(self._folders, (SignOfLife, RegisterYear), strict=True)
        )
        for of_signs, of_register in zip(signs, register, strict=False):
            yield self._looked_through(of_signs, of_register)

    def _looked_through(self, signs: pa.Table, register: pa.Table) -> tuple[pa.Table, pa.Table]:
        require_signs(self.sources.signs, signs, self.declared)
        require_register(self.sources.register, register, self.declared)
        return signs, register


def _opened(
    engine: Engine, file: Path, folder: Path, columns: Mapping[str, str], more: Mapping[str, str]
) -> tuple[Relation, int]:
    """The rows of a file with the columns that are asked for, and how many there are."""
    folder.mkdir()
    content = as_parquet(opened_table(file, columns, more), folder)
    present = pq.read_schema(content).names
    names = [name for name in [*columns, *more] if name in present]
    renamed = {"person_key" if name == "person_id" else name: name for name in names}
    relation = engine.query(renamed_statement(renamed, "rows"), {"rows": engine.relation(content)})
    return relation, pq.read_metadata(content).num_rows


def _tables(folder: Path, parts: int, contract: type[Table]) -> Iterator[pa.Table]:
    """The parts that were written, or as many empty ones where there was no row."""
    found = False
    for table in parts_of(folder, parts, least=0):
        found = True
        yield table
    if not found:
        yield from [contract.schema().empty_table()] * parts


def _sample(files: _Files, sources: ResidenceSources, declared: ResidenceDeclaration) -> JudgedSample | None:
    """The truth sample judged by the index; none where there is no sample."""
    if sources.truth is None:
        return None
    truth = table_of(sources.truth, TRUTH_COLUMNS)
    truth = truth.rename_columns(["person_key", "year", "resident"])
    truth = truth.set_column(0, "person_key", truth["person_key"].cast(pa.string()))
    truth = truth.set_column(1, "year", truth["year"].cast(pa.int64()))
    require_truth(sources.truth, truth, declared)
    signs, register = files.of_people(truth.select(["person_key"]))
    try:
        return judged_sample(
            signs, register, truth, rule=rule_of(declared), first_year=declared.years.first,
            learns=declared.weights == "estimated", folds=declared.folds, seed=declared.seed,
        )  # fmt: skip
    except ValueError as error:
        raise DataRefused(
            Problem(shown(sources.truth.name), None, str(error), "Look at the sample and the declaration.")
        ) from error


def _written(
    files: _Files,
    targets: ResidenceTargets,
    rule: IndexRule,
    declared: ResidenceDeclaration,
    on_progress: Callable[[int, int], None],
    sample: JudgedSample | None,
) -> ResidenceSummary:
    summary, told = ResidenceSummary(), _metadata(declared)
    counts: Counter[tuple[int, str | None, str]] = Counter()
    with ExitStack() as stack:
        write = stack.enter_context(table_writer(targets.index, _as_file(ResidencyIndex.schema()), told))
        write_changes = (
            stack.enter_context(table_writer(targets.changes, _as_file(ResidenceChange.schema()), told))
            if targets.changes is not None
            else None
        )
        for part, (signs, register) in enumerate(files.each_part()):
            years = {"first_year": declared.years.first, "last_year": declared.years.last}
            index = residency_index(signs, register, rule=rule, **years)
            write(_named_as_in_files(index))
            changes = residence_changes(index)
            if write_changes is not None:
                write_changes(_named_as_in_files(changes))
            _count(summary, index, changes, counts)
            on_progress(part + 1, files.parts)
        population = population_table(counts, rule, sample, declared.correction)
        if targets.population is not None:
            write_table(population, targets.population, told)
    summary.population = population.filter(pc.equal(population["group"], "_T")).to_pylist()
    return summary


def _count(
    summary: ResidenceSummary,
    index: pa.Table,
    changes: pa.Table,
    counts: Counter[tuple[int, str | None, str]],
) -> None:
    cells = index.group_by(["year", "group", "residence"]).aggregate([([], "count_all")])
    for row in cells.to_pylist():
        counts[row["year"], row["group"], row["residence"]] += row["count_all"]
        summary.residence[row["residence"]] += row["count_all"]
    summary.rows += len(index)
    summary.people += pc.count_distinct(index["person_key"]).as_py()
    pairs = changes.group_by(["residence_before", "residence_after"]).aggregate([([], "count_all")])
    for row in pairs.to_pylist():
        summary.changes[f"{row['residence_before']} to {row['residence_after']}"] += row["count_all"]


def _metadata(declared: ResidenceDeclaration) -> dict[str, str]:
    return {
        "residence_rule": declared.id,
        "version": declared.version,
        "status": declared.status,
        "verified": "yes" if declared.verified else "no",
        "weights": declared.weights,
    }


def _as_file(schema: pa.Schema) -> pa.Schema:
    return schema.set(0, schema.field(0).with_name("person_id"))


def _named_as_in_files(table: pa.Table) -> pa.Table:
    return table.rename_columns(["person_id", *table.column_names[1:]])
