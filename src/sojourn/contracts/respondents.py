"""Records of censuses and surveys: persons, households, and those who left a household to live abroad.

The questions are those of the UN guidance on international migration questions (2019): who is a migrant, how
and when they came, and who of the household lives abroad. Null means that the record says nothing, `_U` that
the answer is not known, `_Z` that the question does not apply.
"""

from __future__ import annotations

import datetime

from sojourn.contracts.table import Sensitivity, Table, Zone, column

__all__ = ["Emigrant", "Household", "Respondent"]

_QUASI = Sensitivity.QUASI
_SENSITIVE = Sensitivity.SENSITIVE


class Respondent(Table, zone=Zone.SECURE):
    """One person of a census or survey, with weight and design.

    Replicate weights are further columns, named by the source's declaration; they travel beside these.
    """

    record_id: str = column("Record within its delivery: source, delivery and line", key=True)
    person_key: str = column("Keyed pseudonym of the person", required=True)
    household_id: str = column("Household within the survey")
    reference_date: datetime.date = column("Day for which the answers hold")
    weight: float = column("Number of persons for whom the respondent stands", required=True)
    stratum: str = column("Sampling stratum")
    psu: str = column("Primary sampling unit within the stratum")
    region: str = column("Region of residence, national code", sensitivity=_QUASI)
    sex: str = column("Sex", codes="CL_SEX", sensitivity=_QUASI)
    age: int = column("Age in completed years", sensitivity=_QUASI, unit="years")
    birth_year: int = column("Year of birth", sensitivity=_QUASI)
    birthplace: str = column("Country of birth within present borders", codes="CL_AREA", sensitivity=_QUASI)
    citizenship: str = column("Country of citizenship", codes="CL_AREA", sensitivity=_QUASI)
    second_citizenship: str = column(
        "Country of a further citizenship; not applicable without one", codes="CL_AREA", sensitivity=_QUASI
    )
    citizenship_acquired: str = column(
        "How the citizenship of this country was obtained",
        codes="CL_CITIZENSHIP_ACQUISITION",
        sensitivity=_SENSITIVE,
    )
    citizenship_year: int = column(
        "Year in which the citizenship of this country was obtained", sensitivity=_QUASI
    )
    former_citizenship: str = column(
        "Citizenship before that of this country; not applicable for citizens by birth",
        codes="CL_AREA",
        sensitivity=_QUASI,
    )
    nativity: str = column("Born in the country or abroad", codes="CL_NATIVITY", sensitivity=_QUASI)
    citizen: str = column("Citizen of the country or not", codes="CL_CITIZEN", sensitivity=_QUASI)
    birthplace_mother: str = column("Mother's country of birth", codes="CL_AREA", sensitivity=_QUASI)
    birthplace_father: str = column("Father's country of birth", codes="CL_AREA", sensitivity=_QUASI)
    ever_abroad: str = column(
        "Whether the person has ever lived abroad for as long as makes a resident",
        codes="CL_YES_NO",
        sensitivity=_QUASI,
    )
    previous_residence: str = column(
        "Country of residence before the most recent arrival to live here",
        codes="CL_AREA",
        sensitivity=_QUASI,
    )
    arrival_year: int = column("Year of the most recent arrival to live here", sensitivity=_QUASI)
    arrival_month: int = column("Month of that arrival, 1 to 12", sensitivity=_QUASI)
    arrival_period: str = column(
        "Period of that arrival where no year was asked, as in 2010-2014", sensitivity=_QUASI
    )
    reason: str = column("Main reason for coming", codes="CL_REASON", sensitivity=_SENSITIVE)
    country_1_year_ago: str = column(
        "Country of residence one year before", codes="CL_AREA", sensitivity=_QUASI
    )
    region_1_year_ago: str = column(
        "Region of residence one year before, national code; not applicable for who lived abroad",
        sensitivity=_QUASI,
    )
    here_1_year_ago: str = column(
        "Whether the person lived in the same place one year before: dwelling, municipality or region",
        codes="CL_YES_NO",
        sensitivity=_QUASI,
    )
    country_5_years_ago: str = column(
        "Country of residence five years before", codes="CL_AREA", sensitivity=_QUASI
    )
    region_5_years_ago: str = column(
        "Region of residence five years before, national code; not applicable for who lived abroad",
        sensitivity=_QUASI,
    )
    here_5_years_ago: str = column(
        "Whether the person lived in the same place five years before: dwelling, municipality or region",
        codes="CL_YES_NO",
        sensitivity=_QUASI,
    )
    activity: str = column("Activity status", codes="CL_ACTIVITY", sensitivity=_SENSITIVE)
    occupation: str = column(
        "Occupation, code of ISCO-08 with one to four digits, as text", sensitivity=_QUASI
    )
    industry: str = column(
        "Industry, section letter of ISIC Rev. 4 or a code of two to four digits, as text", sensitivity=_QUASI
    )
    education: str = column(
        "Highest level of education completed, ISCED 2011", codes="CL_ISCED", sensitivity=_QUASI
    )


class Household(Table, zone=Zone.SECURE):
    """What one household of a census or survey answers for all its members."""

    record_id: str = column("Record within its delivery: source, delivery and line", key=True)
    household_id: str = column("Household within the survey", required=True)
    reference_date: datetime.date = column("Day for which the answers hold")
    weight: float = column("Number of households for which this one stands")
    region: str = column("Region of residence, national code", sensitivity=_QUASI)
    has_emigrants: str = column(
        "Whether a former member left to live abroad in the period asked about and still lives there",
        codes="CL_YES_NO",
        sensitivity=_QUASI,
    )
    receives_remittances: str = column(
        "Whether money or goods came from abroad in the last twelve months",
        codes="CL_YES_NO",
        sensitivity=_SENSITIVE,
    )


class Emigrant(Table, zone=Zone.SECURE):
    """One person who left a household to live abroad, as those who stayed report.

    Households that left as a whole have nobody who could report them.
    """

    record_id: str = column("Record within its delivery: source, delivery and line", key=True)
    household_id: str = column("Household that reports the person", required=True)
    reference_date: datetime.date = column("Day for which the answers hold")
    weight: float = column("Number of emigrants for whom the record stands")
    sex: str = column("Sex", codes="CL_SEX", sensitivity=_QUASI)
    age: int = column("Age in completed years, now", sensitivity=_QUASI, unit="years")
    age_at_departure: int = column(
        "Age in completed years at the departure", sensitivity=_QUASI, unit="years"
    )
    departure_year: int = column("Year of the departure", sensitivity=_QUASI)
    departure_month: int = column("Month of the departure, 1 to 12", sensitivity=_QUASI)
    destination: str = column("Country in which the person lives now", codes="CL_AREA", sensitivity=_QUASI)
    birthplace: str = column("Country of birth within present borders", codes="CL_AREA", sensitivity=_QUASI)
    citizenship: str = column("Country of citizenship", codes="CL_AREA", sensitivity=_QUASI)
    education: str = column(
        "Highest level of education completed at the departure, ISCED 2011",
        codes="CL_ISCED",
        sensitivity=_QUASI,
    )
    reason: str = column("Main reason for leaving", codes="CL_REASON", sensitivity=_SENSITIVE)
    sends_remittances: str = column(
        "Whether the person sent money or goods in the last twelve months",
        codes="CL_YES_NO",
        sensitivity=_SENSITIVE,
    )
