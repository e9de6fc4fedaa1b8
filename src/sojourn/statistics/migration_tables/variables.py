"""The variables of migration tables, from what persons, households and emigrants answered.

An answer stands as it was given; what several answers say together is told by rules that are the same for all
countries. Whoever was born abroad lived abroad. Whoever holds the citizenship of the country is counted under
it. What the answers leave open is `_U`, and a question that does not apply is `_Z`.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

import pyarrow as pa

from sojourn.concepts import age_scheme, code_list, migrant_places
from sojourn.contracts.respondents import Emigrant, Household, Respondent
from sojourn.contracts.table import Table
from sojourn.engine import Relation, sql_beside
from sojourn.engine.compose import widened_statement
from sojourn.errors import ProjectError
from sojourn.statistics.dimensions import with_dimensions

__all__ = [
    "UNIT_CONTRACTS",
    "ArrivalPeriods",
    "TableSettings",
    "emigrant_variables",
    "household_variables",
    "person_variables",
]

UNIT_CONTRACTS: Mapping[str, type[Table]] = {
    "person": Respondent,
    "household": Household,
    "emigrant": Emigrant,
}
_COMPLETED = sql_beside(__file__, "answers_completed.sql")
_PERSONS = sql_beside(__file__, "person_variables.sql")
_HOUSEHOLDS = sql_beside(__file__, "household_variables.sql")
_EMIGRANTS = sql_beside(__file__, "emigrant_variables.sql")
_KINDS = {str: "VARCHAR", int: "BIGINT", float: "DOUBLE", datetime.date: "DATE"}


@dataclass(frozen=True)
class ArrivalPeriods:
    """Periods of arrival: the last years one by one, then bands of several years, then all before.

    With the defaults and the reference year 2024: 2020 to 2024, 2015-2019 and seven more bands, before 1980.
    """

    single_years: int = 5
    band_years: int = 5
    bands: int = 8

    def __post_init__(self) -> None:
        if min(self.single_years, self.band_years, self.bands) < 1:
            raise ValueError("Periods of arrival have at least one single year and one band of a year.")


@dataclass(frozen=True)
class TableSettings:
    """What a country lays down for its migration tables.

    `reference_date` is the day for which answers hold where the records do not say. Years since the arrival
    are `completed_years`, known where the stated year or month alone decides them, or `calendar_years`, the
    difference of the years.
    """

    country: str
    reference_date: datetime.date
    age_groups: str = "five_year"
    periods: ArrivalPeriods = ArrivalPeriods()
    stay: Literal["completed_years", "calendar_years"] = "completed_years"

    def __post_init__(self) -> None:
        age_scheme(self.age_groups)
        migrant_places(self.country)
        if self.stay not in ("completed_years", "calendar_years"):
            raise ProjectError(
                f"Years of stay cannot be {self.stay!r}.", "They are completed_years or calendar_years."
            )


def person_variables(persons: Relation, settings: TableSettings) -> Relation:
    """Each person with the variables of migration tables; computed now.

    `persons` has columns of Respondent, as many as the source gives, and any others, which are kept. Added
    are age_group, nativity, citizen, second_generation, has_arrived, duration_of_stay, naturalised,
    occupation_group and industry_section; completed are birthplace, citizenship, age, ever_abroad,
    arrival_period, reason, previous_residence and residence one and five years before. `stated_ever_abroad`
    keeps the answer.

    Raises: ProjectError when the country of the settings is no country.
    Source: domain reference, section 3: UN guidance on questions on international migration, 2019.
    """
    asks_life_abroad = "ever_abroad" in persons.columns
    engine = persons.engine
    completed = _COMPLETED(
        persons=_widened(persons, Respondent),
        places=engine.relation(migrant_places(settings.country)),
        country=settings.country,
        reference_date=settings.reference_date.isoformat(),
    )
    placed = with_dimensions(
        completed,
        ["age_group", "nativity", "citizen", "second_generation"],
        country=settings.country,
        age_group=settings.age_groups,
    )
    found = _PERSONS(
        persons=placed,
        sections=engine.relation(_sections()),
        country=settings.country,
        asks_life_abroad=asks_life_abroad,
        in_calendar_years=settings.stay == "calendar_years",
        single_years=settings.periods.single_years,
        band_years=settings.periods.band_years,
        bands=settings.periods.bands,
    )
    engine.forget(placed, completed)
    return found


def household_variables(
    households: Relation, emigrants: Relation | None, *, report_is_complete: bool = False
) -> Relation:
    """Each household with has_emigrants, receives_remittances and emigrants_reported; computed now.

    A household that reports an emigrant has one, whatever it answered. One that reports none has none only
    where the report is declared to be complete; otherwise its answer decides, or nothing does.
    """
    engine = households.engine
    reported = emigrants or engine.relation(pa.table({"household_id": pa.array([], pa.string())}))
    return _HOUSEHOLDS(
        households=_widened(households, Household),
        emigrants=reported,
        report_is_complete=report_is_complete,
    )


def emigrant_variables(emigrants: Relation, settings: TableSettings) -> Relation:
    """Each emigrant with age_group, the group of the age at departure, and that age as `age`.

    Where only the age of today is stated, that at departure is the age less the years since; `age_now` keeps
    what was stated.
    """
    dated = _EMIGRANTS(
        emigrants=_widened(emigrants, Emigrant), reference_date=settings.reference_date.isoformat()
    )
    return with_dimensions(dated, ["age_group"], country=settings.country, age_group=settings.age_groups)


def _widened(records: Relation, contract: type[Table]) -> Relation:
    """The records with every column of the contract, those that the source does not give as nulls."""
    needed = {name: _KINDS[column.python_type] for name, column in contract.columns.items()}
    return records.engine.query(widened_statement(records.columns, needed), {"records": records})


@cache
def _sections() -> pa.Table:
    """One row for each way to write the section of an industry: its letter, and each of its divisions."""
    pairs = []
    for section in code_list("CL_ISIC4"):
        if "first_division" not in section.attributes:
            continue
        first, last = (int(section.attributes[f"{end}_division"]) for end in ("first", "last"))
        keys = [section.code, *(f"{division:02d}" for division in range(first, last + 1))]
        pairs += [(key, section.code) for key in keys]
    return pa.table({"key": [key for key, _ in pairs], "section": [code for _, code in pairs]})
