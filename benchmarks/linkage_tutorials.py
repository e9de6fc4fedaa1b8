"""Public files of known persons, linked by Splink as its published demonstrations link them.

    python benchmarks/linkage_tutorials.py [--json FILE]

FEBRL 3 (5,000 records, one source), FEBRL 4 (twice 5,000, one to one), fake_1000, and 50,000 records of
historical persons. FEBRL is linked twice: as the notebooks do, where a blank counts as a value, and with
blanks as gaps. Each run is a process of its own. The files are looked for in the folder that
SOJOURN_SHARED_DATA names.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import pyarrow.parquet as pq
from costs import cost

PEERS = Path(__file__).with_name("linkage_peers")
sys.path.insert(0, str(PEERS))
from linkage_scores import scored_tutorial, table  # noqa: E402 - the peers are scripts in a folder of their own

RUNS = {
    "fake_1000": [],
    "febrl3": [],
    "febrl3, blanks missing": ["--blanks-are-missing"],
    "febrl4": [],
    "febrl4, blanks missing": ["--blanks-are-missing"],
    "historical_50k": [],
}


def main() -> None:
    """Print the table, and write JSON when asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    results = []
    for what, options in RUNS.items():
        name = what.split(",")[0]
        with tempfile.TemporaryDirectory(prefix="sojourn-linkage-") as folder:
            target = Path(folder) / "pairs.parquet"
            command = [sys.executable, str(PEERS / "splink_tutorials.py"), name, str(target), *options]
            spent = cost(f"splink: {what}", command)
            pairs = pq.read_table(target)
        rows = [row for scored in scored_tutorial(name, pairs) for row in scored.rows()]
        candidates = json.loads(spent.said)["candidates"]
        print(spent, f"{candidates:>9,} pairs compared")
        print(table(rows), end="\n\n")
        costs = {"wall": spent.wall, "cpu": spent.cpu, "megabytes": spent.megabytes}
        results.append({"what": what, "candidates": candidates, **costs, "scores": rows})
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
