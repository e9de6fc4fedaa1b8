"""The design of a sample for each unit of analysis: columns of the file under names of our own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sojourn.engine import Relation
from sojourn.errors import ContractBroken, DataRefused, Problem, ProjectError, shown
from sojourn.production.survey_designs import design_columns, design_of, renamed_design
from sojourn.project.migration_table_declarations import MigrationTablesDeclaration
from sojourn.project.survey_declarations import SurveyDesignDeclaration
from sojourn.statistics.migration_tables import with_household_units
from sojourn.statistics.survey import (
    Replication,
    SurveyDesign,
    TaylorDesign,
    with_replicates,
)

__all__ = ["UnitDesign", "told_of", "unit_design"]

_PREFIX = "design_"


@dataclass(frozen=True)
class UnitDesign:
    """A declared design whose columns are `design_…` in the records, and what they are called in the file."""

    declared: SurveyDesignDeclaration
    numbers: Mapping[str, str]
    units: Mapping[str, str]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the design in the records."""
        return (*self.numbers.values(), *self.units.values())

    @property
    def is_exact(self) -> bool:
        """Whether everyone was asked, so that figures have no sampling error."""
        return self.declared.variance == "none"

    def of_households(self, weight: str | None) -> UnitDesign:
        """The same design, with another column of the file as its main weight."""
        main = self.declared.weight
        if weight is None or main is None:
            return self
        numbers = {weight if target == main else name: target for name, target in self.numbers.items()}
        return UnitDesign(self.declared, numbers, self.units)

    def applied(self, records: Relation, *, by_household: bool = False) -> tuple[Relation, SurveyDesign]:
        """The records with their design; replicate weights that are to be made are added.

        `by_household` says that records came with their household, so that it is the unit that was drawn.
        """
        design = design_of(self.declared)
        if by_household:
            design = with_household_units(design)
        make = self.declared.make
        if make is None or not isinstance(design, TaylorDesign):
            return records, design
        replication = Replication(make.kind, make.replicates, make.rho, make.seed)
        table, replicates = with_replicates(records.to_arrow(), design, replication)
        return records.engine.relation(table), replicates


def unit_design(declared: MigrationTablesDeclaration, design: SurveyDesignDeclaration | None) -> UnitDesign:
    """The design by which figures get their errors; without one, that of a full count.

    Raises: ProjectError for a survey without a design, and for a weight that is declared in two places.
    """
    weight = declared.persons.columns.get("weight")
    if design is None:
        if declared.source.kind == "survey":
            raise ProjectError(
                "A survey's figures need the design of its sample for their errors.",
                "Give --design with a declaration of weights, strata and units, or of replicate weights.",
            )
        column = weight.source if weight is not None else None
        design = SurveyDesignDeclaration(variance="none", weight=column)
    elif design.second_phase is not None:
        raise ProjectError(
            "Migration tables are not made of two-phase samples: their households and counts of answers are"
            " those of all records, and here some were asked in the first phase alone.",
            "Make the figures with `sojourn tool estimate`, which knows both phases.",
        )
    elif weight is not None:
        raise ProjectError(
            "The weight stands both in the design and among the columns of persons.",
            "Leave it out of the columns: the design names it.",
        )
    numbers, units = design_columns(design)
    names = {name: _own_name(name, place) for place, name in enumerate(dict.fromkeys([*numbers, *units]))}
    return UnitDesign(
        renamed_design(design, names),
        {name: names[name] for name in numbers},
        {name: names[name] for name in units},
    )


@contextmanager
def told_of(file: Path) -> Iterator[None]:
    """Tell what is wrong with records as said of their file, with the file's own names of columns.

    Raises: DataRefused in place of ContractBroken; ProjectError as it was raised.
    """
    try:
        yield
    except ContractBroken as error:
        raise DataRefused([_in_file(each, shown(file.name)) for each in error.problems]) from error
    except ProjectError as error:
        raise ProjectError([_in_file(each, each.file) for each in error.problems]) from error


def _in_file(problem: Problem, file: str) -> Problem:
    return replace(problem, file=file, message=problem.message.replace(_PREFIX, ""))


def _own_name(name: str, place: int) -> str:
    return f"{_PREFIX}{name if re.fullmatch(r'[A-Za-z0-9_]{1,50}', name) else place}"
