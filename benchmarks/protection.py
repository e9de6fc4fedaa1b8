"""Cell-key perturbation beside the same aggregation without it, and beside the package of ONS, in one run.

    python benchmarks/protection.py [--records 50000000] [--peers FOLDER] [--json FILE]

A generated file of records with five dimensions, unevenly filled, some values missing. Every program is a
process of its own that reads the same file: Sojourn makes perturbed counts of every cell and total; again
without keys and perturbation; `cell-key-perturbation` (PyPI, MIT) makes those of the inner cells, which is
all that it makes, with its threshold off. Both get the same record keys (0 to 255) and the same perturbation
table in the layout of ONS, and their inner cells are compared one by one. CPU seconds are those of the whole
process and of its work alone; memory is the most that the process held.

The package is installed into an environment of its own in FOLDER, or in a temporary one.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sojourn.disclosure.cell_keys import NoiseSettings, perturbation_table

PEERS = Path(__file__).with_name("protection_peers")
ONS = ("cell-key-perturbation==3.1.0", "pandas", "pyarrow")
DIMENSIONS = {"area": 200, "age": 20, "sex": 2, "citizenship": 25, "status": 5}
ROWS, KEYS = 750, 256
_PART = 5_000_000


@dataclass(frozen=True)
class Measured:
    """CPU seconds of a process and of its work, the most memory it held, and the cells it made."""

    cpu: float
    work: float
    mib: float
    cells: int


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--records", type=int, default=50_000_000)
    arguments.add_argument("--peers", type=Path)
    arguments.add_argument("--json", type=Path)
    arguments.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.write:
        write_records(chosen.write, chosen.records)
        return
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        # A process of its own: what this one holds when it starts others would count as their memory.
        told = ["--write", str(place / "records.parquet"), "--records", str(chosen.records)]
        subprocess.run([sys.executable, __file__, *told], check=True)
        pq.write_table(table_for_ons(), place / "ptable.parquet")
        python = _environment(chosen.peers or place / "peers")
        found = {
            "perturbed, all margins": measured(sys.executable, "in_sojourn.py", place, "perturbed"),
            "the same without keys": measured(sys.executable, "in_sojourn.py", place, "plain"),
            "perturbed, inner cells": measured(sys.executable, "in_sojourn.py", place, "inner"),
            "ONS, inner cells": measured(python, "in_ons.py", place, "ons"),
        }
        compared = agreement(place)
    told = {name: asdict(one) for name, one in found.items()} | {"agreement": compared} | ratios(found)
    for name, one in found.items():
        print(
            f"{name:26} {one.cpu:8.1f} CPU s ({one.work:.1f} work) {one.mib:8.0f} MiB {one.cells:>10,} cells"
        )
    for name, value in (ratios(found) | compared).items():
        print(f"{name:52} {value:,.2f}")
    if chosen.json:
        chosen.json.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


def ratios(found: dict[str, Measured]) -> dict[str, float]:
    """What the claims are about: lower is better for the first, higher for the others."""
    ours, plain, inner, ons = found.values()
    return {
        "CPU, perturbed to unprotected": ours.cpu / plain.cpu,
        "CPU, ONS to perturbed with all margins": ons.cpu / ours.cpu,
        "CPU, ONS to perturbed inner cells": ons.cpu / inner.cpu,
        "memory, ONS to perturbed with all margins": ons.mib / ours.mib,
        "memory, ONS to perturbed inner cells": ons.mib / inner.mib,
    }


def write_records(file: Path, records: int) -> None:
    """Records of uneven cells, one citizenship in two hundred missing, with record keys from 0 to 255."""
    draw = np.random.default_rng(2026)
    writer = None
    for first in range(0, records, _PART):
        count = min(_PART, records - first)
        columns = {}
        for name, codes in DIMENSIONS.items():
            weights = 1.0 / np.arange(1, codes + 1) ** 0.5
            place = draw.choice(codes, count, p=weights / weights.sum()).astype(
                np.int8 if codes < 128 else np.int16
            )
            mask = draw.random(count) < 0.005 if name == "citizenship" else None
            labels = pa.array([f"{name[:2].upper()}{code:03d}" for code in range(codes)])
            columns[name] = pa.DictionaryArray.from_arrays(pa.array(place, mask=mask), labels).cast(
                pa.string()
            )
        columns["record_key"] = pa.array(draw.integers(0, KEYS, count, dtype=np.int32))
        part = pa.table(columns)
        writer = writer or pq.ParquetWriter(file, part.schema)
        writer.write_table(part)
    if writer is not None:
        writer.close()


def table_for_ons() -> pa.Table:
    """The most random table of D 5, V 3, js 2, its probabilities in 256ths, in the layout of ONS."""
    noise = perturbation_table(NoiseSettings(5, 3.0, 2))
    count = np.repeat(np.arange(1, ROWS + 1), KEYS)
    key = np.tile(np.arange(KEYS), ROWS)
    change = noise.changes(count, key * (2**32 // KEYS))
    return pa.table({"pcv": count, "ckey": key, "pvalue": change})


def measured(python: str | Path, script: str, place: Path, mode: str) -> Measured:
    """Run a program on the records, and say what it took."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen([str(python), str(PEERS / script), str(place), mode], stdout=said)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
        if status:
            raise SystemExit(f"{script} {mode} ended with status {status}.")
        said.seek(0)
        last = json.loads(said.read().decode().strip().splitlines()[-1])
    return Measured(usage.ru_utime + usage.ru_stime, last["work"], usage.ru_maxrss / 1024, last["cells"])


def agreement(place: Path) -> dict[str, int]:
    """Inner cells of both: how many are compared and how many differ, with and without missing categories."""
    ours, ons = (pq.read_table(place / f"{name}.parquet") for name in ("perturbed", "ons"))
    names = list(DIMENSIONS)
    for name in names:
        ours = ours.filter(pc.not_equal(ours[name], "_T"))
        filled = pc.fill_null(ons[name].cast(pa.string()), "_U")
        ons = ons.set_column(ons.column_names.index(name), name, filled)
    pairs = ours.join(ons.select([*names, "count"]), names, join_type="inner")
    is_unknown = pc.equal(pairs["citizenship"], "_U")
    differs = pc.not_equal(pairs["value"], pairs["count"])
    return {
        "inner cells compared": pairs.num_rows,
        "of them different": pc.sum(pc.and_(differs, pc.invert(is_unknown))).as_py(),
        "cells with a missing category": pc.sum(is_unknown).as_py(),
        "of them different (ONS gives them one key)": pc.sum(pc.and_(differs, is_unknown)).as_py(),
    }


def _environment(folder: Path) -> Path:
    """The interpreter of an environment that holds the package of ONS; made where there is none."""
    python = folder / "ons" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder / "ons")], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *ONS], check=True)
    return python


if __name__ == "__main__":
    main()
