"""Border crossings on one machine and on a cluster of two workers on the same machine, in one run.

    python benchmarks/cluster.py [--crossings 20000000] [--folder DIR] [--json FILE]

The same command classifies the same Parquet file with `--engine duckdb` and with `--engine spark`; the
cluster is a standalone one with a master and two workers of one core, with authentication and encryption.
Both results are compared. A cluster on one machine cannot be faster: the ratio is what reading, encrypting,
moving and starting Java cost, which more machines then share; Java compiles less here than on a cluster
that lives longer.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
from costs import PAGE, Cost, cost
from movements import UNTIL, write_crossings

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from standalone_cluster import StandaloneCluster, standalone_cluster, what_is_missing

TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Watched:
    """CPU seconds of all processes below some, and the most memory that they held at once."""

    cpu_by_process: dict[int, float] = field(default_factory=dict)
    megabytes: float = 0.0

    @property
    def cpu(self) -> float:
        """All CPU seconds."""
        return sum(self.cpu_by_process.values())

    def look(self, roots: list[int]) -> None:
        """Look at the processes that there are now."""
        held, waiting = 0, list(roots)
        while waiting:
            number = waiting.pop()
            try:
                held += int(Path(f"/proc/{number}/statm").read_text().split()[1]) * PAGE
                spent = Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()
                self.cpu_by_process[number] = (int(spent[11]) + int(spent[12])) / TICK
                for task in Path(f"/proc/{number}/task").iterdir():
                    waiting += map(int, (task / "children").read_text().split())
            except (FileNotFoundError, ProcessLookupError):
                continue
        self.megabytes = max(self.megabytes, held / 1e6)


@contextmanager
def watched(cluster: StandaloneCluster) -> Iterator[Watched]:
    """What the workers and all that they start take while the block runs."""
    roots = [worker.pid for worker in cluster.workers]
    before, found, ended = Watched(), Watched(), threading.Event()
    before.look(roots)

    def watch() -> None:
        while not ended.wait(0.1):
            found.look(roots)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield found
    finally:
        ended.set()
        watcher.join()
        for number, spent in before.cpu_by_process.items():
            found.cpu_by_process[number] = found.cpu_by_process.get(number, spent) - spent


def classified(what: str, source: Path, target: Path, *options: str) -> Cost:
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
    days = ["--rule", "12/16", "--observed-from", "2010-01-01", "--observed-until", UNTIL]
    return cost(what, [*command, *days, *options])


def content(place: Path | str) -> tuple[int, ...]:
    """What a result holds, whatever the order of its rows: their number, and two sums of a hash of each."""
    engine = duckdb.connect()
    described = engine.execute(f"DESCRIBE FROM read_parquet('{place}')").fetchall()
    columns = ", ".join(f'"{name}"' for name, *_ in described)
    row = f"hash({columns})"
    statement = f"SELECT count(*), sum({row}::HUGEINT), bit_xor({row}) FROM read_parquet('{place}')"
    return tuple(engine.execute(statement).fetchall()[0])


def main() -> None:
    """Print the table, and write JSON when asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--crossings", type=int, default=20_000_000)
    parser.add_argument("--folder", type=Path, help="where the files go; a temporary folder otherwise")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if what_is_missing():
        print(f"Left out: {what_is_missing()}.")
        return
    with tempfile.TemporaryDirectory(prefix="sojourn-cluster-", dir=arguments.folder) as place:
        folder = Path(place)
        source, small = folder / "crossings.parquet", folder / "small.parquet"
        write_crossings(source, arguments.crossings)
        write_crossings(small, 100_000)
        classified("warm up", small, folder / "warm.parquet")
        one = classified("one machine", source, folder / "one.parquet")
        with standalone_cluster(folder / "cluster") as cluster:
            os.environ.update(cluster.environment)
            spark = ("--engine", "spark", "--master", cluster.master)
            with watched(cluster) as of_little:
                start = classified("two workers, 100,000 crossings", small, folder / "little", *spark)
            with watched(cluster) as of_all:
                many = classified("two workers", source, folder / "many", *spark)
        is_same = content(folder / "one.parquet") == content(f"{folder / 'many'}/*.parquet")
    rows = [
        (each.what, each.wall, each.cpu + workers.cpu, each.megabytes + workers.megabytes)
        for each, workers in ((one, Watched()), (start, of_little), (many, of_all))
    ]
    crossings = json.loads(one.said)["crossings"]
    print(f"{crossings:,} crossings; the two results are {'the same' if is_same else 'NOT the same'}")
    for what, wall, cpu, megabytes in rows:
        print(f"{what:<34} {wall:>8.1f} s {cpu:>8.1f} CPU s {megabytes:>8,.0f} MB")
    ratio = rows[2][2] / rows[0][2]
    beyond_start = (rows[2][2] - rows[1][2]) / rows[0][2]
    print(f"two workers took {ratio:.1f} times the CPU of one machine, {beyond_start:.1f} without the start")
    if arguments.json:
        names = ("what", "wall", "cpu", "megabytes")
        listed = [dict(zip(names, row, strict=True)) for row in rows]
        found = {"crossings": crossings, "is_same": is_same, "costs": listed}
        found |= {"ratio": ratio, "ratio_without_start": beyond_start}
        arguments.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
