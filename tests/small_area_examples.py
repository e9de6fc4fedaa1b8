"""Published small-area examples, and a made one that R makes too, as the functions take them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np

from sojourn.statistics.small_areas import AreaData, Population, UnitSums, unit_sums

FOLDER = Path(__file__).parent / "oracle" / "statistics" / "small_areas"
NAMES = ("(intercept)", "corn_pixels", "soybean_pixels")


def columns(name: str) -> dict[str, np.ndarray]:
    """The numeric columns of a file."""
    with (FOLDER / name).open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {key: np.array([float(row[key]) for row in rows]) for key in rows[0] if key != "name"}


def published() -> dict[str, Any]:
    """What others have published."""
    found: dict[str, Any] = json.loads((FOLDER / "published.json").read_text(encoding="utf-8"))
    return found


def milk() -> AreaData:
    """Expenditure on milk in 43 areas, by four major areas."""
    data = columns("milk.csv")
    areas = tuple(str(int(each)) for each in data["area"])
    design = np.column_stack([np.ones(43), *(data["major_area"] == major for major in (2, 3, 4))])
    names = ("(intercept)", "major_2", "major_3", "major_4")
    return AreaData(areas, data["direct"], data["standard_error"] ** 2, design.astype(float), names)


def made(times: float = 1.0) -> AreaData:
    """60 areas whose variances differ a hundredfold; `times` makes them larger."""
    i = np.arange(1, 61)
    x = (i * 37) % 61 / 10
    direct = 3 + 0.8 * x - np.cos(i) + 1.2 * np.sin(7 * i) + 0.6 * np.cos(11 * i * i)
    variance = times * 0.05 * (1 + (i * i) % 23) ** 1.3
    design = np.column_stack([np.ones(60), x, np.cos(i)])
    return AreaData(tuple(map(str, i)), direct, variance, design, ("(intercept)", "x", "u"))


def segments(outcome: str = "corn", *, is_whole: bool = False) -> UnitSums:
    """Segments of the twelve counties, the 33rd only when it is whole."""
    data = columns("segments.csv")
    chosen = np.ones(37, bool) if is_whole else np.arange(37) != 32
    design = np.column_stack([np.ones(37), data["corn_pixels"], data["soybean_pixels"]])[chosen]
    return unit_sums(data["county"][chosen].astype(int) - 1, 12, data[outcome][chosen], design, NAMES)


def counties(*, is_finite: bool = False) -> Population:
    """The twelve counties, with the number of their segments when they are finite."""
    data = columns("counties.csv")
    means = np.column_stack([np.ones(12), data["corn_pixels"], data["soybean_pixels"]])
    names = tuple(str(int(each)) for each in data["county"])
    return Population(names, means, data["segments"] if is_finite else None)


def made_units() -> tuple[UnitSums, Population, np.ndarray]:
    """1,200 units in 40 areas of very different sizes, and the covariates of the units."""
    k = np.arange(1200)
    area = np.floor(40 * (k / 1200) ** 1.7).astype(int)
    design = np.column_stack([np.ones(1200), k * 37 % 101 / 20, area % 7]).astype(float)
    outcome = (
        50
        + 2 * design[:, 1]
        - design[:, 2]
        + 1.5 * np.cos(3 * area**2)
        + 2.5 * np.sin(k * k)
        + np.cos(17 * k)
    )
    sums = unit_sums(area, 40, outcome, design, ("(intercept)", "x", "z"))
    means = np.column_stack([np.ones(40), np.full(40, 2.5), np.arange(40) % 7])
    return sums, Population(tuple(map(str, range(40))), means), design
