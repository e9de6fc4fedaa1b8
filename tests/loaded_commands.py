"""Commands that need not start: forks of a process that has everything loaded.

To load what a command needs takes longer than most commands work. A process without threads loads all of
it once, and becomes the command in a fork for each that is asked for, with the arguments, the folder, the
environment and the streams of whoever asks; the fork goes through the same `main` as a command from a shell.
What is about the start itself is tested with real ones: the pages with which a reader begins, the libraries
that are loaded, what is served, which keys come through a descriptor.

    with loaded_commands(folder) as commands:
        done = commands.run("-p", project, "check")     # as of subprocess.run
        commands.programs                               # a folder for the PATH, with such a `sojourn`
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import pkgutil
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["LoadedCommands", "loaded_commands"]

REPOSITORY = Path(__file__).resolve().parents[1]
# Asks for a command and ends as it ended; an interpreter that loads no packages starts at once.
PROGRAM = """\
import os, socket, sys
variables = [f"{{name}}={{value}}" for name, value in os.environ.items()]
asked = os.fsencode("\\0".join([os.getcwd(), str(len(sys.argv) - 1), *sys.argv[1:], *variables]))
with socket.socket(socket.AF_UNIX) as door:
    door.connect({address!r})
    socket.send_fds(door, [len(asked).to_bytes(4, "big")], [0, 1, 2])
    door.sendall(asked)
    ended = door.recv(1)
sys.exit(ended[0] if ended else 70)
"""


@dataclass(frozen=True)
class LoadedCommands:
    """Where the commands are asked for, and a folder with a program that asks."""

    address: str
    programs: Path

    def run(
        self, *words: object, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, and give its code and what it said."""
        command = [str(self.programs / "sojourn"), *map(str, words)]
        return subprocess.run(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
            timeout=240,
        )


@contextlib.contextmanager
def loaded_commands(folder: Path) -> Iterator[LoadedCommands]:
    """Load everything in a process that answers until the block ends."""
    # The address of a socket is a short one, and a folder of tests may lie deep.
    with tempfile.TemporaryDirectory(prefix="sojourn-") as short:
        address = os.path.join(short, "door")
        asking, program = folder / "asking.py", folder / "sojourn"
        asking.write_text(PROGRAM.format(address=address), encoding="utf-8")
        start = shlex.join([sys.executable, "-IS", str(asking)])
        program.write_text(f'#!/bin/sh\nexec {start} "$@"\n', encoding="utf-8")
        program.chmod(0o755)
        paths = os.pathsep.join([str(REPOSITORY / "src"), str(REPOSITORY / "tests")])
        environment = {**os.environ, "PYTHONPATH": paths, "OPENBLAS_NUM_THREADS": "1"}
        started = subprocess.Popen(
            [sys.executable, __file__, address],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        try:
            assert started.stdout is not None
            assert started.stdout.readline() == b"ready\n", "what commands need could not be loaded"
            yield LoadedCommands(address, folder)
        finally:
            started.kill()
            started.communicate()


def _load_room(name: str) -> None:
    room = importlib.import_module(name)
    for module in pkgutil.iter_modules(getattr(room, "__path__", ()), f"{name}."):
        if not module.name.endswith((".__main__", ".migrations")):
            _load_room(module.name)


def _load() -> None:
    """Load every module of Sojourn and what numba needs before any kernel runs."""
    from sojourn.start import left_out

    left_out("pandas", "cffi", "yaml")
    import sojourn

    # Pages are served by processes of their own, and migrations run within Alembic.
    for module in pkgutil.iter_modules(sojourn.__path__, "sojourn."):
        if module.name not in ("sojourn.__main__", "sojourn.portal", "sojourn.office"):
            _load_room(module.name)
    import pyarrow as pa

    from sojourn.integration.hmac_kernel import keyed_digests
    from sojourn.sources.reader.child import make_ready
    from sojourn.sources.reader.dialect import Dialect

    keyed_digests(pa.array([""]), bytes(64), bytes(64), b"")
    # Commands on plain files read text in their own process.
    make_ready(Dialect())
    gc.collect()
    gc.freeze()


def _asked(door: socket.socket) -> tuple[str, list[str], dict[str, str], list[int]]:
    """The folder, the arguments, the environment and the streams of one who asks."""
    size, streams, _, _ = socket.recv_fds(door, 4, 3)
    with door.makefile("rb") as opened:
        folder, count, *rest = os.fsdecode(opened.read(int.from_bytes(size, "big"))).split("\0")
    arguments, variables = rest[: int(count)], rest[int(count) :]
    return folder, arguments, dict(variable.split("=", 1) for variable in variables), streams


def _become(door: socket.socket) -> None:
    """Be the command that is asked for, and say how it ended."""
    folder, arguments, environment, streams = _asked(door)
    sys.argv = ["sojourn", *arguments]
    for stream, number in zip(streams, (0, 1, 2), strict=True):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None
    code: object = 1
    try:
        from sojourn.cli import main

        main()
    except SystemExit as ended:
        code = ended.code or 0
    except BaseException:  # noqa: BLE001  a bug is told as the interpreter tells it
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    door.sendall(bytes([code if isinstance(code, int) else 1]))


def _forget_who_ended(*_: object) -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _serve(address: str) -> None:
    """Answer until the process is ended."""
    _load()
    # Arrow's allocator has a thread that knows of forks; any other would be missing in them.
    threads = [Path(f"/proc/self/task/{one}/comm").read_text() for one in os.listdir("/proc/self/task")]
    assert len([name for name in threads if name != "jemalloc_bg_thd\n"]) == 1, f"threads: {threads}"
    signal.signal(signal.SIGCHLD, _forget_who_ended)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen()
        os.write(1, b"ready\n")
        while True:
            door, _ = listening.accept()
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                listening.close()
                try:
                    _become(door)
                finally:
                    os._exit(0)
            door.close()


if __name__ == "__main__":
    _serve(sys.argv[1])
