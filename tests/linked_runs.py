"""A linkage killed on one durable step after another, and deliveries received in every order.

    python tests/linked_runs.py kills FOLDER [MOST_POINTS]
    python tests/linked_runs.py orders FOLDER [MOST_ORDERS]
    python tests/linked_runs.py both FOLDER [MOST_OF_EACH]      begins once for the two

Prints one JSON document: for each point or order whether the links, pairs and figures are the same to the
last bit as those of an undisturbed run with deliveries in the order of their files. Commands run in forks of
this process, as `rotation_kills.py` describes; there is one key, so that keys can be compared.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from linked_project import alike_names, write_deliveries, write_linked_project
from reading_here import reading_here
from rotation_kills import Steps, in_child, record_readings, replay_readings
from sojourn.contracts.table import Zone
from sojourn.production.doctor import examine
from sojourn.production.receive import receive
from sojourn.production.tables import run_tables
from sojourn.production.workspace import open_workspace

ERRORS = "linkage_error_MIGRATIONS"
TABLES = ("link", "link_pair", ERRORS, "observations_MIGRATIONS")


def receive_all(folder: Path, order: list[tuple[str, str]]) -> None:
    """Receive the six deliveries in an order."""
    with open_workspace(folder / "project") as office:
        for source, period in order:
            receive(office, source, folder / "files" / f"{source}-{period}.csv", period=period)


def run(folder: Path) -> None:
    """Link and count."""
    with open_workspace(folder / "project") as office:
        run_tables(office, ["MIGRATIONS"])


def content(folder: Path, tables: Sequence[str] = TABLES) -> dict[str, str]:
    """A digest of what each table holds; there is one version of each, or the digest says so."""
    found = {}
    for name in tables:
        with open_workspace(folder / "project") as office:
            versions = sorted((office.store.zone(Zone.SECURE) / name).iterdir())
        files = [file for version in versions for file in sorted(version.glob("*.parquet"))]
        sink = pa.BufferOutputStream()
        pq.write_table(pa.concat_tables(map(pq.read_table, files)), sink)
        digest = hashlib.sha256(sink.getvalue()).hexdigest()
        found[name] = digest if len(versions) == 1 else f"{len(versions)} versions"
    return found


def begin(folder: Path) -> list[tuple[str, str]]:
    """An empty project that has its key, and files to receive in which names are alike."""
    project = write_linked_project(folder / "project", folder / "keys")
    settings = project / "sojourn.yaml"
    text = settings.read_text(encoding="utf-8").replace("students]}", "students], versions: 3}")
    settings.write_text(text, encoding="utf-8")
    order = list(write_deliveries(folder / "files", alike_names))
    open_workspace(folder / "project").catalogue.close()
    return order


def restored(folder: Path, start: Path) -> Path:
    """A copy of a beginning, in the one place where its declarations find the key."""
    work = folder / "work"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(start, work)
    return work


def undisturbed(folder: Path, start: Path, order: list[tuple[str, str]]) -> dict[str, str]:
    """What comes out of the deliveries in an order."""
    work = restored(folder, start)

    def whole() -> dict[str, str]:
        receive_all(work, order)
        run(work)
        return content(work)

    code, answered = in_child(whole)
    return dict(answered[0]) if code == 0 else {"failed": str(code)}


def orders(
    folder: Path, start: Path, order: list[tuple[str, str]], most: int, wanted: dict[str, str]
) -> dict[str, Any]:
    """All orders of the deliveries, or some that lie evenly among them; the first gave what is wanted."""
    every = list(itertools.permutations(order))
    size = min(most, len(every))
    chosen = [every[number * (len(every) - 1) // max(1, size - 1)] for number in range(size)]
    differing = []
    for number, one in enumerate(chosen, start=1):
        found = undisturbed(folder, start, list(one)) if number > 1 else wanted
        if found != wanted:
            differing.append({"order": one, "found": found})
        if number % 20 == 0:
            print(f"{number} of {len(chosen)} orders", file=sys.stderr, flush=True)
    return {"orders": len(chosen), "content": wanted, "differing": differing}


def kills(
    folder: Path, start: Path, order: list[tuple[str, str]], most: int, wanted: dict[str, str]
) -> dict[str, Any]:
    """A run killed on every durable step, or on some that lie evenly among them, and given again."""
    work = restored(folder, start)
    assert in_child(lambda: receive_all(work, order))[0] == 0
    received = folder / "received"
    shutil.copytree(work, received)

    def counted(last: int | None) -> int:
        steps = Steps(last)
        steps.watch()
        run(work)
        return steps.count

    _, (total, _) = in_child(lambda: counted(None))
    points = sorted(
        {1 + number * (total - 1) // max(1, min(most, total) - 1) for number in range(min(most, total))}
    )
    wrong = []
    for number, point in enumerate(points, start=1):
        restored(folder, received)
        code, _ = in_child(lambda point=point: counted(point))

        def finished() -> dict[str, Any]:
            run(work)
            with open_workspace(work / "project") as office:
                errors = [str(f) for f in examine(office) if f.severity == "error"]
            return {"content": content(work), "errors": errors}

        _, answered = in_child(finished)
        found = answered[0] if answered else {"failed": True}
        if code != -signal.SIGKILL or found != {"content": wanted, "errors": []}:
            wrong.append({"point": point, "ended": code, "found": found})
        if number % 20 == 0:
            print(f"{number} of {len(points)} points", file=sys.stderr, flush=True)
    return {"steps": total, "points": len(points), "wrong": wrong}


def main() -> None:
    what, folder = sys.argv[1], Path(sys.argv[2])
    most = int(sys.argv[3]) if len(sys.argv) > 3 else 10**9
    work, start = folder / "work", folder / "start"
    work.mkdir(parents=True)
    order = begin(work)
    shutil.copytree(work, start)
    record_readings(folder / "readings")
    # Once in this process, so that the forks find kernels compiled.
    with reading_here():
        receive_all(work, order)
    run(work)
    replay_readings(folder / "readings")
    wanted = undisturbed(folder, start, order)
    asked = {"kills": (kills,), "orders": (orders,), "both": (kills, orders)}[what]
    found = {one.__name__: one(folder, start, order, most, wanted) for one in asked}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
