"""Files of persons: their risk, and their protection, beside pycanon; identifiers found by content.

    python benchmarks/microdata.py [--peer VENV/bin/python] [--json FILE]

A million records with five keys are made up, with a weight and a sensitive column. Measured are CPU seconds,
after a first call on a few records in which kernels are compiled: the risk of the file from Parquet
(k-anonymity, individual and global risk, population uniques; with l-diversity), special uniques, local
suppression to k = 3 of 100,000 records under both rules for what is not known, micro-aggregation, and a
synthesis. pycanon computes k and l of the same table, with all keys and with three, in an interpreter of its
own, which has pycanon and pyarrow. Both must give one k and one l. The detector of identifiers is measured on
the columns of the tests, over ten draws.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sojourn.disclosure.microdata import (
    Secret,
    agreeing_sums,
    file_risk,
    identifiers_in,
    key_codes,
    locally_suppressed,
    mdav_groups,
    patterns_of,
    special_uniques,
    synthesised,
)
from sojourn.engine import Engine

KEYS = ["sex", "age", "citizenship", "region", "education"]
PEER = """\
import json, sys, time
import pandas as pd
from pycanon import anonymity
file, keys, sensitive = sys.argv[1], sys.argv[2].split(","), sys.argv[3]
frame = pd.read_parquet(file, columns=[*keys, sensitive])
start = time.process_time()
k = anonymity.k_anonymity(frame, keys)
middle = time.process_time()
small = frame.head(int(sys.argv[4]))
l = anonymity.l_diversity(small, keys, [sensitive])
last = time.process_time()
few = [keys[0], *keys[3:]]
coarse = [int(anonymity.k_anonymity(small, few)), int(anonymity.l_diversity(small, few, [sensitive]))]
told = {"k": int(k), "l": int(l), "coarse": coarse}
print(json.dumps({**told, "k_seconds": middle - start, "l_seconds": last - middle}))
"""
SMALL = 100_000


def records(size: int, seed: int = 5) -> pa.Table:
    """Records whose keys are as uneven as those of persons."""
    draw = np.random.default_rng(seed)
    columns = {
        "sex": draw.integers(0, 2, size),
        "age": np.minimum(draw.geometric(0.08, size), 30),
        "citizenship": np.minimum(draw.geometric(0.2, size), 40),
        "region": draw.integers(0, 12, size),
        "education": draw.integers(0, 6, size),
        "activity": draw.integers(0, 8, size),
    }
    table = {name: values.astype(str) for name, values in columns.items()}
    return pa.table(
        {**table, "weight": draw.uniform(1, 20, size), "income": draw.lognormal(7, 0.6, size).round()}
    )


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What it gives, and its CPU seconds in all threads."""
    start = time.process_time()
    found = work()
    return found, time.process_time() - start


def of_file(file: Path, sensitive: list[str], keys: list[str] | None = None) -> Any:
    """The risk of a file as the command measures it."""
    with Engine([file.parent]) as engine:
        return file_risk(engine.relation(file), keys=keys or KEYS, weight="weight", sensitive=sensitive)


def ours(folder: Path, size: int) -> dict[str, Any]:
    """Our own CPU seconds and results."""
    file, small = folder / "records.parquet", folder / "small.parquet"
    table = records(size)
    pq.write_table(table, file)
    pq.write_table(table.slice(0, SMALL), small)
    warm = records(3_000, seed=1)
    for missing in ("matches", "category"):
        locally_suppressed(key_codes(warm, KEYS), least=3, missing=missing)  # type: ignore[arg-type]  # the two rules
    mdav_groups(np.random.default_rng(1).normal(size=(100, 3)), 3)
    told: dict[str, Any] = {"records": size, "small": SMALL}
    risk, told["risk"] = timed(lambda: of_file(file, []))
    diverse, told["risk_and_diversity"] = timed(lambda: of_file(file, ["activity"]))
    own, told["diversity_small"] = timed(lambda: of_file(small, ["activity"]))
    told |= {"k": diverse.smallest, "l": own.diversity[0].smallest, "below_3": risk.records_below(3)}
    coarse = of_file(small, ["activity"], [KEYS[0], *KEYS[3:]])
    told["coarse"] = [coarse.smallest, coarse.diversity[0].smallest]
    keys = key_codes(table.slice(0, SMALL), KEYS)
    _, told["special_uniques_small"] = timed(lambda: special_uniques(keys.codes, fraction=0.1))
    for missing in ("matches", "category"):
        found, seconds = timed(lambda rule=missing: locally_suppressed(keys, least=3, missing=rule))
        after = patterns_of(found.keys.codes)
        least = agreeing_sums(after.codes, after.records[:, None].astype(float), missing).min()
        told[f"suppression_{missing}"] = {
            "seconds": seconds, "endangered": found.endangered, "records": found.records,
            "cells": found.cells, "smallest_after": float(least),
        }  # fmt: skip
    numbers = np.column_stack([table["income"].to_numpy()[:SMALL], table["weight"].to_numpy()[:SMALL]])
    _, told["microaggregation_small"] = timed(lambda: mdav_groups(numbers, 3))
    drawn = table.slice(0, SMALL)
    _, told["synthesis_small"] = timed(
        lambda: synthesised(drawn, [*KEYS, "activity", "income"], secret=Secret(bytes(range(32))))
    )
    return told


def peers(python: str, folder: Path) -> dict[str, Any]:
    """What pycanon needs and says of the same files."""
    command = [python, "-c", PEER, str(folder / "records.parquet"), ",".join(KEYS), "activity", str(SMALL)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def detector() -> dict[str, Any]:
    """How many identifying columns are found, and how many harmless ones are taken for such, of ten draws."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from identifier_columns import harmless_columns, identifying_columns, names_of_cultures

    def is_found(values: list[Any]) -> bool:
        return bool(identifiers_in(pa.table({"column": pa.array(values)})))

    found = [[0, 0], [0, 0]]
    forms: dict[str, list[int]] = {}
    for seed in range(10):
        for kind, columns in enumerate((identifying_columns, harmless_columns)):
            judged = [is_found(values) for values in columns(random.Random(seed)).values()]
            found[kind] = [found[kind][0] + sum(judged), found[kind][1] + len(judged)]
        for own in names_of_cultures(random.Random(100 + seed)).values():
            for form, values in own.items():
                counted = forms.setdefault(form, [0, 0])
                counted[0] += is_found(values)
                counted[1] += 1
    (right, identifying), (wrong, harmless) = found
    return {
        "identifying": identifying, "found": right, "harmless": harmless, "taken_for_identifying": wrong,
        "recall": right / identifying, "precision": right / (right + wrong), "names_of_one_culture": forms,
    }  # fmt: skip


def main() -> int:
    """Measure, print, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--peer", help="interpreter of an environment with pycanon")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        told = ours(Path(made), asked.records)
        if asked.peer:
            told["pycanon"] = peers(asked.peer, Path(made))
            assert [told["pycanon"][name] for name in ("k", "l", "coarse")] == [
                told["k"],
                told["l"],
                told["coarse"],
            ]
    told["detector"] = detector()
    for name, value in told.items():
        print(f"{name:24} {value:.3f}" if isinstance(value, float) else f"{name:24} {value}")
    if asked.json:
        asked.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
