"""How often intervals of survey figures hold the truth, in small groups of clustered samples.

    python benchmarks/survey_coverage.py [--samples 2000] [--csv FILE] [--picture FILE] [--json FILE]

Two designs, each drawn 2,000 times in every situation: 50 strata of 4 units of 25 persons, and 30 strata of 2
units of 40. Units are drawn with replacement from 400 in each stratum; strata differ in their sampling rates
by as much as one to five, in how many of the group they have, and persons within a unit in their weights.
Situations are all crossings of

- 10, 20, 50, 100, 200 and 500 expected persons of the group in the sample;
- a characteristic that 2, 10 or 50 per cent of the group have, and six tenths as many of the others;
- no clustering, some, and strong: the correlation within units of being in the group (0, 0.05, 0.2) and of
  the characteristic (0, 0.05, 0.1), which persons of the group and others of a unit share.

Figures are the count of the group, its total and its mean of a skewed amount, the proportion with the
characteristic, and the gap between that and the others'. The variance is linearised, or comes from replicates
that `with_replicates` makes: jackknife, bootstrap, successive differences, balanced repeats, Fay's. Samples
are simulated all at once; for some of them the intervals are held to those of `survey_table`.

An interval that is not given, as of a group of whom nobody was drawn, holds nothing: coverage is of those
given, and how many are is said beside it.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from coverage_picture import drawn_coverage
from coverage_samples import (
    AMOUNT,
    CLUSTERING,
    GROUP,
    HITS,
    OTHER_HITS,
    OTHERS,
    SIDES,
    SIZES,
    Samples,
    Situation,
    drawn_samples,
)

from sojourn.engine import Engine
from sojourn.engine.rules import parse_rule
from sojourn.statistics import ReplicateDesign
from sojourn.statistics.survey import (
    Gap,
    Measure,
    Replication,
    Stage,
    TaylorDesign,
    survey_cube,
    survey_table,
    with_replicates,
)
from sojourn.statistics.survey.freedom import effective_freedom
from sojourn.statistics.survey.intervals import ends, recovered

Floats = npt.NDArray[np.float64]
Ends = tuple[Floats, Floats]
LOOKED_AT_OF = 50
CASES = (10, 20, 50, 100, 200, 500)
PREVALENCES = (0.02, 0.1, 0.5)
REPLICATIONS = {
    "50 × 4 × 25": (
        Replication("jkn"),
        Replication("bootstrap", replicates=200, seed=4),
        Replication("successive_difference", replicates=80),
    ),
    "30 × 2 × 40": (Replication("jkn"), Replication("brr"), Replication("fay", rho=0.5)),
}
DESIGN = TaylorDesign("w", (Stage("unit", stratum="stratum"),), numbered="across")


@dataclass(frozen=True)
class Spread:
    """The variance of a figure by sample, and its degrees of freedom by each rule."""

    variance: Floats
    freedom: dict[str, Floats]


def linearised(amounts: Floats, present: npt.NDArray[np.bool_]) -> Spread:
    """The variance of a sum of amounts of units; `present` says which units have records of the cell."""
    units = amounts.shape[2]
    apart = (amounts - amounts.mean(axis=2, keepdims=True)) * np.sqrt(units / (units - 1))
    squares = (apart**2).sum(axis=(1, 2))
    count, design = amounts[0].size, amounts[0].size - amounts.shape[1]
    in_stratum = present.any(axis=2).sum(axis=1)
    effective = effective_freedom(squares, (apart**4).sum(axis=(1, 2)), count=count, most=design)
    # As in survey tables: no more than the units drawn in strata with records, less these strata.
    effective = np.minimum(effective, in_stratum * (units - 1))
    cell = present.sum(axis=(1, 2)) - in_stratum
    return Spread(
        squares,
        {
            "cell": cell.astype(float),
            "design": np.full(len(amounts), float(design)),
            "effective": effective.astype(float),
        },
    )


def repeated(values: Floats, design: ReplicateDesign) -> Spread:
    """The variance of a figure under every weight: samples × (1 + replicates)."""
    squares = (values[:, 1:] - values[:, :1]) ** 2 * np.asarray(design.coefficients)
    variance, fourths = squares.sum(axis=1), (squares**2).sum(axis=1)
    effective = effective_freedom(variance, fourths, count=squares.shape[1], most=design.freedom)
    freedom = np.full(len(values), float(design.freedom))
    return Spread(variance, {"cell": freedom, "design": freedom, "effective": effective.astype(float)})


def linearised_spreads(samples: Samples) -> dict[str, Spread]:
    """The spread of every figure and of the totals that proportions are taken of."""
    units, totals = np.moveaxis(samples.sums, 3, 0), samples.totals.T[:, :, None, None]
    group, others = units[GROUP] > 0, units[OTHERS] > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        own = (units[HITS] - totals[HITS] / totals[GROUP] * units[GROUP]) / totals[GROUP]
        rest = (units[OTHER_HITS] - totals[OTHER_HITS] / totals[OTHERS] * units[OTHERS]) / totals[OTHERS]
        mean = (units[AMOUNT] - totals[AMOUNT] / totals[GROUP] * units[GROUP]) / totals[GROUP]
    return {
        "mean": linearised(mean, group),
        "count": linearised(units[GROUP], group),
        "total": linearised(units[AMOUNT], group),
        "proportion": linearised(own, group),
        "others": linearised(rest, others),
        "gap": linearised(own - rest, group | others),
        "base of others": linearised(units[OTHERS], others),
    }


def repeated_spreads(samples: Samples, replication: Replication) -> dict[str, Spread]:
    """The same from replicate weights: each unit's factor in each replicate is made once for all samples."""
    strata, units = samples.sums.shape[1:3]
    one_a_unit = pa.table(
        {
            "stratum": np.repeat(np.arange(strata), units),
            "unit": np.arange(strata * units),
            "w": np.ones(strata * units),
        }
    )
    weighed, design = with_replicates(one_a_unit, DESIGN, replication)
    factors = np.column_stack([weighed[name].to_numpy() for name in ("w", *design.weights)])
    under = np.einsum("sui,ur->isr", samples.sums.reshape(len(samples.sums), -1, 5), factors, optimize=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        own, rest = under[HITS] / under[GROUP], under[OTHER_HITS] / under[OTHERS]
        mean = under[AMOUNT] / under[GROUP]
    found = {
        "mean": mean,
        "count": under[GROUP], "total": under[AMOUNT], "proportion": own, "others": rest, "gap": own - rest,
        "base of others": under[OTHERS],
    }  # fmt: skip
    spreads = {name: repeated(values, design) for name, values in found.items()}
    # As in survey tables: persons tell how few are behind a figure, where replicates cannot.
    for side, names in (("group", ("count", "total", "mean")), ("others", ("base of others",))):
        most = np.maximum(2 * effective_size(samples, side), 1)
        for name in names:
            freedom = spreads[name].freedom
            freedom["effective"] = np.minimum(freedom["effective"], np.nan_to_num(most, nan=1.0))
    return spreads


def effective_size(samples: Samples, side: str) -> Floats:
    """Kish's effective size of the group or of the others."""
    records, variable = samples.records[:, SIDES[side][2]], GROUP if side == "group" else OTHERS
    with np.errstate(divide="ignore", invalid="ignore"):
        size: Floats = samples.totals[:, variable] ** 2 / records
    return size


def share_interval(samples: Samples, spread: Spread, kind: str, freedom: Floats, side: str) -> Ends:
    """An interval of the proportion of one side."""
    persons, hits = (samples.records[:, place] for place in SIDES[side][:2])
    variables = (HITS, GROUP) if side == "group" else (OTHER_HITS, OTHERS)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = samples.totals[:, variables[0]] / samples.totals[:, variables[1]]
    effective, fewer = effective_size(samples, side), np.minimum(hits, persons - hits)
    degrees = np.floor(freedom)
    return ends(kind, share, spread.variance, degrees, persons, effective_size=effective, fewer=fewer)


def intervals(samples: Samples, spreads: dict[str, Spread]) -> Iterator[tuple[str, str, str, float, Ends]]:
    """Each figure's intervals: the figure, the kind, the rule for freedom, the truth, and the ends."""
    totals, truth = samples.totals, samples.truth
    nothing = np.full(len(totals), np.nan)
    for figure, variable in (("count", GROUP), ("total", AMOUNT)):
        spread = spreads[figure]
        for kind, freedom in itertools.product(("t", "log"), ("cell", "design", "effective")):
            degrees = np.floor(spread.freedom[freedom])
            found = ends(kind, totals[:, variable], spread.variance, degrees, nothing)
            yield figure, kind, freedom, truth[variable], found
    base = spreads["count"].freedom["effective"]
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = totals[:, AMOUNT] / totals[:, GROUP]
    for freedom in ("cell", "design", "effective"):
        spread = spreads["mean"]
        degrees = np.minimum(spread.freedom[freedom], base if freedom == "effective" else np.inf)
        found = ends("t", mean, spread.variance, np.floor(degrees), nothing)
        yield "mean", "t", freedom, truth[AMOUNT] / truth[GROUP], found
    share, rest = truth[HITS] / truth[GROUP], truth[OTHER_HITS] / truth[OTHERS]
    for kind in ("logit", "wilson", "korn_graubard", "moderated"):
        for freedom in ("cell", "design", "effective"):
            spread = spreads["proportion"]
            degrees = base if freedom == "effective" else spread.freedom[freedom]
            yield "proportion", kind, freedom, share, share_interval(samples, spread, kind, degrees, "group")
    with np.errstate(divide="ignore", invalid="ignore"):
        values = totals[:, HITS] / totals[:, GROUP], totals[:, OTHER_HITS] / totals[:, OTHERS]
    gap = spreads["gap"]
    for freedom in ("cell", "design", "effective"):
        found = ends("t", values[0] - values[1], gap.variance, gap.freedom[freedom], nothing)
        yield "gap", "t", freedom, share - rest, found
    sides = (
        share_interval(samples, spreads["proportion"], "moderated", base, "group"),
        share_interval(
            samples, spreads["others"], "moderated", spreads["base of others"].freedom["effective"], "others"
        ),
    )
    variances = spreads["proportion"].variance, spreads["others"].variance
    yield "gap", "recovered", "effective", share - rest, recovered(values, sides, variances, gap.variance)


def hold_to_survey_table(
    samples: Samples, spreads: dict[str, Spread], replication: Replication | None
) -> None:
    """Compare the default intervals of the first samples with those of survey tables.

    Raises: SystemExit where they are apart.
    """
    expected = {
        (figure, kind): found
        for figure, kind, freedom, _, found in intervals(samples, spreads)
        if freedom == "effective"
    }
    wanted = {"count": "log", "total": "log", "mean": "t", "proportion": "moderated", "gap": "recovered"}
    for place, persons in enumerate(samples.persons):
        made = tables(persons, replication)
        for figure, kind in wanted.items():
            lower, upper = (each[place] for each in expected[figure, kind])
            row = made[figure]
            found = [np.nan if row[name] is None else row[name] for name in ("lower", "upper")]
            if not np.allclose(found, [lower, upper], rtol=1e-8, atol=1e-12, equal_nan=True):
                raise SystemExit(f"{figure}: survey_table has {found}, the simulation {lower}, {upper}.")


def tables(persons: Floats, replication: Replication | None) -> dict[str, dict[str, float]]:
    """What survey tables say of one sample, by figure."""
    strata, units, count = persons.shape[:3]
    unit = np.repeat(np.arange(strata * units), count)
    weight, side, hit, amount = persons.reshape(-1, 4).T
    records = pa.table(
        {
            "stratum": unit // units, "unit": unit, "w": weight, "hit": hit.astype(int), "amount": amount,
            "group": pa.array(np.where(side == 0, "own", "others")),
        }
    )  # fmt: skip
    design: TaylorDesign | ReplicateDesign = DESIGN
    if replication is not None:
        records, design = with_replicates(records, DESIGN, replication)
    with Engine() as engine:
        cube = survey_cube(
            engine.relation(records), design=design, dimensions=["group"], measures=["amount"],
            conditions={"is_hit": parse_rule("hit = 1", records.column_names)},
        )  # fmt: skip
    found = {}
    for figure, measure in (
        ("count", Measure("count")),
        ("total", Measure("total", of="amount")),
        ("mean", Measure("mean", of="amount")),
        ("proportion", Measure("proportion", when="is_hit")),
    ):
        gaps = [Gap("group", "own", "others")] if figure == "proportion" else []
        for row in survey_table(cube, measure, by=["group"], gaps=gaps).to_pylist():
            if row["figure"] == "difference":
                found["gap"] = row
            elif row["group"] == "own":
                found[figure] = row
    nothing = dict.fromkeys(("lower", "upper"))
    return {figure: found.get(figure, nothing) for figure in ("count", "total", "mean", "proportion", "gap")}


def simulated(samples: int) -> Iterator[dict[str, object]]:
    """One row for each situation, way to a variance, figure and interval."""
    crossed = itertools.product(SIZES, CLUSTERING, PREVALENCES, CASES)
    for situation in (Situation(*each) for each in crossed):
        found = drawn_samples(situation, samples)
        ways: list[Replication | None] = [None, *REPLICATIONS[situation.size]]
        for way in ways:
            spreads = linearised_spreads(found) if way is None else repeated_spreads(found, way)
            if situation.cases == LOOKED_AT_OF:
                hold_to_survey_table(found, spreads, way)
            for figure, kind, freedom, truth, (lower, upper) in intervals(found, spreads):
                if figure in ("count", "total", "mean") and situation.prevalence != PREVALENCES[0]:
                    continue
                if freedom == "cell" and way is not None:  # replicates know of no cell
                    continue
                is_given = np.isfinite(lower) & np.isfinite(upper)
                holds = is_given & (lower <= truth) & (truth <= upper)
                yield vars(situation) | {
                    "variance": "linearised" if way is None else way.kind,
                    "figure": figure,
                    "interval": kind,
                    "freedom": freedom,
                    "coverage": 100 * holds.sum() / max(is_given.sum(), 1),
                    "given": 100 * is_given.mean(),
                    "width": float(np.median((upper - lower)[is_given])) if is_given.any() else None,
                }


def main() -> None:
    """Simulate, print how intervals do over all situations, and write every row."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--picture", type=Path, help="where the picture goes, as SVG")
    given = parser.parse_args()
    rows = list(simulated(given.samples))
    print(f"{given.samples:,} samples in each situation; coverage of intervals of 95 per cent, where given")
    print(
        f"{'variance':<22}{'figure':<12}{'interval':<15}{'freedom':<11}{'situations':>11}{'93 to 97':>9}"
        f"{'below':>7}{'above':>7}{'lowest':>8}{'highest':>9}{'given, least':>14}"
    )
    order = ("variance", "figure", "interval", "freedom")
    summary = []
    for key in dict.fromkeys(tuple(row[name] for name in order) for row in rows):
        chosen = [row for row in rows if tuple(row[name] for name in order) == key]
        coverage = np.array([row["coverage"] for row in chosen])
        least = min(row["given"] for row in chosen)
        below, above = int((coverage < 93).sum()), int((coverage > 97).sum())
        summary.append(
            dict(zip(order, key, strict=True))
            | {"situations": len(chosen), "below": below, "above": above}
            | {"lowest": coverage.min(), "highest": coverage.max(), "given": least}
        )
        print(
            f"{key[0]:<22}{key[1]:<12}{key[2]:<15}{key[3]:<11}{len(chosen):>11}"
            f"{len(chosen) - below - above:>9}{below:>7}{above:>7}"
            f"{coverage.min():>8.1f}{coverage.max():>9.1f}{least:>14.1f}"
        )
    if given.picture:
        given.picture.write_bytes(drawn_coverage(rows))
    if given.csv:
        with given.csv.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    if given.json:
        given.json.write_text(json.dumps({"samples": given.samples, "summary": summary}, indent=1))


if __name__ == "__main__":
    main()
