"""What a country declares of its migration tables: where its files keep answers, and which it wants."""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

from pydantic import Field, model_validator

from sojourn.concepts import age_schemes
from sojourn.concepts.migration_tables import MigrationTable
from sojourn.project.declaration import Declaration, Identifier, Strings, Texts
from sojourn.project.declarations import Arrival, ColumnRule

__all__ = [
    "AnswerColumn",
    "EmigrantsFile",
    "HouseholdsFile",
    "MigrationTablesDeclaration",
    "OwnTable",
    "PeriodsOfArrival",
    "PersonsFile",
    "TableSource",
]

_NAME = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class AnswerColumn(ColumnRule):
    """Where a variable comes from, and how it is read; its codes may be written here or in a file."""

    map: dict[str, str] | None = Field(
        default=None, description="Standard code for each code that the file writes, as in `{1: M, 2: F}`"
    )

    @model_validator(mode="after")
    def _one_map(self) -> AnswerColumn:
        if self.map is not None and (self.codes is not None or self.source is None):
            raise ValueError("a `map` goes with `from`, and not with `codes`: keep one of them")
        if self.period is not None:
            raise ValueError("there is no delivery with a `period` here: give a column or a `value`")
        return self


class PersonsFile(Declaration):
    """The file of persons: variables of Respondent, and the columns that they come from."""

    arrives: Arrival | None = Field(
        default=None, description="How the file is written; left out, as the end of its name says"
    )
    columns: dict[_NAME, AnswerColumn] = Field(
        min_length=1, description="Column of the file for each variable"
    )


class HouseholdsFile(Declaration):
    """What households answer: variables of Household, in a file of their own or in that of the persons."""

    arrives: Arrival | None = Field(
        default=None, description="How a file of households is written; as the end of its name says"
    )
    columns: dict[_NAME, AnswerColumn] = Field(
        min_length=1, description="Column of the file for each variable"
    )
    weight: str | None = Field(
        default=None, description="Column of the household's weight, where it is not the one of the design"
    )


class EmigrantsFile(Declaration):
    """The file of emigrants: variables of Emigrant, and the columns that they come from."""

    arrives: Arrival | None = Field(
        default=None, description="How the file is written; left out, as the end of its name says"
    )
    columns: dict[_NAME, AnswerColumn] = Field(
        min_length=1, description="Column of the file for each variable"
    )
    complete: bool = Field(
        default=False, description="Whether a household that reports nobody has no emigrants for certain"
    )


class TableSource(Declaration):
    """What readers are told of the figures: where they come from, and what they mean."""

    kind: Literal["census", "survey", "register"] = Field(description="Kind of source")
    name: str = Field(min_length=1, description="Name of the source, as in `Census of 2021`")
    reference_date: datetime.date = Field(description="Day for which answers hold where no column says")
    status: Literal["P", "F"] = Field(default="P", description="P provisional or F final")
    usual_residence: Literal["twelve_months", "six_months", "registration", "other"] = Field(
        default="twelve_months", description="What makes a person a resident"
    )
    coverage: str = Field(default="", description="Who is covered and who is not")
    unknown: str = Field(
        default="shown as categories of their own", description="How answers that are not known are treated"
    )
    birthplace_basis: Literal["actual", "mothers_residence", "both", "not_stated"] = Field(
        default="not_stated",
        description="Which place of birth was asked: the actual one, the mother's residence, or either",
    )
    borders: Literal["at_census", "at_birth", "other", "not_stated"] = Field(
        default="not_stated", description="Within which borders places of birth are named"
    )


class PeriodsOfArrival(Declaration):
    """Periods of arrival: the last years one by one, then bands of several years, then all before."""

    single_years: int = Field(default=5, ge=1, le=100, description="Years that are told one by one")
    band_years: int = Field(default=5, ge=1, le=100, description="Years of a band")
    bands: int = Field(default=8, ge=1, le=100, description="Number of bands")


class OwnTable(Declaration):
    """A table of the country's own, or one of Sojourn's declared anew under its identifier."""

    id: Identifier = Field(description="Identifier of the table; its file is called so")
    title: Texts = Field(description="Title by language")
    part_of: str = Field(default="own", description="What it belongs to")
    unit: Literal["person", "household", "emigrant"] = Field(default="person", description="What is counted")
    universe: str | None = Field(default=None, description="Whom it is about: a condition over variables")
    by: Strings = Field(default=(), description="Variables by which it is broken down")
    statistic: Literal["count", "proportion"] = Field(default="count", description="What is computed")
    when: str | None = Field(default=None, description="Of a proportion: the condition that they meet")
    needs: Strings = Field(
        default=(), description="Variables without which it is not made; alternatives as in `age|birth_year`"
    )
    note: str = Field(default="", description="What it can tell, and what not")

    @model_validator(mode="after")
    def _fits(self) -> OwnTable:
        if "en" not in self.title:
            raise ValueError("the title has no English: add `en`")
        if (self.statistic == "proportion") != (self.when is not None):
            raise ValueError("a proportion, and only a proportion, has a condition `when`")
        return self

    def table(self) -> MigrationTable:
        """The table as methods take it."""
        needs = tuple(tuple(need.split("|")) for need in self.needs)
        return MigrationTable(
            self.id, self.part_of, self.title, self.unit, self.by, self.statistic, needs,
            self.universe, self.when, self.note,
        )  # fmt: skip


class MigrationTablesDeclaration(Declaration):
    """`tables.yaml`: a country's migration tables; for the command `sojourn tool migration-tables`."""

    id: Identifier = Field(description="Identifier of the set of tables; the results carry it")
    country: str = Field(pattern=r"^[A-Z]{3}$", description="ISO 3166-1 alpha-3 code of the country")
    source: TableSource = Field(description="What readers are told of the figures")
    persons: PersonsFile = Field(description="The file of persons")
    households: HouseholdsFile | None = Field(default=None, description="What households answer")
    emigrants: EmigrantsFile | None = Field(default=None, description="The file of emigrants")
    tables: Strings = Field(default=(), description="Tables that are wanted; all when not given")
    own: tuple[OwnTable, ...] = Field(default=(), description="Tables of the country's own")
    age_groups: str = Field(default="five_year", description="Age scheme of the tables")
    periods: PeriodsOfArrival = Field(default=PeriodsOfArrival(), description="Periods of arrival")
    stay: Literal["completed_years", "calendar_years"] = Field(
        default="completed_years",
        description=(
            "Years since the arrival: completed ones, known where year and month decide them, or the"
            " difference of the calendar years"
        ),
    )
    level: float = Field(default=0.95, gt=0, lt=1, description="Level of the intervals")

    @model_validator(mode="after")
    def _fits(self) -> MigrationTablesDeclaration:
        if self.age_groups not in age_schemes():
            raise ValueError(f"there is no age scheme {self.age_groups}: take {', '.join(age_schemes())}")
        names = [table.id for table in self.own]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"the table {twice[0]} is declared twice")
        return self
