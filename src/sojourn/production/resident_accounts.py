"""The accounts of residents, added up while events are made, and checked on every run."""

from __future__ import annotations

import datetime
from typing import Any

import pyarrow as pa

from sojourn.engine import Engine
from sojourn.integration.migration_events import FRAMEWORKS
from sojourn.integration.movements import Observation
from sojourn.statistics.residence_accounts import Period, of_framework, residence_account, what_is_left_over

__all__ = ["Accounts"]


class Accounts:
    """The accounts of residents by year under every framework, added up over parts of the people."""

    def __init__(self, observation: Observation) -> None:
        self._periods = [
            Period(
                str(year),
                max(datetime.date(year, 1, 1), observation.first),
                min(datetime.date(year, 12, 31), observation.last),
            )
            for year in range(observation.first.year, observation.last.year + 1)
        ]
        self._sums: dict[str, dict[str, dict[str, int]]] = {}

    def add(self, engine: Engine, events: pa.Table) -> None:
        """Add the account of some people.

        Raises: RuntimeError if something is left over, which no data can cause.
        """
        given = engine.relation(events)
        for name, column in FRAMEWORKS.items():
            seen = of_framework(given, column)
            account = residence_account(seen, self._periods)
            table = account.to_arrow()
            if any(what_is_left_over(table)):
                raise RuntimeError(f"The account of residents under {name} does not add up.")
            for row in table.to_pylist():
                sums = self._sums.setdefault(name, {}).setdefault(row.pop("period"), {})
                for line, number in row.items():
                    sums[line] = sums.get(line, 0) + number
            engine.forget(account, seen)
        engine.forget(given)

    def to_json(self) -> dict[str, Any]:
        """By framework and year, the lines of the account."""
        return self._sums
