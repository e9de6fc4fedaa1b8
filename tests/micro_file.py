"""A micro-file of ten persons, four households and four emigrants, small enough to add up by hand.

Households a to d stand for 10, 20, 30 and 40; a and b were drawn with neighbourhood 1, c and d with 2. The
country is KAZ and the day of the answers 31 December 2024.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from sojourn.concepts.migration_tables import migration_tables
from sojourn.engine import Engine, Relation
from sojourn.statistics.migration_tables import (
    TableSettings,
    UnitRecords,
    emigrant_variables,
    household_variables,
    households_of,
    person_variables,
    reported_emigrants,
    table_figures,
    tables_to_make,
)
from sojourn.statistics.survey import Stage, TaylorDesign

SETTINGS = TableSettings("KAZ", datetime.date(2024, 12, 31))
DESIGN = TaylorDesign("w", (Stage("psu"),))
WHO = """
household_id sex age birthplace citizenship second_citizenship citizenship_acquired
a            F   40  KAZ        KAZ         .                  BIRTH
a            M   42  KAZ        KAZ         .                  BIRTH
a            F   12  KAZ        KAZ         .                  BIRTH
b            M   35  DEU        DEU         .                  _Z
b            F   33  DEU        DEU         KAZ                NAT
b            M   3   DEU        DEU         .                  _Z
c            F   70  RUS        KAZ         .                  BIRTH
c            M   71  _U         KAZ         .                  _U
d            F   28  FRA        STLS        .                  _Z
d            M   29  FRA        _U          .                  _U
"""
CAME = """
birthplace_mother birthplace_father ever_abroad previous_residence arrival_year arrival_month reason
KAZ               KAZ               N           .                  .            .             .
KAZ               DEU               Y           DEU                2022         6             EMP
DEU               DEU               N           .                  .            .             .
DEU               DEU               Y           DEU                2024         9             EMP
DEU               DEU               Y           DEU                2015         3             FAM
DEU               DEU               Y           DEU                2024         9             FAM
RUS               RUS               .           RUS                1975         .             SET
_U                _U                _U          .                  .            .             .
FRA               FRA               Y           DEU                2021         11            PRO
FRA               FRA               Y           FRA                .            .             _U
"""
LIVES = """
region here_5_years_ago region_5_years_ago country_5_years_ago activity occupation industry education
A      Y                .                  .                   EMP      2211       8610     L6
A      N                .                  DEU                 EMP      0110       84       L3
A      N                B                  .                   _Z       .          .        L1
B      N                _Z                 DEU                 EMP      9          F        L2
B      Y                .                  .                   UNE      .          .        L6
B      .                .                  .                   _Z       .          .        _Z
A      Y                .                  .                   OLF      .          .        L1
A      .                .                  .                   OLF      .          .        _U
A      N                _Z                 DEU                 OLF      .          .        _U
A      N                _Z                 FRA                 EMP      .          _U       L7
"""
HOUSEHOLD = """
w  psu has_emigrants receives_remittances
10 1   Y             Y
10 1   .             .
10 1   .             .
20 1   N             N
20 1   N             N
20 1   N             N
30 2   N             _U
30 2   N             .
40 2   Y             N
40 2   Y             N
"""
EMIGRANTS = """
household_id sex age age_at_departure departure_year destination birthplace
a            F   25  20               2019           DEU         KAZ
a            M   .   25               2020           FRA         KAZ
c            F   30  .                2020           DEU         KAZ
d            M   46  40               2018           _U          _U
"""
_NUMBERS = ("age", "arrival_year", "arrival_month", "w", "age_at_departure", "departure_year")


@dataclass(frozen=True)
class Units:
    """The units of analysis of the micro-file, and what each gives."""

    person: UnitRecords
    household: UnitRecords
    emigrant: UnitRecords

    def all(self) -> dict[str, UnitRecords]:
        """The units by name."""
        return {"person": self.person, "household": self.household, "emigrant": self.emigrant}


def drawn(*drawings: str) -> pa.Table:
    """A table of drawings that stand beside one another; a point is a missing answer."""
    columns: dict[str, pa.Array] = {}
    for drawing in drawings:
        names, *rows = [line.split() for line in drawing.strip().splitlines()]
        for place, name in enumerate(names):
            cells = [None if row[place] == "." else row[place] for row in rows]
            kind = pa.int64() if name in _NUMBERS else pa.string()
            columns[name] = pa.array(cells, pa.string()).cast(kind)
    return pa.table(columns)


def micro_units(engine: Engine, design: object = DESIGN) -> Units:
    """The micro-file's units of analysis, under a design."""
    persons = engine.relation(drawn(WHO, CAME, LIVES, HOUSEHOLD))
    reported = drawn(EMIGRANTS)
    emigrants = emigrant_variables(engine.relation(reported), SETTINGS)
    households = household_variables(households_of(persons, ("w", "psu")), emigrants)
    given = frozenset(persons.columns)
    joined = reported_emigrants(households, emigrants, ("w", "psu"))
    return Units(
        UnitRecords("person", person_variables(persons, SETTINGS), given, design),
        UnitRecords("household", households, frozenset(["has_emigrants", "receives_remittances"]), design),
        UnitRecords("emigrant", joined, frozenset(reported.column_names), design, "is_reported"),
    )


def all_figures(
    engine: Engine, design: object = DESIGN, *, only: Sequence[str] | None = None
) -> dict[str, pa.Table]:
    """The figures of every table that the micro-file can fill, or of some of them."""
    units = micro_units(engine, design).all()
    given = {name: unit.given for name, unit in units.items()}
    wanted = [table for table in migration_tables().values() if only is None or table.id in only]
    made = tables_to_make(wanted, given)
    return {
        table.id: figures
        for name, unit in units.items()
        for table, figures in table_figures(unit, [table for table in made if table.unit == name])
    }


def cell(figures: pa.Table, column: str = "value", **codes: str) -> object:
    """One figure of a table: the given codes, totals of the other dimensions; None without such a row."""
    names = figures.column_names[: figures.column_names.index("table_id")]
    strange = set(codes) - set(names)
    assert not strange, f"the table has no dimension {strange}"
    for row in figures.to_pylist():
        if all(row[name] == codes.get(name, "_T") for name in names):
            return row[column]
    return None


def cells(figures: pa.Table, dimension: str, **codes: str) -> dict[str, object]:
    """The figures by the codes of one dimension, totals of the others unless given."""
    found = {}
    names = figures.column_names[: figures.column_names.index("table_id")]
    for row in figures.to_pylist():
        if all(row[name] == codes.get(name, "_T") for name in names if name != dimension):
            found[row[dimension]] = row["value"]
    return found


def relation_of(engine: Engine, columns: dict[str, list[object]]) -> Relation:
    """A relation of plain lists."""
    return engine.relation(pa.table(columns))
