"""One machine and a cluster of two workers give the same rows, and those that the rule gives day by day.

The cluster is a real one: a master and two workers, each a process of its own, with authentication and
encryption as the how-to tells. Work goes to it from the command line.
"""

from __future__ import annotations

import datetime
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import cluster_jobs
from cluster_jobs import FIRST, OBSERVATION, OBSERVED_UNTIL, RULE
from linked_project import write_deliveries
from movement_definition import UNKNOWN, decided
from sojourn.contracts.microdata import Movement
from sojourn.integration.movements import Observation, classified_movements
from sojourn.production.movement_writing import columns_without_gaps, with_whole_columns
from standalone_cluster import standalone_cluster, what_is_missing

HISTORIES = 120_000
SECONDS = 400
OPTIONS = ("--threshold", "20", "--window", "26", "--observed-from", "2010-01-01")
RULE_AND_DAYS = (*OPTIONS, "--observed-until", str(OBSERVATION.last))
ON_A_CLUSTER = [
    pytest.mark.cluster,
    pytest.mark.skipif(bool(what_is_missing()), reason=f"no cluster can be started: {what_is_missing()}"),
]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with standalone_cluster(tmp_path_factory.mktemp("cluster")) as started:
        yield started


@pytest.fixture(scope="module")
def histories():
    """The days and sides of many people, at random; some begin in the dark, some end in the middle."""
    numbers = random.Random(20)
    found = []
    for _ in range(HISTORIES):
        begin = numbers.randint(0, 70)
        span = range(begin, min(OBSERVED_UNTIL, begin + numbers.choice([26, 78])) + 1)
        days = sorted(numbers.choices(span, k=numbers.randint(1, 7)))
        side = numbers.randint(0, 1)
        found.append((days, [(side + place) % 2 for place in range(len(days))]))
    return found


@pytest.fixture(scope="module")
def crossings(histories):
    """The same as a table, in the order of time in which a border writes."""
    counts = np.array([len(days) for days, _ in histories])
    days = np.concatenate([days for days, _ in histories])
    sides = np.concatenate([sides for _, sides in histories])
    table = pa.table(
        {
            "person_id": np.repeat(np.arange(len(histories)), counts),
            "crossing_id": np.arange(len(days)),
            "date": pa.array((days + (FIRST - datetime.date(1970, 1, 1)).days).astype(np.int32)).cast(
                pa.date32()
            ),
            "direction": pa.array(["departure", "arrival"]).take(pa.array(sides)),
        }
    )
    return table.sort_by([("date", "ascending"), ("crossing_id", "ascending")])


@pytest.fixture(scope="module")
def file(crossings, tmp_path_factory):
    found = tmp_path_factory.mktemp("crossings") / "crossings.parquet"
    pq.write_table(crossings, found, row_group_size=100_000)
    return found


def _command(cluster, source, target, *options):
    """Give the command and return what came of it; with a cluster, on that."""
    command = [sys.executable, "-m", "sojourn", "--json", "tool", "classify-movements", source, target]
    where = ["--engine", "spark", "--master", cluster.master] if cluster is not None else []
    return subprocess.run(
        [*map(str, command), *(options or RULE_AND_DAYS), *where],
        env=cluster.environment if cluster is not None else None,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )


def _events(file, folder, master, environment=None):
    """The events of a file of movements in a fixed order, and what was told of them."""
    job = Path(__file__).parents[2] / "events_job.py"
    done = subprocess.run(
        [sys.executable, str(job), str(file), str(folder), master],
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    events = pa.concat_tables([pq.read_table(part) for part in sorted((folder / "events").iterdir())])
    return events.sort_by("record_id").combine_chunks(), json.loads(done.stdout)


def _rows(place):
    """All rows of a file or folder in a fixed order; codes of text as text."""
    table = pq.read_table(place)
    for number, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            as_text = field.with_type(field.type.value_type)
            table = table.set_column(number, as_text, table[field.name].cast(as_text.type))
    return table.sort_by("crossing_id").combine_chunks()


def _states(table):
    """The three claims of each crossing as 0, 1 or UNKNOWN."""
    names = ("resident_before", "resident_after", "is_migration")
    return np.stack([pc.fill_null(table[name].cast(pa.int8()), UNKNOWN).to_numpy() for name in names], axis=1)


def test_one_machine_agrees_with_the_rule_counted_day_by_day_on_more_than_a_hundred_thousand_histories(
    histories, crossings
):
    wanted = []
    for days, sides in histories:
        # Nothing was recorded for the threshold's days before: who leaves lived here, who arrives did not.
        first_states = (1 - sides[0],) if days[0] >= RULE.present else (0, 1)
        wanted += decided(
            days,
            sides,
            thresholds=[RULE.present] * len(days),
            windows=[RULE.window] * len(days),
            until=OBSERVED_UNTIL,
            first_states=first_states,
        )
    # A day on the new side counts when it is over, so the method may be a day behind the definition.
    now, next_day = (
        _states(classified_movements(crossings, rule=RULE, observation=observed).sort_by("crossing_id"))
        for observed in (
            OBSERVATION,
            Observation(OBSERVATION.first, OBSERVATION.last + datetime.timedelta(1)),
        )
    )
    expected = np.array(wanted, np.int8)
    agrees = (now == expected) | ((now == UNKNOWN) & (next_day == expected))
    assert agrees.all(), f"{(~agrees).sum()} of {agrees.size} values differ"
    assert (expected == UNKNOWN).sum() > HISTORIES / 10


@pytest.fixture(scope="module")
def on_one_machine(file):
    target = file.with_name("one_machine.parquet")
    done = _command(None, file, target)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), _rows(target)


class TestOnACluster:
    """What needs the cluster; one is started for all."""

    pytestmark = ON_A_CLUSTER

    def test_a_cluster_gives_the_rows_that_one_machine_gives(self, cluster, file, on_one_machine):
        target = file.with_name("on_the_cluster")
        done = _command(cluster, file, target)
        assert done.returncode == 0, done.stderr
        said, rows = on_one_machine
        assert {**json.loads(done.stdout), "file": ""} == {**said, "file": ""}
        assert _rows(target).equals(rows)
        assert len(rows) > HISTORIES
        assert {path.suffix for path in target.iterdir()} == {".parquet"}
        assert not list(file.parent.glob(".sojourn-*"))

    def test_columns_of_every_kind_and_rows_that_cannot_be_decided_come_back_exactly(self, cluster, tmp_path):
        table = _of_every_kind()
        folder = tmp_path / "two [files]"
        folder.mkdir()
        pq.write_table(table, tmp_path / "whole.parquet")
        pq.write_table(table.slice(0, 3), folder / "a.parquet")
        pq.write_table(table.slice(3), folder / "b.parquet")
        anchors = tmp_path / "anchors.csv"
        anchors.write_text("person_id,date,resident\nfatma,2010-01-01,true\nnobody knows,2010-01-01,true\n")
        options = (*RULE_AND_DAYS, "--anchors", str(anchors))
        for where, source, target in (
            (None, tmp_path / "whole.parquet", "one.parquet"),
            (cluster, folder, "many"),
        ):
            done = _command(where, source, tmp_path / target, *options)
            assert done.returncode == 0, done.stderr
        one, many = _rows(tmp_path / "one.parquet"), _rows(tmp_path / "many")
        assert many.schema.remove_metadata() == one.schema.remove_metadata()
        assert many.equals(one)
        assert set(many["problem"].to_pylist()) == {None, "no-person", "unknown-direction", "no-date"}
        assert many.filter(pc.equal(many["person_id"], "fatma"))["resident_before"].to_pylist() == [True]

    def test_anchors_after_the_last_crossing_are_refused_and_nothing_is_left(
        self, cluster, crossings, tmp_path
    ):
        pq.write_table(crossings.slice(0, 1000), tmp_path / "crossings.parquet")
        persons = crossings["person_id"][:3].to_pylist()
        days = ("2010-01-01", "2011-01-01", "2011-01-01")  # the second and the third are after all crossings
        anchors = tmp_path / "anchors.csv"
        lines = [f"{person},{day},true" for person, day in zip(persons, days, strict=True)]
        anchors.write_text("\n".join(["person_id,date,resident", *lines]))
        options = (*RULE_AND_DAYS, "--anchors", str(anchors))
        done = _command(cluster, tmp_path / "crossings.parquet", tmp_path / "out", *options)
        assert done.returncode == 3, done.stderr
        assert "2 anchors come after the last crossing of their persons" in done.stderr
        assert "the first is in row 2" in done.stderr
        assert sorted(path.name for path in tmp_path.iterdir()) == ["anchors.csv", "crossings.parquet"]

    def test_an_error_in_a_task_tells_its_place_and_no_value_of_a_row(self, cluster, tmp_path):
        source = tmp_path / "names.parquet"
        pq.write_table(pa.table({"person_id": [1, 2], "name": ["Zwitscherlein0815"] * 2}), source)
        done = _job("failing", cluster, source, tmp_path / "work").communicate(timeout=SECONDS)
        said = done[0] + done[1]
        assert "A task on the cluster failed: ValueError in cluster_jobs.py" in said
        written = [path.read_bytes() for path in cluster.folder.rglob("*") if path.name in ("log", "stderr")]
        assert len(written) >= 4
        assert all(b"Zwitscherlein" not in text for text in [said.encode(), *written])

    def test_the_result_is_the_same_when_a_worker_is_lost_in_the_middle(
        self, cluster, file, on_one_machine, tmp_path
    ):
        folder = tmp_path / "work"
        job = _job("waiting", cluster, file, folder)
        # When both workers have begun to decide, one is lost, with what it had brought together for others.
        _wait_for(lambda: _begun(folder, "worker1") and _begun(folder, "worker2"), job)
        lost = _begun(folder, "worker2")
        _kill_with_children(cluster.workers[1].pid)
        (folder / "go").touch()
        _, complaints = job.communicate(timeout=SECONDS)
        assert job.returncode == 0, complaints
        assert lost <= _begun(folder, "worker1")
        pieces = [folder / "attempts" / name for name in (folder / "pieces").read_text().split()]
        table = pa.concat_tables([pq.read_table(piece) for piece in pieces])
        # This job writes its files in its own way, without saying which columns have no gaps.
        pq.write_table(with_whole_columns(table, columns_without_gaps([file])), tmp_path / "all.parquet")
        assert _rows(tmp_path / "all.parquet").equals(on_one_machine[1])


def _of_every_kind():
    people = ["anna", "anna", "boris", "boris", None, "elena", "fatma", "greta"]
    count = len(people)
    moments = pa.array([1_262_400_000_123_456 + place * 86_400_000_000 for place in range(count)])
    dates = pc.if_else(pa.array([name != "greta" for name in people]), moments, None)
    directions = ["arrival", "departure"] * (count // 2)
    directions[5] = "transit"
    return pa.table(
        {
            "person_id": people,
            "crossing_id": pa.array([2**63 + place for place in range(count)], pa.uint64()),
            "date": dates.cast(pa.timestamp("us")),
            "direction": directions,
            "day": pa.array([-800_000, 0, 1, 2, None, 4, 5, 6], pa.int32()).cast(pa.date32()),
            "seen": pc.multiply(moments, 1000).cast(pa.timestamp("ns")),
            "sent": moments.cast(pa.timestamp("us", "Asia/Tokyo")),
            "old": pa.array([-62_000_000_000_000] * count).cast(pa.timestamp("ms")),
            "visa": pa.array(["WORK", "Ж", "", None] * 2).dictionary_encode(),
            "small": pa.array([0, 255, 3, 4, 5, None, 7, 8], pa.uint8()),
            "middle": pa.array([0, 65_535, 3, 4, 5, None, 7, 8], pa.uint16()),
            "large": pa.array([0, 2**32 - 1, 3, 4, 5, None, 7, 8], pa.uint32()),
            "fee": pa.array([1, 2, 3, 4, None, 6, 7, 8], pa.decimal128(12, 3)),
            "weight": pa.array([0.1, float("inf"), -0.0, None, 1e-300, 2, 3, 4]),
            "half": pa.array([0.1, 0.2, None, 4, 5, 6, 7, 8], pa.float32()),
            "flag": pa.array([True, False, None, True] * 2),
            "raw": pa.array([b"\x00\xff", b"", None, b"x"] * 2),
        }
    )


def _job(kind, cluster, source, folder):
    command = [sys.executable, cluster_jobs.__file__, kind, cluster.master, str(source), str(folder)]
    return subprocess.Popen(
        command, env=cluster.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def _begun(folder, worker):
    """The parts that a worker has begun to decide."""
    return {path.name.split("-")[1] for path in folder.glob(f"{worker}-*")}


def _kill_with_children(process):
    """End a worker at once, and the executor that it started, as when a machine loses its power."""
    children = [
        int(child)
        for task in Path(f"/proc/{process}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]
    assert children
    for each in (process, *children):
        os.kill(each, signal.SIGKILL)


def _wait_for(is_there, job):
    until = time.monotonic() + SECONDS / 2
    while not is_there():
        assert job.poll() is None, job.communicate()[1]
        assert time.monotonic() < until, "the workers did not begin"
        time.sleep(0.1)


@pytest.mark.cluster
@pytest.mark.skipif(bool(what_is_missing()), reason=f"no cluster can be started: {what_is_missing()}")
def test_a_projects_events_and_accounts_are_those_of_one_machine(cluster, crossings, tmp_path):
    few = crossings.filter(pc.less(crossings["person_id"], 20_000))
    identifiers = few["crossing_id"].cast(pa.string())
    columns = {
        "record_id": identifiers,
        "movement_id": identifiers,
        "person_key": few["person_id"].cast(pa.string()),
        "event_date": few["date"],
        "direction": pc.if_else(pc.equal(few["direction"], "arrival"), "A", "D"),
    }
    movements = pa.table(
        [
            columns.get(name, pa.nulls(len(few), declared.arrow_type))
            for name, declared in Movement.columns.items()
        ],
        names=list(Movement.columns),
    )
    pq.write_table(Movement.conform(movements), tmp_path / "movements.parquet")
    here, told_here = _events(tmp_path / "movements.parquet", tmp_path / "here", "")
    there, told_there = _events(
        tmp_path / "movements.parquet", tmp_path / "there", cluster.master, cluster.environment
    )
    assert len(here) == len(few) == told_here[0]
    assert there.equals(here)
    assert told_there == told_here


@pytest.mark.cluster
@pytest.mark.skipif(bool(what_is_missing()), reason=f"no cluster can be started: {what_is_missing()}")
def test_a_linkage_finds_the_pairs_and_persons_of_one_machine(cluster, tmp_path):
    """Links, pairs with their scores, and figures, to the last bit; nothing is left in the vault."""
    write_deliveries(tmp_path / "files")
    job = Path(__file__).parents[2] / "link_job.py"
    told = []
    for name, master, environment in (("here", "", None), ("there", cluster.master, cluster.environment)):
        command = [sys.executable, job, tmp_path / name, tmp_path / "files", tmp_path / "start", master]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]
        told.append(json.loads(done.stdout.splitlines()[-1]))
    assert told[0] == told[1]
    assert set(told[0]) == {"link", "link_pair", "observations_MIGRATIONS"}
    vault = tmp_path / "there" / "project" / "local" / "vault"
    assert list(vault.rglob("*.pickle")) == []
