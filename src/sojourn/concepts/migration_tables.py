"""Tables of international migration that a census, survey or register can fill, as data.

Which tables there are, whom each is about, by what it is broken down and which variables it needs stands in
`migration_tables.yaml`, as do the identities that must hold between tables, and what no record may say.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any, Literal

from sojourn.concepts.ages import age_schemes
from sojourn.concepts.code_lists import code_list
from sojourn.concepts.package_data import declarations, rows

__all__ = [
    "Cells",
    "Identity",
    "MigrationTable",
    "RecordCheck",
    "TableUnit",
    "Yearbook",
    "migration_tables",
    "record_checks",
    "table_identities",
]

TableUnit = Literal["person", "household", "emigrant"]
_FILE = "migration_tables.yaml"


@dataclass(frozen=True)
class Yearbook:
    """How a table is exported to the Demographic Yearbook.

    `origin` is the dimension that becomes the code of origin; `parts` names each exported table and the code
    of sex that it is about, `all` for every one. `age_group` is that of tables not broken down by age.
    """

    origin: str
    parts: Mapping[str, str]
    age_group: str = "_T"


@dataclass(frozen=True)
class MigrationTable:
    """One table: what is counted, of whom, by what, from which variables, and what it cannot tell.

    `needs` holds alternatives: of each, one variable must be there. `when` is the condition of a proportion.
    """

    id: str
    part_of: str
    title: Mapping[str, str]
    unit: TableUnit
    by: tuple[str, ...]
    statistic: Literal["count", "proportion"]
    needs: tuple[tuple[str, ...], ...]
    universe: str | None = None
    when: str | None = None
    note: str = ""
    yearbook: Yearbook | None = None

    def missing(self, variables: Container[str]) -> tuple[str, ...]:
        """The needs that these variables do not meet, alternatives joined by `or`."""
        return _missing(self.needs, variables)


@dataclass(frozen=True)
class Cells:
    """Cells of a table that are added up: some codes of some dimensions, totals of the others."""

    table: str
    codes: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Identity:
    """Two figures that must be the same: that of `left`, and the sum of `right`, over that of `over`."""

    id: str
    left: Cells
    right: tuple[Cells, ...]
    over: tuple[Cells, ...] = ()

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that it compares."""
        return tuple(dict.fromkeys(cells.table for cells in (self.left, *self.right, *self.over)))


@dataclass(frozen=True)
class RecordCheck:
    """What no record may say; a `query` may be right and is to be looked at."""

    id: str
    unit: TableUnit
    severity: Literal["error", "warning", "query"]
    title: Mapping[str, str]
    needs: tuple[tuple[str, ...], ...]

    def missing(self, variables: Container[str]) -> tuple[str, ...]:
        """The needs that these variables do not meet, alternatives joined by `or`."""
        return _missing(self.needs, variables)


@cache
def migration_tables() -> Mapping[str, MigrationTable]:
    """The tables by identifier, in the order of the file."""
    found = [_table(entry) for entry in declarations(_FILE)["tables"]]
    return MappingProxyType({table.id: table for table in found})


@cache
def table_identities() -> tuple[Identity, ...]:
    """The identities between tables."""
    return tuple(
        Identity(
            entry["id"],
            _cells(entry["is"]),
            tuple(map(_cells, entry["equals"])),
            tuple(map(_cells, entry.get("over", ()))),
        )
        for entry in declarations(_FILE)["identities"]
    )


@cache
def record_checks() -> tuple[RecordCheck, ...]:
    """What no record may say, in the order of the file."""
    return tuple(
        RecordCheck(entry["id"], entry["unit"], entry["severity"], entry["title"], _needs(entry["needs"]))
        for entry in declarations(_FILE)["checks"]
    )


def _table(entry: Mapping[str, Any]) -> MigrationTable:
    yearbook = entry.get("yearbook")
    return MigrationTable(
        id=entry["id"],
        part_of=entry["part_of"],
        title=MappingProxyType(dict(entry["title"])),
        unit=entry["unit"],
        by=tuple(entry["by"]),
        statistic=entry["measure"]["statistic"],
        needs=_needs(entry["needs"]),
        universe=entry.get("universe"),
        when=entry["measure"].get("when"),
        note=entry.get("note", ""),
        yearbook=None if yearbook is None else Yearbook(**yearbook),
    )


def _needs(listed: list[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(need.split("|")) for need in listed)


def _missing(needs: tuple[tuple[str, ...], ...], variables: Container[str]) -> tuple[str, ...]:
    return tuple(" or ".join(need) for need in needs if not any(name in variables for name in need))


def _cells(entry: Mapping[str, Any]) -> Cells:
    codes = {
        name: tuple([value] if isinstance(value, str) else value)
        for name, value in entry.get("cells", {}).items()
    }
    if codes.get("age_group") == ("from 15",):
        codes["age_group"] = _groups_from(15)
    return Cells(entry["table"], MappingProxyType(codes))


def _groups_from(age: int) -> tuple[str, ...]:
    """The age groups of five years, of every scheme that has them, from an age on."""
    schemes = [scheme for scheme in age_schemes() if scheme.startswith("five_year")]
    groups = dict.fromkeys(str(row["code"]) for row in rows("age_schemes.csv") if row["scheme"] in schemes)
    codes = code_list("CL_AGE")
    return tuple(code for code in groups if int(codes.code(code).attributes["lower"]) >= age)
