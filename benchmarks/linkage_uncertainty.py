"""How often an interval of what linkage adds holds the truth, on generated countries.

    python benchmarks/linkage_uncertainty.py [--countries N] [--persons N] [--json FILE]

Border and register of each country are linked with the specification that ships. The numbers are how many
border records are of persons in the register: in all, and for each of the twenty largest citizenships.
They are made from the links that were found and from twenty drawn sets of links, without a review and with
reviews of 200 and 500 pairs in which every decision is right. Intervals are the figure less and plus 1.96
errors, as `links uncertainty` tells the error and as it is published, in its class.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sojourn.disclosure.linkage_errors import ends_of_classes
from sojourn.integration.linkage.encoding import encoded
from sojourn.integration.linkage.linking import Linked, linked, planned
from sojourn.integration.linked_versions import combined, matchings
from sojourn.integration.review_sampling import ReviewDesign, drawn_pairs, sampling_plan
from sojourn.integration.reviewed_probabilities import ReviewedProbabilities
from sojourn.production.linkage_files import chosen_specification
from sojourn.project.linkage_declarations import shipped_linkage

SIZES, VERSIONS, GROUPS, LEAST = (0, 200, 500), 20, 20, 0.01
NOT_COMPARED = ["source", "reference_date", "household_id"]


class Country:
    """One country: the linkage of its border and register, and who is who in truth."""

    def __init__(self, folder: Path) -> None:
        border, register = (pq.read_table(folder / f"{name}.parquet") for name in ("border", "register"))
        self.found = linked_files(border, register)
        size = len(border)
        persons = persons_of(folder)
        here = np.array([persons["border", key] for key in border["record_id"].to_pylist()])
        there = np.array([persons["register", key] for key in register["record_id"].to_pylist()])
        self.one = self.found.ones.astype(np.int64)
        self.same = here[self.one] == there[self.found.others.astype(np.int64) - size]
        self.citizenship = border["citizenship"].fill_null("_U").to_numpy(zero_copy_only=False)
        codes, counts = np.unique(self.citizenship, return_counts=True)
        self.groups = codes[np.argsort(-counts, kind="stable")[:GROUPS]]
        self.all_pairs = self.counted(np.flatnonzero(np.isin(here, there)))
        self.looked_at = self.counted(np.unique(self.one[self.same]))
        self.figure = self.counted(self.one[self.found.is_link])

    def counted(self, records: np.ndarray) -> np.ndarray:
        """The number of border records, in all and by citizenship."""
        of = self.citizenship[records]
        return np.array([len(of), *((of == code).sum() for code in self.groups)], dtype=np.float64)

    def errors(self, reviewed: int, seed: int) -> np.ndarray:
        """The error of each number, after a review of so many pairs."""
        drawn = np.stack([self.counted(self.one[pairs]) for pairs in self._drawn(reviewed, seed)])
        by_draws = np.sqrt(combined(drawn, np.zeros_like(drawn)).added)
        return np.hypot(by_draws, drawn.mean(axis=0) - self.figure)

    def _drawn(self, reviewed: int, seed: int) -> Iterator[np.ndarray]:
        here, there, chance = self.found.ones, self.found.others, self.found.probability
        draw = np.random.default_rng(seed)
        known = self._reviewed(reviewed, seed) if reviewed else None
        for _ in range(VERSIONS):
            own = known.drawn(draw) if known is not None else chance
            likely = np.flatnonzero(own >= LEAST)
            own_seed = int(draw.integers(1 << 31))
            (flags,) = matchings(here[likely], there[likely], own[likely], versions=1, seed=own_seed)
            yield likely[flags]

    def _reviewed(self, size: int, seed: int) -> ReviewedProbabilities:
        """The probabilities after a review; what was decided stands, as it does in the next linkage."""
        here, there, chance = self.found.ones, self.found.others, self.found.probability.copy()
        names = pa.array([str(number) for number in range(len(chance))])
        pairs = pa.table({"pair_id": names, "probability": chance, "is_link": self.found.is_link})
        design = ReviewDesign(size=size)
        plan = sampling_plan(pairs, design=design)
        sample = drawn_pairs(pairs, plan, design=design, seed=seed)
        rows = np.array([int(name) for name in sample["pair_id"].to_pylist()])
        stratum, same = sample["stratum"].to_numpy(), self.same[rows]
        for name, chosen in (("same", same), ("different", ~same)):
            plan = plan.append_column(name, pa.array(np.bincount(stratum[chosen], minlength=len(plan))))
        is_decided = np.isin(here, here[rows[same]]) | np.isin(there, there[rows[same]])
        is_decided[rows] = True
        chance[is_decided] = 0.0
        chance[rows[same]] = 1.0
        return ReviewedProbabilities(here, there, chance, self.found.is_link, is_decided, plan)


def linked_files(border: pa.Table, register: pa.Table) -> Linked:
    """The linkage of both by the specification that ships."""
    tables = [table.drop([*NOT_COMPARED, "record_id"]) for table in (border, register)]
    specification, places = chosen_specification(shipped_linkage(), [table.column_names for table in tables])
    renamed = [
        pa.table({field: table[column] for field, column in place.items()})
        for table, place in zip(tables, places, strict=True)
    ]
    columns = {field.name: field.name for field in specification.fields}
    records = encoded(renamed, specification.fields, columns)
    return linked(records, specification, planned(records, specification))


def persons_of(folder: Path) -> dict[tuple[str, str], int]:
    """The person of each record, by source and record."""
    truth = pq.read_table(folder / "truth" / "records.parquet", columns=["source", "record_id", "person"])
    columns = (truth[name].to_pylist() for name in ("source", "record_id", "person"))
    return {(source, record): person for source, record, person in zip(*columns, strict=True)}


def held(country: Country, seed: int) -> Iterator[dict[str, Any]]:
    """For each review and truth whether the intervals hold it, the total first."""
    for size in SIZES:
        error = country.errors(size, seed)
        widths = {"exact": error, "class": ends_of_classes(error, np.ones_like(error))}
        for truth, value in (("looked at", country.looked_at), ("all pairs", country.all_pairs)):
            for width, of in widths.items():
                inside = np.abs(country.figure - value) <= 1.96 * of + 1e-9
                yield {"reviewed": size, "truth": truth, "error": width, "held": inside.tolist()}


def main() -> None:
    """Print the shares of intervals that hold the truth, and write JSON when asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--countries", type=int, default=24)
    parser.add_argument("--persons", type=int, default=8_000)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    found: list[dict[str, Any]] = []
    for seed in range(1, arguments.countries + 1):
        with tempfile.TemporaryDirectory(prefix="sojourn-uncertainty-") as name:
            command = [sys.executable, "-m", "sojourn.demo.identities", f"{name}/country", "--sources", "2"]
            command += ["--persons", str(arguments.persons), "--seed", str(seed)]
            subprocess.run(command, check=True, capture_output=True)
            found += held(Country(Path(name) / "country"), seed)
    rows = []
    for key in dict.fromkeys((row["reviewed"], row["truth"], row["error"]) for row in found):
        inside = np.array(
            [row["held"] for row in found if (row["reviewed"], row["truth"], row["error"]) == key]
        )
        rows.append([*key, round(float(inside[:, 0].mean()), 3), round(float(inside[:, 1:].mean()), 3)])
        print("{:>4} reviewed, {}, {} error: total {:.1%}, by citizenship {:.1%}".format(*rows[-1]))
    if arguments.json:
        names = ("reviewed", "truth", "error", "total", "by_citizenship")
        arguments.json.write_text(json.dumps([dict(zip(names, row, strict=True)) for row in rows], indent=1))


if __name__ == "__main__":
    main()
