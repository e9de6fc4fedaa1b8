"""Secondary suppression: Sojourn beside Statistics Canada's G-Confid, and a large table by neighbourhoods.

    python benchmarks/suppression.py [--tables 3] [--peers FOLDER] [--large 62,226] [--json FILE]

Hierarchical tables of three dimensions, several of each size, are generated with contributors of unequal
size. Cells in which the largest contributor could be found out within 15 per cent are unsafe, with the need
that the rule gives them. Both programs are given the same cells, needs and sums: each unsafe cell must be
able to be its need higher and lower, for a reader who knows every figure within nothing and twice its value.
Both weigh cells by size, and both results are audited by the exact ends of what is possible for each unsafe
cell.

CPU seconds are those of the work, of all threads; starting a program and loading it are left out. The last
lines are Sojourn's alone: with its own judgement of unions and of readers who are alone in cells; and a table
that is too large for one programme, with the time and memory of withholding and of an audit.

G-Confid (PyPI, GPL) is installed into an environment of its own in FOLDER, or in a temporary one, and runs as
a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sojourn.disclosure.suppression import (
    Cells,
    Needs,
    Prior,
    Records,
    Search,
    audit,
    contributions,
    linked_cells,
    p_percent_rule,
)

PEERS = Path(__file__).with_name("suppression_peers")
sys.path.insert(0, str(PEERS))

from suppression_tables import SHAPES, generated, with_all_totals  # noqa: E402 - beside the peers

GCONFID = ["gconfid==2.0.4", "duckdb<2", "pandas<4"]
COMPARED = ("541", "1,565", "3,556")
P = p_percent_rule(15.0)


def environment_of_gconfid(folder: Path) -> Path:
    """The Python that has G-Confid; its environment is made where there is none."""
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *GCONFID], check=True)
    return python


def told(command: list[str]) -> dict[str, Any]:
    """What a program said in its last line, with the most memory that it held."""
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        said.seek(0)
        lines = said.read().strip().splitlines()
    if status:
        raise SystemExit(f"{command[1]} ended with status {status}:\n" + "\n".join(lines[-20:]))
    answer = next(line for line in reversed(lines) if line.startswith("{"))
    return {**json.loads(answer), "mib": usage.ru_maxrss / 1024}


def prepared(name: str, seed: int, folder: Path) -> tuple[Cells, Needs]:
    """Write a table, its needs, and the same as cells and sums; returns them too."""
    made = generated(SHAPES[name], seed)
    table = with_all_totals(made)
    cells = linked_cells([table], [made.dimensions], made.hierarchies)
    given = contributions(cells, [Records(made.records, made.dimensions, "value")])
    need = np.minimum(P.need(cells.values, given), cells.values)
    rows = cells.rows[0]
    pq.write_table(table.append_column("need", pa.array(need[rows])), folder / "table.parquet")
    is_unsafe = need[rows] > 0
    pq.write_table(
        pa.table(
            {
                "CellId": rows + 1,
                "TotalNoise": cells.values[rows],
                "Sensitivity": need[rows],
                "Status": np.where(is_unsafe, "S", "V").tolist(),
                "Type": ["C"] * len(rows),
            }
        ),
        folder / "cells.parquet",
    )
    sums = cells.equations.tocoo()
    pq.write_table(
        pa.table({"ConstraintId": sums.row + 1, "CellId": sums.col + 1, "Coefficient": sums.data}),
        folder / "sums.parquet",
    )
    return cells, Needs(need, need, np.zeros(cells.size))


def unprotected(cells: Cells, needs: Needs, file: Path, search: Search | None = None) -> tuple[int, float]:
    """How many unsafe cells an audit finds too certain in what a program withheld, and the share measured."""
    is_withheld = np.zeros(cells.size, bool)
    is_withheld[cells.rows[0]] = pq.read_table(file).column("withheld").to_numpy()
    found = audit(cells, is_withheld, needs, Prior(upper_share=2.0).room(cells), search=search)
    return int(np.sum(~found.is_met)), float(np.mean(found.is_exact))


def compared(name: str, tables: int, folder: Path, python: Path) -> dict[str, Any]:
    """Both programs on some tables of one size."""
    rows = []
    for seed in range(1, tables + 1):
        cells, needs = prepared(name, seed, folder)
        ours = told([sys.executable, str(PEERS / "in_sojourn.py"), str(folder), name, str(seed)])
        theirs = told([str(python), str(PEERS / "in_gconfid.py"), str(folder)])
        failed = [unprotected(cells, needs, folder / f"{who}.parquet")[0] for who in ("sojourn", "gconfid")]
        whole = told([sys.executable, str(PEERS / "in_sojourn.py"), str(folder), name, str(seed), "readers"])
        rows.append(
            {"cells": cells.size, "unsafe": int(np.sum(needs.upper > 0)), "sojourn": ours,
             "gconfid": theirs, "failed": failed, "with_readers": whole}
        )  # fmt: skip
        print(
            f"{cells.size:>7,} cells {rows[-1]['unsafe']:>6,} unsafe: withheld"
            f" {ours['withheld']:>6,} / {theirs['withheld']:>6,} of G-Confid, CPU s {ours['seconds']:.2f} /"
            f" {theirs['seconds']:.2f}, too certain {failed[0]} / {failed[1]}; with readers and unions"
            f" {whole['withheld']:,}, {whole['seconds']:.2f} s",
            flush=True,
        )
    sums = {
        who: {key: sum(row[who][key] for row in rows) for key in ("withheld", "seconds")}
        for who in ("sojourn", "gconfid")
    }
    ratios = {
        "withheld": sums["sojourn"]["withheld"] / sums["gconfid"]["withheld"],
        "cpu": sums["gconfid"]["seconds"] / sums["sojourn"]["seconds"],
    }
    print(
        f"{name} cells: {ratios['withheld']:.3f} times as many withheld, {ratios['cpu']:.0f} times less CPU",
        flush=True,
    )
    return {"rows": rows, "ratios": ratios}


def large(name: str, folder: Path) -> dict[str, Any]:
    """A table for which one programme is too large."""
    cells, needs = prepared(name, 1, folder)
    ours = told([sys.executable, str(PEERS / "in_sojourn.py"), str(folder), name, "1"])
    before = os.times()
    failed, exact = unprotected(cells, needs, folder / "sojourn.parquet")
    after = os.times()
    seconds = after.user + after.system - before.user - before.system
    print(
        f"{cells.size:,} cells, {int(np.sum(needs.upper > 0)):,} unsafe: withheld {ours['withheld']:,},"
        f" {ours['seconds']:.1f} CPU s, {ours['mib']:.0f} MiB; audit {failed} too certain,"
        f" {exact:.0%} measured to the end, {seconds:.1f} CPU s",
        flush=True,
    )
    return {"cells": cells.size, "sojourn": ours, "failed": failed, "exact": exact, "audit_seconds": seconds}


def main() -> None:
    """Generate, compare, print and write JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", type=int, default=3, help="tables of each size")
    parser.add_argument("--peers", type=Path, help="where G-Confid's environment is, or is made")
    parser.add_argument("--large", nargs="*", default=["62,226"], choices=[*SHAPES], help="sizes run alone")
    parser.add_argument(
        "--sizes", nargs="*", default=list(COMPARED), choices=[*SHAPES], help="sizes compared"
    )
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    document: dict[str, Any] = {"compared": {}, "large": {}}
    with tempfile.TemporaryDirectory(prefix="sojourn-suppression-") as name:
        folder = Path(name)
        if given.sizes:
            python = environment_of_gconfid(given.peers or folder / "peers")
            for size in given.sizes:
                document["compared"][size] = compared(size, given.tables, folder, python)
        for size in given.large:
            document["large"][size] = large(size, folder)
    if given.json:
        given.json.write_text(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
