"""SDG indicators of a country as a whole: policies, remittances, those who died or disappeared on the way."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.statistics.sdg_indicators.aggregate_tables import (
    added_up,
    numbers_of,
    over,
    refused,
    require_distinct,
    with_totals,
)

__all__ = ["deaths_and_disappearances", "migration_policies", "remittance_costs", "remittances_over_gdp"]

POLICY_DOMAINS = 6
POLICY_SUBCATEGORIES = 5
# From memory: how the overall score is put in words.
POLICY_CLASSES = ((40.0, "FURTHER"), (80.0, "PARTIAL"), (100.0, "MEETS"))
CHEAPEST = 3
CORRIDOR_TARGET = 5.0
LEAST_COVERAGE = 80.0


def migration_policies(table: pa.Table) -> pa.Table:
    """10.7.2: the score of each of six domains of migration policy, and their mean with its class.

    Columns: domain, subcategory, score from 0 to 1; five subcategories a domain. A domain's score is the
    sum over five times 100. A domain with an answer that is not known has no score, and then there is no
    mean. Classes: FURTHER below 40, PARTIAL below 80, MEETS below 100, FULLY at 100; their bounds are
    from memory.

    Raises: DataRefused where domains or subcategories are not as many.
    Source: INE Spain and the Statistical Office of Serbia, metadata of 10.7.2.
    """
    require_distinct(table, ("domain", "subcategory"))
    scores = numbers_of(table, "score")["score"]
    if (scores > 1).any():
        raise refused("a score is above 1.", "Scores lie between 0 and 1.")
    codes, sums = added_up(table, ("domain",), {"score": scores, "answers": np.ones(len(table))})
    if len(codes["domain"]) != POLICY_DOMAINS or (sums["answers"] != POLICY_SUBCATEGORIES).any():
        raise refused(
            f"there are not {POLICY_DOMAINS} domains with {POLICY_SUBCATEGORIES} subcategories each.",
            "Give a row for each, with an empty score where the answer is not known.",
        )
    found = 100 * sums["score"] / POLICY_SUBCATEGORIES
    values = np.append(found, found.mean())
    classes = [None if np.isnan(value) else _policy_class(float(value)) for value in values]
    return pa.table(
        {
            "domain": [*codes["domain"], "_T"],
            "score": pa.array(values, pa.float64(), mask=np.isnan(values)),
            "class": pa.array(classes, pa.string()),
        }
    )


def _policy_class(score: float) -> str:
    return next((name for bound, name in POLICY_CLASSES if score < bound), "FULLY")


def deaths_and_disappearances(
    table: pa.Table, *, by: Sequence[str] = (), least_quality: int | None = None
) -> pa.Table:
    """10.7.3: people who died or disappeared during migration, by columns of a register of incidents.

    Columns: incident_id, dead, missing, those of `by`, and source_quality (1, one media source, to 5,
    official) where only incidents from some quality on are to count. A number that is not known adds
    nothing and is counted: `incomplete` incidents make the figure a lower bound.

    Raises: DataRefused for an incident that stands there twice.
    """
    require_distinct(table, ("incident_id",))
    if least_quality is not None:
        quality = numbers_of(table, "source_quality")["source_quality"]
        table = table.filter(pa.array(quality >= least_quality))
    numbers = numbers_of(table, "dead", "missing")
    unknown = np.isnan(numbers["dead"]) | np.isnan(numbers["missing"])
    counted = {
        "incidents": np.ones(len(table)),
        "incomplete": unknown.astype(np.float64),
        "dead": np.nan_to_num(numbers["dead"]),
        "missing": np.nan_to_num(numbers["missing"]),
    }
    times = 2 ** len(by)
    codes, sums = added_up(
        with_totals(table, by), by, {name: np.tile(values, times) for name, values in counted.items()}
    )
    whole = {name: pa.array(values.astype(np.int64)) for name, values in sums.items()}
    return pa.table({**codes, **whole, "total": pc.add(whole["dead"], whole["missing"])})


def remittance_costs(table: pa.Table) -> pa.Table:
    """10.c.1: the average cost of sending money in per cent of what is sent, by corridor and for all.

    Columns: corridor, service, amount, fee (in the currency of the amount), exchange_margin (per cent of
    the amount), and where known qualifies (true or false, for the SmaRT index) and market_share (per
    cent). A corridor's cost is the simple mean of its services, `cheapest` the mean of the three cheapest
    that qualify; the figure for all is the mean of corridors. `above_target` marks corridors that cost
    more than 5 per cent, `is_covered` those whose services hold at least 80 per cent of the market.
    Services without fee or margin do not count.

    Raises: DataRefused for an amount of zero.
    """
    require_distinct(table, ("corridor", "service"))
    numbers = numbers_of(table, "amount", "fee", "exchange_margin", optional=("market_share",))
    if (numbers["amount"] == 0).any():
        raise refused("an amount is zero.", "Give what is sent, as 200 United States dollars.")
    cost = over(numbers["fee"], numbers["amount"], 100.0) + numbers["exchange_margin"]
    qualifies = np.ones(len(table), np.bool_)
    if "qualifies" in table.column_names:
        qualifies = pc.fill_null(table["qualifies"].cast(pa.bool_()), False).to_numpy(zero_copy_only=False)
    corridors = np.array(table["corridor"].to_pylist(), object)
    rows = []
    for corridor in sorted(set(corridors)):
        own = (corridors == corridor) & ~np.isnan(cost)
        cheapest = np.sort(cost[own & qualifies])[:CHEAPEST]
        share = numbers["market_share"][corridors == corridor].sum()
        rows.append(
            {
                "corridor": corridor,
                "services": int(own.sum()),
                "cost": float(cost[own].mean()) if own.any() else None,
                "cheapest": float(cheapest.mean()) if len(cheapest) == CHEAPEST else None,
                "is_covered": None if np.isnan(share) else bool(share >= LEAST_COVERAGE),
            }
        )
    return _with_all(rows)


def _with_all(rows: list[dict[str, object]]) -> pa.Table:
    schema = pa.schema(
        [
            ("corridor", pa.string()), ("services", pa.int64()), ("cost", pa.float64()),
            ("cheapest", pa.float64()), ("is_covered", pa.bool_()),
        ]
    )  # fmt: skip
    table = pa.Table.from_pylist(rows, schema=schema)
    whole = {
        "corridor": "_T",
        "services": pc.sum(table["services"]).as_py() or 0,
        "cost": pc.mean(table["cost"]).as_py(),
        "cheapest": pc.mean(table["cheapest"]).as_py(),
        "is_covered": None,
    }
    table = pa.concat_tables([table, pa.Table.from_pylist([whole], schema=schema)])
    is_corridor = pc.not_equal(table["corridor"], "_T")
    above = pc.if_else(is_corridor, pc.greater(table["cost"], CORRIDOR_TARGET), None)
    return table.append_column("above_target", above)


def remittances_over_gdp(table: pa.Table) -> pa.Table:
    """17.3.2: remittances received over gross domestic product, in per cent, by period.

    Columns: time_period, remittances, gdp, in one currency.
    """
    require_distinct(table, ("time_period",))
    numbers = numbers_of(table, "remittances", "gdp")
    share = over(numbers["remittances"], numbers["gdp"], 100.0)
    return pa.table(
        {
            "time_period": table["time_period"].cast(pa.string()),
            "share": pa.array(share, pa.float64(), mask=np.isnan(share)),
        }
    )
