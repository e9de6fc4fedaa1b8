"""The cube: every weighted sum that later tables need, computed in one pass over the records.

One row is a cell of the dimensions or a margin over one or more of them (`_T`). It holds the number of
different persons behind it, the sum of their weights, and of weight times each measure. Counts, shares and
means of any fewer dimensions follow from these rows without looking at a record again. Sums by which figures
of samples have their errors are made in `statistics.survey`.

Sums are whole numbers until a figure divides them. Whole weights add up as they are; fractional ones are
first multiplied by a power of two and rounded, so that 126 bits hold the sum of all records. Adding whole
numbers has no order: the same records give the same bits, however they lie and however many threads work.

A dimension that a record does not state becomes `_U`. A record with weight zero is nobody's contribution.
"""

from __future__ import annotations

from collections.abc import Sequence

from sojourn.concepts import UNKNOWN
from sojourn.engine import Relation
from sojourn.engine.compose import (
    column_types,
    cube_statement,
    persons_statement,
    total_code_statement,
)
from sojourn.errors import ContractBroken, ProjectError
from sojourn.statistics.exact_sums import limits_of

__all__ = ["COUNT", "cube", "cube_sql", "measure_columns", "persons_recur"]

# The cube's column of the sum of weights.
COUNT = "weighted_count"


def cube(
    records: Relation,
    *,
    dimensions: Sequence[str],
    weight: str | None = None,
    measures: Sequence[str] = (),
    person: str | None = "person_key",
) -> Relation:
    """The cells of records and all their margins, with contributors and exact weighted sums.

    Columns: the dimensions; `contributors`; `weighted_count`; for each measure `<measure>__contributors`,
    `<measure>__stated` (weights of those who state it) and `<measure>__sum`. Without a weight every record
    counts one. `person` is the column that tells persons apart; where the records have no such column, or
    None is given, each record is one person. Computed now and kept by the engine. No weight may be missing.

    Raises: ProjectError for columns that are absent; ContractBroken for weights that are missing or NaN,
    and for records that hold the code of totals.
    Source: methods reference, section 3.1.
    """
    plan = _statement(records, dimensions, weight, measures, person)
    # With a parameter the engine computes the cube now instead of again for every table made from it.
    parameters = {"unknown": UNKNOWN} if dimensions else None
    return records.engine.query(plan, {"records": records}, parameters)


def cube_sql(
    records: Relation,
    *,
    dimensions: Sequence[str],
    weight: str | None = None,
    measures: Sequence[str] = (),
    person: str | None = "person_key",
) -> str:
    """The statement that `cube` runs over `records`, as it is published."""
    return _statement(records, dimensions, weight, measures, person)


def measure_columns(measure: str) -> tuple[str, str]:
    """The cube's columns of weight times measure, and of the weights of those who state it."""
    return f"{measure}__sum", f"{measure}__stated"


def _statement(
    records: Relation,
    dimensions: Sequence[str],
    weight: str | None,
    measures: Sequence[str],
    person: str | None,
) -> str:
    types = column_types(records)
    weights = [] if weight is None else [weight]
    _refuse_absent(types, [*dimensions, *weights, *measures])
    _refuse_repeated(dimensions, measures)
    _refuse_total_code(records, dimensions)
    limits = limits_of(records, types, weights, measures)
    sums = [limits.term(COUNT, weight)]
    for measure in measures:
        total, stated = measure_columns(measure)
        sums.append(limits.term(total, weight, measure))
        sums.append(limits.term(stated, weight, only_where=measure))
    contributes = {"contributors": (weight or "",)} | {
        f"{measure}__contributors": (weight or "", measure) for measure in measures
    }
    key = person if person in types else None
    recurring = key if key is not None and persons_recur(records, key) else None
    return cube_statement(dimensions, sums, contributes=contributes, person=recurring)


def _refuse_absent(types: dict[str, str], needed: Sequence[str]) -> None:
    absent = sorted({name for name in needed if name not in types})
    if absent:
        raise ProjectError(
            f"The records have no column {', '.join(absent)}.",
            "Dimensions, weights and measures are columns; derive dimensions with `with_dimensions` first.",
        )


def _refuse_repeated(dimensions: Sequence[str], measures: Sequence[str]) -> None:
    if len(set(dimensions)) < len(dimensions) or len(set(measures)) < len(measures):
        raise ProjectError("A dimension or measure is named twice.", "Name each once.")


def _refuse_total_code(records: Relation, dimensions: Sequence[str]) -> None:
    if not dimensions:
        return
    found = records.engine.query(total_code_statement(dimensions), {"records": records}).rows()[0]
    taken = [name for name, count in zip(dimensions, found, strict=True) if count]
    if taken:
        raise ContractBroken(
            f"Records hold the code of totals, _T, in {', '.join(taken)}.",
            "Printed totals are no records: list them as non-data where the source is declared.",
        )


def persons_recur(records: Relation, person: str) -> bool:
    """Whether a person stands in several records.

    Raises: ContractBroken where a record does not say whose it is.
    """
    without, recur = records.engine.query(persons_statement(person), {"records": records}).rows()[0]
    if without:
        raise ContractBroken(
            f"{without} records do not say whose they are: their {person} is missing.",
            "Give `person=None` if each record is one person.",
        )
    return bool(recur)
