"""What a cluster is asked to do is looked at before it is asked, and a task tells no value of a row.

What needs a cluster is tested on one, in tests/spec/engine/test_engine_cluster.py.
"""

from __future__ import annotations

import datetime
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sojourn.cli import app
from sojourn.cli.app import _guarded
from sojourn.concepts.frameworks import ResidenceRule
from sojourn.engine import spark
from sojourn.engine.spark_tasks import FILE_COLUMN, ROW_COLUMN, Task, TaskFailed, reports, this_code
from sojourn.errors import DataRefused, DiskFull, ProjectError
from sojourn.integration.movements import Observation
from sojourn.production.movement_clusters import classified_on_cluster
from sojourn.project.declarations import EngineSettings

NOBODY = "spark://127.0.0.1:1"
RULE = ResidenceRule(365, 487)
OBSERVED = Observation(datetime.date(2010, 1, 1), datetime.date(2019, 12, 31))
CROSSINGS = pa.table(
    {
        "person_id": ["anna", "anna"],
        "crossing_id": [1, 2],
        "date": pa.array([15_461, 15_492], pa.int32()).cast(pa.date32()),
        "direction": ["arrival", "departure"],
    }
)


def _asked(source, target, **kept):
    return classified_on_cluster(
        source, target, **{"master": NOBODY, "rule": RULE, "observation": OBSERVED, **kept}
    )


@pytest.fixture
def file(tmp_path):
    found = tmp_path / "c.parquet"
    pq.write_table(CROSSINGS, found)
    return found


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.drop_columns("date"), "there is no column date"),
        (lambda table: table.set_column(3, "direction", pa.array([1, 2])), "holds int64, not text"),
        (lambda table: table.append_column("days_in", pa.array([1, 2])), "days_in, which the result adds"),
        (
            lambda table: table.append_column("at", pa.array([1, 2]).cast(pa.time64("us"))),
            "the column at holds time64.us., which a cluster cannot carry exactly",
        ),
        (lambda table: table.append_column("trips", pa.array([[1], []])), "the column trips holds list"),
        (lambda table: table.append_column(ROW_COLUMN, pa.array([1, 2])), "a column is called sojourn_row"),
    ],
)
def test_columns_that_cannot_be_used_are_refused_before_a_cluster_is_asked(tmp_path, change, message):
    pq.write_table(change(CROSSINGS), tmp_path / "c.parquet")
    with pytest.raises(DataRefused, match=message):
        _asked(tmp_path / "c.parquet", tmp_path / "out")
    assert os.listdir(tmp_path) == ["c.parquet"]


def test_files_with_different_columns_are_told_apart(file, tmp_path):
    pq.write_table(CROSSINGS.append_column("visa", pa.array(["A", "B"])), tmp_path / "d.parquet")
    with pytest.raises(DataRefused, match=r"d\.parquet: the columns are not those of c\.parquet"):
        _asked(tmp_path, tmp_path / "out")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("anna,2012-01-01,true\nboris,2012-01-01,\n", "1 anchors lack a person, a day or a state.*row 2"),
        ("boris,2012-01-01,true\nboris,2012-01-01,false\n", "2 anchors say two things"),
    ],
)
def test_anchors_that_contradict_themselves_are_refused_before_a_cluster_is_asked(
    file, tmp_path, lines, message
):
    (tmp_path / "anchors.csv").write_text(f"person_id,date,resident\n{lines}")
    with pytest.raises(DataRefused, match=message):
        _asked(file, tmp_path / "out", anchors=tmp_path / "anchors.csv")


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("c.csv", "out", "A cluster reads Parquet"),
        ("c.parquet", "out.csv", "A cluster writes a folder"),
        ("c.parquet", "c.parquet", "nothing is overwritten"),
        ("c.parquet", "nowhere/out", "There is no folder"),
        ("empty", "out", "There is no Parquet file in"),
    ],
)
def test_places_that_cannot_be_used_are_refused(file, tmp_path, source, target, message):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ProjectError, match=message):
        _asked(tmp_path / source, tmp_path / target)


def test_an_excluded_boundary_without_spare_days_is_refused_before_a_cluster_is_asked(file, tmp_path):
    with pytest.raises(ProjectError, match="no spare days"):
        _asked(file, tmp_path / "out", rule=ResidenceRule(365, 365), excludes_boundary=True)


def test_a_master_that_does_not_answer_is_told_at_once_and_leaves_nothing(file, tmp_path, monkeypatch):
    monkeypatch.setattr(spark, "_require_programs", lambda: None)
    with pytest.raises(ProjectError, match=f"Nothing answers at {NOBODY}"):
        _asked(file, tmp_path / "out")
    with pytest.raises(ProjectError, match="is no master of a cluster"):
        _asked(file, tmp_path / "out", master="local[2]")
    assert os.listdir(tmp_path) == ["c.parquet"]


def test_a_machine_without_java_is_told_what_to_install(monkeypatch):
    monkeypatch.setattr(spark, "find_spec", lambda _name: object())
    monkeypatch.setattr(spark.shutil, "which", lambda _name: None)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(ProjectError, match="Java 17 or newer"), spark.cluster(NOBODY, "test"):
        pass


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--engine", "spark"], "Give --master too"),
        (["--master", NOBODY], "Give --engine spark too"),
        (["--engine", "flink"], "There are: duckdb, spark"),
    ],
)
def test_an_engine_that_makes_no_sense_is_refused_in_words(file, tmp_path, capsys, options, message):
    given = ["tool", "classify-movements", str(file), str(tmp_path / "out.parquet"), "--rule", "12/16"]
    given += ["--observed-from", "2010-01-01", "--observed-until", "2019-12-31", *options]
    assert _guarded(lambda: app(given, standalone_mode=False)) == 2
    assert message in capsys.readouterr().err.replace("\n", " ")


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"kind": "spark"}, "needs the address of its `master`"),
        ({"master": "spark://host:7077"}, "a `master` belongs to `kind: spark`"),
        ({"kind": "spark", "master": "host"}, "should match pattern"),
    ],
)
def test_a_project_declares_a_cluster_with_its_master_or_not_at_all(declared, message):
    with pytest.raises(ValueError, match=message):
        EngineSettings(**declared)
    declared = EngineSettings(kind="spark", master="spark://one:7077,two:7077")
    assert (declared.kind, EngineSettings().kind) == ("spark", "duckdb")


def _placed(table):
    """The rows as they come to a task: in any order, each with where it stood."""
    rows = pa.array(range(len(table)), pa.int64())
    placed = table.append_column(FILE_COLUMN, pa.array([7] * len(table))).append_column(ROW_COLUMN, rows)
    return iter(placed.take([1, 0]).to_batches(max_chunksize=1))


def _task(folder, work, code=None):
    def write(table, file):
        pq.write_table(table, file)

    return Task(code or this_code(), CROSSINGS.schema, folder, work, write)


def test_a_task_gives_the_rows_in_the_order_in_which_they_stood(tmp_path):
    (batch,) = reports(_task(tmp_path, lambda table: (table, {"rows": len(table)})), 3, _placed(CROSSINGS))
    (report,) = batch.to_pylist()
    assert report["found"] == '{"rows": 2}'
    assert report["file"].startswith("00003-")
    assert pq.read_table(tmp_path / report["file"]).equals(CROSSINGS)


def test_a_part_without_rows_writes_nothing(tmp_path):
    assert list(reports(_task(tmp_path, None), 0, iter(()))) == []
    assert os.listdir(tmp_path) == []


def test_an_error_in_a_task_tells_its_kind_and_place_and_no_value(tmp_path):
    def stumbles(table):
        raise ValueError(f"cannot read {table['person_id'][0].as_py()}")

    with pytest.raises(
        TaskFailed, match=r"ValueError in test_production_movement_clusters\.py:\d+"
    ) as caught:
        list(reports(_task(tmp_path, stumbles), 0, _placed(CROSSINGS)))
    assert "anna" not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("code", "folder", "message"),
    [
        ("Sojourn of last year", "", "the machine that asks has Sojourn of last year"),
        (None, "gone", "cannot write"),
    ],
)
def test_a_worker_that_lacks_something_says_so_and_does_not_work(tmp_path, code, folder, message):
    (batch,) = reports(_task(tmp_path / folder, None, code), 0, _placed(CROSSINGS))
    assert message in batch.to_pylist()[0]["obstacle"]


@pytest.mark.parametrize(
    ("said", "kind", "message"),
    [
        ("ModuleNotFoundError: No module named 'sojourn'", ProjectError, "A worker has no Sojourn"),
        ("[PYTHON_VERSION_MISMATCH] Python", ProjectError, "another version of Python"),
        ('Cannot run program "/opt/x/python"', ProjectError, "no Python under the path"),
        ("java.io.IOException: No space left on device", DiskFull, "The disk is full"),
        ("TaskFailed: OSError (No space left on device) in a.py:3", DiskFull, "The disk is full"),
        ("Python worker exited unexpectedly (crashed)", ProjectError, "lost its work several times"),
        ("File does not exist [FAILED_READ_FILE.FILE_NOT_EXIST]", ProjectError, "does not see a file"),
        (
            "TaskFailed: KeyError in a.py:3\n  at anna",
            RuntimeError,
            "A task on the cluster failed: KeyError in a.py:3$",
        ),
        (
            "[CAST_INVALID_INPUT] The value 'anna'",
            RuntimeError,
            r"Spark failed with \[CAST_INVALID_INPUT\]; its own log",
        ),
    ],
)
def test_what_a_cluster_says_is_told_in_words_without_values(said, kind, message):
    with pytest.raises(kind, match=message) as caught:
        raise spark._told(said)
    assert "anna" not in str(caught.value)
