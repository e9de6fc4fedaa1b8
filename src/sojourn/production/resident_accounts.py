"""The accounts of residents, made and checked with the events of some people, and added up over all."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import TypeAlias

import pyarrow as pa

from sojourn.engine import Engine
from sojourn.integration.migration_events import FRAMEWORKS
from sojourn.integration.movements import Observation
from sojourn.statistics.residence_accounts import Period, of_framework, residence_account, what_is_left_over

__all__ = ["Accounts", "accounts_of", "added_up"]

# By framework and year, the lines of the account.
Accounts: TypeAlias = Mapping[str, Mapping[str, Mapping[str, int]]]


def accounts_of(engine: Engine, events: pa.Table, observation: Observation) -> Accounts:
    """The accounts of the people whose events these are, by year under every framework.

    Raises: RuntimeError if something is left over, which no data can cause.
    """
    given = engine.relation(events)
    found = {}
    for name, column in FRAMEWORKS.items():
        seen = of_framework(given, column)
        account = residence_account(seen, _years(observation))
        table = account.to_arrow()
        if any(what_is_left_over(table)):
            raise RuntimeError(f"The account of residents under {name} does not add up.")
        found[name] = {row.pop("period"): row for row in table.to_pylist()}
        engine.forget(account, seen)
    engine.forget(given)
    return found


def added_up(parts: Iterable[Accounts]) -> Accounts:
    """The accounts of all people from those of some each."""
    sums: dict[str, dict[str, dict[str, int]]] = {}
    for part in parts:
        for name, years in part.items():
            for year, lines in years.items():
                of_year = sums.setdefault(name, {}).setdefault(year, {})
                for line, number in lines.items():
                    of_year[line] = of_year.get(line, 0) + number
    return sums


def _years(observation: Observation) -> list[Period]:
    return [
        Period(
            str(year),
            max(datetime.date(year, 1, 1), observation.first),
            min(datetime.date(year, 12, 31), observation.last),
        )
        for year in range(observation.first.year, observation.last.year + 1)
    ]
