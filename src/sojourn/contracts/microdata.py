"""Tables about persons: the vault's identities and the secure zone's pseudonymous records.

Public rooms may not import this module.
"""

from __future__ import annotations

import datetime

from sojourn.contracts.table import Sensitivity, Table, Zone, column

__all__ = [
    "Identity",
    "MigrationEvent",
    "Movement",
    "PermitOutcome",
    "Person",
    "QuarantinedRecord",
    "RegisterYear",
    "Repetition",
    "ResidenceChange",
    "ResidencyIndex",
    "Resident",
    "SignOfLife",
    "Status",
]

_QUASI = Sensitivity.QUASI
_SENSITIVE = Sensitivity.SENSITIVE
_IDENTIFIES = Sensitivity.IDENTIFIES


class Identity(Table, zone=Zone.VAULT):
    """What one record of one delivery says of who a person is, and the key that stands for them."""

    record_id: str = column("Record within its delivery: source, delivery and line", key=True)
    person_key: str = column("Keyed pseudonym that stands for the person outside the vault", required=True)
    document_no: str = column("Number of the travel or identity document", sensitivity=_IDENTIFIES)
    national_id: str = column("Number in a national register", sensitivity=_IDENTIFIES)
    surname: str = column("Surname as written by the source", sensitivity=_IDENTIFIES)
    given_names: str = column("Given names as written by the source", sensitivity=_IDENTIFIES)
    birth_date: str = column(
        "Date of birth as written by the source; unknown parts as 00", sensitivity=_IDENTIFIES
    )
    address: str = column("Address as written by the source", sensitivity=_IDENTIFIES)
    phone: str = column("Telephone number as written by the source", sensitivity=_IDENTIFIES)


class QuarantinedRecord(Table, zone=Zone.VAULT):
    """One reason why one record of a delivery was not loaded."""

    line: int = column("Line of the record in the file; the header is line 1 where it stands first", key=True)
    reason: str = column("Code of the reason", key=True)
    column_name: str = column("Column of the file that the reason is about")
    column_letter: str = column("The column's letter in a spreadsheet")
    expected: str = column("What was expected there")
    cells: str = column("The record's cells as a JSON list of texts", sensitivity=_IDENTIFIES)
    raw: bytes = column("The record's bytes, where it could not be cut into cells", sensitivity=_IDENTIFIES)


class Repetition(Table, zone=Zone.SECURE):
    """One record that another delivery of its source brought before: it does not count again."""

    record_id: str = column("Record that does not count", key=True)
    counted_as: str = column("Record that counts in its place", required=True)
    differs: bool = column("Whether the two say different things", required=True)


class Person(Table, zone=Zone.SECURE):
    """What one source says of one person at one time."""

    record_id: str = column("Record within its delivery: source, delivery and line", key=True)
    person_key: str = column("Keyed pseudonym of the person", required=True)
    reference_date: datetime.date = column("Day for which the record holds")
    sex: str = column("Sex", codes="CL_SEX", sensitivity=_QUASI)
    birth_year: int = column("Year of birth", sensitivity=_QUASI)
    birthplace: str = column("Country of birth within present borders", codes="CL_AREA", sensitivity=_QUASI)
    citizenship: str = column("Country of citizenship", codes="CL_AREA", sensitivity=_QUASI)
    birthplace_mother: str = column("Mother's country of birth", codes="CL_AREA", sensitivity=_QUASI)
    birthplace_father: str = column("Father's country of birth", codes="CL_AREA", sensitivity=_QUASI)
    region: str = column("Region of residence, national code", sensitivity=_QUASI)
    arrival_date: datetime.date = column("Day of the most recent arrival to live here", sensitivity=_QUASI)
    departure_date: datetime.date = column("Day on which the source recorded a departure", sensitivity=_QUASI)
    reason: str = column("Main reason for coming", codes="CL_REASON", sensitivity=_SENSITIVE)
    citizenship_since: datetime.date = column("Day on which the citizenship was acquired", sensitivity=_QUASI)
    former_citizenship: str = column("Citizenship before that day", codes="CL_AREA", sensitivity=_QUASI)
    death_date: datetime.date = column("Day of death", sensitivity=_QUASI)


class Movement(Table, zone=Zone.SECURE, natural_key=("movement_id",)):
    """One crossing of the national border by one person."""

    record_id: str = column("Record within its delivery: source, delivery and line", key=True)
    movement_id: str = column("Identifier given by the source", required=True)
    person_key: str = column("Keyed pseudonym of the traveller", required=True)
    event_date: datetime.date = column("Day of the crossing, at the border point", required=True)
    event_time: datetime.datetime = column("Instant of the crossing")
    direction: str = column("Arrival or departure", codes="CL_DIRECTION", required=True)
    border_point: str = column("Border point, national code")
    sex: str = column("Sex", codes="CL_SEX", sensitivity=_QUASI)
    birth_year: int = column("Year of birth", sensitivity=_QUASI)
    birthplace: str = column("Country of birth within present borders", codes="CL_AREA", sensitivity=_QUASI)
    citizenship: str = column("Country of citizenship on the document", codes="CL_AREA", sensitivity=_QUASI)
    visa: str = column("Visa or permit travelled on, national code", sensitivity=_SENSITIVE)
    previous_residence: str = column(
        "Country of residence before an arrival", codes="CL_AREA", sensitivity=_QUASI
    )
    next_residence: str = column(
        "Country of residence after a departure, as intended", codes="CL_AREA", sensitivity=_QUASI
    )
    purpose: str = column("Purpose of the journey", codes="CL_PURPOSE", sensitivity=_SENSITIVE)


class MigrationEvent(Movement, zone=Zone.SECURE):
    """One crossing of the border with what it did to the traveller's residence under every framework.

    A class is that of the stay which begins with the crossing: not applicable where it only brings the
    traveller back to the side on which they live, unknown where the observed days do not decide it.
    """

    problem: str = column("What is wrong with the record or its place in the history; null where nothing is")
    position: int = column("Place in the person's history, counted from 1; null where it has none")
    stay_days: int = column("Days until the next crossing, to the other side; null where open or not known")
    duration_band: str = column(
        "Length of the stay on the new side",
        codes="CL_DURATION_BAND",
        required=True,
    )
    class_1998: str = column("Class under the recommendations of 1998", codes="CL_STAY_CLASS", required=True)
    class_2021_06: str = column(
        "Class under the framework of 2021 with six months", codes="CL_STAY_CLASS", required=True
    )
    class_2021_12: str = column(
        "Class under the framework of 2021 with twelve months", codes="CL_STAY_CLASS", required=True
    )
    class_national: str = column("Class under the national rule", codes="CL_STAY_CLASS", required=True)
    final_on_1998: datetime.date = column("Day since which the class of 1998 is certain")
    final_on_2021_06: datetime.date = column("Day since which the class of 2021 with six months is certain")
    final_on_2021_12: datetime.date = column("Day since which that of 2021 with twelve months is certain")
    final_on_national: datetime.date = column("Day since which the class under the national rule is certain")
    residence_before_1998: str = column(
        "Where the traveller lives before it, as in 1998", codes="CL_RESIDENCE", required=True
    )
    residence_before_2021_06: str = column(
        "Where the traveller lives before it, as in 2021, six months", codes="CL_RESIDENCE", required=True
    )
    residence_before_2021_12: str = column(
        "Where the traveller lives before it, as in 2021, twelve months",
        codes="CL_RESIDENCE",
        required=True,
    )
    residence_before_national: str = column(
        "Where the traveller lives before it, under the national rule", codes="CL_RESIDENCE", required=True
    )
    residence_after_1998: str = column(
        "Where the traveller lives after it, as in 1998", codes="CL_RESIDENCE", required=True
    )
    residence_after_2021_06: str = column(
        "Where the traveller lives after it, as in 2021, six months", codes="CL_RESIDENCE", required=True
    )
    residence_after_2021_12: str = column(
        "Where the traveller lives after it, as in 2021, twelve months",
        codes="CL_RESIDENCE",
        required=True,
    )
    residence_after_national: str = column(
        "Where the traveller lives after it, under the national rule", codes="CL_RESIDENCE", required=True
    )
    previously_resident: str = column(
        "Whether an immigrant is known to have lived here before (national rule)",
        codes="CL_YES_NO",
        required=True,
    )
    return_migrant: str = column(
        "Whether an immigrant comes back to the country of citizenship (national rule)",
        codes="CL_YES_NO",
        required=True,
    )
    repeat_migrant: str = column(
        "Whether it is not the person's first migration in this direction in the observed period",
        codes="CL_YES_NO",
        required=True,
    )
    onward_migrant: str = column(
        "Whether an emigrant born elsewhere goes on to a country of neither birth, citizenship nor"
        " earlier residence",
        codes="CL_YES_NO",
        required=True,
    )
    circular_migrant: str = column(
        "Whether the migrant is a circular one by the last observed day", codes="CL_YES_NO", required=True
    )


class Resident(Table, zone=Zone.SECURE):
    """One traveller on one day: on which side of the border, and where they live under every framework.

    Of all who crossed the border in the observed period, those are listed who may be here or live here.
    """

    person_key: str = column("Keyed pseudonym of the person", key=True)
    reference_date: datetime.date = column("Day for which the row holds, at its end", key=True)
    presence: str = column("Side of the border", codes="CL_PRESENCE", required=True)
    residence_1998: str = column("Where the person lives, as in 1998", codes="CL_RESIDENCE", required=True)
    residence_2021_06: str = column(
        "Where the person lives, as in 2021 with six months", codes="CL_RESIDENCE", required=True
    )
    residence_2021_12: str = column(
        "Where the person lives, as in 2021 with twelve months", codes="CL_RESIDENCE", required=True
    )
    residence_national: str = column(
        "Where the person lives under the national rule", codes="CL_RESIDENCE", required=True
    )
    sex: str = column("Sex, as at the nearest crossing", codes="CL_SEX", sensitivity=_QUASI)
    birth_year: int = column("Year of birth", sensitivity=_QUASI)
    birthplace: str = column("Country of birth within present borders", codes="CL_AREA", sensitivity=_QUASI)
    citizenship: str = column("Country of citizenship on the document", codes="CL_AREA", sensitivity=_QUASI)
    visa: str = column("Visa or permit travelled on, national code", sensitivity=_SENSITIVE)


class SignOfLife(Table, zone=Zone.SECURE):
    """What one register knows of one person's activity in one year.

    Registers in which nobody could be active in a year, or that did not deliver it, are told by the
    declaration: a missing row of a register that did deliver means no activity.
    """

    person_key: str = column("Keyed pseudonym of the person", key=True)
    register: str = column("Register that knows of it", key=True, sensitivity=_SENSITIVE)
    year: int = column("Calendar year of the activity", key=True)
    n_events: int = column(
        "Events in that year; null where it is not known whether there were any", sensitivity=_SENSITIVE
    )


class RegisterYear(Table, zone=Zone.SECURE):
    """What the population register says of one person from one year on.

    The earliest row of a person is the year in which the register has them for the first time. Who entered
    and left in one year is not in it any more.
    """

    person_key: str = column("Keyed pseudonym of the person", key=True)
    year: int = column("Calendar year from which it holds", key=True)
    group: str = column(
        "Group with a rule of its own, national code; null for the general rule", sensitivity=_QUASI
    )
    entered: bool = column("Whether the person was born or registered as immigrant in that year")
    left: bool = column("Whether the register recorded a death or a departure in that year")
    residence: str = column(
        "Where the person lives for certain on 1 January of that year; null where that is not certain",
        codes="CL_RESIDENCE",
    )


class ResidencyIndex(Table, zone=Zone.SECURE):
    """How much one person's signs of life say, on 1 January of one year, for living in the country.

    Two ends of the index, since a start, a register or an activity may be unknown: they bound what the index
    would be if all were known.
    """

    person_key: str = column("Keyed pseudonym of the person", key=True)
    year: int = column("Year on whose 1 January it holds", key=True)
    group: str = column("Group whose rule was applied; null for the general rule", sensitivity=_QUASI)
    index_low: float = column("Least that the index can be, 0 to 1", required=True)
    index_high: float = column("Most that the index can be, 0 to 1", required=True)
    residence: str = column("Where the person lives by the index", codes="CL_RESIDENCE", required=True)


class ResidenceChange(Table, zone=Zone.SECURE):
    """One person whose residence by the index on one 1 January is another than a year before."""

    person_key: str = column("Keyed pseudonym of the person", key=True)
    year: int = column("Year between the two", key=True)
    group: str = column("Group whose rule was applied at its end", sensitivity=_QUASI)
    residence_before: str = column("Residence on 1 January", codes="CL_RESIDENCE", required=True)
    residence_after: str = column("Residence a year later", codes="CL_RESIDENCE", required=True)


class Status(Table, zone=Zone.SECURE, natural_key=("status_id",)):
    """A spell of visa, permit, registration, enrolment or protection of one person."""

    record_id: str = column("Record within its delivery: source, delivery and line", key=True)
    status_id: str = column("Identifier given by the source", required=True)
    person_key: str = column("Keyed pseudonym of the person", required=True)
    kind: str = column("Kind of status: visa, permit, registration, enrolment or protection", required=True)
    category: str = column("Category within the kind, national code", sensitivity=_SENSITIVE)
    valid_from: datetime.date = column("First day of the spell", required=True)
    valid_to: datetime.date = column("Last day of the spell; null while it has no known end")
    sex: str = column("Sex", codes="CL_SEX", sensitivity=_QUASI)
    birth_year: int = column("Year of birth", sensitivity=_QUASI)
    birthplace: str = column("Country of birth within present borders", codes="CL_AREA", sensitivity=_QUASI)
    citizenship: str = column("Country of citizenship", codes="CL_AREA", sensitivity=_QUASI)
    reason: str = column("Main reason for the status", codes="CL_REASON", sensitivity=_SENSITIVE)
    region: str = column("Region, national code", sensitivity=_QUASI)


class PermitOutcome(Table, zone=Zone.SECURE):
    """One visa or permit granted, joined to its holder's border crossings and other statuses.

    It is there to be counted. A single row is no finding about a person: crossings go unrecorded, passports
    change, and applications are pending.
    """

    record_id: str = column("Record of the status within its delivery", key=True)
    person_key: str = column("Keyed pseudonym of the holder", required=True)
    kind: str = column("Kind of status: visa or permit", required=True)
    category: str = column("Category within the kind, national code", sensitivity=_SENSITIVE)
    reason: str = column("Main reason for the status", codes="CL_REASON", sensitivity=_SENSITIVE)
    sex: str = column("Sex", codes="CL_SEX", sensitivity=_QUASI)
    birth_year: int = column("Year of birth", sensitivity=_QUASI)
    birthplace: str = column("Country of birth within present borders", codes="CL_AREA", sensitivity=_QUASI)
    citizenship: str = column("Country of citizenship", codes="CL_AREA", sensitivity=_QUASI)
    region: str = column("Region, national code", sensitivity=_QUASI)
    valid_from: datetime.date = column("First day of validity", required=True)
    valid_to: datetime.date = column("Last day of validity; null while it has no known end")
    months: int = column(
        "Completed months from the first to the last day of validity; null without an end", unit="months"
    )
    occasion: str = column(
        "First permit, renewal or change of reason", codes="CL_PERMIT_OCCASION", required=True
    )
    previous_reason: str = column(
        "Main reason for the permit before, of a renewal or change",
        codes="CL_REASON",
        required=True,
        sensitivity=_SENSITIVE,
    )
    stands_until: datetime.date = column(
        "Last day on which this permit stands for its holder, who may have several;"
        " the day before it begins if it never does, null without an end"
    )
    outcome: str = column(
        "Whether the holder was here within the validity",
        codes="CL_PERMIT_OUTCOME",
        required=True,
        sensitivity=_SENSITIVE,
    )
    first_arrival: datetime.date = column("Day of the arrival, of those who arrived", sensitivity=_QUASI)
    days_waited: int = column(
        "Days from the first day of validity to the arrival, or, without one, to the last day observed",
        unit="days",
        sensitivity=_QUASI,
    )
    side_at_end: str = column(
        "Side of the border at the end of the last day of validity",
        codes="CL_PRESENCE",
        required=True,
        sensitivity=_SENSITIVE,
    )
    after_validity: str = column(
        "What the holder did when the validity ended",
        codes="CL_AFTER_VALIDITY",
        required=True,
        sensitivity=_SENSITIVE,
    )
    days_beyond: int = column(
        "Days here after the last day of validity without another status known",
        unit="days",
        sensitivity=_SENSITIVE,
    )
