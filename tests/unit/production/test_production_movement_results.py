"""Going on from earlier results: who is touched is decided again, and what does not fit is told."""

from __future__ import annotations

import datetime
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from sojourn.cli import app
from sojourn.concepts.frameworks import ResidenceRule
from sojourn.errors import DataRefused, ProjectError
from sojourn.integration.movements import Gaps, Observation
from sojourn.production import movement_files
from sojourn.production.movement_files import classify_file

RULE = ResidenceRule(365, 487)
FIRST = datetime.date(2010, 1, 1)
UNTIL = datetime.date(2019, 12, 31)
MONTH_LATER = datetime.date(2020, 1, 31)
ROWS = [
    ("anna", 1, "2012-05-01", "arrival"),  # long decided
    ("boris", 2, "2019-01-10", "arrival"),  # decided on 10 January 2020
    ("carla", 3, "2019-06-01", "arrival"),  # not decided in January, but seen for longer
    ("dmitri", 4, "2013-03-01", "arrival"),
]
NEW = [("dmitri", 5, "2020-01-15", "departure"), ("elena", 6, "2020-01-20", "arrival")]


def _table(rows):
    table = pa.table(
        dict(zip(("person_id", "crossing_id", "date", "direction"), zip(*rows, strict=True), strict=True))
    )
    return table.set_column(2, "date", table["date"].cast(pa.date32()))


def _classify(rows, target, until=UNTIL, **kept):
    source = target.parent.parent / "crossings.parquet"
    pq.write_table(_table(rows), source)
    given = {"rule": RULE, "observation": Observation(FIRST, until), **kept}
    return classify_file(source, target, **given)


@pytest.fixture
def results(tmp_path):
    folder = tmp_path / "results"
    folder.mkdir()
    _classify(ROWS, folder / "2019-12.parquet")
    return folder


def _rows(file):
    return {row["crossing_id"]: row for row in pq.read_table(file).to_pylist()}


def test_people_with_new_crossings_and_those_seen_for_longer_are_decided_again(results):
    summary = _classify(NEW, results / "2020-01.parquet", MONTH_LATER, after=results)
    found = _rows(results / "2020-01.parquet")
    assert set(found) == {2, 3, 4, 5, 6}
    assert (summary.persons_decided_again, summary.crossings) == (4, 5)
    assert (found[2]["is_migration"], found[2]["migration_final_on"]) == (True, datetime.date(2020, 1, 10))
    # From 1 June 2019 to the end of 31 January 2020: 30 + 31 + 31 + 30 + 31 + 30 + 31 + 31 days.
    assert (found[3]["unresolved"], found[3]["days_in"]) == (True, 245)
    assert (found[5]["resident_before"], found[5]["unresolved"]) == (True, True)


def test_late_crossings_touch_nobody_else(results):
    late = [("carla", 7, "2019-07-01", "departure")]
    summary = _classify(late, results / "2019-12b.parquet", after=results)
    assert summary.persons_decided_again == 1
    assert set(_rows(results / "2019-12b.parquet")) == {3, 7}


def test_a_crossing_that_is_delivered_again_is_a_duplicate(results):
    _classify([ROWS[0]], results / "2019-12b.parquet", after=results)
    found = pq.read_table(results / "2019-12b.parquet")
    assert sorted(found["problem"].to_pylist(), key=str) == [None, "duplicate"]


def test_no_new_crossings_are_an_answer_too(results):
    source = results.parent / "none.parquet"
    pq.write_table(_table(ROWS).slice(0, 0), source)
    target = results / "2020-01.parquet"
    observation = Observation(FIRST, MONTH_LATER)
    assert classify_file(source, target, rule=RULE, observation=observation, after=results).crossings == 2
    assert set(_rows(target)) == {2, 3}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rule": ResidenceRule(183, 365)}, "was decided with rule"),
        ({"observation": Observation(FIRST - datetime.timedelta(1), UNTIL)}, "observed from 2010-01-01"),
        ({"observation": Observation(FIRST, UNTIL - datetime.timedelta(1))}, "until 2019-12-31, later than"),
        ({"gaps": Gaps.LATEST}, "was decided with missing bounds"),
        ({"excludes_boundary": True}, "was decided with boundary migration"),
    ],
)
def test_results_of_other_settings_are_not_gone_on_from(results, settings, message):
    with pytest.raises(ProjectError, match=message):
        _classify(NEW, results / "2020-01.parquet", after=results, **settings)


def test_results_with_other_anchors_are_not_gone_on_from(results):
    anchors = results.parent / "anchors.csv"
    anchors.write_text("person_id,date,resident\nanna,2012-01-01,false\n")
    with pytest.raises(ProjectError, match="was decided with other anchors"):
        _classify(NEW, results / "2020-01.parquet", after=results, anchors=anchors)


@pytest.mark.parametrize("name", ["results/2019-11.parquet", "results/2020-01.csv", "2020-01.parquet"])
def test_a_result_that_would_not_come_last_is_refused(results, name):
    with pytest.raises(ProjectError, match="would not be the last result"):
        _classify(NEW, results.parent / name, after=results)


def test_a_folder_without_results_or_with_other_files_is_refused(results, tmp_path):
    with pytest.raises(ProjectError, match="is no folder"):
        _classify(NEW, results / "2020-01.parquet", after=results / "2019-12.parquet")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ProjectError, match="There are no results"):
        _classify(NEW, tmp_path / "empty" / "2020-01.parquet", after=tmp_path / "empty")
    pq.write_table(_table(ROWS), results / "2018.parquet")
    with pytest.raises(ProjectError, match=r"2018\.parquet is no result of classify-movements"):
        _classify(NEW, results / "2020-01.parquet", after=results)


def test_a_folder_from_which_a_result_is_gone_is_refused(results):
    _classify(NEW, results / "2020-01.parquet", MONTH_LATER, after=results)
    (results / "2019-12.parquet").unlink()
    with pytest.raises(
        ProjectError, match=r"was decided after 2019-12\.parquet, and the folder holds others"
    ):
        _classify(NEW, results / "2020-02.parquet", MONTH_LATER, after=results)


def test_columns_must_be_those_of_the_earlier_results(results):
    changed = _table(NEW).append_column("visa", pa.array(["WORK", "TOUR"]))
    changed = changed.set_column(1, "crossing_id", changed["crossing_id"].cast(pa.string()))
    pq.write_table(changed, results.parent / "changed.parquet")
    with pytest.raises(DataRefused) as refused:
        classify_file(
            results.parent / "changed.parquet",
            results / "2020-01.parquet",
            rule=RULE,
            observation=Observation(FIRST, UNTIL),
            after=results,
        )
    assert "the column visa is not in 2019-12.parquet" in str(refused.value)
    assert "the column crossing_id holds VARCHAR, in 2019-12.parquet BIGINT" in str(refused.value)


def test_an_interruption_leaves_the_folder_as_it_was(results, monkeypatch):
    def interrupted(*_given, **_more):
        raise KeyboardInterrupt

    monkeypatch.setattr(movement_files, "classified_movements", interrupted)
    with pytest.raises(KeyboardInterrupt):
        _classify(NEW, results / "2020-01.parquet", MONTH_LATER, after=results)
    assert [file.name for file in results.iterdir()] == ["2019-12.parquet"]


def test_the_command_tells_how_many_people_were_decided_again(results):
    pq.write_table(_table(NEW), results.parent / "new.parquet")
    given = ["--json", "tool", "classify-movements", str(results.parent / "new.parquet")]
    given += [str(results / "2020-01.parquet"), "--after", str(results), "--rule", "12/16"]
    shown = CliRunner().invoke(
        app, [*given, "--observed-from", "2010-01-01", "--observed-until", "2020-01-31"]
    )
    assert shown.exit_code == 0
    assert json.loads(shown.stdout)["persons_decided_again"] == 4
