"""Pollock: do damaged CSV files ever load with a difference that nobody is told of?

    tar -xJf messy_files.tar.xz
    python benchmarks/pollock.py messy_files/csv/pollock [--json result.json]

The Pollock benchmark (Hasso Plattner Institute; VLDB 2023) damages one clean file in some two thousand ways
and keeps, for each damaged file, the clean table it stands for and the dialect it is in. Two questions are
asked here:

(a) Contract: each file is read under its declared columns and dialect. A file counts as *silent* when its
loaded records differ from the clean ones and nothing was reported: no refusal, quarantine, non-data line or
warning. The aim is 0. (b) Proposal: each file is read under the dialect that `propose` suggests, as if a
hurried clerk confirmed it unseen. The benchmark's simple score is the sum of ten averages over all files:
whether the file loads at all, and precision, recall and F1 of its header cells, of its records and of its
cells, each compared as multisets without regard to case. A part that is empty in the clean table counts as
1. Ten is perfect.

No file is treated apart from the others.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sojourn.sources.reader.dialect import Dialect
from sojourn.sources.reader.frames import Header, Loaded, NonData, Quarantined, Summary
from sojourn.sources.reader.proposal import propose
from sojourn.sources.reader.reading import events
from sojourn.sources.reader.reasons import FileRefused

Row = tuple[str, ...]


@dataclass
class Outcome:
    """What reading one file gave: its rows and everything that was reported beside them."""

    header: Row = ()
    rows: list[Row] = field(default_factory=list)
    refused: str = ""
    reports: Counter[str] = field(default_factory=Counter)


def outcome_of(path: Path, dialect: Dialect, expected: tuple[str, ...] = ()) -> Outcome:
    """Read a file and keep what was said."""
    outcome = Outcome()
    try:
        for event in events(path, dialect, expected):
            if isinstance(event, Header):
                outcome.header = (
                    tuple(column.header for column in event.columns) if dialect.header_line else ()
                )
                outcome.reports.update(f"warning {notice.code}" for notice in event.warnings)
            elif isinstance(event, Loaded):
                columns = [column.fill_null("").to_pylist() for column in event.batch.columns[1:]]
                outcome.rows.extend(zip(*columns, strict=True))
            elif isinstance(event, Quarantined):
                outcome.reports.update(f"quarantine {reason}" for reason in event.batch["reason"].to_pylist())
            elif isinstance(event, NonData) and event.kind != "header":
                outcome.reports[f"non-data {event.kind}"] += event.count
            elif isinstance(event, Summary):
                outcome.reports.update(f"warning {notice.code}" for notice in event.warnings)
    except FileRefused as refused:
        return Outcome(refused=refused.code, reports=Counter({f"refusal {refused.code}": 1}))
    return outcome


def contract_dialect(parameters: dict[str, Any]) -> Dialect:
    """The dialect that the benchmark declares for a file."""
    quote = parameters["quotechar"] or None
    has_header = parameters["header_lines"] > 0
    names = tuple(f"column_{place + 1}" for place in range(max(parameters["n_columns"], 1)))
    return Dialect(
        encoding=parameters["encoding"],
        separator=parameters["delimiter"] or ",",
        quote=quote,
        escape="backslash" if parameters["escapechar"] == "\\" else "doubled",
        header_line=parameters["preamble_lines"] + 1 if has_header else 0,
        columns=() if has_header else names,
    )


def clean_table(path: Path, has_header: bool) -> tuple[Row, list[Row]]:
    """The header and the records that a damaged file stands for."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = [tuple(row) for row in csv.reader(file)]
    return (rows[0] if has_header and rows else ()), rows[1 if has_header else 0 :]


def measures(found: Counter[Any], clean: Counter[Any]) -> tuple[float, float, float]:
    """Precision, recall and F1 of one multiset against another, as the benchmark defines them."""
    if not clean:
        return 1.0, 1.0, 1.0
    shared = (found & clean).total()
    if not shared:
        return 0.0, 0.0, 0.0
    precision, recall = shared / clean.total(), shared / found.total()
    return precision, recall, 2 * precision * recall / (precision + recall)


def simple_measures(outcome: Outcome, header: Row, rows: list[Row]) -> list[float]:
    """The ten measures of one file."""
    if outcome.refused and (header or rows):
        return [0.0] * 10
    found = [tuple(cell.lower() for cell in row) for row in outcome.rows]
    clean = [tuple(cell.lower() for cell in row) for row in rows]
    return [
        1.0,
        *measures(Counter(cell.lower() for cell in outcome.header), Counter(cell.lower() for cell in header)),
        *measures(Counter(found), Counter(clean)),
        *measures(
            Counter(cell for row in found for cell in row), Counter(cell for row in clean for cell in row)
        ),
    ]


def judged(folder: Path) -> dict[str, Any]:
    """Both questions asked of every file."""
    files = sorted((folder / "polluted_files" / "csv").glob("*.csv"))
    silent, different, totals = [], 0, [0.0] * 10
    contract: Counter[str] = Counter()
    worst: list[tuple[float, str]] = []
    for file in files:
        parameters_file = folder / "polluted_files" / "parameters" / f"{file.name}_parameters.json"
        parameters = json.loads(parameters_file.read_text(encoding="utf-8"))
        header, rows = clean_table(
            folder / "polluted_files" / "clean" / file.name, parameters["header_lines"] > 0
        )
        declared = outcome_of(file, contract_dialect(parameters))
        is_same = declared.rows == rows and (not header or declared.header == header)
        different += not is_same
        if not is_same and not declared.reports:
            silent.append(file.name)
        contract.update(declared.reports.keys() or {"nothing to report": 1})
        scores = simple_measures(_proposed(file), header, rows)
        totals = [total + score for total, score in zip(totals, scores, strict=True)]
        worst.append((sum(scores), file.name))
    return {
        "files": len(files),
        "contract": {
            "different from the clean table": different,
            "different and silent": len(silent),
            "silent files": silent,
            "files with a report of this kind": dict(contract.most_common()),
        },
        "proposal": {
            "simple score": round(sum(totals) / len(files), 3),
            "weakest files": sorted(worst)[:10],
        },
    }


def _proposed(file: Path) -> Outcome:
    try:
        proposal = propose(file)
    except FileRefused as refused:
        return Outcome(refused=refused.code)
    return outcome_of(file, proposal.dialect)


def main() -> None:
    """Print the table, and write JSON when asked."""
    parser = argparse.ArgumentParser(
        description="Silent differences and the simple score on the Pollock benchmark."
    )
    parser.add_argument("folder", type=Path, help="the unpacked csv/pollock folder")
    parser.add_argument("--json", type=Path, help="also write the result here")
    arguments = parser.parse_args()
    result = judged(arguments.folder)
    print(f"files                                  {result['files']:>8}")
    print(f"contract: different from clean         {result['contract']['different from the clean table']:>8}")
    print(f"contract: different and silent (aim 0) {result['contract']['different and silent']:>8}")
    for kind, count in result["contract"]["files with a report of this kind"].items():
        print(f"    {kind:<34} {count:>8}")
    print(f"proposal: simple score (aim 9.5)       {result['proposal']['simple score']:>8}")
    for score, name in result["proposal"]["weakest files"]:
        print(f"    {score:>6.3f} {name}")
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
