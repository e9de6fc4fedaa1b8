"""What a command costs: wall time, CPU of all threads and children, and the most memory that they held."""

from __future__ import annotations

import resource
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Cost", "cost"]

PAGE = resource.getpagesize()


@dataclass(frozen=True)
class Cost:
    """What a process and its children took."""

    what: str
    wall: float
    cpu: float
    megabytes: float
    said: str

    def __str__(self) -> str:
        return f"{self.what:<44} {self.wall:>8.1f} s {self.cpu:>8.1f} CPU s {self.megabytes:>8.0f} MB"


def _held(process: int) -> int:
    """Bytes that a process and its descendants hold in memory now."""
    total, waiting = 0, [process]
    while waiting:
        number = waiting.pop()
        try:
            total += int(Path(f"/proc/{number}/statm").read_text().split()[1]) * PAGE
            for task in Path(f"/proc/{number}/task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total


def cost(what: str, command: list[str]) -> Cost:
    """Run a command and say what it cost."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    most = 0
    ended = threading.Event()

    def watch() -> None:
        nonlocal most
        while not ended.wait(0.02):
            most = max(most, _held(child.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    said, complaints = child.communicate()
    ended.set()
    watcher.join()
    if child.returncode != 0:
        raise SystemExit(f"{what} ended with {child.returncode}:\n{complaints}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(what, time.monotonic() - began, cpu, most / 1e6, said)
