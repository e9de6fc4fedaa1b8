"""From files of persons, households and emigrants to the records of each unit of analysis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sojourn.engine import Engine, Relation
from sojourn.errors import ProjectError
from sojourn.production.microdata_designs import UnitDesign, told_of
from sojourn.production.microdata_files import AnswersDeclared, FileCells, file_cells, variables_of
from sojourn.project.declarations import Arrival
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
    with told_of(files.of("household")):
        households = _add_households(reading, units, emigrants)
        _add_emigrants(reading, units, households, emigrants)
    return units


class _Reading:
    """Files and their declarations; each file is read once, with the columns of every unit that it holds."""

    def __init__(
        self,
        engine: Engine,
        files: UnitFiles,
        declared: MigrationTablesDeclaration,
        design: UnitDesign,
        folder: Path,
    ) -> None:
        self.engine, self.files, self.declared = engine, files, declared
        self.design, self.folder = design, folder
        persons = {name: rule for name, rule in declared.persons.columns.items() if name != "weight"}
        self.answers = {"person": self._answers("respondent", persons, design)}
        if declared.households is not None:
            own = design.of_households(declared.households.weight)
            self.answers["household"] = self._answers("household", declared.households.columns, own)
        if declared.emigrants is not None and files.emigrants is not None:
            self.answers["emigrant"] = self._answers("emigrant", declared.emigrants.columns, None)
        for answers in self.answers.values():
            answers.code_maps(declared.country)  # refused before a large file is read
        self._cells: dict[Path, FileCells] = {}

    def rows(self, unit: str) -> Relation:
        """The rows of the file of a unit, with the columns of its design."""
        return variables_of(
            self._cells_of(self.files.of(unit)),
            self.answers[unit],
            country=self.declared.country,
            day=self.declared.source.reference_date,
            target=self.folder / f"{unit}.parquet",
        )

    def _answers(
        self, contract: str, columns: Mapping[str, AnswerColumn], design: UnitDesign | None
    ) -> AnswersDeclared:
        numbers, units = (design.numbers, design.units) if design is not None else ({}, {})
        return AnswersDeclared(contract, columns, self.files.folder, numbers, units)

    def _cells_of(self, file: Path) -> FileCells:
        if file not in self._cells:
            units = [unit for unit in self.answers if self.files.of(unit) == file]
            names = dict.fromkeys(name for unit in units for name in self.answers[unit].names)
            target = self.folder / f"cells_{len(self._cells)}.parquet"
            self._cells[file] = file_cells(self.engine, file, self._arrives(units[0]), tuple(names), target)
        return self._cells[file]

    def _arrives(self, unit: str) -> Arrival | None:
        declared = {"household": self.declared.households, "emigrant": self.declared.emigrants}
        of_unit = declared.get(unit) or self.declared.persons
        return of_unit.arrives


def _add_persons(reading: _Reading, units: ReadUnits) -> None:
    rows = reading.rows("person")
    variables = person_variables(rows, settings_of(reading.declared))
    records, design = reading.design.applied(variables)
    units.answers["person"], units.variables["person"] = rows, variables
    units.given["person"] = frozenset(reading.answers["person"].columns)
    units.counts["person"] = rows.count()
    units.records["person"] = UnitRecords("person", records, units.given["person"], design)


def _emigrants(reading: _Reading, units: ReadUnits) -> Relation | None:
    """The emigrants with their variables; none where there is no file of them."""
    if "emigrant" not in reading.answers:
        return None
    rows = reading.rows("emigrant")
    units.answers["emigrant"] = rows
    units.given["emigrant"] = frozenset(reading.answers["emigrant"].columns)
    units.counts["emigrant"] = rows.count()
    units.variables["emigrant"] = emigrant_variables(rows, settings_of(reading.declared))
    return units.variables["emigrant"]


def _add_households(reading: _Reading, units: ReadUnits, emigrants: Relation | None) -> Relation | None:
    """The households with the columns of the design; none where nothing is said of them."""
    knows_emigrants = emigrants is not None and "household_id" in units.given["emigrant"]
    design = reading.design
    if "household" not in reading.answers:
        if not knows_emigrants or "household_id" not in units.given["person"]:
            return None
        return households_of(units.answers["person"], design.columns)
    rows = reading.rows("household")
    households = households_of(rows, design.columns)
    variables = household_variables(
        households,
        emigrants if knows_emigrants else None,
        report_is_complete=reading.declared.emigrants is not None and reading.declared.emigrants.complete,
    )
    records, made = design.applied(variables)
    units.answers["household"], units.variables["household"] = households, variables
    units.counts["household"] = households.count()
    given = frozenset(reading.answers["household"].columns)
    units.given["household"] = given | ({"has_emigrants"} if knows_emigrants else set())
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
