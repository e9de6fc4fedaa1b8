"""Small areas: how long models take, and whether the errors that they tell are those that they make.

    python benchmarks/small_areas.py [--samples N] [--json FILE]

Areas, and units in them, are drawn from the model again and again, with known truth. For each way of
estimating, the mean of the mean-squared errors that it tells is divided by the mean of the squared errors
that it made, over all areas, and the share of areas is given whose truth lies in their interval of 95 per
cent. One twelfth of the areas has no sample. Benchmarked estimates add up to the sum of direct estimates, or
to the truth.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from sojourn.statistics.small_areas import (
    AreaData,
    AreaModel,
    Bootstrap,
    Population,
    benchmarked,
    direct_level,
    fay_herriot,
    given_level,
    nested_error,
    unit_sums,
)

AREAS, AREA_VARIANCE = 60, 1.0
UNIT_NAMES = ("(intercept)", "x")


class Tally:
    """Squared errors made and told, and intervals that held the truth, by way of estimating."""

    def __init__(self) -> None:
        self.made: dict[str, list[np.ndarray]] = defaultdict(list)
        self.told: dict[str, list[np.ndarray]] = defaultdict(list)
        self.held: dict[str, list[np.ndarray]] = defaultdict(list)

    def add(
        self, name: str, truth: np.ndarray, estimate: np.ndarray, mse: np.ndarray,
        ends: tuple[np.ndarray, np.ndarray],
    ) -> None:  # fmt: skip
        self.made[name].append((estimate - truth) ** 2)
        self.told[name].append(mse)
        self.held[name].append((ends[0] <= truth) & (truth <= ends[1]))

    def add_model(self, name: str, truth: np.ndarray, found: AreaModel, some: np.ndarray) -> None:
        each = found.estimates
        self.add(name, truth[some], each.estimate[some], each.mse[some], (each.lower[some], each.upper[some]))

    def rows(self) -> list[dict[str, Any]]:
        """The ratio of told to made, its Monte Carlo error, and coverage."""
        found = []
        for name in self.made:
            made, told = np.array(self.made[name]), np.array(self.told[name])
            ratio = told.mean() / made.mean()
            by_sample = made.mean(axis=1)
            error = ratio * by_sample.std(ddof=1) / np.sqrt(len(by_sample)) / made.mean()
            held = float(np.mean(self.held[name]))
            found.append(
                {"estimate": name, "told_by_made": ratio, "error": error, "coverage": held,
                 "samples": len(made)}
            )  # fmt: skip
        return found


def areas(samples: int, tally: Tally) -> None:
    """Area-level models: direct variances from a third to four times the variance of areas."""
    draw = np.random.default_rng(1)
    design = np.column_stack([np.ones(AREAS), np.linspace(-1, 1, AREAS), np.arange(AREAS) % 3 == 0])
    variance = np.array([0.3, 0.7, 1.0, 2.0, 4.0])[np.arange(AREAS) % 5] * AREA_VARIANCE
    has_sample = np.arange(AREAS) % 12 != 11
    names, codes = ("(intercept)", "x", "third"), tuple(map(str, range(AREAS)))
    weights = 1.0 + np.arange(AREAS) % 4
    everywhere = np.ones(AREAS, bool)
    for _ in range(samples):
        truth = design @ [10, 2, -1] + draw.normal(size=AREAS) * np.sqrt(AREA_VARIANCE)
        direct = truth + draw.normal(size=AREAS) * np.sqrt(variance)
        data = AreaData(codes, np.where(has_sample, direct, np.nan), variance, design, names)
        for method in ("reml", "ml", "fay_herriot", "prasad_rao", "adjusted_reml"):
            found = fay_herriot(data, method=method)
            tally.add_model(f"area level, {method}", truth, found, has_sample)
            tally.add_model(f"area level, {method}, no sample", truth, found, ~has_sample)
        whole = fay_herriot(AreaData(codes, direct, variance, design, names))
        everything = ["_T"] * AREAS
        for method in ("ratio", "difference", "optimal"):
            for name, level in (
                ("direct", direct_level("_T", everything, whole.estimates, weights)),
                ("true", given_level("_T", everything, {"_T": float(weights @ truth)})),
            ):
                made = benchmarked(whole.estimates, weights, [level], method=method)
                label = f"benchmarked to the {name} total, {method}"
                tally.add(label, truth, made.estimate, made.mse, (made.lower, made.upper))
        tally.add_model("area level, reml, all sampled", truth, whole, everywhere)


def alike(samples: int, tally: Tally) -> None:
    """Forty areas that hardly differ, or not at all, so that their variance is often estimated as zero."""
    draw = np.random.default_rng(5)
    variance = np.array([0.3, 0.7, 1.0, 2.0, 4.0])[np.arange(40) % 5]
    design, codes = np.column_stack([np.ones(40), np.linspace(-1, 1, 40)]), tuple(map(str, range(40)))
    for between in (0.2, 0.05, 0.0):
        for _ in range(samples):
            truth = design @ [10, 2] + np.sqrt(between) * draw.normal(size=40)
            direct = truth + np.sqrt(variance) * draw.normal(size=40)
            found = fay_herriot(AreaData(codes, direct, variance, design, UNIT_NAMES))
            tally.add_model(f"areas alike, variance {between}", truth, found, np.ones(40, bool))


def shares(samples: int, tally: Tally) -> None:
    """Transformed models: amounts whose logarithms, and shares whose arcsines, follow the model."""
    draw = np.random.default_rng(2)
    design = np.column_stack([np.ones(AREAS), np.linspace(-1, 1, AREAS)])
    size = np.array([20, 40, 80, 160])[np.arange(AREAS) % 4].astype(float)
    has_sample, codes = np.arange(AREAS) % 12 != 11, tuple(map(str, range(AREAS)))
    for number in range(samples):
        logarithm = design @ [3, 0.5] + 0.15 * draw.normal(size=AREAS)
        truth, spread = np.exp(logarithm), 1.2 / np.sqrt(size)
        direct = truth * np.exp(spread * draw.normal(size=AREAS))
        # The direct variance is that of the amount: the model divides by the square of the estimate.
        data = AreaData(
            codes, np.where(has_sample, direct, np.nan), (direct * spread) ** 2, design, UNIT_NAMES
        )
        _with_bootstrap("logarithms", data, "log", truth, has_sample, tally, number)
        truth = np.sin(np.clip(design @ [0.5, 0.25] + 0.08 * draw.normal(size=AREAS), 0, np.pi / 2)) ** 2
        direct = draw.binomial(size.astype(int), truth) / size
        data = AreaData(codes, np.where(has_sample, direct, np.nan), truth * 0 + 1, design, UNIT_NAMES, size)
        _with_bootstrap("shares by arcsine", data, "arcsine", truth, has_sample, tally, number)


def _with_bootstrap(
    name: str, data: AreaData, scale: Any, truth: np.ndarray, some: np.ndarray, tally: Tally, number: int
) -> None:
    found = fay_herriot(data, transformation=scale)
    tally.add_model(name, truth, found, some)
    tally.add_model(f"{name}, no sample", truth, found, ~some)
    if number % 5 == 0:
        drawn = fay_herriot(data, transformation=scale, bootstrap=Bootstrap(60, number + 1))
        tally.add_model(f"{name}, bootstrap", truth, drawn, some)


def units(samples: int, tally: Tally) -> None:
    """Unit-level models: one to eight units in an area, whose mean has a fifth of the units' variance."""
    draw = np.random.default_rng(3)
    size = np.array([0, 1, 2, 3, 4, 5, 6, 8])[np.arange(40) % 8]
    place = np.repeat(np.arange(40), size)
    x = draw.normal(size=len(place)) + place % 5 / 5
    design, whole = np.column_stack([np.ones(len(place)), x]), np.array([40.0] * 40)
    means = np.column_stack([np.ones(40), np.arange(40) % 5 / 5 + 0.1])
    weights = draw.uniform(1, 4, len(place))
    sampled, codes = size > 0, tuple(map(str, range(40)))
    for number in range(samples):
        effect = draw.normal(size=40)
        outcome = design @ [5, 1] + effect[place] + np.sqrt(5) * draw.normal(size=len(place))
        truth = means @ [5, 1] + effect
        sums = unit_sums(place, 40, outcome, design, UNIT_NAMES)
        for method in ("reml", "ml", "fitting_of_constants"):
            found = nested_error(sums, Population(codes, means), UNIT_NAMES, method=method)
            tally.add_model(f"unit level, {method}", truth, found, sampled)
            tally.add_model(f"unit level, {method}, no sample", truth, found, ~sampled)
        heavy = unit_sums(place, 40, outcome, design, UNIT_NAMES, weights)
        found = nested_error(heavy, Population(codes, means), UNIT_NAMES)
        tally.add_model("unit level with survey weights", truth, found, sampled)
        _finite(sums, truth, outcome, design, place, effect, means, whole, sampled, tally, draw, number)


def _finite(
    sums: Any, truth: np.ndarray, outcome: np.ndarray, design: np.ndarray, place: np.ndarray,
    effect: np.ndarray, means: np.ndarray, whole: np.ndarray, sampled: np.ndarray, tally: Tally, draw: Any,
    number: int,
) -> None:  # fmt: skip
    """Populations of forty units, in which the sampled ones stand for themselves."""
    count = sums.size
    left = whole - count
    totals = np.column_stack([np.bincount(place, column, minlength=40) for column in design.T])
    others = (whole[:, None] * means - totals) / left[:, None]
    unsampled = others @ [5, 1] + effect + np.sqrt(5 / left) * draw.normal(size=40)
    actual = (np.bincount(place, outcome, minlength=40) + left * unsampled) / whole
    codes = tuple(map(str, range(40)))
    found = nested_error(sums, Population(codes, means, whole), UNIT_NAMES)
    tally.add_model("unit level, finite areas", actual, found, sampled)
    if number % 5 == 0:
        drawn = nested_error(
            sums, Population(codes, means, whole), UNIT_NAMES, bootstrap=Bootstrap(60, number + 1)
        )
        tally.add_model("unit level, finite areas, bootstrap", actual, drawn, sampled)


def speed() -> list[dict[str, Any]]:
    """Seconds of this process for large models, the best of three."""
    draw = np.random.default_rng(4)
    many = 10_000
    design = np.column_stack([np.ones(many), draw.normal(size=(many, 4))])
    variance = draw.uniform(0.5, 2, many)
    direct = design.sum(axis=1) + draw.normal(size=many) * np.sqrt(1 + variance)
    data = AreaData(tuple(map(str, range(many))), direct, variance, design, tuple("abcde"))
    groups = [str(area % 100) for area in range(many)]
    found = fay_herriot(data)
    level = direct_level("region", groups, found.estimates, np.ones(many))
    count = 1_000_000
    place = draw.integers(0, 1000, count)
    columns = np.column_stack([np.ones(count), draw.normal(size=(count, 4))])
    outcome = columns.sum(axis=1) + draw.normal(size=1000)[place] + 3 * draw.normal(size=count)
    names, population = tuple("abcde"), Population(tuple(map(str, range(1000))), np.ones((1000, 5)))
    sums = unit_sums(place, 1000, outcome, columns, names)
    work = {
        "10,000 areas, 5 coefficients, reml": lambda: fay_herriot(data),
        "10,000 areas made to add up to 100 totals": lambda: benchmarked(
            found.estimates, np.ones(many), [level]
        ),
        "10,000 areas, 100 bootstrap samples": lambda: fay_herriot(data, bootstrap=Bootstrap(100)),
        "1,000,000 units in 1,000 areas: sums": lambda: unit_sums(place, 1000, outcome, columns, names),
        "1,000,000 units in 1,000 areas: model": lambda: nested_error(sums, population, names),
        "1,000,000 units in 1,000 areas: 100 bootstrap samples": lambda: nested_error(
            sums, population, names, bootstrap=Bootstrap(100)
        ),
    }
    return [{"work": name, "seconds": _best(task)} for name, task in work.items()]


def _best(task: Any) -> float:
    taken = []
    for _ in range(3):
        begun = time.process_time()
        task()
        taken.append(time.process_time() - begun)
    return min(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--samples", type=int, default=600)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    tally = Tally()
    for part in (areas, alike, shares, units):
        part(asked.samples, tally)
    found = {"errors": tally.rows(), "speed": speed()}
    for row in found["errors"]:
        sys.stdout.write(
            f"{row['estimate']:58} told/made {row['told_by_made']:.3f} ± {row['error']:.3f}"
            f"  coverage {row['coverage']:.3f}  ({row['samples']} samples)\n"
        )
    for row in found["speed"]:
        sys.stdout.write(f"{row['work']:58} {row['seconds']:.3f} s\n")
    if asked.json is not None:
        asked.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
