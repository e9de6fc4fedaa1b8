"""From files of persons, households and emigrants to the records of each unit of analysis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from sojourn.engine import Engine, Relation
from sojourn.errors import ContractBroken, DataRefused, ProjectError, shown
from sojourn.production.microdata_designs import UnitDesign
from sojourn.production.microdata_files import MicrodataFile, read_microdata
from sojourn.project.migration_table_declarations import AnswerColumn, MigrationTablesDeclaration
from sojourn.statistics.migration_tables import (
    ArrivalPeriods,
    TableSettings,
    UnitRecords,
    emigrant_variables,
    household_variables,
    households_of,
    person_variables,
    reported_emigrants,
)

__all__ = ["ReadUnits", "UnitFiles", "read_units", "settings_of"]


@dataclass(frozen=True)
class UnitFiles:
    """The files: persons, and where there are such households and emigrants; where code maps are."""

    persons: Path
    households: Path | None = None
    emigrants: Path | None = None
    folder: Path = Path()

    def of(self, unit: str) -> Path:
        """The file that records of a unit come from."""
        found = {"household": self.households, "emigrant": self.emigrants}.get(unit)
        return found or self.persons


@dataclass
class ReadUnits:
    """By unit of analysis: records with their design, variables, answers as read, columns given, numbers."""

    records: dict[str, UnitRecords] = field(default_factory=dict)
    variables: dict[str, Relation] = field(default_factory=dict)
    answers: dict[str, Relation] = field(default_factory=dict)
    given: dict[str, frozenset[str]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)


def settings_of(declared: MigrationTablesDeclaration) -> TableSettings:
    """What the country lays down, as methods take it."""
    periods = declared.periods
    return TableSettings(
        declared.country,
        declared.source.reference_date,
        declared.age_groups,
        ArrivalPeriods(periods.single_years, periods.band_years, periods.bands),
        declared.stay,
    )


def read_units(
    engine: Engine,
    files: UnitFiles,
    declared: MigrationTablesDeclaration,
    design: UnitDesign,
    folder: Path,
) -> ReadUnits:
    """Read every file that is given and declared, and bring its records to their unit of analysis.

    Raises: ProjectError for a file without a declaration or a declaration without its file; DataRefused as
    `read_microdata`, for members whose design differs, and for emigrants of households that are not there.
    """
    if files.emigrants is not None and declared.emigrants is None:
        raise ProjectError(
            "There is a file of emigrants, and no declaration of its columns.", "Declare `emigrants`."
        )
    if files.households is not None and declared.households is None:
        raise ProjectError(
            "There is a file of households, and no declaration of its columns.", "Declare `households`."
        )
    reading = _Reading(engine, files, declared, design, folder)
    units = ReadUnits()
    _add_persons(reading, units)
    emigrants = _emigrants(reading, units)
    try:
        households = _add_households(reading, units, emigrants)
        _add_emigrants(reading, units, households, emigrants)
    except ContractBroken as error:
        name = shown(files.of("household").name)
        raise DataRefused([replace(problem, file=name) for problem in error.problems]) from error
    return units


@dataclass(frozen=True)
class _Reading:
    """What reading a file needs."""

    engine: Engine
    files: UnitFiles
    declared: MigrationTablesDeclaration
    design: UnitDesign
    folder: Path

    def rows(
        self,
        unit: str,
        contract: str,
        columns: Mapping[str, AnswerColumn],
        design: UnitDesign | None,
        file: Path | None = None,
    ) -> Relation:
        """The rows of the file of a unit, with the columns of the design if one is given."""
        own = {"person": self.declared.persons, "household": self.declared.households}.get(
            unit, self.declared.emigrants
        )
        given = MicrodataFile(
            file or self.files.of(unit),
            contract,
            columns,
            own.arrives if own is not None else None,
            self.files.folder,
            design.numbers if design is not None else {},
            design.units if design is not None else {},
        )
        unfinished = self.folder / f"{unit}_{contract}"
        unfinished.mkdir()
        return read_microdata(
            self.engine,
            given,
            country=self.declared.country,
            day=self.declared.source.reference_date,
            unfinished=unfinished,
        )


def _add_persons(reading: _Reading, units: ReadUnits) -> None:
    columns = {name: rule for name, rule in reading.declared.persons.columns.items() if name != "weight"}
    rows = reading.rows("person", "respondent", columns, reading.design)
    variables = person_variables(rows, settings_of(reading.declared))
    records, design = reading.design.applied(variables)
    units.answers["person"], units.variables["person"] = rows, variables
    units.given["person"], units.counts["person"] = frozenset(columns), rows.count()
    units.records["person"] = UnitRecords("person", records, units.given["person"], design)


def _emigrants(reading: _Reading, units: ReadUnits) -> Relation | None:
    """The emigrants with their variables; none where there is no file of them."""
    declared = reading.declared.emigrants
    if reading.files.emigrants is None or declared is None:
        return None
    rows = reading.rows("emigrant", "emigrant", declared.columns, None)
    units.answers["emigrant"] = rows
    units.given["emigrant"], units.counts["emigrant"] = frozenset(declared.columns), rows.count()
    units.variables["emigrant"] = emigrant_variables(rows, settings_of(reading.declared))
    return units.variables["emigrant"]


def _add_households(reading: _Reading, units: ReadUnits, emigrants: Relation | None) -> Relation | None:
    """The households with the columns of the design; none where nothing is said of them."""
    declared = reading.declared.households
    knows_emigrants = emigrants is not None and "household_id" in units.given["emigrant"]
    if declared is None:
        if not knows_emigrants or "household_id" not in units.given["person"]:
            return None
        return households_of(units.answers["person"], reading.design.columns)
    design = reading.design.of_households(declared.weight)
    file = reading.files.households or reading.files.persons
    arrives_as_persons = reading.files.households is None
    rows = reading.rows(
        "person" if arrives_as_persons else "household", "household", declared.columns, design, file
    )
    households = households_of(rows, design.columns)
    variables = household_variables(
        households,
        emigrants if knows_emigrants else None,
        report_is_complete=reading.declared.emigrants is not None and reading.declared.emigrants.complete,
    )
    records, made = design.applied(variables)
    units.answers["household"], units.variables["household"] = households, variables
    units.counts["household"] = households.count()
    units.given["household"] = frozenset(declared.columns) | ({"has_emigrants"} if knows_emigrants else set())
    units.records["household"] = UnitRecords("household", records, units.given["household"], made)
    return variables


def _add_emigrants(
    reading: _Reading, units: ReadUnits, households: Relation | None, emigrants: Relation | None
) -> None:
    if emigrants is None:
        return
    given, design = units.given["emigrant"], reading.design
    if design.is_exact and design.declared.weight is None:
        records, made = design.applied(emigrants)
        units.records["emigrant"] = UnitRecords("emigrant", records, given, made)
        return
    if households is None:
        raise ProjectError(
            "Emigrants are as many as the households that report them stand for, and these are not known.",
            "Declare household_id of the emigrants, and that of the persons or a file of households.",
        )
    joined = reported_emigrants(households, emigrants, design.columns)
    records, made = design.applied(joined, by_household=True)
    units.records["emigrant"] = UnitRecords("emigrant", records, given, made, "is_reported")
