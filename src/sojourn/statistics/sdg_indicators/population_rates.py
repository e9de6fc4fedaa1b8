"""SDG indicators that are rates of a population, from tables that registers and other bodies add up.

Numerators and denominators must be of the same people; where status is unknown in one of them, its rate
is unknown, and how much is unknown is told. Intervals of counted events say how far chance alone may move
them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from sojourn.concepts import code_list
from sojourn.statistics.sdg_indicators.aggregate_tables import (
    TOTAL,
    added_up,
    count_interval,
    numbers_of,
    over,
    refused,
    require_distinct,
    same_in_groups,
    unknown_codes,
    with_totals,
)

__all__ = [
    "health_workers",
    "occupational_injuries",
    "rates",
    "refugees_by_origin",
    "trafficking_victims",
    "under_five_mortality",
]

_UNKNOWN = "_U"
_BASES = ("END_YEAR", "MID_YEAR")
_RESERVED = ("events", "population")


def rates(table: pa.Table, *, by: Sequence[str] = (), per: float = 100_000.0) -> pa.Table:
    """Events per so many people, by groups and in total: 3.3.2, and others that are counted so.

    Columns: those of `by`; events; population. A group with events and no population has no rate.
    """
    numbers = numbers_of(table, "events", "population")
    codes, sums = added_up(with_totals(table, by), by, _repeated(numbers, 2 ** len(by)))
    low, high = count_interval(sums["events"])
    return pa.table(
        {
            **codes,
            "events": _shown(sums["events"]),
            "population": _shown(sums["population"]),
            "rate": _shown(over(sums["events"], sums["population"], per)),
            "lower": _shown(over(low, sums["population"], per)),
            "upper": _shown(over(high, sums["population"], per)),
        }
    )


def occupational_injuries(table: pa.Table) -> pa.Table:
    """8.8.1: fatal and non-fatal occupational injuries per 100 000 workers, by migratory status and sex.

    Columns: mig_status, sex, fatal, non_fatal, workers, of the reference group (employed, or insured).
    Injuries of people whose status is unknown are a row `_U` without workers: they are in the total, and
    `unknown_share` says how many of the total they are.

    Source: UN metadata of indicator 8.8.1, November 2020.
    """
    require_distinct(table, ("mig_status", "sex"))
    parts = []
    for kind in ("fatal", "non_fatal"):
        numbers = numbers_of(table, kind, "workers")
        workers = np.nan_to_num(numbers["workers"])
        renamed = pa.table(
            {
                "mig_status": table["mig_status"],
                "sex": table["sex"],
                "events": numbers[kind],
                "population": workers,
            }
        )
        found = rates(renamed, by=("mig_status", "sex"))
        unknown = _of_unknown_status(found)
        found = found.rename_columns(
            [{"events": "injuries", "population": "workers"}.get(name, name) for name in found.column_names]
        )
        found = found.append_column("unknown_share", pa.array(unknown, pa.float64()))
        parts.append(found.add_column(0, "injury", pa.repeat(kind.upper(), len(found))))
    return pa.concat_tables(parts)


def _of_unknown_status(found: pa.Table) -> list[float | None]:
    """For totals over status, which share of their events is of people whose status is not known."""
    rows = found.to_pylist()
    unknown = {row["sex"]: row["events"] for row in rows if row["mig_status"] == _UNKNOWN}
    shares: list[float | None] = []
    for row in rows:
        is_total = row["mig_status"] == TOTAL and row["events"]
        shares.append((unknown.get(row["sex"]) or 0.0) / row["events"] if is_total else None)
    return shares


def health_workers(table: pa.Table) -> pa.Table:
    """3.c.1: density of health workers per 10 000 people, and their distribution by where they come from.

    Columns: occupation (CL_HEALTH_WORKER), status (of birth or of training), workers, population
    (everyone, one number). The density of each status is of the whole population, so that densities add
    up.

    Source: UN metadata of indicator 3.c.1, November 2020.
    """
    require_distinct(table, ("occupation", "status"))
    unknown_codes(table, "occupation", [code.code for code in code_list("CL_HEALTH_WORKER")])
    numbers = numbers_of(table, "workers", "population")
    same_in_groups(table, (), "population", numbers["population"])
    population = numbers["population"][0] if len(table) else np.nan
    everyone = with_totals(table, ("status",))
    codes, sums = added_up(everyone, ("occupation", "status"), {"workers": np.tile(numbers["workers"], 2)})
    workers = sums["workers"]
    totals = {
        occupation: workers[at]
        for at, (occupation, status) in enumerate(zip(codes["occupation"], codes["status"], strict=True))
        if status == TOTAL
    }
    of_total = np.array([totals[occupation] for occupation in codes["occupation"]])
    return pa.table(
        {
            **codes,
            "workers": _shown(workers),
            "density": _shown(over(workers, np.full(len(workers), population), 10_000.0)),
            "share": _shown(over(workers, of_total, 100.0)),
        }
    )


def refugees_by_origin(table: pa.Table) -> pa.Table:
    """10.7.4: refugees by country of origin per 100 000 of its population and these refugees together.

    Columns: origin, refugees, population, population_basis (END_YEAR as UNHCR does, or MID_YEAR): the two
    give different figures, and must not be mixed in a series.

    Source: UN metadata of indicator 10.7.4, November 2020; UNHCR.
    """
    require_distinct(table, ("origin",))
    numbers = numbers_of(table, "refugees", "population")
    bases = _bases(table)
    both = numbers["refugees"] + numbers["population"]
    return pa.table(
        {
            "origin": table["origin"],
            "refugees": _shown(numbers["refugees"]),
            "population": _shown(numbers["population"]),
            "rate": _shown(over(numbers["refugees"], both, 100_000.0)),
            "population_basis": pa.array(bases, pa.string()),
        }
    )


def _bases(table: pa.Table) -> list[str]:
    if "population_basis" not in table.column_names:
        raise refused("there is no column population_basis.", f"Say {' or '.join(_BASES)} in every row.")
    bases = [str(basis) for basis in table["population_basis"].to_pylist()]
    if set(bases) - set(_BASES):
        raise refused("population_basis is not stated in some rows.", f"Say {' or '.join(_BASES)}.")
    if len(set(bases)) > 1:
        raise refused("end-year and mid-year populations are mixed.", "Take one of the two for all origins.")
    return bases


def trafficking_victims(table: pa.Table) -> pa.Table:
    """16.2.2: victims of trafficking per 100 000 people, by sex, age and form of exploitation.

    Columns: sex, age, form, detected, population (residents of that sex and age, the same in all its
    forms), and where there is an estimate of those nobody detected, undetected. Detected victims alone
    are a lower bound: `detected_rate`; `rate` counts both and is null where the others are not estimated.
    """
    require_distinct(table, ("sex", "age", "form"))
    numbers = numbers_of(table, "detected", "population", optional=("undetected",))
    same_in_groups(table, ("sex", "age"), "population", numbers["population"])
    # Each sex and age counts once in totals over forms.
    rows = list(zip(table["sex"].to_pylist(), table["age"].to_pylist(), strict=True))
    people = dict(zip(rows, numbers["population"].tolist(), strict=True))
    everyone = with_totals(table, ("sex", "age", "form"))
    repeated = _repeated({name: numbers[name] for name in ("detected", "undetected")}, 8)
    codes, sums = added_up(everyone, ("sex", "age", "form"), repeated)
    population = np.array(
        [
            sum(
                value
                for (sex, age), value in people.items()
                if wanted_sex in (sex, TOTAL) and wanted_age in (age, TOTAL)
            )
            for wanted_sex, wanted_age in zip(codes["sex"], codes["age"], strict=True)
        ]
    )
    both = sums["detected"] + sums["undetected"]
    return pa.table(
        {
            **codes,
            "detected": _shown(sums["detected"]),
            "undetected": _shown(sums["undetected"]),
            "population": _shown(population),
            "detected_rate": _shown(over(sums["detected"], population, 100_000.0)),
            "rate": _shown(over(both, population, 100_000.0)),
        }
    )


def under_five_mortality(table: pa.Table, *, by: Sequence[str] = ()) -> pa.Table:
    """3.2.1: deaths before age five per 1 000 live births, from deaths and exposure by age segment.

    Columns: those of `by`; segment, exposed (children who entered the segment), deaths (in it). The segments
    together cover the ages from birth to five; a death is one of those who entered. `standard_error` is
    Greenwood's, as if children were drawn one by one: a sample in clusters needs replicates of the table.

    Raises: DataRefused where deaths exceed the exposed.
    Source: synthetic cohorts as in demographic and health surveys; Greenwood, 1926.
    """
    require_distinct(table, (*by, "segment"))
    numbers = numbers_of(table, "exposed", "deaths")
    if (numbers["deaths"] > numbers["exposed"]).any():
        raise refused("more children died in a segment than entered it.", "Look at deaths and exposed.")
    groups = list(zip(*(table[name].to_pylist() for name in by), strict=True)) or [()] * len(table)
    cells = sorted(set(groups))
    rate, error = np.full(len(cells), np.nan), np.full(len(cells), np.nan)
    for at, cell in enumerate(cells):
        own = np.array([group == cell for group in groups])
        exposed, deaths = numbers["exposed"][own], numbers["deaths"][own]
        with np.errstate(divide="ignore", invalid="ignore"):
            survived = np.prod(1 - deaths / exposed)
            spread = np.sum(deaths / (exposed * (exposed - deaths)))
        rate[at], error[at] = 1_000 * (1 - survived), 1_000 * survived * np.sqrt(spread)
    codes = {name: [cell[at] for cell in cells] for at, name in enumerate(by)}
    return pa.table({**codes, "rate": _shown(rate), "standard_error": _shown(error)})


def _repeated(numbers: dict[str, np.ndarray], times: int) -> dict[str, np.ndarray]:
    return {name: np.tile(values, times) for name, values in numbers.items()}


def _shown(values: np.ndarray) -> pa.Array:
    return pa.array(values, pa.float64(), mask=~np.isfinite(values))
