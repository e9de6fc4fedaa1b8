"""The files of the census: everyone, a stratified sample of neighbourhoods, and the declarations of both."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv

from sojourn.demo.census.answers import answers_of
from sojourn.demo.census.people import Households, Rng, households_of
from sojourn.demo.country import areas
from sojourn.errors import ProjectError

__all__ = ["CensusFiles", "write_census"]

# Of the neighbourhoods of each region, one in so many is drawn, and two at least.
_ONE_IN = 8
_DECLARATIONS = ("census.yaml", "survey.yaml", "design.yaml")


@dataclass(frozen=True)
class CensusFiles:
    """The folder that was written, and the rows of each file."""

    folder: Path
    rows: dict[str, int]


def write_census(folder: Path, *, households: int = 20_000, seed: int = 2024) -> CensusFiles:
    """Write the census and the sample into a new or empty folder; the same seed writes the same bytes.

    Raises: ProjectError for a folder that holds something, or too few households.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ProjectError(f"{folder} is not empty.", "Name a new or an empty folder.")
    if households < 500:
        raise ProjectError(f"A census of {households} households is too small.", "Ask for 500 or more.")
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    people = households_of(rng, households)
    answers = answers_of(rng, people)
    sample = _sample(rng, people, answers.persons)
    drawn = pc.is_in(answers.emigrants["HH"], sample["HH"])
    tables = {
        "census_persons": answers.persons,
        "census_emigrants": answers.emigrants,
        "survey_persons": sample,
        "survey_emigrants": answers.emigrants.filter(drawn),
    }
    for name, table in tables.items():
        pcsv.write_csv(table, folder / f"{name}.csv", pcsv.WriteOptions(quoting_style="needed"))
    _write_declarations(folder)
    return CensusFiles(folder, {name: len(table) for name, table in tables.items()})


def _sample(rng: Rng, people: Households, persons: pa.Table) -> pa.Table:
    """The persons of neighbourhoods that were drawn in each region, with stratum, unit and weight."""
    unit_of_household = people.unit[people.member == 0]
    region_of_household = people.region[people.member == 0]
    region_of_unit = region_of_household[np.unique(unit_of_household, return_index=True)[1]]
    there = np.bincount(region_of_unit)
    wanted = np.minimum(np.maximum(there // _ONE_IN, 2), there)
    luck = rng.random(len(region_of_unit))
    order = np.lexsort((luck, region_of_unit))
    place = np.arange(len(order)) - (there.cumsum() - there)[region_of_unit[order]]
    is_drawn = np.zeros(len(order), np.bool_)
    is_drawn[order] = place < wanted[region_of_unit[order]]
    rows = np.flatnonzero(is_drawn[people.unit])
    region = people.region[rows]
    return (
        persons.take(pa.array(rows))
        .append_column("STRATUM", pa.array(region + 1))
        .append_column("UNIT", pa.array(people.unit[rows] + 1))
        .append_column("UNITS", pa.array(there[region]))
        .append_column("WT", pa.array(there[region] / wanted[region]))
    )


def _write_declarations(folder: Path) -> None:
    for name in _DECLARATIONS:
        text = files("sojourn.demo.census").joinpath(name).read_text(encoding="utf-8")
        (folder / name).write_text(text, encoding="utf-8")
    with (folder / "country.csv").open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        writer.writerow(("from", "to"))
        writer.writerows(zip(areas().number, areas().code, strict=True))
        writer.writerows((("998", "STLS"), ("999", "_U")))
