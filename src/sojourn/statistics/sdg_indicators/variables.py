"""Records of a country's survey as standard variables, with the groups by which migrants are told apart."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import pyarrow as pa

from sojourn.concepts import AgeScheme, age_scheme
from sojourn.concepts.migrant_places import migrant_places
from sojourn.engine import Relation, sql_beside
from sojourn.engine.compose import column_types, widened_statement
from sojourn.engine.survey_variables import VariableOrigin, misread_statement, variables_statement
from sojourn.errors import DataRefused, Problem, ProjectError

__all__ = ["standard_records"]

_GROUPS = sql_beside(__file__, "status_groups.sql")
_TEXT = "VARCHAR"
_NEEDED = {
    "age": "BIGINT",
    "years_since_arrival": "DOUBLE",
    **dict.fromkeys(("birthplace", "nativity", "citizenship", "citizen", "duration_of_stay"), _TEXT),
    **dict.fromkeys(("head_birthplace", "head_nativity", "head_citizenship", "head_citizen"), _TEXT),
}


def standard_records(
    records: Relation,
    origins: Sequence[VariableOrigin],
    *,
    kept: Sequence[str],
    country: str,
    age_groups: AgeScheme | None = None,
) -> Relation:
    """The records as standard variables, with `kept` columns as they are and the groups of migratory status.

    What is unknown is null in variables and a code in groups. Status is told from country of birth and of
    citizenship, and where these are not stated from what the file itself says; from nothing else.

    Raises: ProjectError for columns that are absent or have a variable's name; DataRefused where values of a
    column fit no code or are no numbers, with how many.
    Source: UN expert group on migratory status, June 2017.
    """
    types = column_types(records)
    _refuse_absent(origins, types, kept)
    engine = records.engine
    found = engine.query(variables_statement(origins, types, kept), {"records": records})
    _refuse_misread(records, origins, types)
    held = [*kept, *(origin.name for origin in origins)]
    widened = engine.query(widened_statement(held, _NEEDED), {"records": found})
    scheme = age_groups or age_scheme("policy")
    places = engine.relation(_places(country))
    return _GROUPS(records=widened, places=places, groups=engine.relation(scheme.to_arrow()))


@cache
def _places(country: str) -> pa.Table:
    return migrant_places(country).select(["code", "nativity", "citizen"])


def _refuse_absent(origins: Sequence[VariableOrigin], types: dict[str, str], kept: Sequence[str]) -> None:
    absent = sorted({name for name in kept if name not in types})
    if absent:
        raise ProjectError(
            f"The file has no column {', '.join(absent)}.", "Weights and what the design names are columns."
        )
    for origin in origins:
        if origin.column is not None and origin.column not in types:
            raise ProjectError(
                f"The variable {origin.name} comes from {origin.column}, which is no column of the file.",
                "Correct the name, or leave the variable out: what needs it is then reported as missing.",
            )
        if origin.name in kept:
            raise ProjectError(
                f"The design uses a column called {origin.name}, the name of a standard variable.",
                "Give the column of the design another name.",
            )


def _refuse_misread(records: Relation, origins: Sequence[VariableOrigin], types: dict[str, str]) -> None:
    from_columns = [origin for origin in origins if origin.column is not None]
    if not from_columns:
        return
    statement = misread_statement(from_columns, types)
    counts = records.engine.query(statement, {"records": records}).rows()[0]
    problems = [
        Problem("", None, _complaint(origin, count), _remedy(origin))
        for origin, count in zip(from_columns, counts, strict=True)
        if count
    ]
    if problems:
        raise DataRefused(problems)


def _complaint(origin: VariableOrigin, count: int) -> str:
    if origin.kind != "code":
        kind = "number" if origin.kind == "number" else "whole number from 0 on"
        return f"{origin.name}: in {count:,} records the column {origin.column} holds no {kind}."
    where = "has no line in its codes" if origin.codes else "is no code of the variable"
    return f"{origin.name}: in {count:,} records what the column {origin.column} holds {where}."


def _remedy(origin: VariableOrigin) -> str:
    listed = (
        f" The codes are {', '.join(origin.allowed)}." if origin.allowed and len(origin.allowed) < 12 else ""
    )
    if origin.kind != "code":
        return "List under `missing` what means that nothing is stated, or mend the file."
    return f"Add it under `codes`, or under `missing` if it means that nothing is stated.{listed}"
