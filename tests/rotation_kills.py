"""Kill a change of key at one durable step after another, finish it, and judge what came of it.

    python tests/rotation_kills.py FOLDER [MOST_POINTS]

This process only forks: every command runs in a child that has everything loaded already. A child counts
its steps that change what is kept: files opened for writing, renamed, removed or synchronised, folders made
and removed, statements and commits of the catalogue. On the chosen one it kills itself with SIGKILL. Prints
one JSON document: how many steps there are, and for each point what was found after it.

Delivered files are read here, once: what the readings gave at the beginning is given again.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import pickle
import shutil
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from reading_here import reading_here
from small_project import HEADER, crossing, write_small_project
from sojourn.catalogue import schema
from sojourn.contracts.table import Zone
from sojourn.errors import ProjectError
from sojourn.integration.hmac_kernel import keyed_digests
from sojourn.integration.pseudonyms import pseudonyms
from sojourn.production import records
from sojourn.production.doctor import examine
from sojourn.production.key_rotation import rotate_key
from sojourn.production.key_state import key_in_force
from sojourn.production.lineage import selected_cells
from sojourn.production.receive import receive
from sojourn.production.tables import run_tables
from sojourn.production.workspace import open_workspace
from sojourn.store.keys import Keys, derived

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def in_child(work: Callable[[], Any]) -> tuple[int, Any]:
    """What some work returns when a fork of this process does it, with how the fork ended."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        code = 1
        try:
            words = io.StringIO()
            with contextlib.redirect_stdout(words), contextlib.redirect_stderr(words):
                result = work()
            with os.fdopen(writing, "w") as opened:
                json.dump([result, words.getvalue()], opened)
            code = 0
        except BaseException:  # noqa: BLE001  the fork tells what happened and ends
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as opened:
        text = opened.read()
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), json.loads(text) if text else None


class Steps:
    """Counts the steps of this process that change what is kept, and ends it on one of them."""

    def __init__(self, last: int | None) -> None:
        self.last, self.count = last, 0

    def one(self) -> None:
        self.count += 1
        if self.count == self.last:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self) -> None:
        synchronise = os.fsync

        def fsync(descriptor: int) -> None:
            self.one()
            synchronise(descriptor)

        os.fsync = fsync
        sys.addaudithook(self._audited)
        for event in ("before_cursor_execute", "commit"):
            sa.event.listen(sa.Engine, event, lambda *_: self.one())
        # What the driver is told goes on the disk in between: the step after a commit counts too.
        sa.event.listen(sa.Engine, "checkin", lambda *_: self.one())

    def _audited(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            changes = bool(int(arguments[2] or 0) & WRITING)
        else:
            changes = event in ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate", "os.chmod")
        if changes:
            self.one()


class Replayed:
    """A reading of a delivered file that was made before."""

    def __init__(self, header: Any, frames: list[Any], non_data: list[Any], summary: Any) -> None:
        self.header, self.frames, self.non_data, self.summary = header, frames, non_data, summary

    def __enter__(self) -> Replayed:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __iter__(self) -> Iterator[Any]:
        return iter(self.frames)


def record_readings(file: Path) -> None:
    """From now on keep what readings of delivered files give, in a file for `replay_readings`."""
    real = records.read

    @contextlib.contextmanager
    def read(content: Path, *arguments: Any, **options: Any) -> Iterator[Replayed]:
        with real(content, *arguments, **options) as reading:
            kept = Replayed(reading.header, list(reading), reading.non_data, reading.summary)
        known = pickle.loads(file.read_bytes()) if file.is_file() else {}
        file.write_bytes(pickle.dumps({**known, content.parent.name: kept}))
        yield kept

    records.read = read


def replay_readings(file: Path) -> None:
    """From now on give the readings that were kept."""
    known = pickle.loads(file.read_bytes())
    records.read = lambda content, *_, **__: known[content.parent.name]


def begin(folder: Path) -> None:
    """A project with a superseded and a held delivery, two in force, and a table that is made."""
    record_readings(folder.parent / "readings")
    project = write_small_project(folder / "project", folder / "keys")
    lines = {
        "2023.csv": [crossing(n, ID=f"E{n}", DAY=f"2023-0{1 + n % 9}-11") for n in range(30)],
        "2024-first.csv": [crossing(n) for n in range(40)],
        # Known documents written otherwise, records without a document, and a document that comes twice.
        "2024.csv": [
            crossing(n, DOC=f"p {n:03d}-{0:04d}" if n % 7 == 0 else ("" if n % 5 == 0 else f"P{n % 25:07d}"))
            for n in range(45)
        ],
        "held.csv": [crossing(n, DAY="2O24-01-01") for n in range(20)],
    }
    for name, rows in lines.items():
        (folder / name).write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    with open_workspace(project) as office:
        receive(office, "border", folder / "2023.csv", period="2023")
        receive(office, "border", folder / "2024-first.csv", period="2024")
        receive(office, "border", folder / "2024.csv", period="2024")
        assert receive(office, "border", folder / "held.csv", period="2025").state == "held"
        run_tables(office)


def persons(folder: Path) -> dict[str, str]:
    """The pseudonym of every record of the deliveries in force, as the catalogue names their versions."""
    found: dict[str, str] = {}
    with open_workspace(folder / "project") as office:
        rows = office.catalogue.rows(sa.select(schema.delivery).where(schema.delivery.c.state == "accepted"))
        for row in rows:
            version = office.store.version_in(
                Zone.SECURE, f"records_{row['source']}", json.loads(row["summary"])["version"]
            )
            assert version is not None, "a delivery in force has no records"
            for file in version.files:
                table = pq.read_table(file)
                keys = table["person_key"].to_pylist()
                found.update(zip(table["record_id"].to_pylist(), keys, strict=True))
    return found


def figures(folder: Path) -> list[Any]:
    """The cells of the table as they can be looked at."""
    with open_workspace(folder / "project") as office:
        cells = selected_cells(office, "CROSSINGS", ()).to_pylist()
    return sorted(json.dumps(cell, sort_keys=True, default=str) for cell in cells)


def partition(keys: dict[str, str]) -> set[frozenset[str]]:
    """Which records are about one person."""
    together: dict[str, set[str]] = {}
    for record, key in keys.items():
        together.setdefault(key, set()).add(record)
    return {frozenset(records) for records in together.values()}


def every_pseudonym(folder: Path) -> set[str]:
    """All pseudonyms in all Parquet files of a project, whether anybody names them or not."""
    found: set[str] = set()
    for file in (folder / "project" / "local").rglob("*.parquet"):
        table = pq.read_table(file)
        if "person_key" in table.column_names:
            found |= set(table["person_key"].to_pylist())
    return found


def remade(folder: Path, master: bytes) -> set[str]:
    """The pseudonyms of all delivered documents under a master key, as its thief would make them."""
    with open_workspace(folder / "project") as office:
        found = key_in_force(office.catalogue)
        keys = Keys.of(master, project=found.project, agency=office.declarations.settings.agency.id)
        made: set[str] = set()
        with office.engine(Zone.VAULT) as engine:
            for file in office.store.zone(Zone.VAULT).glob("records_*/*/*.parquet"):
                evidence = engine.query(
                    "SELECT record_id, document_no AS strongest, surname || '|' || given_names || '|' ||"
                    " birth_date AS description FROM identities",
                    {"identities": engine.relation(file)},
                )
                table = pseudonyms(evidence, key=keys.pseudonym, purpose="XRT_NSO")
                made |= set(table["person_key"].to_pylist())
    return made


def holding(folder: Path, secrets: list[bytes]) -> list[str]:
    """Files of the project that hold one of the secrets in any form."""
    forms = [
        form
        for secret in secrets
        for form in (secret, secret.hex().encode(), base64.b64encode(secret).rstrip(b"="))
    ]
    return [
        str(file)
        for file in (folder / "project").rglob("*")
        if file.is_file() and any(form in file.read_bytes() for form in forms)
    ]


def rotated(folder: Path) -> str:
    with open_workspace(folder / "project") as office:
        return rotate_key(office, because="a test").state


def refuses_old_key(folder: Path, master: bytes) -> bool:
    """Whether the project refuses to be opened when the old key is put back; the new one is restored."""
    file = folder / "keys" / "pseudonym.key"
    new = file.read_bytes()
    file.write_bytes(master)
    try:
        open_workspace(folder / "project").catalogue.close()
    except ProjectError as refused:
        return "not the one with which" in str(refused)
    finally:
        file.write_bytes(new)
    return False


def one_point(folder: Path, start: Path, point: int, before: dict[str, Any], master: bytes) -> dict[str, Any]:
    work = folder / "work"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(start, work)

    def killed() -> None:
        steps = Steps(point)
        steps.watch()
        rotated(work)
        raise AssertionError(f"the end was reached after {steps.count} steps")

    code, _ = in_child(killed)
    old = set(before["persons"].values())

    def judged() -> dict[str, Any]:
        seen = set(persons(work).values())
        between = figures(work)
        with open_workspace(work / "project") as office:
            findings = [f for f in examine(office) if f.severity == "error"]
            told = [f.message for f in examine(office) if f.subject == "keys" and f.severity == "note"]
        in_between = (work / "keys" / "pseudonym.next.key").is_file() or "destroyed yet" in str(told)
        rotated(work)
        keys = persons(work)
        with open_workspace(work / "project") as office:
            left = [
                str(f)
                for f in examine(office)
                if f.subject in ("keys", "unfinished work", "tables") and f.severity != "ok"
            ]
            trail = [e["action"] for e in office.catalogue.events() if e["outcome"] == "done"]
        kept = [file.read_bytes() for file in (work / "keys").iterdir() if file.is_file()]
        new = (work / "keys" / "pseudonym.key").read_bytes()
        return {
            "half": bool(seen & old) and not seen <= old,
            "figures_between": between == before["figures"],
            "errors": [str(f) for f in findings],
            "untold": in_between and not told,
            "same_persons": partition(keys) == partition(before["persons"]),
            "same_records": sorted(keys) == sorted(before["persons"]),
            "figures": figures(work) == before["figures"],
            "old_pseudonyms": len(every_pseudonym(work) & old),
            "remade_with_old_key": len(remade(work, master) & every_pseudonym(work)),
            "remade_with_new_key": len(remade(work, new) & every_pseudonym(work)),
            "old_key_kept": any(master in content for content in kept),
            "left": left,
            "audited": {"change-key", "destroy-old-key"} <= set(trail),
            "secrets": holding(work, [master, new, derived(new, "x")]),
            "refuses_old_key": refuses_old_key(work, master),
        }

    _, answered = in_child(judged)
    found: dict[str, Any] = answered[0] if answered else {"failed": True}
    return {"point": point, "was_killed": code == -signal.SIGKILL, **found}


def violations(found: dict[str, Any]) -> list[str]:
    """What is not as it should be after one point."""
    wanted = {
        "was_killed": True,
        "half": False,
        "figures_between": True,
        "errors": [],
        "untold": False,
        "same_persons": True,
        "same_records": True,
        "figures": True,
        "old_pseudonyms": 0,
        "remade_with_old_key": 0,
        "old_key_kept": False,
        "left": [],
        "audited": True,
        "secrets": [],
        "refuses_old_key": True,
    }
    wrong = [f"{name}: {found.get(name)}" for name, value in wanted.items() if found.get(name) != value]
    return wrong if found.get("remade_with_new_key") else [*wrong, "the new key makes no pseudonym"]


def main() -> None:
    folder, most = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 10**9
    work, start = folder / "work", folder / "start"
    work.mkdir(parents=True)
    # Once in this process, so that the forks find the kernel loaded.
    keyed_digests(pa.array([""]), bytes(64), bytes(64), b"")
    with reading_here():
        assert in_child(lambda: begin(work))[0] == 0
    replay_readings(folder / "readings")
    shutil.copytree(work, start)
    master = (work / "keys" / "pseudonym.key").read_bytes()
    _, (before, _) = in_child(lambda: {"persons": persons(work), "figures": figures(work)})

    def undisturbed() -> int:
        steps = Steps(None)
        steps.watch()
        rotated(work)
        return steps.count

    _, (total, _) = in_child(undisturbed)
    chosen = sorted(
        {1 + number * (total - 1) // max(1, min(most, total) - 1) for number in range(min(most, total))}
    )
    points = []
    for number, point in enumerate(chosen, start=1):
        points.append(one_point(folder, start, point, before, master))
        points[-1]["violations"] = violations(points[-1])
        if number % 20 == 0:
            print(f"{number} of {len(chosen)} points", file=sys.stderr, flush=True)
    persons_before = len(partition(before["persons"]))
    print(
        json.dumps(
            {"steps": total, "persons": persons_before, "records": len(before["persons"]), "points": points}
        )
    )


if __name__ == "__main__":
    main()
