"""The contracts that a source can give records of, by the word that its declaration uses."""

from __future__ import annotations

from sojourn.contracts.aggregates import PublishedFigure
from sojourn.contracts.microdata import Movement, Person, Respondent, Status
from sojourn.contracts.table import Table

__all__ = ["CONTRACTS", "GIVEN_BY_US"]

CONTRACTS: dict[str, type[Table]] = {
    "person": Person,
    "movement": Movement,
    "status": Status,
    "respondent": Respondent,
    "published_figure": PublishedFigure,
}
# Columns that no source gives: they are made on receipt.
GIVEN_BY_US = {"record_id", "person_key"}
