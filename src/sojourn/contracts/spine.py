"""Tables that bring sources together: what each says of a person, the best of it, and migratory status.

All lie in the secure zone; public rooms may not import this module.
"""

from __future__ import annotations

import datetime

from sojourn.contracts.table import Sensitivity, Table, Zone, column

__all__ = [
    "LabourAttachment",
    "MigratoryStatus",
    "PersonAttributes",
    "PersonRecord",
    "PersonSpine",
    "SpellAbroad",
    "SpineValue",
]

_QUASI = Sensitivity.QUASI
_SENSITIVE = Sensitivity.SENSITIVE


class PersonAttributes(Table, zone=Zone.SECURE):
    """What can be said of a person: the attributes that person records and the person spine share."""

    sex: str = column("Sex", codes="CL_SEX", sensitivity=_QUASI)
    birth_year: int = column("Year of birth", sensitivity=_QUASI)
    death_date: datetime.date = column("Day of death", sensitivity=_QUASI)
    birthplace: str = column("Country of birth within present borders", codes="CL_AREA", sensitivity=_QUASI)
    birthplace_mother: str = column("Mother's country of birth", codes="CL_AREA", sensitivity=_QUASI)
    birthplace_father: str = column("Father's country of birth", codes="CL_AREA", sensitivity=_QUASI)
    nativity: str = column(
        "Born in the country or abroad, as a source states it", codes="CL_NATIVITY", sensitivity=_QUASI
    )
    citizenship: str = column("Country of citizenship", codes="CL_AREA", sensitivity=_QUASI)
    citizenship_since: datetime.date = column("Day on which the citizenship was acquired", sensitivity=_QUASI)
    former_citizenship: str = column("Citizenship before that day", codes="CL_AREA", sensitivity=_QUASI)
    citizen: str = column(
        "Citizen of the country or not, as a source states it", codes="CL_CITIZEN", sensitivity=_QUASI
    )
    region: str = column("Region of residence, national code", sensitivity=_QUASI)
    arrival_date: datetime.date = column("Day of the most recent arrival to live here", sensitivity=_QUASI)
    arrival_year: int = column("Year of the most recent arrival to live here", sensitivity=_QUASI)
    reason: str = column("Main reason for coming", codes="CL_REASON", sensitivity=_SENSITIVE)
    refugee_category: str = column(
        "Place in refugee statistics, as a source states it",
        codes="CL_REFUGEE_CATEGORY",
        sensitivity=_SENSITIVE,
    )
    education: str = column(
        "Highest level of education completed, ISCED 2011", codes="CL_ISCED", sensitivity=_QUASI
    )


class PersonRecord(PersonAttributes, zone=Zone.SECURE):
    """What one record of one source says of a person, after records were linked to persons."""

    record_id: str = column("Record within its delivery: source, delivery and line", key=True)
    person_key: str = column("Keyed pseudonym of the person to whom the record is linked", required=True)
    source: str = column("Source of the record", required=True)
    reference_date: datetime.date = column("Day for which the record holds")


class SpineValue(Table, zone=Zone.SECURE):
    """The best value of one attribute of one person, and where it comes from.

    An attribute of which no record says anything has no row.
    """

    as_of: datetime.date = column("Day by which records count; later ones do not", key=True)
    person_key: str = column("Keyed pseudonym of the person", key=True)
    attribute: str = column("Name of the attribute", key=True)
    value: str = column("The value as text; `_U` where it was asked and is not known", required=True)
    source: str = column("Source of the value", required=True)
    record_id: str = column("Record of the value", required=True)
    reference_date: datetime.date = column("Day for which that record holds")
    records: int = column("Records that state a value, whichever it is", required=True)
    stated_values: int = column(
        "Different values that they state; more than one is a conflict", required=True
    )


class PersonSpine(PersonAttributes, zone=Zone.SECURE):
    """The best value of every attribute of one person; null where no record says anything."""

    as_of: datetime.date = column("Day by which records count; later ones do not", key=True)
    person_key: str = column("Keyed pseudonym of the person", key=True)
    attributes_stated: int = column("Attributes with a known value", required=True)
    conflicts: int = column("Attributes of which records state different values", required=True)


class LabourAttachment(Table, zone=Zone.SECURE):
    """Where one person was, lived and worked on one day."""

    person_key: str = column("Keyed pseudonym of the person", key=True)
    reference_date: datetime.date = column("Day for which the row holds", key=True)
    presence: str = column("Side of the border", codes="CL_PRESENCE")
    residence: str = column("Where the person usually lives", codes="CL_RESIDENCE")
    activity: str = column("Activity status", codes="CL_ACTIVITY", sensitivity=_SENSITIVE)
    works_here: str = column(
        "Employed by a producer of this country, or looking for work in it",
        codes="CL_YES_NO",
        sensitivity=_SENSITIVE,
    )


class SpellAbroad(Table, zone=Zone.SECURE):
    """One stay of one person in another country."""

    spell_id: str = column("Identifier of the spell", key=True)
    person_key: str = column("Keyed pseudonym of the person", required=True)
    first_day: datetime.date = column("First day abroad")
    last_day: datetime.date = column("Last day abroad; null while it lasts or where it is not known")
    worked_abroad: str = column(
        "Whether the person worked or looked for work there", codes="CL_YES_NO", sensitivity=_SENSITIVE
    )


class MigratoryStatus(Table, zone=Zone.SECURE):
    """The migratory status of one person at the end of one day, whatever the legal status."""

    person_key: str = column("Keyed pseudonym of the person", key=True)
    reference_date: datetime.date = column("Day for which the row holds, at its end", key=True)
    sex: str = column("Sex", codes="CL_SEX", sensitivity=_QUASI)
    birth_year: int = column("Year of birth", sensitivity=_QUASI)
    birthplace: str = column("Country of birth within present borders", codes="CL_AREA", sensitivity=_QUASI)
    citizenship: str = column("Country of citizenship on that day", codes="CL_AREA", sensitivity=_QUASI)
    region: str = column("Region of residence, national code", sensitivity=_QUASI)
    birthplace_mother: str = column("Mother's country of birth", codes="CL_AREA", sensitivity=_QUASI)
    birthplace_father: str = column("Father's country of birth", codes="CL_AREA", sensitivity=_QUASI)
    nativity: str = column(
        "Born in the country or abroad", codes="CL_NATIVITY", required=True, sensitivity=_QUASI
    )
    citizen: str = column(
        "Citizen of the country or not", codes="CL_CITIZEN", required=True, sensitivity=_QUASI
    )
    second_generation: str = column(
        "Parents born abroad, of those born in the country",
        codes="CL_SECOND_GENERATION",
        required=True,
        sensitivity=_QUASI,
    )
    years_of_stay: int = column(
        "Completed years since the most recent arrival to live here", unit="years", sensitivity=_QUASI
    )
    duration_of_stay: str = column(
        "These years in bands", codes="CL_DURATION_OF_STAY", required=True, sensitivity=_QUASI
    )
    reason: str = column("Main reason for coming", codes="CL_REASON", required=True, sensitivity=_SENSITIVE)
    refugee_category: str = column(
        "Place in refugee statistics",
        codes="CL_REFUGEE_CATEGORY",
        required=True,
        sensitivity=_SENSITIVE,
    )
    presence: str = column("Side of the border", codes="CL_PRESENCE", required=True)
    residence: str = column("Where the person usually lives", codes="CL_RESIDENCE", required=True)
    migrant_worker: str = column(
        "International migrant worker", codes="CL_YES_NO", required=True, sensitivity=_SENSITIVE
    )
    for_work_migrant: str = column(
        "Came to work or to look for work, whatever came later",
        codes="CL_YES_NO",
        required=True,
        sensitivity=_SENSITIVE,
    )
    return_migrant_worker: str = column(
        "Lives here, and worked or looked for work while living abroad",
        codes="CL_YES_NO",
        required=True,
        sensitivity=_SENSITIVE,
    )
