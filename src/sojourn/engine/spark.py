"""Many machines: Spark reads, brings the rows of a key together, and repeats what a lost machine was doing.

What is computed is not Spark's. Each task hands all rows of its keys to the function that one machine runs
too, as an Arrow table, so that results are the same by construction. Sojourn is installed on every machine;
nothing is shipped but the function's name and its settings. How much memory and how many cores a cluster
gives, and how it keeps what it moves secret, stands in the cluster's own spark-defaults.conf.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sojourn.engine.spark_tasks import FILE_COLUMN, FOUND, ROW_COLUMN, Task, Work, Write, reports, this_code
from sojourn.errors import DiskFull, ProjectError
from sojourn.start import found_again

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["Cluster", "Piece", "can_travel", "cluster"]

SECONDS_TO_ANSWER = 10
SECONDS_FOR_A_WORKER = 90
Progress = Callable[[int, int], None]

# Results depend on these, so no cluster's own settings replace them.
_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.caseSensitive": "true",
    "spark.sql.parquet.inferTimestampNTZ.enabled": "true",
    "spark.sql.legacy.parquet.nanosAsLong": "true",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.binaryAsString": "false",
    "spark.sql.files.ignoreCorruptFiles": "false",
    "spark.sql.files.ignoreMissingFiles": "false",
    "spark.sql.adaptive.enabled": "false",  # it may join parts, each of which is as large as a task can hold
    "spark.sql.execution.arrow.maxRecordsPerBatch": "65536",
    "spark.ui.enabled": "false",  # a page without a lock
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
}


@dataclass(frozen=True)
class Piece:
    """What became of one part: the file that was written, and what the work says it found."""

    file: str
    found: dict[str, Any]


@contextmanager
def cluster(master: str, what: str) -> Iterator[Cluster]:
    """A session on a standalone cluster, such as spark://host:7077; `what` names it on the master's page.

    Raises: ProjectError without Java or PySpark, when nothing answers, or no worker has room.
    """
    _require_programs()
    _require_answer(master)
    # The workers run the Python that is named here, under this path.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    found_again()
    with _not_used_pandas():
        spark = _session(master, what)
        try:
            opened = Cluster(spark)
            with _in_words():
                opened.await_worker()
            yield opened
        finally:
            spark.stop()


def _session(master: str, what: str) -> SparkSession:
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(master).appName(what)
    for name, value in _SETTINGS.items():
        builder = builder.config(name, value)
    with _in_words():
        return builder.getOrCreate()


class Cluster:
    """A session on a cluster."""

    def __init__(self, spark: SparkSession) -> None:
        self._spark = spark

    @property
    def cores(self) -> int:
        """How many tasks run at once."""
        return int(self._spark.sparkContext.defaultParallelism)

    def await_worker(self) -> None:
        """Wait until a worker has given a core and memory.

        Raises: ProjectError when none does.
        """
        jvm: Any = self._spark.sparkContext._jsc
        until = time.monotonic() + SECONDS_FOR_A_WORKER
        while jvm.sc().getExecutorMemoryStatus().size() < 2:  # the first is the asking machine itself
            if time.monotonic() > until:
                raise ProjectError(
                    f"No worker of the cluster gave a core and memory within {SECONDS_FOR_A_WORKER} seconds.",
                    "Look at the master's page: are workers there, do they have the cores and the memory that"
                    " spark-defaults.conf asks for, and can they reach this machine?",
                )
            time.sleep(0.2)

    def written_by_key(
        self,
        files: Sequence[Path],
        *,
        key: str,
        types: pa.Schema,
        parts: int,
        folder: Path,
        work: Work,
        write: Write,
        on_progress: Progress | None = None,
    ) -> list[Piece]:
        """Hand all rows of each key to one call of `work`, and have what it makes written into the folder.

        The rows of Parquet files, whose columns are `types`, are split by the key into so many parts; each is
        worked on in one task and must fit in its memory. Rows without a key are spread over the parts. The
        folder, the files and the code are where the workers see them under the same names. A file in the
        folder that no piece names is of an attempt that was given up.

        Raises: ProjectError when a worker lacks something; RuntimeError when the work fails, without a value.
        """
        task = Task(this_code(), types, folder.resolve(), work, write)

        def tell(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            from pyspark import TaskContext

            context = TaskContext.get()
            yield from reports(task, context.partitionId() if context else 0, batches)

        with _in_words():
            rows = self._rows(files, types.names)
            told = _by_key(rows, key, parts).mapInArrow(tell, FOUND)
            found = self._collected(told, on_progress)
        obstacles = [row["obstacle"] for row in found if row["obstacle"]]
        if obstacles:
            raise ProjectError(
                f"A worker cannot take part: {obstacles[0]}",
                "Install the same Sojourn on every machine, and let all see the same storage under one path.",
            )
        return [Piece(row["file"], json.loads(row["found"])) for row in found]

    def _rows(self, files: Sequence[Path], columns: Sequence[str]) -> DataFrame:
        """The rows of the files, each with where it stands."""
        from pyspark.sql import functions

        read = self._spark.read.parquet(*[_address(file) for file in files])
        place = read.metadataColumn("_metadata")
        return read.select(
            *[read[f"`{name.replace('`', '``')}`"] for name in columns],
            functions.xxhash64(place["file_name"]).alias(FILE_COLUMN),
            place["row_index"].alias(ROW_COLUMN),
        )

    def _collected(self, told: DataFrame, on_progress: Progress | None) -> list[Any]:
        """All rows; meanwhile say how many of the tasks are done."""
        context = self._spark.sparkContext
        group = f"sojourn-{time.monotonic_ns()}"

        def collect() -> list[Any]:
            context.setJobGroup(group, "Sojourn")
            return told.collect()

        with ThreadPoolExecutor(1) as pool:
            waiting: Future[list[Any]] = pool.submit(collect)
            try:
                while not waiting.done():
                    time.sleep(0.1)
                    done, tasks = _tasks(context, group)
                    if on_progress is not None and done:
                        on_progress(done, tasks)
            except BaseException:
                context.cancelJobGroup(group)
                raise
            return waiting.result()


def _by_key(rows: DataFrame, key: str, parts: int) -> DataFrame:
    """The rows in so many parts, all of one key in one; those without a key wherever their places fall."""
    from pyspark.sql import functions

    place = functions.xxhash64(FILE_COLUMN, ROW_COLUMN)
    return rows.repartition(parts, key, functions.when(functions.isnull(key), place))


_TRAVELLERS: tuple[Callable[[pa.DataType], bool], ...] = (
    pa.types.is_boolean,
    pa.types.is_integer,
    pa.types.is_float32,
    pa.types.is_float64,
    pa.types.is_decimal128,
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_date32,
    pa.types.is_timestamp,
)


def can_travel(kind: pa.DataType) -> bool:
    """Whether Spark can read a column of a Parquet file and hand it on exactly."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return any(is_of(kind) for is_of in _TRAVELLERS)


@contextmanager
def _not_used_pandas() -> Iterator[None]:
    """PySpark looks for pandas beside Arrow and warns of versions that it does not know; none is used."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        yield


def _tasks(context: Any, group: str) -> tuple[int, int]:
    """How many tasks of the jobs of a group are done, and how many there are."""
    tracker = context.statusTracker()
    jobs = [tracker.getJobInfo(job) for job in tracker.getJobIdsForGroup(group)]
    stages = [tracker.getStageInfo(stage) for job in jobs if job for stage in job.stageIds]
    known = [stage for stage in stages if stage]
    return sum(stage.numCompletedTasks for stage in known), sum(stage.numTasks for stage in known)


def _address(file: Path) -> str:
    """A file on the storage that all machines see, whatever the cluster takes paths for otherwise."""
    return "file://" + re.sub(r"([\\*?\[\]{}])", r"\\\1", str(file.resolve()))


def _require_programs() -> None:
    if find_spec("pyspark") is None:
        raise ProjectError("PySpark is not installed.", "Install the extra: pip install 'sojourn[spark]'")
    home = os.environ.get("JAVA_HOME")
    if shutil.which("java") is None and not (home and Path(home, "bin", "java").exists()):
        raise ProjectError(
            "There is no Java on the PATH.", "Install Java 17 or newer; in Debian: openjdk-17-jre-headless."
        )


def _require_answer(master: str) -> None:
    """Look whether one of the masters answers: Spark itself would try for a minute."""
    found = re.fullmatch(r"spark://([\w.-]+:\d+(?:,[\w.-]+:\d+)*)", master)
    if found is None:
        raise ProjectError(f"{master!r} is no master of a cluster.", "Write its address: spark://host:7077.")
    for address in found[1].split(","):
        host, port = address.split(":")
        try:
            with socket.create_connection((host, int(port)), SECONDS_TO_ANSWER):
                return
        except OSError:
            continue
    raise ProjectError(f"Nothing answers at {master}.", "Start the master, or look at its address.")


_SAID = (
    (
        "No module named 'sojourn'",
        "A worker has no Sojourn.",
        "Install it there; PYSPARK_PYTHON names the Python that the workers run.",
    ),
    (
        "PYTHON_VERSION_MISMATCH",
        "A worker runs another version of Python.",
        "Set PYSPARK_PYTHON to the path of the same version, on every machine.",
    ),
    (
        "Cannot run program",
        "A worker has no Python under the path that it was given.",
        "Install Sojourn under the same path on every machine, or set PYSPARK_PYTHON.",
    ),
    (
        "FILE_NOT_EXIST|FileNotFoundException|PATH_NOT_FOUND",
        "A worker does not see a file that this machine sees.",
        "Put the files on storage that all machines see under the same path.",
    ),
    (
        "exited unexpectedly|ExecutorLostFailure",
        "A worker lost its work several times over.",
        "Look at the workers' logs: a part that does not fit into memory looks like this.",
    ),
    (
        "Master removed our application|masters are unresponsive|shut down|stopped SparkContext",
        "The cluster ended the work.",
        "Is the secret in spark-defaults.conf the cluster's? Then the logs of master and workers tell more.",
    ),
)


@contextmanager
def _in_words() -> Iterator[None]:
    """What Spark raises, in the words of the person who can mend it; never with a row."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JError) as error:
        raise _told(str(error)) from None


def _told(said: str) -> Exception:
    if "No space left on device" in said:
        return DiskFull("a machine of the cluster could not write")
    failed = re.search(r"TaskFailed: (.*)", said)
    if failed:
        return RuntimeError(f"A task on the cluster failed: {failed[1].strip()}")
    for pattern, message, remedy in _SAID:
        if re.search(pattern, said):
            return ProjectError(message, remedy)
    kind = re.search(r"\[[A-Z_.]+\]", said)
    return RuntimeError(f"Spark failed{f' with {kind[0]}' if kind else ''}; its own log says more.")
