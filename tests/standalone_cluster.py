"""A standalone Spark cluster of one master and two workers, each a process of its own on this machine."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
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
SECONDS_TO_START = 180


# Java compiles less for these short lives; what is moved and spilled is encrypted, as the how-to tells.
SETTINGS = """\
spark.driver.extraJavaOptions -XX:TieredStopAtLevel=1 -XX:+UseSerialGC
spark.executor.extraJavaOptions -XX:TieredStopAtLevel=1 -XX:+UseSerialGC
spark.executor.memory {memory}
spark.ui.enabled false
spark.authenticate true
spark.authenticate.secret {secret}
spark.network.crypto.enabled true
spark.network.crypto.authEngineVersion 2
spark.network.crypto.cipher AES/GCM/NoPadding
spark.io.encryption.enabled true
spark.io.encryption.keySizeBits 256
"""


@dataclass
class StandaloneCluster:
    """Where the cluster answers, its processes, and the environment of who asks it."""

    master: str
    workers: list[subprocess.Popen[bytes]]
    folder: Path
    environment: dict[str, str]


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
    folder: Path, *, workers: int = 2, cores: int = 1, memory: str = "1g"
) -> Iterator[StandaloneCluster]:
    """Start a cluster whose logs and work are kept in the folder; its processes end with the block."""
    port, page = _free_ports(2)
    environment = _environment(folder, memory)
    started: list[subprocess.Popen[bytes]] = []
    try:
        arguments = ["--host", HOST, "--port", str(port), "--webui-port", str(page)]
        started.append(_daemon("master.Master", arguments, folder / "master", environment))
        _wait(lambda: _alive(page) is not None, started, folder)
        for number in range(1, workers + 1):
            place = folder / f"worker{number}"
            arguments = ["--host", HOST, "--cores", str(cores), "--memory", "2g", "--webui-port", "0"]
            arguments += ["--work-dir", str(place), f"spark://{HOST}:{port}"]
            started.append(_daemon("worker.Worker", arguments, place, environment))
        _wait(lambda: _alive(page) == workers, started, folder)
        yield StandaloneCluster(f"spark://{HOST}:{port}", started[1:], folder, environment)
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()
            process.wait()


def _environment(folder: Path, memory: str) -> dict[str, str]:
    settings = folder / "conf" / "spark-defaults.conf"
    settings.parent.mkdir(parents=True)
    settings.write_text(SETTINGS.format(memory=memory, secret=secrets.token_hex(32)))
    spec = find_spec("pyspark")
    assert spec is not None
    assert spec.origin is not None
    given = {
        "SPARK_HOME": str(Path(spec.origin).parent),
        "SPARK_CONF_DIR": str(settings.parent),
        "SPARK_LOCAL_IP": HOST,
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_DAEMON_JAVA_OPTS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "PYSPARK_PYTHON": sys.executable,
    }
    return {**os.environ, **given}


def _daemon(
    kind: str, arguments: list[str], place: Path, environment: dict[str, str]
) -> subprocess.Popen[bytes]:
    place.mkdir(parents=True)
    command = [f"{environment['SPARK_HOME']}/bin/spark-class", f"org.apache.spark.deploy.{kind}", *arguments]
    with (place / "log").open("wb") as log:
        return subprocess.Popen(
            command, stdout=log, stderr=log, env={**environment, "SPARK_LOCAL_DIRS": str(place)}
        )


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
