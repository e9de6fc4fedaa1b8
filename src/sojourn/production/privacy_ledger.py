"""The ledger of differential privacy: what the figures of a source and period have told in all.

An expense is entered in the transaction that checks the budget, before the noise is drawn: two tables made at
once cannot both spend what is left, and figures that were never shown are paid for, not the other way round.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import sqlalchemy as sa

from sojourn.catalogue import Catalogue, schema
from sojourn.disclosure.differential_privacy import Budget, Expense

__all__ = ["pay", "spent_on"]


def spent_on(catalogue: Catalogue, source: str, period: str) -> list[Expense]:
    """What has been spent on a source and period, in order."""
    return [_expense(row) for row in catalogue.rows(_of(source, period))]


def pay(
    catalogue: Catalogue, actor: str, source: str, period: str, *, budget: Budget, expense: Expense
) -> None:
    """Enter an expense, if the budget of the source and period still holds it.

    Raises: DisclosureRisk if it does not; nothing is entered then.
    """
    table = schema.privacy_expense
    with catalogue.act(actor, "privacy-spend", f"source:{source}/{period}", expense.purpose) as act:
        budget.require([_expense(row) for row in act.rows(_of(source, period))], expense)
        last = act.rows(sa.select(sa.func.coalesce(sa.func.max(table.c.sequence), 0).label("last")))
        act.insert(
            table,
            sequence=int(last[0]["last"]) + 1,
            source=source,
            period=period,
            purpose=expense.purpose,
            epsilon=None if expense.epsilon is None else str(expense.epsilon),
            rho=None if expense.rho is None else str(expense.rho),
            at=catalogue.now(),
            by=actor,
        )


def _of(source: str, period: str) -> sa.Select[tuple[object, ...]]:
    table = schema.privacy_expense
    where = sa.and_(table.c.source == source, table.c.period == period)
    return sa.select(table).where(where).order_by(table.c.sequence)


def _expense(row: Mapping[str, Any]) -> Expense:
    return Expense(
        row["purpose"],
        None if row["epsilon"] is None else Fraction(row["epsilon"]),
        None if row["rho"] is None else Fraction(row["rho"]),
    )
