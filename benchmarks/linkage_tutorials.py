"""Public files of known persons, linked by Sojourn and by Splink as its published demonstrations do.

    python benchmarks/linkage_tutorials.py [--out FOLDER] [--json FILE]

FEBRL 3 (5,000 records, one source), FEBRL 4 (twice 5,000, one to one), fake_1000, and 50,000 records of
historical persons. Sojourn is `sojourn tool link` with the specification that ships, unchanged. Splink links
FEBRL twice: as the notebooks do, where a blank counts as a value, and with blanks as gaps. Truth is used
for scores only. Each run is a process of its own. FOLDER gets the table, the curves of precision and recall
and a picture of them. The files are looked for in the folder that SOJOURN_SHARED_DATA names.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from costs import Cost, cost
from linkage_curves import (
    Curve,
    Known,
    LinksAt,
    Pairs,
    as_splink,
    as_written,
    curve_of,
    in_bits,
)
from linkage_picture import Line, drawn_curves

PEERS = Path(__file__).with_name("linkage_peers")
sys.path.insert(0, str(PEERS))
from linkage_scores import Score, best, score_in_components  # noqa: E402 - scripts in a folder of their own
from tutorial_data import FILES, FOLDER, TutorialData, tutorial_data  # noqa: E402 - as above

# The probabilities at which the notebooks keep or join pairs. None of them says that it is the right one, so
# that Splink is given, with the truth in hand, the best of them.
OF_NOTEBOOKS = {
    "febrl3": (0.2,),
    "febrl4": (0.2, 0.99),
    "fake_1000": (0.01, 0.1, 0.2),
    "historical_50k": (0.95,),
}
SOJOURN = [sys.executable, "-m", "sojourn", "--json", "tool", "link"]
BLANKS = "--blanks-are-missing"
TOOLS = {"Sojourn": (), "Splink": (), "Splink, blanks as gaps": (BLANKS,)}


@dataclass(frozen=True)
class Linkage:
    """One set linked by one tool: what it cost, its score at the tool's own threshold, and its curve."""

    set: str
    tool: str
    cost: Cost
    compared: int
    own: Score
    curve: Curve

    def row(self) -> dict[str, object]:
        """The line of the table."""
        return {
            "set": self.set,
            "tool": self.tool,
            "pairs_compared": self.compared,
            "precision": self.own.precision,
            "recall": self.own.recall,
            "f1": self.own.f1,
            "threshold": self.own.threshold,
            "best_f1": best(self.curve.persons).f1,
            "best_f1_of_pairs": best(self.curve.pairs).f1,
            "cpu_seconds": round(self.cost.cpu, 2),
            "peak_megabytes": round(self.cost.megabytes),
        }

    def points(self) -> list[dict[str, object]]:
        """The curve, a line a threshold; where nothing is linked there is no precision and no line."""
        return [
            {"set": self.set, "tool": self.tool, "scored": kind, **score.row()}
            for kind, scores in (("pairs", self.curve.pairs), ("persons", self.curve.persons))
            for score in scores
            if score.links
        ]


def main() -> None:
    """Print the table, and write what is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, help="a folder for the table, the curves and the picture")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    require_files()
    found = []
    with tempfile.TemporaryDirectory(prefix="sojourn-linkage-") as name:
        folder = Path(name)
        # The first run on a machine compiles what links; that is not what linking costs.
        for each in ("fake_1000", "febrl4"):
            linked_by_sojourn(each, folder / f"unmeasured-{each}.parquet")
        print(HEADER)
        for each in FILES:
            data = tutorial_data(each)
            for tool, options in TOOLS.items():
                if options and not each.startswith("febrl"):
                    continue
                found.append(measured(each, tool, data, folder))
                print(line_of(found[-1]), flush=True)
    print("\n".join(verdicts(found)))
    if arguments.json:
        arguments.json.write_text(json.dumps([each.row() for each in found], indent=1))
    if arguments.out:
        write_all(found, arguments.out)


def require_files() -> None:
    """End with a word about where the files should be when one of them is not there."""
    missing = [file for files in FILES.values() for file in files if not (FOLDER / file).is_file()]
    if missing:
        raise SystemExit(
            f"Of the public files {', '.join(missing)} are not in {FOLDER}. Set SOJOURN_SHARED_DATA to the"
            " folder that holds linkage/; nothing is downloaded."
        )


def linked_by_sojourn(name: str, target: Path) -> Cost:
    """A set linked by the command as it ships."""
    files = [str(FOLDER / file) for file in FILES[name]]
    identifier = tutorial_data(name).identifier
    within = ["--dedupe"] if len(files) == 1 else []
    return cost("Sojourn", [*SOJOURN, *files, str(target), "--id", identifier, *within])


def measured(name: str, tool: str, data: TutorialData, folder: Path) -> Linkage:
    """One set linked by one tool, and scored."""
    target, known = folder / f"{name}-{tool}.parquet", Known.of(data.persons())
    if tool == "Sojourn":
        spent = linked_by_sojourn(name, target)
        compared, own = json.loads(spent.said)["pairs_compared"], (0.5,)
        read: Callable[[pa.Table, Known], tuple[Pairs, LinksAt]] = as_written
    else:
        command = [sys.executable, str(PEERS / "splink_tutorials.py"), name, str(target), *TOOLS[tool]]
        spent = cost(tool, command)
        compared, own, read = json.loads(spent.said)["candidates"], OF_NOTEBOOKS[name], as_splink
    pairs, links = read(pq.read_table(target), known)
    scores = [
        score_in_components(pairs.ones, pairs.others, links(at), known.person, float(at))
        for at in in_bits(np.array(own))
    ]
    return Linkage(name, tool, spent, compared, best(scores), curve_of(pairs, links, known))


HEADER = (
    f"{'set':<15} {'tool':<23} {'compared':>10} {'P':>7} {'R':>7} {'F1':>7} {'best F1':>8}"
    f" {'of pairs':>8} {'CPU s':>6} {'MB':>5}"
)


def line_of(found: Linkage) -> str:
    """A linkage as a line of the printed table."""
    own = found.own
    return (
        f"{found.set:<15} {found.tool:<23} {found.compared:>10,} {own.precision or 0:>7.4f}"
        f" {own.recall:>7.4f} {own.f1:>7.4f} {best(found.curve.persons).f1:>8.4f}"
        f" {best(found.curve.pairs).f1:>8.4f} {found.cost.cpu:>6.1f} {found.cost.megabytes:>5.0f}"
    )


def verdicts(found: list[Linkage]) -> list[str]:
    """For each set whether Sojourn as it ships is at least as good as the best Splink along its curve."""
    said = []
    for name in dict.fromkeys(each.set for each in found):
        own = next(each.own.f1 for each in found if each.set == name and each.tool == "Sojourn")
        peer = max(
            best(each.curve.persons).f1 for each in found if each.set == name and each.tool != "Sojourn"
        )
        better = "at least as good as" if own >= peer else "WORSE THAN"
        said.append(f"{name}: as it ships {own:.4f}, {better} Splink's best, {peer:.4f}")
    return said


def write_all(found: list[Linkage], folder: Path) -> None:
    """The table and the curves as CSV, and the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    write_csv(folder / "linkage_sets.csv", [each.row() for each in found])
    write_csv(folder / "linkage_curves.csv", [point for each in found for point in each.points()])
    lines = [
        Line(
            each.set,
            each.tool,
            [(score.recall, score.precision) for score in each.curve.persons if score.precision is not None],
            (each.own.recall, each.own.precision or 0.0),
        )
        for each in found
        if each.tool in ("Sojourn", "Splink")
    ]
    (folder / "linkage_curves.svg").write_bytes(drawn_curves(lines))


def write_csv(file: Path, rows: list[dict[str, object]]) -> None:
    """Rows as a file with a header; shares have six decimals."""
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({key: round(it, 6) if isinstance(it, float) else it for key, it in row.items()})


if __name__ == "__main__":
    main()
