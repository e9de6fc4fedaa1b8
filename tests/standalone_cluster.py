"""A standalone Spark cluster of one master and two workers, each a process of its own on this machine."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

__all__ = ["StandaloneCluster", "standalone_cluster", "what_is_missing"]

HOST = "127.0.0.1"
SECONDS_TO_START = 90


@dataclass
class StandaloneCluster:
    """Where the cluster answers, and its processes."""

    master: str
    workers: list[subprocess.Popen[bytes]]
    folder: Path


def what_is_missing() -> str:
    """Why no cluster can be started here; empty when one can."""
    if find_spec("pyspark") is None:
        return "pyspark is not installed (the extra `spark`)"
    java = shutil.which("java")
    if java is None:
        return "there is no Java on the PATH (Debian: openjdk-17-jre-headless)"
    return ""


@contextlib.contextmanager
def standalone_cluster(
    folder: Path, *, workers: int = 2, cores: int = 1, memory: str = "2g"
) -> Iterator[StandaloneCluster]:
    """Start a cluster whose logs and work are kept in the folder; its processes end with the block."""
    port, page = _free_ports(2)
    started: list[subprocess.Popen[bytes]] = []
    try:
        arguments = ["--host", HOST, "--port", str(port), "--webui-port", str(page)]
        started.append(_daemon("master.Master", arguments, folder / "master"))
        _wait(lambda: _alive(page) is not None, started, folder)
        for number in range(1, workers + 1):
            place = folder / f"worker{number}"
            arguments = ["--host", HOST, "--cores", str(cores), "--memory", memory, "--webui-port", "0"]
            arguments += ["--work-dir", str(place), f"spark://{HOST}:{port}"]
            started.append(_daemon("worker.Worker", arguments, place))
        _wait(lambda: _alive(page) == workers, started, folder)
        yield StandaloneCluster(f"spark://{HOST}:{port}", started[1:], folder)
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()
            process.wait()


def _daemon(kind: str, arguments: list[str], place: Path) -> subprocess.Popen[bytes]:
    place.mkdir(parents=True)
    spec = find_spec("pyspark")
    assert spec is not None
    assert spec.origin is not None
    home = Path(spec.origin).parent
    command = [str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{kind}", *arguments]
    given = {
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": HOST,
        "SPARK_LOCAL_DIRS": str(place),
        "SPARK_DAEMON_MEMORY": "256m",
        "PYSPARK_PYTHON": sys.executable,
    }
    with (place / "log").open("wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **given})


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in opened:
            each.bind((HOST, 0))
        return [each.getsockname()[1] for each in opened]


def _alive(page: int) -> int | None:
    """How many workers the master knows; none while it does not answer."""
    try:
        with urllib.request.urlopen(f"http://{HOST}:{page}/json/", timeout=5) as answer:
            return int(json.load(answer)["aliveworkers"])
    except OSError:
        return None


def _wait(is_there, started: list[subprocess.Popen[bytes]], folder: Path) -> None:
    until = time.monotonic() + SECONDS_TO_START
    while not is_there():
        if time.monotonic() > until or any(process.poll() is not None for process in started):
            said = "\n".join(file.read_text(errors="replace")[-2000:] for file in folder.glob("*/log"))
            raise RuntimeError(f"the cluster did not start:\n{said}")
        time.sleep(0.2)
