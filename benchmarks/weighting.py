"""Calibration beside R survey, and how far its standard errors and those of small groups can be trusted.

    python benchmarks/weighting.py [--persons 100000] [--samples 500] [--json FILE]

The first part calibrates a sample to 101 totals of three margins, by three distances, here and
(where R with its package survey is installed) there: CPU seconds without start-up and reading, and the
largest relative difference between the weights.

The second part draws samples of 1,000 from populations whose totals are known. After calibration to age and
sex it counts how often the interval of 95 per cent holds the total of a measure, of the whole and of a region
with 14 respondents; and it compares direct, synthetic, model-assisted and composite estimates of the 24
regions: the root of the mean squared error that they have, and the one that the composites say they have,
with their weights taken as known and with what that leaves out.

The third part asks the same of composites of few and of many groups, whose synthetic estimates are biased
not at all, a little, much, or in one group alone, with 14 to 70 or with 2 to 200 respondents: 20 times as
many draws of the groups' estimates as samples.
"""

from __future__ import annotations

import argparse
import itertools
import json
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv

from sojourn.statistics.weighting import (
    CompositeRule,
    Distance,
    Margin,
    WorkingModel,
    calibrated,
    calibration_residuals,
    composite_estimates,
    margin_of_table,
    model_assisted,
)

SCRIPT = Path(__file__).with_name("weighting.R")
DISTANCES = {"linear": Distance(), "raking": Distance("raking"), "logit": Distance("logit", 0.3, 3.0)}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--persons", type=int, default=100_000)
    arguments.add_argument("--samples", type=int, default=500)
    arguments.add_argument("--json", type=Path)
    chosen = arguments.parse_args()
    found = {
        "calibration": timed(chosen.persons),
        "simulation": simulated(chosen.samples),
        "composites": stated(20 * chosen.samples),
    }
    for name, row in found["calibration"].items():
        print(f"{name:22} " + "  ".join(f"{key} {value:.3g}" for key, value in row.items()))
    for name, value in found["simulation"].items():
        print(f"{name:86} {value:.4g}")
    for name, row in found["composites"].items():
        print(f"{name:54} " + "  ".join(f"{key} {value:.2f}" for key, value in row.items()))
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def timed(persons: int) -> dict[str, dict[str, float]]:
    """CPU seconds of each distance here and in R, and how far the weights differ."""
    draw = np.random.default_rng(5)
    records = pa.table(
        {
            "sex": draw.choice(["F", "M"], persons),
            "age": draw.choice([f"a{number:02d}" for number in range(18)], persons),
            "region": draw.choice([f"r{number:02d}" for number in range(40)], persons),
            "born": draw.choice([f"b{number:02d}" for number in range(25)], persons),
            "w": draw.uniform(10, 30, persons),
        }
    )
    truth = records["w"].to_numpy() * draw.uniform(0.7, 1.4, persons)
    margins = [margin(records, truth, columns) for columns in (["sex", "age"], ["region"], ["born"])]
    theirs = _of_r(records, margins)
    found = {}
    for name, distance in DISTANCES.items():
        began = time.process_time()
        ours = calibrated(records, margins, weight="w", distance=distance).weights["weight"].to_numpy()
        row = {"CPU s": time.process_time() - began}
        if theirs is not None:
            weights, row["CPU s of R"] = theirs[name]
            row["largest difference"] = float(np.max(np.abs(ours / weights - 1)))
        found[f"{name}, {persons:,}"] = row
    return found


def margin(records: pa.Table, weights: np.ndarray, columns: list[str]) -> Margin:
    table = records.append_column("v", pa.array(weights)).group_by(columns).aggregate([("v", "sum")])
    return margin_of_table(table.rename_columns([*columns, "total"]), "_".join(columns), columns)


def _of_r(records: pa.Table, margins: list[Margin]) -> dict[str, tuple[np.ndarray, float]] | None:
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        pcsv.write_csv(records, Path(folder, "records.csv"))
        for each in margins:
            rows = [(*cell, total) for cell, total in each.totals.items()]
            names = [*each.columns, "total"]
            table = pa.table(dict(zip(names, zip(*rows, strict=True), strict=True)))
            pcsv.write_csv(table, Path(folder, f"{each.id}.csv"))
        subprocess.run(["Rscript", str(SCRIPT), folder], check=True, capture_output=True)
        lines = (line.split() for line in Path(folder, "found.txt").read_text().splitlines())
        return {name: (np.array(rest, float), float(spent)) for name, spent, *rest in lines}


def simulated(samples: int) -> dict[str, float]:
    """How estimates from many samples lie to the totals of their populations, ten samples from each."""
    draw = np.random.default_rng(8)
    kinds = ("direct", "synthetic", "model-assisted", "composite", "composite, model-assisted")
    said = tuple(f"{kind}, {how}" for kind in kinds[3:] for how in ("says", "says of a known weight"))
    errors: dict[str, list[np.ndarray]] = {name: [] for name in (*kinds, *said)}
    holds, biases = [], []
    for _ in range(max(1, samples // 10)):
        population = _population(draw, 60_000)
        known = margin(population, np.ones(len(population)), ["sex", "age"])
        by_region = population.group_by("region").aggregate([("y", "sum"), ("y", "count")]).sort_by("region")
        truth, size = by_region["y_sum"].to_numpy(), by_region["y_count"].to_numpy()
        for _ in range(10):
            chosen = np.sort(draw.choice(len(population), 1_000, replace=False))
            weights = np.full(len(chosen), len(population) / len(chosen))
            sample = population.take(pa.array(chosen)).append_column("w", pa.array(weights))
            holds.append(_intervals_hold(sample, known, truth.sum(), truth[0], "r00"))
            found = _of_regions(sample, population)
            for name in kinds:
                errors[name].append(((found[name] - truth) / size) ** 2)
            biases.append(float((found["bias"] / size**2)[0]))
            for name in said:
                errors[name].append(found[name] / size**2)
    share = 100 * np.mean(holds, axis=0)
    told = {
        "intervals of 95 % that hold the total, %": float(share[0]),
        "intervals of 95 % that hold the total of a small group, %": float(share[1]),
    }
    for name in (*kinds, *said):
        told[f"root of mean squared error per head, {name}"] = float(np.sqrt(np.mean(errors[name])))
    order = np.argsort(biases)
    for part, places in zip(("least", "middle", "largest"), np.array_split(order, 3), strict=True):
        for name in ("composite, model-assisted", "composite, model-assisted, says"):
            error = float(np.sqrt(np.mean(np.array(errors[name])[places])))
            told[f"{name}, third of samples with {part} estimated bias"] = error
    return told | {
        "mean estimated squared bias per head": float(np.mean(biases)),
        "its standard deviation": float(np.std(biases)),
    }


def _of_regions(sample: pa.Table, population: pa.Table) -> dict[str, np.ndarray]:
    """Totals of the regions by each estimate, and the mean squared errors that composites say they have."""
    groups = model_assisted(
        sample, population, WorkingModel(("sex", "age")), measure="y", weight="w", by="region"
    )
    columns = {"direct": groups["direct"], "synthetic": groups["synthetic"]}
    columns |= {"model-assisted": groups["estimate"]}
    for name, rule in (("composite", "direct"), ("composite, model-assisted", "model-assisted")):
        found = composite_estimates(groups, CompositeRule(unbiased=rule))
        columns |= {name: found["estimate"], f"{name}, says": found["mse"]}
        columns[f"{name}, says of a known weight"] = pc.subtract(found["mse"], found["weight_mse"])
        columns["bias"] = found["bias_squared"]
    return {name: column.to_numpy() for name, column in columns.items()}


BIASES = {
    "none": lambda draw, groups: np.zeros(groups),
    "half as large as errors": lambda draw, groups: draw.normal(0, 0.5, groups),
    "as large as errors": lambda draw, groups: draw.normal(0, 1.0, groups),
    "twice as large": lambda draw, groups: draw.normal(0, 2.0, groups),
    "as large, skewed": lambda draw, groups: draw.exponential(1.0, groups) - 1,
    "of one group": lambda draw, groups: np.sqrt(groups) * (np.arange(groups) == groups // 2),
}


SIZES = {
    "14 to 70": lambda groups: np.linspace(14, 70, groups),
    "2 to 200": lambda groups: np.geomspace(2, 200, groups),
}


def stated(draws: int) -> dict[str, dict[str, float]]:
    """Roots of mean squared errors of composites over those that they say they have, by groups and bias."""
    draw = np.random.default_rng(5)
    found = {}
    for groups, (kind, sizes) in itertools.product((3, 5, 10, 24, 100), SIZES.items()):
        respondents = sizes(groups)
        variance = 25 / respondents
        for name, bias in BIASES.items():
            rows = []
            for _ in range(max(1, draws // groups)):
                table = _estimates(
                    draw.normal(0, np.sqrt(variance)), bias(draw, groups), variance, respondents
                )
                made = composite_estimates(table, CompositeRule(variances="given"))
                error, part = made["mse"].to_numpy(), made["weight_mse"].to_numpy()
                rows.append([(made["estimate"].to_numpy() ** 2).mean(), error.mean(), (error - part).mean()])
            true, said, known = np.mean(rows, axis=0)
            found[f"{groups} groups of {kind}, bias {name}"] = {
                "says / is": float(np.sqrt(said / true)),
                "of a known weight / is": float(np.sqrt(known / true)),
                "is / direct": float(np.sqrt(true / variance.mean())),
            }
    return found


def _estimates(direct: np.ndarray, synthetic: np.ndarray, variance: np.ndarray, size: np.ndarray) -> pa.Table:
    """Groups of one person each whose true totals are zero."""
    zeros = np.zeros(len(direct))
    columns = {"group": [str(number) for number in range(len(direct))], "respondents": size.astype(int)}
    columns |= {"population": zeros + 1, "direct": direct, "direct_variance": variance}
    return pa.table(columns | {"synthetic": synthetic, "synthetic_variance": zeros, "covariance": zeros})


def _population(draw: np.random.Generator, people: int) -> pa.Table:
    age = draw.integers(0, 6, people)
    region = draw.choice(24, people, p=np.linspace(1, 5, 24) / np.linspace(1, 5, 24).sum())
    effect = draw.normal(0, 1.0, 24)
    return pa.table(
        {
            "sex": draw.choice(["F", "M"], people),
            "age": [f"a{number}" for number in age],
            "region": [f"r{number:02d}" for number in region],
            "y": 10 + 2.0 * age + effect[region] + draw.normal(0, 5, people),
        }
    )


def _intervals_hold(
    sample: pa.Table, known: Margin, total: float, of_group: float, group: str
) -> tuple[bool, bool]:
    found = calibrated(sample, [known], weight="w")
    weights = found.weights["weight"].to_numpy()
    values = sample["y"].to_numpy()
    inside = values * (sample["region"].to_numpy(zero_copy_only=False) == group)
    scores = np.column_stack([values, inside])
    residuals = calibration_residuals(scores, found.auxiliaries, sample["w"].to_numpy())
    spread = weights[:, None] * residuals
    errors = np.sqrt(len(sample) / (len(sample) - 1) * ((spread - spread.mean(axis=0)) ** 2).sum(axis=0))
    off = np.abs(weights @ scores - [total, of_group])
    return tuple((off <= 1.96 * errors).tolist())


if __name__ == "__main__":
    main()
