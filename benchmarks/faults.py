"""Kill Sojourn at hundreds of points, fill its disk, and see that nothing is lost, doubled or half visible.

    python benchmarks/faults.py [--kills 300] [--sizes 30] [--only kill|full] [--json FILE]

A small project is taken through receive, run, release prepare, approve and publish. For each command the
system calls by which its main thread changes files are noted; then the command is given again and again
from the same beginning and killed with SIGKILL on entering one such call after another, spread evenly over
all of them. After each kill the doctor must find no error, the same command must finish, the result must be
the one of an undisturbed run, and the doctor must find nothing unfinished.

For the full disk the project lies on a file system in memory of one size after another; after the failure
there must be a message and no traceback, and with more room the same command must finish.

Needs Linux and `strace`; the second part needs the right to mount (root).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

# What a command does durably goes through these calls; reading is not disturbed.
WRITING = "write,pwrite64,fsync,fdatasync,ftruncate"
NAMING = "rename,renameat,renameat2,unlink,unlinkat,rmdir,mkdir,link,linkat"
CALLS = f"{WRITING},{NAMING}"
HEADER = "ID,DAY,DIR,DOC,SURNAME,GIVEN,BORN,SEX,NAT"
PEOPLE = ("statistician-1", "checker-1", "checker-2", "publisher-1")
PAGE = 4096
SECRET = "a passphrase for the fault test"


@dataclass(frozen=True)
class Command:
    """One command of the path, and how the project is brought to the state before it."""

    name: str
    arguments: Callable[[Path], list[str]]


def _files(folder: Path) -> dict[str, str]:
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    import small_project as small

    return {
        "sojourn.yaml": small.SETTINGS.format(keys=folder / "keys"),
        "strategy/organisations.yaml": small.ORGANISATIONS,
        "strategy/agreements.yaml": small.AGREEMENTS,
        "strategy/people.yaml": small.PEOPLE,
        "sources/border/source.yaml": small.BORDER,
        "indicators/crossings.yaml": small.CROSSINGS,
        "tables/crossings.yaml": small.TABLE,
        "releases/2024.yaml": small.RELEASE,
        "border_2024.csv": "\n".join([HEADER, *map(small.crossing, range(400))]) + "\n",
        "passphrase": SECRET,
    }


def _write_project(folder: Path) -> None:
    for name, text in _files(folder).items():
        (folder / "project" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "project" / name).write_text(text, encoding="utf-8")


def _hash(folder: Path) -> str:
    shown = _sojourn(folder, ["--json", "release", "list"])
    return str(json.loads(shown.stdout)[0]["hash"])


def _as(folder: Path, person: str) -> list[str]:
    return ["--as", person, "--passphrase-file", str(folder / "project" / "passphrase")]


COMMANDS = (
    Command(
        "receive", lambda f: ["receive", "border", str(f / "project/border_2024.csv"), "--period", "2024"]
    ),
    Command("run", lambda f: ["run"]),
    Command("release prepare", lambda f: ["release", "prepare", "2024", *_as(f, "statistician-1")]),
    Command("release approve", lambda f: ["release", "approve", _hash(f), *_as(f, "checker-1")]),
    Command("release publish", lambda f: ["release", "publish", _hash(f), *_as(f, "publisher-1")]),
)


def _sojourn(
    folder: Path, arguments: Sequence[str], prefix: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """Give a command: under `strace` as a process of its own, else as a fork of this one.

    The fork has everything loaded already.
    """
    command = [*prefix, sys.executable, "-m", "sojourn", "-p", str(folder / "project"), *arguments]
    if prefix:
        return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    words = [tempfile.TemporaryFile("w+") for _ in range(2)]  # noqa: SIM115  closed below, after the fork
    child = os.fork()
    if child == 0:
        os.dup2(words[0].fileno(), 1)
        os.dup2(words[1].fileno(), 2)
        sys.argv = command[2:]
        code = 1
        try:
            from sojourn.cli.app import main as sojourn

            sojourn()
        except SystemExit as leaving:
            code = int(leaving.code or 0)
        except BaseException:  # noqa: BLE001  the fork tells what happened and ends
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    _, status = os.waitpid(child, 0)
    told = []
    for file in words:
        file.seek(0)
        told.append(file.read())
        file.close()
    return subprocess.CompletedProcess(command, os.waitstatus_to_exitcode(status), *told)


def _load_all() -> None:
    """Load what the commands need, so that forks need not."""
    import sojourn.cli
    import sojourn.production.accounts
    import sojourn.production.doctor
    import sojourn.production.publishing
    import sojourn.production.receive
    import sojourn.production.tables  # noqa: F401


def _must(done: subprocess.CompletedProcess[str]) -> None:
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(done.args)}\n{done.stdout}{done.stderr}")


def _prepare(folder: Path) -> list[Path]:
    """Beginnings of every command: copies of the project just before it."""
    work = folder / "work"
    work.mkdir(parents=True)
    _write_project(work)
    for person in PEOPLE:
        _must(
            _sojourn(work, ["people", "enrol", person, "--passphrase-file", str(work / "project/passphrase")])
        )
    beginnings = []
    for position, command in enumerate(COMMANDS):
        beginnings.append(folder / f"before-{position}")
        shutil.copytree(work, beginnings[-1])
        _must(_sojourn(work, command.arguments(work)))
        if command.name == "release approve":
            _must(_sojourn(work, ["release", "approve", _hash(work), *_as(work, "checker-2")]))
    shutil.copytree(work, folder / "end")
    return beginnings


def _restore(folder: Path, beginning: Path) -> Path:
    """Put a beginning in the place that its paths speak of."""
    work = folder / "work"
    shutil.rmtree(work)
    shutil.copytree(beginning, work)
    return work


def _state(folder: Path) -> dict[str, object]:
    """What a project holds, without what differs from run to run: times and the signatures over them."""
    sqlite = folder / "project/local/catalogue.sqlite"
    import sqlite3

    with contextlib.closing(sqlite3.connect(sqlite)) as connection:
        deliveries = connection.execute(
            "SELECT id, state, loaded, quarantined FROM delivery ORDER BY id"
        ).fetchall()
        versions = connection.execute(
            "SELECT zone, name, fingerprint, rows FROM table_version ORDER BY 1, 2, 3"
        ).fetchall()
        releases = connection.execute("SELECT id, version, state FROM release ORDER BY 1, 2").fetchall()
        approvals = connection.execute("SELECT person, decision FROM approval ORDER BY 1").fetchall()
    public = folder / "project/local/public/releases.json"
    visible = (
        [entry["status"] for entry in json.loads(public.read_text())["releases"]] if public.is_file() else []
    )
    return {
        "deliveries": deliveries,
        "versions": versions,
        "releases": releases,
        "approvals": approvals,
        "visible": visible,
    }


def _doctor(folder: Path) -> list[dict[str, str]]:
    shown = _sojourn(folder, ["--json", "doctor"])
    return list(json.loads(shown.stdout))


Point = tuple[str, int]  # a system call by its name, and how often it had been made by then


def _points(folder: Path, beginning: Path, command: Command) -> list[Point]:
    """The calls of the main thread in an undisturbed run, in their order."""
    work = _restore(folder, beginning)
    log = folder / "calls"
    arguments = command.arguments(work)
    _must(
        _sojourn(
            work, arguments, ["strace", "-qq", "-e", f"trace={CALLS}", "-e", "signal=none", "-o", str(log)]
        )
    )
    seen: Counter[str] = Counter()
    found = []
    for name in re.findall(r"^(\w+)\(", log.read_text(errors="replace"), re.MULTILINE):
        seen[name] += 1
        found.append((name, seen[name]))
    return found


def kill_points(folder: Path, beginnings: list[Path], wanted: int) -> list[dict[str, object]]:
    """Kill every command at points spread evenly over its calls, and judge what is left."""
    calls = [_points(folder, b, c) for b, c in zip(beginnings, COMMANDS, strict=True)]
    total = sum(map(len, calls))
    print(f"{total} calls that change files: {[len(points) for points in calls]}", file=sys.stderr)
    share = min(1.0, wanted / total)
    found = []
    for command, beginning, points, after in zip(
        COMMANDS, beginnings, calls, [*beginnings[1:], folder / "end"], strict=True
    ):
        chosen = [points[int(i / share)] for i in range(round(len(points) * share))]
        expected = _state(after) if command.name != "release approve" else None
        started = time.monotonic()
        for done, point in enumerate(chosen, start=1):
            found.append(_one_kill(folder, beginning, command, point, expected))
            if time.monotonic() - started > 60:
                started = time.monotonic()
                print(f"{command.name}: {done} of {len(chosen)} points", file=sys.stderr)
    return found


def _one_kill(
    folder: Path, beginning: Path, command: Command, point: Point, expected: dict[str, object] | None
) -> dict[str, object]:
    work = _restore(folder, beginning)
    arguments = command.arguments(work)
    name, time_of_it = point
    inject = ["strace", "-qq", "-o", "/dev/null", "-e", f"trace={CALLS}"]
    inject += ["-e", f"inject={name}:signal=KILL:when={time_of_it}"]
    killed = _sojourn(work, arguments, inject)
    complaints = [f["subject"] for f in _doctor(work) if f["severity"] == "error"]
    again = _sojourn(work, arguments)
    finished = again.returncode == 0 or (
        command.name == "release approve" and "already decided" in again.stderr
    )
    left = [
        f["subject"] for f in _doctor(work) if f["severity"] != "ok" and f["subject"] not in ("maps", "fonts")
    ]
    same = expected is None or _state(work) == expected
    return {
        "command": command.name,
        "point": f"{name} {time_of_it}",
        "was_killed": killed.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL),
        "errors_after_kill": complaints,
        "finished": finished,
        "same_as_undisturbed": same,
        "left_over": left,
        "words": "" if finished else again.stderr[-500:],
    }


def full_disks(folder: Path, beginnings: list[Path], wanted: int) -> list[dict[str, object]]:
    """Give every command too little room, from none to almost enough."""
    found = []
    per_command = -(-wanted // len(COMMANDS))
    for command, beginning in zip(COMMANDS, beginnings, strict=True):
        enough = _enough(folder, beginning, command)
        rooms = [enough * position // per_command for position in range(per_command)]
        found += [_one_full_disk(folder, beginning, command, room) for room in rooms]
        print(f"{command.name}: {per_command} disks with room for up to {enough} bytes", file=sys.stderr)
    return found


@contextlib.contextmanager
def _in_memory(folder: Path, beginning: Path) -> Iterator[tuple[Path, Path]]:
    """A beginning in its place, with everything that changes on a file system in memory."""
    work = _restore(folder, beginning)
    local, kept = work / "project/local", folder / "kept"
    shutil.move(local, kept)
    local.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200M", "tmpfs", str(local)], check=True)
    try:
        subprocess.run(["cp", "-a", f"{kept}/.", str(local)], check=True)
        yield work, local
    finally:
        subprocess.run(["umount", str(local)], check=True)
        shutil.rmtree(kept)


def _enough(folder: Path, beginning: Path, command: Command) -> int:
    """Room with which a command finishes, at most half as much again as it needs."""
    room = 4 * PAGE
    while True:
        with _in_memory(folder, beginning) as (work, local):
            arguments = command.arguments(work)
            _leave(local, room)
            if _sojourn(work, arguments).returncode == 0:
                return room
        room += room // 2


def _leave(local: Path, room: int) -> None:
    held = os.statvfs(local)
    size = (held.f_blocks - held.f_bfree) * held.f_frsize + room
    subprocess.run(["mount", "-o", f"remount,size={size}", str(local)], check=True)


def _one_full_disk(folder: Path, beginning: Path, command: Command, room: int) -> dict[str, object]:
    with _in_memory(folder, beginning) as (work, local):
        arguments = command.arguments(work)
        _leave(local, room)
        first = _sojourn(work, arguments)
        subprocess.run(["mount", "-o", "remount,size=200M", str(local)], check=True)
        complaints = [
            f["subject"] for f in _doctor(work) if f["severity"] == "error" and f["subject"] != "disk"
        ]
        again = _sojourn(work, arguments)
        finished = again.returncode == 0 or (command.name == "release approve" and "already" in again.stderr)
        left = [
            f["subject"]
            for f in _doctor(work)
            if f["severity"] != "ok" and f["subject"] not in ("maps", "fonts", "disk")
        ]
    return {
        "command": command.name,
        "room": room,
        "exit_code": first.returncode,
        "traceback": "Traceback" in first.stderr,
        "errors_after": complaints,
        "finished": finished,
        "left_over": left,
        "words": (again.stderr if not finished else first.stderr)[-700:],
    }


def _report(kind: str, results: list[dict[str, object]], hit: str, bad: list[dict[str, object]]) -> None:
    struck = sum(bool(result[hit]) for result in results)
    print(f"{kind}: {len(results)}, struck: {struck}, violations: {len(bad)}", flush=True)
    for violation in bad[:10]:
        print(json.dumps(violation, indent=1), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--sizes", type=int, default=30)
    parser.add_argument("--only", choices=("kill", "full"))
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    if shutil.which("strace") is None:
        raise SystemExit("strace is not installed.")
    with tempfile.TemporaryDirectory(prefix="sojourn-faults-") as place:
        folder = Path(place)
        os.environ["HOME"] = place
        _load_all()
        beginnings = _prepare(folder)
        kills = kill_points(folder, beginnings, chosen.kills) if chosen.only != "full" else []
        bad_kills = [
            k
            for k in kills
            if k["errors_after_kill"] or not k["finished"] or not k["same_as_undisturbed"] or k["left_over"]
        ]
        _report("kill points", kills, "was_killed", bad_kills)
        disks = full_disks(folder, beginnings, chosen.sizes) if chosen.only != "kill" else []
    bad_disks = [
        d for d in disks if d["traceback"] or d["errors_after"] or not d["finished"] or d["left_over"]
    ]
    _report("disk sizes", disks, "exit_code", bad_disks)
    if chosen.json:
        chosen.json.write_text(json.dumps({"kills": kills, "disks": disks}, indent=1))
    raise SystemExit(1 if bad_kills or bad_disks else 0)


if __name__ == "__main__":
    main()
