"""Which records are of one person: what a linkage found, in the secure zone.

Public rooms may not import this module. Names and numbers stay in the vault: only keys and scores are here.
"""

from __future__ import annotations

import datetime

from sojourn.contracts.table import Sensitivity, Table, Zone, column

__all__ = ["Link", "LinkPair"]

_QUASI = Sensitivity.QUASI


class Link(Table, zone=Zone.SECURE):
    """The person for whom one key of one source stands, and how that was found."""

    source: str = column("Source whose records carry the key", key=True)
    record_key: str = column("Keyed pseudonym that the records got on receipt", key=True)
    person_key: str = column("Keyed pseudonym of the person: the same for all records of one", required=True)
    method: str = column("How the person was found", codes="CL_LINK_METHOD", required=True)
    probability: float = column(
        "Probability of the likeliest link that ties the key to another of the person; null where none does"
    )
    records: int = column("Records that carry the key", required=True)
    sex: str = column("Sex", codes="CL_SEX", sensitivity=_QUASI)
    birth_year: int = column("Year of birth", sensitivity=_QUASI)
    citizenship: str = column("Country of citizenship", codes="CL_AREA", sensitivity=_QUASI)
    birthplace: str = column("Country of birth within present borders", codes="CL_AREA", sensitivity=_QUASI)
    script: str = column("Writing system of the names", codes="CL_SCRIPT", required=True, sensitivity=_QUASI)
    has_document: bool = column("Whether the number of a document is stated", required=True)
    has_birth_day: bool = column("Whether day, month and year of birth are stated", required=True)
    last_seen: datetime.date = column("Last day for which a record with the key holds")


class LinkPair(Table, zone=Zone.SECURE):
    """Two keys that could stand for one person, and how likely that is."""

    pair_id: str = column("Identifier of the pair", key=True)
    source: str = column("Source of the one key", required=True)
    record_key: str = column("Keyed pseudonym of the one, as made on receipt", required=True)
    other_source: str = column("Source of the other key", required=True)
    other_key: str = column("Keyed pseudonym of the other, as made on receipt", required=True)
    score: float = column("Binary logarithm of how much likelier the pair is if both are one person")
    probability: float = column("Probability that both are one person", required=True)
    is_link: bool = column("Whether both were taken to be one person", required=True)
    method: str = column("What decided", codes="CL_LINK_METHOD", required=True)
