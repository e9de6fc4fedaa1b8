"""A generated country of many origins: how well the persons of its five sources are found in one another.

    python benchmarks/linkage_ruritania.py [--persons N] [--seed S] [--json FILE]
    python benchmarks/linkage_ruritania.py --country FOLDER

The country is written by `python -m sojourn.demo.identities`, or is there already in FOLDER. All five
sources are linked in one run by `sojourn tool link` with the specification that ships: two records of two
sources count as linked when they have one person. Then the border is linked with each other source alone.
Beside border and register stands Splink with names in Latin letters, twice: with its own comparisons, and
with more levels for names and dates; one to one, at even odds and at the threshold that turns out best.
Every run is a process of its own. Truth is used for scores only.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from costs import Cost, cost
from ruritania_scores import Count, Found, scored_persons

PEERS = Path(__file__).with_name("linkage_peers")
BORDER, OTHERS = "border", ("register", "permits", "work", "survey")
TOGETHER = (BORDER, *OTHERS)
PEER_WITH = "register"
SOJOURN = [sys.executable, "-m", "sojourn", "--json", "tool", "link"]
SPLINKS: dict[str, list[str]] = {"Splink": [], "Splink, more levels": ["--levels"]}
# Match weights that are tried; at zero the odds are even by Splink's own account.
LOWEST = -15
THRESHOLDS = tuple(range(LOWEST, 21))
OWN = 0


@dataclass(frozen=True)
class Run:
    """What one linkage found between two sources, at the tool's own threshold or another."""

    tool: str
    pair: tuple[str, str]
    at: str
    cost: Cost
    compared: int
    found: Found

    def row(self) -> dict[str, object]:
        """Everything as plain values."""
        return {
            "tool": self.tool,
            "sources": list(self.pair),
            "at": self.at,
            "pairs_compared": self.compared,
            "cpu_seconds": round(self.cost.cpu, 2),
            "peak_megabytes": round(self.cost.megabytes),
            **self.found.row(),
        }


def main() -> None:
    """Print the scores, and write JSON when asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--persons", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=2024)
    parser.add_argument("--country", type=Path, help="a country that is there already")
    parser.add_argument("--without-splink", action="store_true")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sojourn-ruritania-") as name:
        folder = Path(name)
        country = arguments.country or generated(folder / "country", arguments.persons, arguments.seed)
        print(HEADER)
        runs = by_sojourn_together(country, folder)
        runs += [by_sojourn(country, other, folder) for other in OTHERS]
        if not arguments.without_splink:
            for tool in SPLINKS:
                runs += by_splink(tool, country, folder)
        for run in runs:
            print("\n".join(origins_of(run)))
    if arguments.json:
        arguments.json.write_text(json.dumps([run.row() for run in runs], indent=1))


def generated(folder: Path, persons: int, seed: int) -> Path:
    """Write the country."""
    size = ["--persons", str(persons), "--seed", str(seed)]
    print(cost("the country", [sys.executable, "-m", "sojourn.demo.identities", str(folder), *size]))
    return folder


def by_sojourn_together(country: Path, folder: Path) -> list[Run]:
    """All sources linked in one run: what was found between each two of them, and in all."""
    persons = folder / "persons.parquet"
    files = [str(country / f"{source}.parquet") for source in TOGETHER]
    spent = cost(
        "Sojourn: all five", [*SOJOURN, *files, str(folder / "together.parquet"), "--persons", str(persons)]
    )
    compared = json.loads(spent.said)["pairs_compared"]
    runs = []
    for pair in itertools.combinations(TOGETHER, 2):
        found = scored_persons(links_of_persons(persons, *pair), country / "truth", pair)
        runs.append(Run("Sojourn, all five", pair, "as it ships", spent, compared, found))
        print(line_of(runs[-1]), flush=True)
    every = [run.found for run in runs]
    for what, counts in (
        ("all", [found.all for found in every]),
        ("without those apart", [found.without_apart for found in every]),
    ):
        sums = [sum(column) for column in zip(*((c.made, c.correct, c.truths) for c in counts), strict=True)]
        print(f"all ten pairs of sources, {what}: {_shares(Count(*sums), 10)}", flush=True)
    return runs


def links_of_persons(persons: Path, one: str, other: str) -> pa.Table:
    """The records of two sources that have one person: id_l and id_r."""
    with duckdb.connect() as engine:
        return engine.sql(
            """SELECT l.record_id AS id_l, r.record_id AS id_r
            FROM read_parquet($persons) l JOIN read_parquet($persons) r USING (person)
            WHERE l.file = $one AND r.file = $other""",
            params={"persons": str(persons), "one": f"{one}.parquet", "other": f"{other}.parquet"},
        ).to_arrow_table()


def by_sojourn(country: Path, other: str, folder: Path) -> Run:
    """The border linked with another source by the command as it ships."""
    target = folder / f"{other}.parquet"
    files = [str(country / f"{source}.parquet") for source in (BORDER, other)]
    spent = cost(f"Sojourn: {other}", [*SOJOURN, *files, str(target)])
    pairs = pq.read_table(target, columns=["record_a", "record_b", "is_link"])
    links = pairs.filter(pairs["is_link"]).select(["record_a", "record_b"]).rename_columns(["id_l", "id_r"])
    found = scored_persons(links, country / "truth", (BORDER, other))
    run = Run(
        "Sojourn", (BORDER, other), "as it ships", spent, json.loads(spent.said)["pairs_compared"], found
    )
    print(line_of(run), flush=True)
    return run


def by_splink(tool: str, country: Path, folder: Path) -> list[Run]:
    """Border and register linked one to one by Splink: at even odds, and at the threshold best in truth."""
    target = folder / f"{tool}.parquet"
    files = [str(country / f"{source}.parquet") for source in (BORDER, PEER_WITH)]
    options = [*SPLINKS[tool], "--lowest", str(LOWEST)]
    spent = cost(tool, [sys.executable, str(PEERS / "splink_migrants.py"), *files, str(target), *options])
    pairs = pq.read_table(target)
    pairs = pairs.filter(pairs["is_mutual_best"])
    found = {
        threshold: scored_persons(
            pairs.filter(pc.greater_equal(pairs["weight"], pa.scalar(float(threshold)))),
            country / "truth",
            (BORDER, PEER_WITH),
        )
        for threshold in THRESHOLDS
    }
    highest = max(found, key=lambda threshold: found[threshold].all.f1 or 0.0)
    compared = json.loads(spent.said)["candidates"]
    runs = [
        Run(tool, (BORDER, PEER_WITH), f"weight {OWN}", spent, compared, found[OWN]),
        Run(tool, (BORDER, PEER_WITH), f"best, {highest}", spent, compared, found[highest]),
    ]
    print("\n".join(line_of(run) for run in runs), flush=True)
    return runs


HEADER = (
    f"{'tool':<20} {'sources':<16} {'at':<12} {'compared':>11} {'CPU s':>7} {'MB':>6}"
    f" | {'persons':>8} {'P':>6} {'R':>6} {'F1':>6} | {'without':>8} {'P':>6} {'R':>6} {'F1':>6}"
    f" | {'apart':>7} {'P':>6} {'R':>6} {'F1':>6}"
)


def line_of(run: Run) -> str:
    """A run as a line of the table: all, without the hard part, the hard part."""
    parts = " | ".join(
        _shares(count, width)
        for count, width in ((run.found.all, 8), (run.found.without_apart, 8), (run.found.apart, 7))
    )
    return (
        f"{run.tool:<20} {' '.join(run.pair):<16} {run.at:<12} {run.compared:>11,} {run.cost.cpu:>7.1f}"
        f" {run.cost.megabytes:>6.0f} | {parts}"
    )


def _shares(count: Count, width: int) -> str:
    shares = " ".join(
        f"{'–' if it is None else format(it, '.4f'):>6}" for it in (count.precision, count.recall, count.f1)
    )
    return f"{count.truths:>{width},} {shares}"


def origins_of(run: Run) -> list[str]:
    """The worst origins of a run, and what those of few persons have together."""
    found = run.found
    head = f"\n{run.tool}, {' and '.join(run.pair)}, {run.at}: recall by origin, of {len(found.origins)}"
    worst = "  ".join(f"{each.origin} {each.recall:.4f} ({each.persons:,})" for each in found.origins[:5])
    persons = sum(each.persons for each in found.small_origins)
    if not persons:
        return [head, f"  worst: {worst}"]
    least = found.small_origins[0]
    together = sum(each.found for each in found.small_origins) / persons
    few = (
        f"  {len(found.small_origins)} of fewer than 500 persons, {persons:,} in all, have {together:.4f}"
        f" together; worst {least.origin} {least.recall:.4f} ({least.persons})"
    )
    return [head, f"  worst: {worst}", few]


if __name__ == "__main__":
    main()
