"""The SDG indicators that are made from tables of aggregates, by the name of their function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from sojourn.statistics.sdg_indicators.country_accounts import (
    deaths_and_disappearances,
    migration_policies,
    remittance_costs,
    remittances_over_gdp,
)
from sojourn.statistics.sdg_indicators.population_rates import (
    health_workers,
    occupational_injuries,
    rates,
    refugees_by_origin,
    trafficking_victims,
    under_five_mortality,
)

__all__ = ["AGGREGATES", "AggregateMethod"]


@dataclass(frozen=True)
class AggregateMethod:
    """A function over a table of aggregates: which indicator it makes, and the columns that it reads.

    `texts` and `numbers` must be there, `optional` columns may be, `settings` are further arguments.
    """

    indicator: str
    function: Callable[..., pa.Table]
    texts: tuple[str, ...]
    numbers: tuple[str, ...]
    optional: Mapping[str, str] | None = None
    settings: tuple[str, ...] = ()

    def __call__(self, table: pa.Table, **settings: Any) -> pa.Table:
        """The figures of a table."""
        return self.function(table, **settings)


AGGREGATES: Mapping[str, AggregateMethod] = {
    "deaths_and_disappearances": AggregateMethod(
        "10.7.3", deaths_and_disappearances, ("incident_id",), ("dead", "missing"),
        {"source_quality": "number"}, ("by", "least_quality"),
    ),
    "health_workers": AggregateMethod(
        "3.c.1", health_workers, ("occupation", "status"), ("workers", "population")
    ),
    "migration_policies": AggregateMethod(
        "10.7.2", migration_policies, ("domain", "subcategory"), ("score",)
    ),
    "occupational_injuries": AggregateMethod(
        "8.8.1", occupational_injuries, ("mig_status", "sex"), ("fatal", "non_fatal", "workers")
    ),
    "rates": AggregateMethod("3.3.2", rates, (), ("events", "population"), None, ("by",)),
    "refugees_by_origin": AggregateMethod(
        "10.7.4", refugees_by_origin, ("origin", "population_basis"), ("refugees", "population")
    ),
    "remittance_costs": AggregateMethod(
        "10.c.1", remittance_costs, ("corridor", "service"), ("amount", "fee", "exchange_margin"),
        {"qualifies": "claim", "market_share": "number"},
    ),
    "remittances_over_gdp": AggregateMethod(
        "17.3.2", remittances_over_gdp, ("time_period",), ("remittances", "gdp")
    ),
    "trafficking_victims": AggregateMethod(
        "16.2.2", trafficking_victims, ("sex", "age", "form"), ("detected", "population"),
        {"undetected": "number"},
    ),
    "under_five_mortality": AggregateMethod(
        "3.2.1", under_five_mortality, ("segment",), ("exposed", "deaths"), None, ("by",)
    ),
}  # fmt: skip
