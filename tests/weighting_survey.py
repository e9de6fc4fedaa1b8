"""A small survey with strata, sampling units, households, weights and replicates, and margins for it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from sojourn.statistics.weighting import Margin

REPLICATES = tuple(f"r{number}" for number in range(1, 13))


def survey(seed: int = 7, persons: int = 144) -> pa.Table:
    """Persons in six strata of four sampling units each, in households of one to three."""
    draw = np.random.default_rng(seed)
    stratum = np.arange(persons) % 6
    psu = np.arange(persons) // 6 % 4
    order = np.lexsort((np.arange(persons), psu, stratum))
    household = np.empty(persons, np.int64)
    household[order] = np.repeat(np.arange(persons // 2), 2)
    weight = draw.uniform(10, 50, persons)
    columns = {
        "person": [f"p{number:03d}" for number in range(persons)],
        "stratum": stratum,
        "psu": psu,
        "household": household,
        "sex": draw.choice(["F", "M"], persons, p=[0.55, 0.45]),
        "region": draw.choice(["a", "b", "c"], persons, p=[0.5, 0.2, 0.3]),
        "income": draw.gamma(2.0, 10.0, persons),
        "x": draw.normal(30, 6, persons),
        "w": weight,
        "hw": draw.uniform(10, 50, persons // 2)[household],
        "spread": draw.uniform(0.5, 3.0, persons),
    }
    columns["y"] = 3.0 + 0.7 * columns["income"] + (columns["region"] == "b") * 8 + draw.normal(0, 4, persons)
    columns["answered"] = (draw.random(persons) < 0.4 + 0.3 * (columns["sex"] == "F")).astype(int)
    unit = stratum * 4 + psu
    for number, name in enumerate(REPLICATES):
        left_out = unit % len(REPLICATES) == number
        columns[name] = np.where(left_out, 0.0, weight * len(REPLICATES) / (len(REPLICATES) - 1))
    return pa.table(columns)


PEOPLE = {
    ("F", "a"): 1100.0, ("F", "b"): 460.0, ("F", "c"): 770.0,
    ("M", "a"): 1010.0, ("M", "b"): 330.0, ("M", "c"): 760.0,
}  # fmt: skip
INCOME = 84_000.0
CROSSED = Margin("sex_region", ("sex", "region"), PEOPLE)
SEX = Margin("sex", ("sex",), {("F",): 2330.0, ("M",): 2100.0})
REGION = Margin("region", ("region",), {("a",): 2110.0, ("b",): 790.0, ("c",): 1530.0})
INCOMES = Margin("income", (), {(): INCOME}, of="income")
