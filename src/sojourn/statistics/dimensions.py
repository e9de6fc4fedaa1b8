"""Dimensions that records imply but do not state: age groups, nativity, citizenship status, regions.

Each is SQL in a file of its own and a table of what codes mean, so that a published figure can be traced
to both. What cannot be told is `_U`, never left out and never guessed: a birthplace that is a former state
on whose land the country now lies may be inside or outside the country, and is therefore not known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import pyarrow as pa

from sojourn.concepts import (
    NOT_APPLICABLE,
    UNKNOWN,
    Code,
    age_scheme,
    migrant_places,
    regions_of,
)
from sojourn.concepts.code_lists import code_list
from sojourn.engine import Relation, SqlFile, sql_beside
from sojourn.engine.compose import chosen_statement, column_types, widened_statement
from sojourn.errors import ProjectError

__all__ = ["DERIVED", "dimension_sql", "with_dimensions"]

OLDEST = 130
_TEXT, _WHOLE, _DAY = "VARCHAR", "BIGINT", "DATE"
_FILES: Mapping[str, SqlFile] = {
    name: sql_beside(__file__, f"{name}.sql")
    for name in (
        *("age", "nativity", "citizen", "regions", "second_generation"),
        *("permit_reason", "permit_duration"),
    )
}
_PLACES = {"birthplace": _TEXT, "citizenship": _TEXT}
_DATES = {"reference_date": _DAY, "event_date": _DAY, "valid_from": _DAY}
_NEEDS: Mapping[str, Mapping[str, str]] = {
    "age": {"age": _WHOLE, "birth_year": _WHOLE, **_DATES, "age_group": _TEXT, "age_broad": _TEXT},
    "nativity": {"birthplace": _TEXT, "nativity": _TEXT},
    "citizen": {"citizenship": _TEXT, "citizen": _TEXT},
    "regions": {**_PLACES, "birthplace_region": _TEXT, "citizenship_region": _TEXT},
    "second_generation": {
        **dict.fromkeys(("birthplace", "birthplace_mother", "birthplace_father"), _TEXT),
        **dict.fromkeys(("nativity", "second_generation"), _TEXT),
    },
    "permit_reason": dict.fromkeys(
        ("reason", "previous_reason", "permit_reason", "previous_permit_reason"), _TEXT
    ),
    "permit_duration": {"valid_from": _DAY, "valid_to": _DAY, "permit_duration": _TEXT},
}
DERIVED: Mapping[str, str] = {
    "age_group": "age",
    "age_broad": "age",
    "nativity": "nativity",
    "citizen": "citizen",
    "birthplace_region": "regions",
    "citizenship_region": "regions",
    "second_generation": "second_generation",
    "permit_reason": "permit_reason",
    "previous_permit_reason": "permit_reason",
    "permit_duration": "permit_duration",
}


def with_dimensions(
    records: Relation,
    dimensions: Sequence[str],
    *,
    country: str,
    age_group: str = "five_year",
    age_broad: str = "broad",
    region_level: str = "subregion",
) -> Relation:
    """The records with the named dimensions added.

    Columns that are dimensions as they stand are left alone; a stated nativity or citizen status yields
    to what the birthplace or the citizenship says, and stands where those are unknown. `country` is the
    country whose figures these are; `age_group` and `age_broad` name age schemes; `region_level` is the
    level of CL_AREA_GROUP at which places are grouped. Nothing is computed now.

    Raises: ProjectError for a dimension that is neither a column nor derived, with what there is.
    """
    held = column_types(records)
    unknown = sorted(name for name in dimensions if name not in held and name not in DERIVED)
    if unknown:
        raise ProjectError(
            f"There is no dimension {', '.join(unknown)}.",
            f"Derived dimensions are {', '.join(DERIVED)}; others are columns of the records.",
        )
    files = list(dict.fromkeys(DERIVED[name] for name in dimensions if name in DERIVED))
    needed = {name: kind for file in files for name, kind in _NEEDS[file].items()}
    engine = records.engine
    places = engine.relation(_places(country, region_level))
    found = engine.query(widened_statement(list(held), needed), {"records": records})
    for file in files:
        meanings = {"places": places}
        if file == "age":
            meanings = {"fine": engine.relation(_ages(age_group)), "broad": engine.relation(_ages(age_broad))}
        elif file == "permit_reason":
            meanings = {"reasons": engine.relation(_permit_reasons())}
        found = _FILES[file](records=found, **meanings)
    kept = [*held, *(name for name in dimensions if name not in held)]
    return engine.query(chosen_statement(list(dict.fromkeys(kept))), {"records": found})


def dimension_sql(dimension: str) -> str:
    """The SQL by which a derived dimension is made, as it is published."""
    if dimension not in DERIVED:
        raise ProjectError(
            f"The dimension {dimension} is a column of the records, or unknown.",
            f"Derived dimensions are {', '.join(DERIVED)}.",
        )
    return _FILES[DERIVED[dimension]].text


@cache
def _ages(scheme: str) -> pa.Table:
    """One row for each age in completed years and the code of its group."""
    groups = age_scheme(scheme)
    ages = list(range(OLDEST + 1))
    return pa.table(
        {"age": pa.array(ages, pa.int64()), "code": pa.array([groups.group(age).code for age in ages])}
    )


@cache
def _permit_reasons() -> pa.Table:
    """One row for each reason that a record may hold, with its main reason in European permit statistics."""
    reasons = code_list("CL_REASON")
    held = [reasons.code(code) for code in reasons.for_records]
    return pa.table(
        {
            "reason": pa.array([reason.code for reason in held]),
            "permit_reason": pa.array([_permit_reason(reason) for reason in held], pa.string()),
        }
    )


def _permit_reason(reason: Code) -> str:
    """The crosswalk of the code list; a reason that does not apply has none, and still does not apply."""
    without = NOT_APPLICABLE if reason.code == NOT_APPLICABLE else UNKNOWN
    return reason.attributes.get("eurostat_permit", without)


@cache
def _places(country: str, level: str) -> pa.Table:
    """One row for each code of CL_AREA: what it means as birthplace and as citizenship, and its region.

    A country with a code for users' own use (XAA to XZZ) is in no list and lies in no region: it stands as
    a region of its own.
    """
    groups = code_list("CL_AREA_GROUP")
    levels = {group.attributes["level"] for group in groups}
    if level not in levels:
        raise ProjectError(
            f"Regions have no level {level!r}.", f"The levels are {', '.join(sorted(levels))}."
        )
    meanings = migrant_places(country)
    codes = meanings["code"].to_pylist()
    # A country with a code for users' own use is in no list and lies in no region.
    regions = [_region(code, level) if code in code_list("CL_AREA") else code for code in codes]
    return meanings.append_column("region", pa.array(regions, pa.string()))


def _region(code: str, level: str) -> str | None:
    groups = code_list("CL_AREA_GROUP")
    return next(
        (found for found in regions_of(code) if groups.code(found).attributes["level"] == level), None
    )
