"""Ruritania itself: its regions, the countries its people come from, and its calendar.

The weights of origins are rounded parts of a thousand and more, arranged by hand after the shape of
public migrant-stock figures: two neighbours make a third of the stock, ten origins three quarters, and
the rest is a long tail. New arrivals are spread wider than the stock. No figure is that of a real country.
"""

from __future__ import annotations

import csv
import datetime
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

__all__ = [
    "FIRST_DAY",
    "HOME",
    "LAST_DAY",
    "NEVER",
    "NO_AREA",
    "YEARS",
    "Areas",
    "Regions",
    "areas",
    "day_number",
    "first_day_of",
    "regions",
]

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

YEARS = range(2015, 2025)
HOME = 0
NO_AREA = -1
NEVER = 2**31 - 1


def day_number(day: datetime.date) -> int:
    """A day as the number of days since 1 January 1970."""
    return (day - datetime.date(1970, 1, 1)).days


def first_day_of(year: int) -> int:
    """The number of the first day of a year."""
    return day_number(datetime.date(year, 1, 1))


FIRST_DAY = first_day_of(YEARS[0])
LAST_DAY = first_day_of(YEARS[-1] + 1) - 1


@dataclass(frozen=True)
class Areas:
    """Countries as columns; Ruritania is the first, so that `HOME` is its position.

    `stock`, `arrivals` and `visits` are shares that add up to one; `january` is the share of people whose
    papers give 1 January as their birthday; `protection` the share of arrivals who seek protection; `near`
    are the countries whose citizens need no visa.
    """

    code: tuple[str, ...]
    alpha_2: tuple[str, ...]
    number: tuple[str, ...]
    name: tuple[str, ...]
    culture: tuple[str, ...]
    stock: Floats
    arrivals: Floats
    visits: Floats
    january: Floats
    protection: Floats
    near: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Regions:
    """Regions as columns: the share of residents, the pull on people from abroad, and survey strata."""

    code: tuple[str, ...]
    name: tuple[dict[str, str], ...]
    residents: Floats
    foreign: Floats
    strata: Integers


def rows_of(name: str) -> list[dict[str, str]]:
    """The lines of one of the demonstration's own small tables."""
    text = files("sojourn.demo").joinpath("data", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def areas() -> Areas:
    """Ruritania and the countries from which people come to it."""
    lines = rows_of("areas.csv")

    def shares(column: str) -> Floats:
        weights = np.array([float(line[column]) for line in lines])
        parts: Floats = weights / weights.sum()
        return parts

    def texts(column: str) -> tuple[str, ...]:
        return tuple(line[column] for line in lines)

    return Areas(
        texts("code"), texts("alpha_2"), texts("number"), texts("name"), texts("culture"),
        shares("stock"), shares("arrivals"), shares("visits"),
        np.array([float(line["january"]) for line in lines]),
        np.array([float(line["protection"]) for line in lines]),
        np.array([line["near"] == "1" for line in lines]),
    )  # fmt: skip


@cache
def regions() -> Regions:
    """The twelve regions of Ruritania."""
    lines = rows_of("regions.csv")
    residents = np.array([float(line["residents"]) for line in lines])
    foreign = residents * np.array([float(line["foreign"]) for line in lines])
    return Regions(
        tuple(line["code"] for line in lines),
        tuple({"en": line["name_en"], "ar": line["name_ar"]} for line in lines),
        residents / residents.sum(),
        foreign / foreign.sum(),
        np.array([int(line["strata"]) for line in lines]),
    )
