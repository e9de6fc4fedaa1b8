"""Border crossings at national volume: the outcome-based rule beside sorting the same file, in one run.

    python benchmarks/movements.py [--crossings 100000000] [--sample 10000000] [--json FILE]

One generated Parquet file, in the order of time in which a border system writes, with one movement in 125
missing. `sojourn tool classify-movements` reads it, decides every crossing with the days since when it is
certain, and writes thirteen columns. DuckDB, with 2 GB of memory, reads it, sorts it by person and time and
writes its four columns again.

Then a month comes, a fiftieth of the file, of people who crossed shortly before: the command goes on from its
result, once with the days observed moving on, and once more with as many late crossings on the same last day.

On a sample, a plain answer to the same rule, without days of certainty, early decisions or missing movements,
is computed by window SQL in DuckDB, by Polars, by R's data.table where it is installed, and, on a tenth of
the sample, by a function for each person in pandas. Times of peers are compared by crossing.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from costs import Cost, cost

DAYS = 3650
FIRST = 14610  # 1 January 2010, in days since 1970
PERSONS_AT_ONCE = 2_000_000
CROSSINGS_OF_A_PERSON = 5.65  # on average, as generated below
UNTIL = "2019-12-31"
MONTH_LATER = "2020-01-31"

SORTED = """
import duckdb
c = duckdb.connect()
c.execute("SET memory_limit = '2GB'; SET temp_directory = '{spill}'; SET preserve_insertion_order = false")
c.execute("COPY (FROM '{file}' ORDER BY person_id, date, crossing_id) TO '{target}' (FORMAT parquet)")
"""
PEERS = Path(__file__).with_name("movement_peers")


def write_crossings(file: Path, crossings: int) -> None:
    """Write a file of made-up crossings: short trips, longer ones, and moves, over ten years."""
    persons = max(int(crossings / CROSSINGS_OF_A_PERSON), 1)
    with tempfile.TemporaryDirectory(dir=file.parent) as place:
        parts = []
        for number, begin in enumerate(range(0, persons, PERSONS_AT_ONCE)):
            parts.append(Path(place) / f"{number}.parquet")
            pq.write_table(_crossings(begin, min(PERSONS_AT_ONCE, persons - begin)), parts[-1])
        listed = ", ".join(f"'{part}'" for part in parts)
        engine = duckdb.connect()
        engine.execute(f"SET memory_limit = '6GB'; SET temp_directory = '{place}'")
        engine.execute(
            f"COPY (SELECT person_id, row_number() OVER () AS crossing_id, date, direction FROM"
            f" (FROM read_parquet([{listed}]) ORDER BY date, random_order)) TO '{file}' (FORMAT parquet)"
        )


def _crossings(first_person: int, persons: int) -> pa.Table:
    draw = np.random.default_rng(first_person)
    counts = draw.geometric(1 / 3.94, persons) * 2 - draw.integers(0, 2, persons)
    starts = np.cumsum(counts) - counts
    person = np.repeat(np.arange(persons), counts)
    length, kind = draw.exponential(1, len(person)), draw.random(len(person))
    stay = np.where(
        kind < 0.6, 1 + 12 * length, np.where(kind < 0.85, 5 + 120 * length, 700 * length)
    ).astype(int)
    stay[starts] = draw.integers(0, DAYS, persons)
    day = np.cumsum(stay)
    day -= np.repeat(day[starts] - stay[starts], counts)
    turn = (
        np.arange(len(person)) - np.repeat(starts, counts) + np.repeat(draw.integers(0, 2, persons), counts)
    )
    kept = (day < DAYS) & (draw.random(len(day)) > 0.008)
    names = pa.array(["departure", "arrival"])
    direction = pa.DictionaryArray.from_arrays(pa.array((turn[kept] % 2).astype(np.int8)), names)
    identifiers = (person[kept] + first_person) * 7919 % 1_000_000_007
    return pa.table(
        {
            "person_id": identifiers,
            "date": pa.array((day[kept] + FIRST).astype(np.int32)).cast(pa.date32()),
            "direction": direction.cast(pa.string()),
            "random_order": draw.integers(0, 1 << 40, int(kept.sum())),
        }
    )


def write_later(crossings: Path, file: Path, rows: int, first_day: str) -> None:
    """Write a month of crossings from a day on: the people of the last rows cross the other way."""
    engine = duckdb.connect()
    engine.execute(
        "COPY (SELECT person_id, 1000000000000 + crossing_id AS crossing_id, date, direction FROM ("
        f" SELECT person_id, crossing_id, DATE '{first_day}' + CAST(hash(crossing_id) % 31 AS INT) AS date,"
        " CASE direction WHEN 'arrival' THEN 'departure' ELSE 'arrival' END AS direction"
        f" FROM '{crossings}' ORDER BY crossing_id DESC LIMIT {rows}) ORDER BY date)"
        f" TO '{file}' (FORMAT parquet)"
    )


def write_copies(crossings: Path, file: Path, copies: int) -> None:
    """Write each crossing so many times, with as many other people, in the same order of time."""
    source = pq.ParquetFile(crossings, read_dictionary=["direction"])
    names, numbers = ["person_id", "crossing_id", "date", "direction"], np.arange(copies)
    schema = source.schema_arrow
    with pq.ParquetWriter(file, schema, use_dictionary=["date", "direction"]) as writer:
        for batch in source.iter_batches(122_880, columns=names):
            again = pa.array(np.repeat(np.arange(len(batch)), copies))
            persons = batch["person_id"].to_numpy()[:, None] + numbers * 1_000_000_007
            identifiers = batch["crossing_id"].to_numpy()[:, None] * copies + numbers
            others = [batch[name].take(again) for name in names[2:]]
            table = pa.table([persons.ravel(), identifiers.ravel(), *others], names=names)
            writer.write_table(table.cast(schema))


def classified(what: str, source: Path, target: Path, until: str = UNTIL, after: Path | None = None) -> Cost:
    """The cost of the command."""
    command = [
        sys.executable,
        "-m",
        "sojourn",
        "--json",
        "tool",
        "classify-movements",
        str(source),
        str(target),
    ]
    command += ["--rule", "12/16", "--observed-from", "2010-01-01", "--observed-until", until]
    return cost(what, [*command, "--after", str(after)] if after is not None else command)


def later(whole: Path, results: Path) -> list[Cost]:
    """The cost of going on from the results of the whole: with a new month, and with late crossings."""
    file, rows = whole.with_name("later.parquet"), pq.read_metadata(whole).num_rows // 50
    write_later(whole, file, rows, "2020-01-01")
    month = classified("a month more", file, results / "2020-01.parquet", MONTH_LATER, results)
    write_later(whole, file, rows, "2019-12-01")
    late = classified("as many late", file, results / "2020-01b.parquet", MONTH_LATER, results)
    return [month, late]


def peers(sample: Path, tenth: Path, folder: Path) -> dict[str, tuple[Cost, Path]]:
    """The cost of plain answers, each with the file that it was computed from."""
    python = [("duckdb: window SQL", "in_duckdb.py", sample), ("polars", "in_polars.py", sample)]
    python.append(("pandas: a function a person", "in_pandas.py", tenth))
    found = {}
    for what, script, file in python:
        command = [sys.executable, str(PEERS / script), str(file), str(folder / "peer.parquet")]
        found[what] = (cost(what, command), file)
    r_script = shutil.which("Rscript")
    is_there = [r_script or "false", "-e", "library(data.table)"]
    if subprocess.run(is_there, capture_output=True, check=False).returncode != 0:
        print("R's data.table is not installed: left out.")
        return found
    csv = folder / "sample.csv"
    duckdb.execute(
        "COPY (SELECT person_id, crossing_id, date - DATE '1970-01-01' AS day,"
        f" (direction = 'arrival')::INT AS side FROM '{sample}') TO '{csv}'"
    )
    command = [str(r_script), str(PEERS / "in_data_table.R"), str(csv), str(folder / "peer.csv")]
    return {**found, "R data.table": (cost("R data.table", command), sample)}


def main() -> None:
    """Print the table, and write JSON when asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--crossings", type=int, default=100_000_000)
    parser.add_argument("--sample", type=int, default=10_000_000)
    parser.add_argument("--copies", type=int, help="decide the file so many times larger as well")
    parser.add_argument("--folder", type=Path, help="where the files go; a temporary folder otherwise")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sojourn-movements-", dir=arguments.folder) as place:
        folder = Path(place)
        whole, sample, tenth = (folder / f"{name}.parquet" for name in ("crossings", "sample", "tenth"))
        sizes = {whole: arguments.crossings, sample: arguments.sample, tenth: arguments.sample // 10}
        for file, crossings in sizes.items():
            write_crossings(file, crossings)
        classified("warm up", sample, folder / "warm.parquet")
        sorting = SORTED.format(file=whole, target=folder / "sorted.parquet", spill=folder)
        results = folder / "results"
        results.mkdir()
        costs = [
            cost("duckdb: read, sort by person and time, write", [sys.executable, "-c", sorting]),
            classified("sojourn tool classify-movements", whole, results / "2019-12.parquet"),
        ]
        costs += later(whole, results)
        if arguments.copies:
            many = folder / "many.parquet"
            write_copies(whole, many, arguments.copies)
            costs.append(classified(f"{arguments.copies} times as many", many, folder / "many_found.parquet"))
        ours = classified("sojourn, sample", sample, folder / "s.parquet")
        others = peers(sample, tenth, folder)
        rows = {file: pq.read_metadata(file).num_rows for file in sizes}
    print(f"{rows[whole]:,} crossings; sample of {rows[sample]:,}, a tenth of it {rows[tenth]:,}")
    on_sample = [ours, *(found for found, _ in others.values())]
    for each in (*costs, *on_sample):
        print(each)
    ratio = costs[1].cpu / costs[0].cpu
    for each in costs[1:]:
        print(each.what, json.loads(each.said))
    print(f"sojourn took {ratio:.2f} times the CPU of sorting and at most {costs[1].megabytes:,.0f} MB")
    of_a_row = ours.cpu / rows[sample]
    times = {what: found.cpu / rows[file] / of_a_row for what, (found, file) in others.items()}
    of_a_row_of_whole = costs[1].cpu / rows[whole]
    for what, factor in times.items():
        of_whole = factor * of_a_row / of_a_row_of_whole
        print(
            f"{what} took {factor:.1f} times the CPU of sojourn on the sample, start-up included,"
            f" and {of_whole:.1f} times what a crossing of the whole file took"
        )
    if arguments.json:
        listed = [{n: v for n, v in vars(c).items() if n != "said"} for c in (*costs, *on_sample)]
        arguments.json.write_text(json.dumps({"costs": listed, "ratio": ratio, "peers": times}, indent=1))


if __name__ == "__main__":
    main()
