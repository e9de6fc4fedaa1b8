"""The files of the survey benchmark: FOLDER, PERSONS of the sample, of the census, and of its part for R.

`sample.parquet` is a stratified sample of clusters, of 200 domains. `census.parquet` has a main weight and 80
replicate weights of successive differences, all whole numbers; `part.parquet` is the census again, of fewer
persons. The sample and the part are written as plain 32-bit integers too, column after column, since R reads
no Parquet.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

DOMAINS, REPLICATES = 200, 80
UNITS, PERSONS_OF_A_UNIT = 20, 20
ROWS_AT_ONCE = 250_000
Columns = dict[str, npt.NDArray[np.int32]]


def hadamard_80() -> npt.NDArray[np.int32]:
    """Paley's matrix of order 80, its first row and column all ones."""
    prime = REPLICATES - 1
    squares = {(number * number) % prime for number in range(1, prime)}
    character = np.array([0] + [1 if number in squares else -1 for number in range(1, prime)])
    inner = character[(np.arange(prime)[:, None] - np.arange(prime)[None, :]) % prime] - np.eye(prime)
    found = np.ones((REPLICATES, REPLICATES))
    found[1:, 1:] = inner
    return found.astype(np.int32)


def persons(draw: np.random.Generator, count: int) -> Columns:
    """What is known of persons: where they live, who they are, what they earn in how many hours."""
    hours = np.where(draw.random(count) < 0.6, draw.integers(4, 60, count), 0)
    earned = np.rint(hours * draw.gamma(4.0, 4.0, count))
    return {
        "domain": draw.integers(0, DOMAINS, count).astype(np.int32),
        "age": draw.integers(0, 8, count).astype(np.int32),
        "migrant": (draw.random(count) < 0.12).astype(np.int32),
        "employed": (hours > 0).astype(np.int32),
        "poor": (draw.random(count) < 0.15).astype(np.int32),
        "hours": hours.astype(np.int32),
        "earned": earned.astype(np.int32),
    }


def sample(count: int) -> Columns:
    """A sample of strata, each with 20 units of 20 persons."""
    draw = np.random.default_rng(20)
    place = np.arange(count)
    unit = place // PERSONS_OF_A_UNIT
    stratum = unit // UNITS
    weight = draw.integers(20, 300, int(stratum[-1]) + 1)[stratum] + draw.integers(0, 20, count)
    return {
        "stratum": stratum.astype(np.int32),
        "unit": unit.astype(np.int32),
        "weight": weight.astype(np.int32),
    } | persons(draw, count)


def census(draw: np.random.Generator, first: int, count: int, signs: npt.NDArray[np.int32]) -> Columns:
    """Persons with their main weight and a weight for each replicate: neighbours are contrasted."""
    columns = persons(draw, count)
    weight = draw.integers(1, 60, count)
    row = (first + np.arange(count)) % (REPLICATES - 1) + 1
    other = row % (REPLICATES - 1) + 1
    columns["weight"] = weight.astype(np.int32)
    for replicate in range(REPLICATES):
        factor = 1.0 + 2.0**-1.5 * (signs[row, replicate] - signs[other, replicate])
        columns[f"replicate_{replicate + 1}"] = np.rint(weight * factor).astype(np.int32)
    return columns


def write_census(file: Path, total: int) -> None:
    """Write a census, some rows at a time."""
    draw, signs = np.random.default_rng(80), hadamard_80()
    rows = (
        pa.table(census(draw, first, min(ROWS_AT_ONCE, total - first), signs))
        for first in range(0, total, ROWS_AT_ONCE)
    )
    table = next(rows)
    with pq.ParquetWriter(file, table.schema) as writer:
        for each in itertools.chain([table], rows):
            writer.write_table(each, row_group_size=ROWS_AT_ONCE // 2)


def write_plainly(file: Path) -> None:
    """Write the columns of a Parquet file as plain integers, beside it."""
    columns = pq.read_table(file).columns
    file.with_suffix(".bin").write_bytes(b"".join(column.to_numpy().tobytes() for column in columns))


def main() -> None:
    """Write the files."""
    folder, of_sample, of_census, of_part = Path(sys.argv[1]), *map(int, sys.argv[2:])
    pq.write_table(pa.table(sample(of_sample)), folder / "sample.parquet")
    write_census(folder / "census.parquet", of_census)
    write_census(folder / "part.parquet", of_part)
    for name in ("sample", "part"):
        write_plainly(folder / f"{name}.parquet")


if __name__ == "__main__":
    main()
