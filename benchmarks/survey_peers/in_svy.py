"""The survey benchmark by svy: taylor|replicates FILE FIGURES [all].

svy is given its data in memory, as it wants them, and was called once on a few hundred records before. Of the
105 tables of the release, one statistic of every crossing and every statistic of one crossing are made, and
the rest follow from these; with `all` every table is made.
"""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path

import polars as pl
import svy
from survey_clock import cpu_seconds

FEW = 500
CROSSED = ("domain", "age", "migrant", "employed")
CROSSINGS = [by for size in range(1, 5) for by in itertools.combinations(CROSSED, size)]
BY_DOMAIN = {"total": ("total", "earned"), "mean": ("mean", "earned"), "ratio": ("ratio", "earned", "hours")}
RELEASE = {
    "persons": ("total", "one"),
    "total earned": ("total", "earned"),
    "total hours": ("total", "hours"),
    "mean earned": ("mean", "earned"),
    "mean hours": ("mean", "hours"),
    "ratio": ("ratio", "earned", "hours"),
    "poor": ("mean", "poor"),
}
MEASURED = "mean earned"


def table(
    sample: svy.Sample, statistic: tuple[str, ...], by: tuple[str, ...], **settings: str
) -> pl.DataFrame:
    """One table."""
    name, *columns = statistic
    return getattr(sample.estimation, name)(*columns, by=list(by), **settings).to_polars()


def figures(name: str, by: tuple[str, ...], found: pl.DataFrame) -> dict[str, tuple[float, float]]:
    """Each figure and its standard error under the table's name and the codes."""
    return {
        f"{name}|{','.join(by)}|{','.join(str(row[each]) for each in by)}": (row["est"], row["se"])
        for row in found.to_dicts()
    }


def taylor(file: Path) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    """Three tables by domain."""
    design = svy.Design(stratum="stratum", psu="unit", wgt="weight")
    few = pl.read_parquet(file).head(FEW)
    for statistic in BY_DOMAIN.values():
        table(svy.Sample(few, design), statistic, ("domain",), method="taylor")
    began = cpu_seconds()
    sample = svy.Sample(pl.read_parquet(file), design)
    read = cpu_seconds()
    made = {
        name: table(sample, statistic, ("domain",), method="taylor") for name, statistic in BY_DOMAIN.items()
    }
    done = cpu_seconds()
    found = {}
    for name, each in made.items():
        found |= figures(name, ("domain",), each)
    return {"with reading": done - began, "without reading": done - read}, found


def replicates(file: Path, every: bool) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    """The tables of the release, or enough of them to know what they cost."""
    design = svy.Design(wgt="weight", rep_wgts=svy.SdrWgts(prefix="replicate_", n_reps=80))
    settings = {"method": "replication", "variance_center": "estimate"}
    few = pl.scan_parquet(file).head(FEW).with_columns(one=1).collect()
    table(svy.Sample(few, design), RELEASE["ratio"], ("age",), **settings)
    began = cpu_seconds()
    sample = svy.Sample(pl.read_parquet(file).with_columns(one=1), design)
    read = cpu_seconds()
    cost: dict[tuple[str, tuple[str, ...]], float] = {}
    found = {}
    for by in CROSSINGS:
        for name, statistic in RELEASE.items():
            if not every and name != MEASURED and by != ("domain",) and len(by) < len(CROSSED):
                continue
            start = cpu_seconds()
            made = table(sample, statistic, by, **settings)
            cost[name, by] = cpu_seconds() - start
            found |= figures(name, by, made)
    of_domain = {name: cost[name, ("domain",)] / cost[MEASURED, ("domain",)] for name in RELEASE}
    total = sum(
        cost.get((name, by), cost[MEASURED, by] * of_domain[name]) for by in CROSSINGS for name in RELEASE
    )
    return {
        "read": read - began,
        "tables": total,
        "tables measured": len(cost),
        "table by domain": cost[MEASURED, ("domain",)],
    }, found


def main() -> None:
    """Measure one of the two."""
    file = Path(sys.argv[2])
    if sys.argv[1] == "taylor":
        seconds, found = taylor(file)
    else:
        seconds, found = replicates(file, "all" in sys.argv[4:])
    Path(sys.argv[3]).write_text(json.dumps(found))
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
