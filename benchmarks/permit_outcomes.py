"""Visas and permits joined to border crossings, beside sorting the same crossings, in one run.

    python benchmarks/permit_outcomes.py [--statuses 1000000] [--movements 10000000] [--json FILE]

Generated visas and permits, five for three persons, and crossings of twice as many persons, in no order.
DuckDB, with the same 2 GB of memory and two threads, sorts the crossings by person and day and writes them.
"""

from __future__ import annotations

import argparse
import datetime
import json
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sojourn.contracts.microdata import Movement, Status
from sojourn.contracts.table import Table
from sojourn.engine import Engine
from sojourn.integration.movements import Observation
from sojourn.integration.permit_outcomes import PermitRule, permit_outcomes

AT_ONCE = 2_000_000
YEARS = Observation(datetime.date(2018, 1, 1), datetime.date(2025, 12, 31))
FIRST, LAST = 17532, 20453  # the same days, since 1970


def _filled(contract: type[Table], columns: dict[str, pa.Array], size: int) -> pa.Table:
    arrays = [columns.get(field.name, pa.nulls(size, field.type)) for field in contract.schema()]
    return pa.table([array.cast(field.type) for array, field in zip(arrays, contract.schema(), strict=True)],
                    schema=contract.schema())  # fmt: skip


def _keys(persons: np.ndarray) -> pa.Array:
    return pa.array([f"{person:032x}" for person in persons.tolist()])


def _days(numbers: np.ndarray) -> pa.Array:
    return pa.array(numbers.astype(np.int32)).cast(pa.date32())


def _statuses(file: Path, count: int, persons: int) -> None:
    rng = np.random.default_rng(1)
    start = rng.integers(FIRST, LAST - 400, count)
    identifiers = pa.array(np.arange(count)).cast(pa.string())
    columns = {
        "record_id": identifiers, "status_id": identifiers,
        "person_key": _keys(rng.integers(0, persons, count)),
        "kind": pa.array(rng.choice(["visa", "permit"], count)),
        "reason": pa.array(rng.choice(["EMP", "FAM", "EDU"], count)),
        "valid_from": _days(start),
        "valid_to": _days(start + rng.choice([89, 180, 364, 729], count)),
    }  # fmt: skip
    pq.write_table(_filled(Status, columns, count), file)


def _movements(file: Path, count: int, persons: int) -> None:
    rng = np.random.default_rng(2)
    with pq.ParquetWriter(file, Movement.schema()) as writer:
        for done in range(0, count, AT_ONCE):
            size = min(AT_ONCE, count - done)
            identifiers = pa.array(np.arange(done, done + size)).cast(pa.string())
            columns = {
                "record_id": identifiers, "movement_id": identifiers,
                "person_key": _keys(rng.integers(0, persons, size)),
                "event_date": _days(rng.integers(FIRST, LAST, size)),
                "direction": pa.array(rng.choice(["A", "D"], size)),
            }  # fmt: skip
            writer.write_table(_filled(Movement, columns, size))


def _measured(folder: Path, work: Callable[[Engine], int]) -> dict[str, float]:
    """CPU and elapsed seconds of one piece of work in an engine of its own."""
    with Engine([folder], memory="2GB", threads=2, spill=folder) as engine:
        cpu, elapsed = time.process_time(), time.monotonic()
        rows = work(engine)
        return {
            "rows": rows,
            "cpu_seconds": round(time.process_time() - cpu, 1),
            "seconds": round(time.monotonic() - elapsed, 1),
            "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
        }


def main() -> None:
    """Generate, measure, print."""
    options = argparse.ArgumentParser()
    options.add_argument("--statuses", type=int, default=1_000_000)
    options.add_argument("--movements", type=int, default=10_000_000)
    options.add_argument("--json", type=Path)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        persons = max(int(0.6 * chosen.statuses), 1)
        _statuses(folder / "statuses.parquet", chosen.statuses, persons)
        _movements(folder / "movements.parquet", chosen.movements, 2 * persons)

        def sort(engine: Engine) -> int:
            movements = engine.relation(folder / "movements.parquet")
            return movements.write_parquet(folder / "sorted.parquet", order_by=("person_key", "event_date"))

        def join(engine: Engine) -> int:
            return permit_outcomes(
                engine.relation(folder / "statuses.parquet"),
                engine.relation(folder / "movements.parquet"),
                observation=YEARS,
                statuses_since=YEARS.first,
                rule=PermitRule(grace_days=10),
            ).count()

        found = {"sorted": _measured(folder, sort), "joined": _measured(folder, join)}
    for name, figures in found.items():
        print(name, *(f"{figure} {value}" for figure, value in figures.items()))
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
