"""Tables with standard errors from 80 replicate weights: Sojourn beside R `survey`, in one run.

Each side is a process of its own that reads the same generated file, makes the counts and means of three
dimensions with their standard errors, and adds up the errors as a check. CPU seconds and peak memory are
those of the process. Sojourn's cube also holds every crossing of the three: what one further table costs
it is measured as well.

    python benchmarks/replicates.py [--persons 500000] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

REPLICATES = 80
HERE = Path(__file__).resolve()


def generate(folder: Path, persons: int) -> None:
    """The same records as Parquet, and as plain 32-bit integers for R, which reads no Parquet."""
    draw = np.random.default_rng(80)
    columns = {
        "area": draw.integers(0, 50, persons, dtype=np.int32),
        "age": draw.integers(0, 18, persons, dtype=np.int32),
        "sex": draw.integers(0, 2, persons, dtype=np.int32),
        "x": draw.integers(0, 5000, persons, dtype=np.int32),
        "w": draw.integers(20, 300, persons, dtype=np.int32),
    }
    for replicate in range(1, REPLICATES + 1):
        factor = draw.choice([0.3, 1.0, 1.7], persons)
        columns[f"r{replicate}"] = np.rint(columns["w"] * factor).astype(np.int32)
    pq.write_table(pa.table(columns), folder / "records.parquet", row_group_size=100_000)
    with (folder / "records.bin").open("wb") as file:
        for values in columns.values():
            file.write(values.tobytes())


def sojourn(file: Path) -> None:
    """The measured work of our side; prints the check and the CPU seconds of one further table."""
    from sojourn.engine import Engine
    from sojourn.statistics import ReplicateDesign, cube, estimates

    design = ReplicateDesign(
        "successive_difference", tuple(f"r{index}" for index in range(1, REPLICATES + 1))
    )
    with Engine([file.parent], memory="1GB") as engine:
        made = cube(
            engine.relation(file),
            dimensions=["area", "age", "sex"],
            weight="w",
            design=design,
            measures=["x"],
        )
        settings = {"design": design, "time_period": "2024", "method": "benchmark"}
        check = 0.0
        for dimension in ("area", "age", "sex"):
            for statistic, of in (("count", None), ("mean", "x")):
                table = estimates(
                    made, statistic=statistic, of=of, dimensions=[dimension], totals="none", **settings
                )
                check += sum(variance**0.5 for (variance,) in table.rows("variance"))
        began = time.process_time()
        estimates(
            made, statistic="share", dimensions=["area", "age", "sex"], within=["area"], **settings
        ).rows()
        print(json.dumps({"check": check, "further_table": time.process_time() - began}))


def measured(command: list[str]) -> tuple[str, float, float, float]:
    """What a process printed, its wall and CPU seconds, and its peak memory in MiB."""
    began = time.monotonic()
    with tempfile.TemporaryFile() as printed:
        process = subprocess.Popen(command, stdout=printed)
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"{command[0]} ended with status {status}.")
        printed.seek(0)
        text = printed.read().decode()
    return text, time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def show(rows: list[dict[str, float | str]], persons: int) -> None:
    """Print what was measured as a table."""
    print(f"{persons} persons, {REPLICATES} replicates; counts and means by 50 areas, 18 ages, 2 sexes")
    print(f"{'program':<10}{'wall s':>9}{'CPU s':>9}{'MiB':>8}{'CPU ratio':>11}  sum of standard errors")
    for row in rows:
        numbers = (
            f"{row['wall']:>9.1f}{row['cpu']:>9.1f}{row['mib']:>8.0f}{row['cpu'] / rows[0]['cpu']:>11.1f}"
        )
        print(f"{row['program']:<10}{numbers}  {row['check']!r}")
    further = rows[0]["further_table"]
    print(f"One further table from the cube (shares by area, age and sex): {further:.3f} CPU s")


def main() -> None:
    """Generate, measure, print a table and JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--persons", type=int, default=500_000)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        sojourn(given.measure)
        return
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generate(folder, given.persons)
        text, wall, cpu, memory = measured(
            [sys.executable, str(HERE), "--measure", str(folder / "records.parquet")]
        )
        ours = json.loads(text)
        rows.append({"program": "sojourn", "wall": wall, "cpu": cpu, "mib": memory, **ours})
        if shutil.which("Rscript"):
            command = [
                "Rscript",
                str(HERE.with_suffix(".R")),
                str(folder / "records.bin"),
                str(given.persons),
            ]
            text, wall, cpu, memory = measured([*command, str(REPLICATES)])
            rows.append(
                {"program": "R survey", "wall": wall, "cpu": cpu, "mib": memory, "check": float(text)}
            )
    show(rows, given.persons)
    document = {"persons": given.persons, "replicates": REPLICATES, "rows": rows}
    print(json.dumps(document))
    if given.json:
        given.json.write_text(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
