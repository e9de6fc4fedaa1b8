"""What a source says of each of its keys, and which keys state one document: what a linkage starts from."""

from __future__ import annotations

from collections.abc import Mapping

from sojourn.contracts.microdata import Identity, Movement, Person, Status
from sojourn.contracts.respondents import Respondent
from sojourn.contracts.table import Table
from sojourn.engine import Relation, sql_beside

__all__ = [
    "IDENTIFYING",
    "NUMBERS",
    "certain_stays",
    "record_keys",
    "reviewed_pairs",
    "seen_on",
    "shared_documents",
]

IDENTIFYING = tuple(name for name in Identity.columns if name not in ("record_id", "person_key"))
NUMBERS = ("document_no", "national_id")
_STAYS = sql_beside(__file__, "certain_stays.sql")
_KEYS = sql_beside(__file__, "record_keys.sql")
_SHARED = sql_beside(__file__, "shared_documents.sql")
_REVIEWED = sql_beside(__file__, "reviewed_pairs.sql")
_SEEN: Mapping[type[Table], str] = {
    Person: "reference_date",
    Respondent: "reference_date",
    Movement: "event_date",
    Status: "valid_from",
}


def seen_on(contract: type[Table]) -> str:
    """The column of records of a contract that says on which day they hold.

    Raises: KeyError for a contract whose records are not about persons.
    """
    return _SEEN[contract]


def record_keys(records: Relation, identities: Relation) -> Relation:
    """One row for each key of one source, in the order of keys: what its newest record says.

    `records` has record_id, person_key, seen (the day for which a record holds), sex, birth_year,
    citizenship, birthplace, region, household_id and died; `identities` the columns of `Identity`. Columns:
    record_key, records (how many), last_seen, died, surname, given_names, birth_date (text, 00 for what is
    not known), document_no, national_id, address, phone, sex, birth_year, citizenship, birthplace, region,
    household_id and listed_on, the day for which the household was stated. The order of records does not
    matter.
    """
    return _KEYS(records=records, identities=identities)


def certain_stays(movements: Relation) -> Relation:
    """One row for each stay in the country of which both ends are recorded under one key, in their order.

    `movements` has person_key, event_date and direction. A stay runs from an arrival to a departure that is
    the key's next crossing. Days on which a key crossed in both directions begin and end none, since their
    order is not known, and stays of a day at most are left out. Columns: record_key, arrived, departed,
    crossed_before and crossed_after: the days of the key's crossings around the stay, null without one.
    """
    return _STAYS(movements=movements)


def shared_documents(units: Relation, numbers: Relation) -> Relation:
    """Pairs `one` < `other` of units that state one number, of one sex and year of birth as far as known.

    `units` has unit, sex and birth_year; `numbers` has unit, kind and number. Numbers of fewer than five
    signs are left aside, and years of birth may differ by one.
    """
    return _SHARED(units=units, numbers=numbers)


def reviewed_pairs(units: Relation, reviewed: Relation) -> Relation:
    """Pairs `one` < `other` of units at which a person looked, with `same_person`.

    `units` has unit, source and record_key; `reviewed` has source, record_key, other_source, other_key and
    same_person. Decisions on keys that are no longer there are left aside.
    """
    return _REVIEWED(units=units, reviewed=reviewed)
