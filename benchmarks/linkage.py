"""Two files of a million records each, linked without a common number: CPU, memory, precision and recall.

    python benchmarks/linkage.py [--records N] [--seed S] [--json FILE]
    python benchmarks/linkage.py --files A.parquet B.parquet PERSONS.parquet

The files are made by `linkage_country.py`, which declares their noise, or those named; PERSONS has record_id
and person. Beside `sojourn tool link` stands Splink with names in Latin letters, mutual best and
training capped as its users do. Linked twice: by the seven rules that Splink is given, and by the
specification that ships. Every run is a process of its own.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from costs import Cost, cost

PEERS = Path(__file__).with_name("linkage_peers")
sys.path.insert(0, str(PEERS))
from linkage_scores import scored_between, table  # noqa: E402 - the peers are scripts in a folder of their own

SOJOURN = [sys.executable, "-m", "sojourn", "--json", "tool", "link"]


def true_pairs(files: list[Path], persons: Path) -> pa.Table:
    """The pairs of records of one person, one of each file."""
    import duckdb

    left, right, known = (str(file) for file in (*files, persons))
    connection = duckdb.connect()
    asked = f"""SELECT a.record_id AS id_l, b.record_id AS id_r
      FROM read_parquet('{known}') a JOIN read_parquet('{known}') b USING (person)
      WHERE a.record_id IN (SELECT record_id FROM read_parquet('{left}'))
        AND b.record_id IN (SELECT record_id FROM read_parquet('{right}'))"""
    found: pa.Table = connection.sql(asked).to_arrow_table()
    return found


def of_sojourn(
    what: str, files: list[Path], persons: Path, folder: Path, options: list[str]
) -> tuple[Cost, dict]:
    """One linkage by the command, with its score."""
    target = folder / f"{what}.parquet"
    command = [*SOJOURN, *map(str, files), str(target), "--truth", str(persons), *options]
    spent = cost(f"sojourn: {what}", command)
    return spent, json.loads(spent.said)


def main() -> None:
    """Print the table, and write JSON when asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--files", nargs=3, type=Path)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sojourn-linkage-") as name:
        folder = Path(name)
        left, right, persons = arguments.files or generated(folder, arguments.records, arguments.seed)
        results = compared([left, right], persons, folder)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1))


def generated(folder: Path, records: int, seed: int) -> tuple[Path, Path, Path]:
    """Two sources of the generated country and the persons of their records."""
    from linkage_country import two_sources

    found: tuple[Path, Path, Path] = two_sources(folder, records, seed)
    return found


def compared(files: list[Path], persons: Path, folder: Path) -> list[dict]:
    """Link the files in every way, and print what each cost and found."""
    results = []
    peer_pairs = folder / "peer.parquet"
    peer = cost(
        "splink", [sys.executable, str(PEERS / "splink_migrants.py"), *map(str, files), str(peer_pairs)]
    )
    scored = scored_between(pq.read_table(peer_pairs), true_pairs(files, persons))
    best = max((row for part in scored for row in part.rows()), key=lambda row: row["f1"])
    print(peer, f"{json.loads(peer.said)['candidates']:>12,} pairs; best F1 after the fact {best['f1']:.4f}")
    print(table([row for part in scored for row in part.rows()]))
    results.append({"what": "splink", "cpu": peer.cpu, "megabytes": peer.megabytes, "best": best})
    ways = {"seven rules": ["--spec", str(PEERS / "seven_rules.yaml")], "shipped specification": []}
    for what, options in ways.items():
        spent, told = of_sojourn(what, files, persons, folder, options)
        truth = told["truth"]
        print(
            f"{spent} {told['pairs_compared']:>12,} pairs; P {truth['precision']:.4f} R {truth['recall']:.4f}"
            f" F1 {truth['f1']:.4f}; {spent.cpu / peer.cpu:.2f} x CPU,"
            f" {spent.megabytes / peer.megabytes:.2f} x memory"
        )
        results.append({"what": what, "cpu": spent.cpu, "megabytes": spent.megabytes, **told})
    return results


if __name__ == "__main__":
    main()
