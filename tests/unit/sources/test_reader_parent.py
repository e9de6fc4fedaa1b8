"""The child process: what it may not do, how it dies, and what its parent makes of that."""

import json
import os
import shutil
import subprocess
import sys
import time

import pyarrow as pa
import pytest

from sojourn.errors import DataRefused
from sojourn.sources.reader import parent
from sojourn.sources.reader.dialect import Dialect, Limits
from sojourn.sources.reader.frames import Loaded, Quarantined
from sojourn.sources.reader.parent import read
from sojourn.sources.reader.reasons import FileRefused
from sojourn.sources.reader.wire import FRAME


@pytest.fixture
def delivery(tmp_path):
    path = tmp_path / "delivery.csv"
    path.write_text("record,surname\n1,Canary\n2\n\n3,Wren\n")
    return path


def test_the_parent_gets_batches_and_then_the_account(delivery):
    seen = []
    with read(
        delivery, Dialect(), ["record", "surname"], on_progress=lambda *far: seen.append(far)
    ) as reading:
        assert [column.name for column in reading.header.columns] == ["record", "surname"]
        frames = list(reading)
        rows = pa.Table.from_batches(
            [frame.batch for frame in frames if isinstance(frame, Loaded)]
        ).to_pylist()
        faults = [
            row for frame in frames if isinstance(frame, Quarantined) for row in frame.batch.to_pylist()
        ]
    assert rows == [{"line": 2, "c0": "1", "c1": "Canary"}, {"line": 5, "c0": "3", "c1": "Wren"}]
    assert [(fault["line"], fault["reason"], fault["raw"]) for fault in faults] == [(3, "field-count", b"2")]
    assert [(line.kind, line.line) for line in reading.non_data] == [("header", 1), ("blank", 4)]
    assert (reading.summary.loaded, reading.summary.physical_records) == (2, 5)
    assert reading.summary.size == delivery.stat().st_size


def test_a_refusal_names_the_file_and_its_line(delivery):
    with pytest.raises(DataRefused, match=r"delivery\.csv:1: An expected column is missing\. passport"):
        read(delivery, Dialect(), ["record", "passport"])


def test_the_summary_is_not_known_before_the_end(delivery):
    with read(delivery, Dialect()) as reading, pytest.raises(RuntimeError, match="iterate it"):
        _ = reading.summary


def test_a_consumer_that_stops_early_leaves_no_child_behind(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("a,b\n" + "1,2\n" * 2_000_000)
    with read(path, Dialect()) as reading:
        frames = iter(reading)
        next(frames)
        child = reading._child
        assert child.poll() is None
    assert child.returncode is not None
    assert not os.path.exists(f"/proc/{child.pid}")


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(FileRefused) as refused:
        read(tmp_path / "nothing.csv", Dialect())
    assert refused.value.code == "not-a-file"


def test_a_pipe_is_no_file_and_nobody_waits_for_it(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileRefused) as refused:
        read(tmp_path / "pipe", Dialect())
    assert refused.value.code == "not-a-file"


def workbook_of_one_column(path, rows):
    import xlsxwriter

    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        for row in range(rows):
            sheet.write_string(row, 0, f"text number {row}")


def test_a_workbook_is_read_by_the_child(tmp_path):
    path = tmp_path / "book.xlsx"
    workbook_of_one_column(path, 3)
    with read(path, Dialect(format="excel")) as reading:
        frames = list(reading)
    assert frames[0].batch.column("c0").to_pylist() == ["text number 1", "text number 2"]


def test_a_line_longer_than_any_record_is_skipped_by_the_child(tmp_path):
    path = tmp_path / "long_line.csv"
    path.write_bytes(b"a,b\n1," + b"x" * (40 << 20) + b"\r\n2,3\n")
    with read(path, Dialect()) as reading:
        rows = [row for frame in reading if isinstance(frame, Loaded) for row in frame.batch.to_pylist()]
    assert rows == [{"line": 3, "c0": "2", "c1": "3"}]
    assert (reading.summary.quarantined, reading.summary.newlines) == (1, {"lf": 2, "crlf": 1, "cr": 0})


def test_too_little_memory_is_told_as_such(tmp_path):
    path = tmp_path / "book.xlsx"
    workbook_of_one_column(path, 400_000)
    limits = Limits(memory_bytes=512 << 20)
    with pytest.raises(DataRefused) as refused, read(path, Dialect(format="excel"), limits=limits) as reading:
        for _ in reading:
            pass
    assert refused.value.code == "out-of-memory"


def test_too_little_time_is_told_as_such(tmp_path):
    path = tmp_path / "long.csv"
    path.write_bytes(b"a,b\n" + b"\xd0\x96,2\n" * 8_000_000)
    limits = Limits(cpu_seconds=1)
    with (
        pytest.raises(DataRefused) as refused,
        read(path, Dialect(encoding="cp1251"), limits=limits) as reading,
    ):
        for _ in reading:
            pass
    assert refused.value.code == "out-of-time"


def test_a_child_killed_from_outside_is_told_as_such(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("a,b\n" + "1,2\n" * 4_000_000)
    with read(path, Dialect()) as reading:
        frames = iter(reading)
        next(frames)
        reading._child.kill()
        with pytest.raises(DataRefused) as refused:
            list(frames)
    assert refused.value.code == "out-of-memory"
    assert refused.value.remedy


def substitute(monkeypatch, program):
    """Put another program in the place of the reader."""
    started = subprocess.Popen

    def start(command, **options):
        return started([sys.executable, "-c", program], **options)

    monkeypatch.setattr(parent.subprocess, "Popen", start)


def test_a_child_that_falls_silent_is_given_up(monkeypatch, delivery):
    substitute(monkeypatch, "import sys, time; sys.stdin.read(); time.sleep(60)")
    begun = time.monotonic()
    with pytest.raises(DataRefused) as refused:
        read(delivery, Dialect(), limits=Limits(silent_seconds=0.3))
    assert refused.value.code == "out-of-time"
    assert time.monotonic() - begun < 10


def test_a_child_that_ends_without_a_word_is_told_as_such(monkeypatch, delivery):
    substitute(monkeypatch, "import sys; sys.exit(3)")
    with pytest.raises(DataRefused, match="ended with 3") as refused:
        read(delivery, Dialect())
    assert refused.value.code == "reader-died"


def test_a_mistake_of_ours_is_no_refusal_and_shows_no_value(monkeypatch, delivery):
    payload = json.dumps({"code": "bug", "message": "KeyError at x.py:1"}).encode()
    frame = FRAME.pack(b"X", len(payload)) + payload
    substitute(monkeypatch, f"import os; os.write(1, {frame!r})")
    with pytest.raises(RuntimeError, match=r"KeyError at x\.py:1"):
        read(delivery, Dialect())


def test_a_payload_of_absurd_length_is_not_waited_for(monkeypatch, delivery):
    substitute(monkeypatch, f"import os; os.write(1, {FRAME.pack(b'L', 1 << 60)!r})")
    with pytest.raises(DataRefused, match="cannot be understood"):
        read(delivery, Dialect())


CONFINED = """
import json, os, resource, sys
from sojourn.sources.reader import child
from sojourn.sources.reader.dialect import Limits
child._give_up_rights(Limits(memory_bytes=1 << 30), "/etc/hostname")
told = {}
try:
    with open(sys.argv[1], "wb", buffering=0) as file:
        file.write(b"x")
    told["write"] = "allowed"
except OSError as fault:
    told["write"] = fault.strerror
try:
    bytearray(2 << 30)
    told["memory"] = "allowed"
except MemoryError:
    told["memory"] = "refused"
told["core"] = resource.getrlimit(resource.RLIMIT_CORE)
told["processes"] = resource.getrlimit(resource.RLIMIT_NPROC)
told["socket"] = "socket" in sys.modules
print(json.dumps(told))
"""


def test_a_child_that_gave_up_its_rights_can_write_no_file_and_grow_no_further(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-c", CONFINED, str(tmp_path / "written")],
        capture_output=True,
        check=True,
        text=True,
    )
    told = json.loads(ended.stdout)
    assert told["write"] == "File too large"
    assert told["memory"] == "refused"
    assert told["core"] == told["processes"] == [0, 0]


def test_the_reader_works_where_it_may_start_neither_process_nor_thread(delivery):
    # Only an ordinary user is bound by that limit; the capability lets it reach the interpreter and the
    # kernels that are compiled already.
    become = ["setpriv", "--reuid=65534", "--clear-groups"]
    become += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("needs root and setpriv (util-linux) to become another user")
    request = {
        "path": str(delivery),
        "dialect": Dialect().to_json(),
        "expected_columns": [],
        "unknown_columns": "drop",
        "limits": vars(Limits()),
    }
    ended = subprocess.run(
        [*become, sys.executable, "-P", "-m", "sojourn.sources.reader"],
        input=json.dumps(request).encode(),
        capture_output=True,
        env={**os.environ, **parent.SINGLE, **parent.MEMORY_POOL},
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    tags, rest = [], ended.stdout
    while rest:
        tag, length = FRAME.unpack(rest[: FRAME.size])
        tags.append(tag)
        rest = rest[FRAME.size + length :]
    assert (tags[0], tags[-1]) == (b"H", b"E")
