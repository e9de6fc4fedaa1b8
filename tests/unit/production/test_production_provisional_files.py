"""Provisional figures of plain files: what is refused before anything is written, and what is written."""

from __future__ import annotations

import datetime
import json

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from provisional_country import FIRST, RULE, arrivals
from sojourn.cli import app
from sojourn.concepts.frameworks import ResidenceRule
from sojourn.errors import DataRefused, ProjectError
from sojourn.integration.movements import CLASSIFIED, Observation
from sojourn.production.movement_files import classify_file
from sojourn.production.provisional_files import Targets, estimate_file

OBSERVED = Observation(FIRST, datetime.date(2015, 12, 31))


@pytest.fixture
def crossings(tmp_path):
    file = tmp_path / "classified.parquet"
    pq.write_table(_table(), file)
    return file


def _table():
    table = arrivals(400, 2, "2015-12-31")[0]
    return table.append_column("birth_date", pa.array(["1980-02-29"] * len(table)))


def _estimated(source, *targets, **given):
    return estimate_file(source, Targets(*targets), rule=RULE, observation=OBSERVED, **given)


def test_nothing_is_overwritten(crossings, tmp_path):
    with pytest.raises(ProjectError, match="exists"):
        _estimated(crossings, tmp_path / "figures.csv", crossings)
    assert not (tmp_path / "figures.csv").exists()


def test_two_results_need_two_names(crossings, tmp_path):
    with pytest.raises(ProjectError, match="same name"):
        _estimated(crossings, tmp_path / "figures.csv", tmp_path / "figures.csv")


def test_an_absent_feature_is_told(crossings, tmp_path):
    with pytest.raises(DataRefused, match="citizenship"):
        _estimated(crossings, tmp_path / "figures.csv", features=["citizenship"])


def test_crossings_that_were_not_classified_are_refused(tmp_path):
    file = tmp_path / "crossings.parquet"
    pq.write_table(_table().drop_columns(["is_migration", "migration_final_on"]), file)
    with pytest.raises(DataRefused, match="is_migration"):
        _estimated(file, tmp_path / "figures.csv")


def test_a_date_of_birth_that_is_no_day_is_refused_and_not_repeated(crossings, tmp_path):
    table = _table()
    spoilt = pa.array(["around 1980"] * len(table))
    pq.write_table(table.set_column(table.column_names.index("birth_date"), "birth_date", spoilt), crossings)
    with pytest.raises(DataRefused, match="no day") as refused:
        _estimated(crossings, tmp_path / "figures.csv", birth_date="birth_date")
    assert "around" not in str(refused.value)


def test_csv_and_parquet_give_the_same_figures(crossings, tmp_path):
    pcsv.write_csv(_table(), tmp_path / "classified.csv")
    given = {"features": ["visa"], "birth_date": "birth_date", "by": ["visa"]}
    found = _estimated(
        crossings, tmp_path / "f.parquet", tmp_path / "open.parquet", tmp_path / "r.parquet", **given
    )
    again = _estimated(tmp_path / "classified.csv", tmp_path / "f.csv", **given)
    assert again.totals.equals(found.totals)
    assert pq.read_table(tmp_path / "f.parquet").equals(found.totals)
    assert pq.read_table(tmp_path / "open.parquet").equals(found.crossings)
    assert pq.read_table(tmp_path / "r.parquet").equals(found.triangle)
    assert pcsv.read_csv(tmp_path / "f.csv").num_rows == found.totals.num_rows
    assert not list(tmp_path.glob(".*"))


def test_the_command_tells_the_newest_month(crossings, tmp_path):
    options = ["--rule", "12/16", "--observed-from", "2012-01-01", "--observed-until", "2015-12-31"]
    command = ["--json", "tool", "estimate-provisional", str(crossings), str(tmp_path / "f.csv"), *options]
    done = CliRunner().invoke(app, [*command, "--feature", "visa"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert [row["flow"] for row in found["newest"]] == ["emigration", "immigration", "net"]
    assert {row["time_period"] for row in found["newest"]} == {"2015-12"}


def test_the_command_wants_a_rule(crossings, tmp_path):
    options = ["--observed-from", "2012-01-01", "--observed-until", "2015-12-31"]
    done = CliRunner().invoke(
        app, ["tool", "estimate-provisional", str(crossings), str(tmp_path / "f.csv"), *options]
    )
    assert isinstance(done.exception, ProjectError)
    assert "Give the rule in one way" in str(done.exception)


def _classified(tmp_path, observed_until="2015-12-31"):
    """A file that `classify-movements` itself wrote, so that it says how."""
    plain, classified = tmp_path / "plain.parquet", tmp_path / "said.parquet"
    pq.write_table(_table().drop_columns(CLASSIFIED.names), plain)
    observation = Observation(FIRST, datetime.date.fromisoformat(observed_until))
    classify_file(plain, classified, rule=RULE, observation=observation)
    return classified


@pytest.mark.parametrize(
    ("rule", "first", "last", "told"),
    [
        (ResidenceRule(RULE.present - 1, RULE.window), FIRST, OBSERVED.last, "classified with"),
        (RULE, FIRST - datetime.timedelta(1), OBSERVED.last, "classified with"),
        (RULE, FIRST, datetime.date(2016, 1, 31), "until 2015-12-31"),
    ],
)
def test_what_the_crossings_were_not_classified_with_is_refused(tmp_path, rule, first, last, told):
    target = tmp_path / "figures.csv"
    with pytest.raises(ProjectError, match=told):
        estimate_file(_classified(tmp_path), Targets(target), rule=rule, observation=Observation(first, last))
    assert not target.exists()


def test_a_file_that_does_not_say_it_ends_with_the_last_day_of_which_it_tells(crossings, tmp_path):
    late = Observation(FIRST, datetime.date(2019, 12, 31))
    with pytest.raises(ProjectError, match="tells of crossings until"):
        estimate_file(crossings, Targets(tmp_path / "figures.csv"), rule=RULE, observation=late)


@pytest.mark.parametrize("column", ["days_in", "problem", "person_id", "crossing_id"])
def test_nothing_is_learned_from_outcomes_or_persons(crossings, tmp_path, column):
    with pytest.raises(ProjectError, match=column):
        _estimated(crossings, tmp_path / "figures.csv", features=[column])
