"""Read speed: the strict reader beside DuckDB's bare CSV read, on one generated file in one run.

    python benchmarks/read_speed.py [--records 2000000] [--json result.json]

The file has 13 columns of the kinds that border crossings have, one of them quoted. DuckDB counts the
records with every column as text, which is the least a reader can do; it also makes a table of them, which
is nearer to what is done here. CPU seconds are those of all threads, and of parent and child together.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from sojourn.sources.reader.dialect import Dialect
from sojourn.sources.reader.frames import Loaded
from sojourn.sources.reader.parent import read

HEADER = (
    "record_id,passport_no,surname,given,sex,birth_date,citizenship,country_of_birth,direction,crossing_time,"
    "border_point,visa_type,purpose\n"
)
COUNTRIES = ("NAM", "NOR", "FRA", "KEN", "IND", "SYR", "UKR")
AT_ONCE = 100_000


def write_crossings(path: Path, records: int) -> None:
    """Write a file of made-up crossings."""
    generator = np.random.default_rng(1)
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER)
        for begin in range(0, records, AT_ONCE):
            count = min(AT_ONCE, records - begin)
            numbers = generator.integers(0, 1 << 30, (count, 3)).tolist()
            file.writelines(line(begin + place, *three) for place, three in enumerate(numbers))


def line(number: int, a: int, b: int, c: int) -> str:
    """One crossing, made from a number and three random ones."""
    person = f'B{number:08d},{chr(65 + a % 26)}{b % 10_000_000:07d},SUR{a % 5000},"G{c % 900}",{"MF"[a & 1]}'
    birth = f"19{40 + a % 60}-{1 + b % 12:02d}-{1 + c % 28:02d},{COUNTRIES[a % 7]},{COUNTRIES[b % 7]}"
    crossing = f"{'AD'[c & 1]},2024-{1 + a % 12:02d}-{1 + b % 28:02d}T{c % 24:02d}:{a % 60:02d}:00Z"
    return f"{person},{birth},{crossing},BP{a % 9},{'TWSR'[b % 4]},work\n"


def cpu_seconds() -> float:
    """CPU seconds of this process and of its children that have ended."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in spent)


def measured(name: str, size: int, work: Any) -> dict[str, Any]:
    """Run something and say what it cost."""
    wall, spent = time.monotonic(), cpu_seconds()
    count = work()
    spent, wall = cpu_seconds() - spent, time.monotonic() - wall
    return {"what": name, "records": count, "wall s": round(wall, 2), "CPU s": round(spent, 2),
            "MB per CPU s": round(size / 1e6 / spent)}  # fmt: skip


def strictly_read(path: Path) -> int:
    """Records that the strict reader loads, through its child process."""
    with read(path, Dialect()) as reading:
        return sum(frame.batch.num_rows for frame in reading if isinstance(frame, Loaded))


def compared(path: Path) -> list[dict[str, Any]]:
    """The three ways of reading, after one reading that makes the kernels and the file warm."""
    strictly_read(path)
    size = path.stat().st_size
    bare = f"from read_csv('{path}', all_varchar = true)"
    connection = duckdb.connect()
    connection.execute("set enable_progress_bar = false")

    def first(statement: str) -> int:
        return int((connection.execute(statement).fetchone() or (0,))[0])

    return [
        measured("strict reader, in its child process", size, lambda: strictly_read(path)),
        measured("duckdb, bare count", size, lambda: first(f"select count(*) {bare}")),
        measured("duckdb, table of text", size, lambda: first(f"create table records as {bare}")),
    ]


def main() -> None:
    """Print the table, and write JSON when asked."""
    parser = argparse.ArgumentParser(description="The strict reader beside DuckDB's CSV read.")
    parser.add_argument("--records", type=int, default=2_000_000)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "crossings.csv"
        write_crossings(path, arguments.records)
        size = path.stat().st_size
        results = compared(path)
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
    for result in results:
        costs = f"{result['wall s']:>7} s {result['CPU s']:>7} CPU s {result['MB per CPU s']:>6} MB per CPU s"
        print(f"{result['what']:<38} {result['records']:>10} records {costs}")
    ratio = round(results[0]["CPU s"] / results[1]["CPU s"], 2)
    print(f"{size / 1e6:.0f} MB; the child took at most {largest} MB and {ratio} times the CPU of the count")
    if arguments.json:
        report = {
            "results": results,
            "child MB": largest,
            "CPU ratio to bare read": ratio,
            "file MB": size // 10**6,
        }
        arguments.json.write_text(json.dumps(report, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
