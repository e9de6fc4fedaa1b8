"""Crossings in plain files: every row comes back, wrong input is told, nothing half-done is left."""

from __future__ import annotations

import datetime
import json
import os

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from sojourn.cli import app
from sojourn.cli.app import _guarded
from sojourn.concepts.frameworks import ResidenceRule, Unit
from sojourn.errors import DataRefused, ProjectError
from sojourn.integration.movements import Gaps, Observation
from sojourn.production import movement_files
from sojourn.production.movement_files import classify_file
from sojourn.production.movement_writing import with_whole_columns

RULE = ResidenceRule(365, 487)
OBSERVED = Observation(datetime.date(2010, 1, 1), datetime.date(2019, 12, 31))
ROWS = [
    ("anna", 1, "2012-05-01", "arrival", "WORK"),
    ("anna", 2, "2012-06-01", "departure", "WORK"),
    ("anna", 3, "2012-06-20", "arrival", "WORK"),
    ("boris", 4, "2013-01-10", "departure", "TOUR"),
    ("boris", 5, "2013-01-20", "arrival", "TOUR"),
    ("carla", 6, "2019-06-01", "arrival", "STUD"),
    ("dmitri", 7, "2014-03-01", "arrival", "TOUR"),
    ("dmitri", 8, "2015-03-01", "arrival", "TOUR"),
    ("elena", 9, "2014-03-01", "transit", "TOUR"),
]


def _table(rows=ROWS, date_type=None):
    names = ("person_id", "crossing_id", "date", "direction", "visa")
    table = pa.table({name: [row[place] for row in rows] for place, name in enumerate(names)})
    kind = date_type or pa.date32()
    return table.set_column(2, "date", table["date"].cast(pa.date32()).cast(kind))


def _read(file):
    table = pq.read_table(file) if file.suffix == ".parquet" else pcsv.read_csv(file)
    return {int(row["crossing_id"]): row for row in table.to_pylist()}


def _classified(source, target, **kept):
    summary = classify_file(source, target, **{"rule": RULE, "observation": OBSERVED, **kept})
    return summary, _read(target)


@pytest.fixture
def crossings(tmp_path):
    file = tmp_path / "crossings.parquet"
    pq.write_table(_table(), file)
    return file


def test_every_crossing_comes_back_with_what_it_did(crossings, tmp_path):
    summary, found = _classified(crossings, tmp_path / "out.parquet")
    assert set(found) == set(range(1, 10))
    assert (summary.crossings, summary.immigrations, summary.emigrations) == (9, 1, 0)
    assert found[1]["is_migration"] is True
    assert found[1]["migration_final_on"] == datetime.date(2013, 5, 20)  # 365 days in, 19 out
    assert (found[2]["is_migration"], found[2]["migration_final_on"]) == (False, datetime.date(2012, 6, 1))
    assert (found[4]["resident_before"], found[5]["resident_after"]) == (True, True)
    assert (found[6]["is_migration"], found[6]["unresolved"]) == (None, True)
    assert (found[7]["problem"], found[8]["problem"]) == ("missing-movement", "missing-movement")
    assert (found[9]["problem"], found[9]["direction"], found[9]["is_migration"]) == (
        "unknown-direction",
        "transit",
        None,
    )
    assert [found[number]["visa"] for number in (1, 4, 6)] == ["WORK", "TOUR", "STUD"]
    assert summary.problems == {"missing-movement": 2, "unknown-direction": 1}


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@pytest.mark.parametrize("target_suffix", [".parquet", ".csv"])
@pytest.mark.parametrize("kind", [pa.date32(), pa.timestamp("us")])
def test_the_form_of_the_files_does_not_matter(crossings, tmp_path, suffix, target_suffix, kind):
    source = tmp_path / f"other{suffix}"
    table = _table(date_type=kind)
    pq.write_table(table, source) if suffix == ".parquet" else pcsv.write_csv(table, source)
    _, found = _classified(source, tmp_path / f"out{target_suffix}")
    _, expected = _classified(crossings, tmp_path / "expected.parquet")
    for number, row in expected.items():
        for name in ("is_migration", "migration_final_on", "days_in"):
            assert found[number][name] == row[name]
        assert (found[number]["problem"] or None) == row["problem"]


@pytest.mark.parametrize("rows_of_a_part", [1, 2, 100])
def test_the_number_of_parts_does_not_matter(crossings, tmp_path, monkeypatch, rows_of_a_part):
    monkeypatch.setattr(movement_files, "ROWS_OF_A_PART", rows_of_a_part)
    _, found = _classified(crossings, tmp_path / f"out{rows_of_a_part}.parquet")
    monkeypatch.undo()
    assert found == _classified(crossings, tmp_path / "whole.parquet")[1]


@pytest.mark.parametrize(
    ("gaps", "first", "second"),
    [
        (Gaps.EXCLUDE, None, None),
        (Gaps.BOUNDS, None, None),
        (Gaps.EARLIEST, False, True),
        (Gaps.LATEST, True, False),
        (Gaps.MIDPOINT, False, True),
    ],
)
def test_a_missing_movement_is_treated_as_declared(crossings, tmp_path, gaps, first, second):
    rows = [
        ("dmitri", 7, "2014-03-01", "arrival", "TOUR"),
        ("dmitri", 8, "2015-03-01", "arrival", "TOUR"),
    ]
    file = tmp_path / "gap.parquet"
    pq.write_table(_table(rows), file)
    _, found = _classified(file, tmp_path / "out.parquet", gaps=gaps)
    assert (found[7]["is_migration"], found[8]["is_migration"]) == (first, second)


def test_a_state_that_is_known_from_elsewhere_decides_what_the_crossings_do_not(tmp_path):
    rows = [("fatma", 1, "2010-03-01", "departure", "TOUR"), ("fatma", 2, "2011-06-01", "arrival", "TOUR")]
    file, known = tmp_path / "c.parquet", tmp_path / "anchors.csv"
    pq.write_table(_table(rows), file)
    known.write_text("person_id,date,resident\nfatma,2010-02-01,true\nwho never crossed,2010-02-01,true\n")
    assert _classified(file, tmp_path / "without.parquet")[1][1]["is_migration"] is None
    assert _classified(file, tmp_path / "with.parquet", anchors=known)[1][1]["is_migration"] is True


def _broken(change):
    table = _table()
    if change == "dates as text":
        return table.set_column(2, "date", table["date"].cast(pa.string()))
    if change == "a missing column":
        return table.rename_columns(["person_id", "crossing_id", "date", "directions", "visa"])
    return table.set_column(3, "direction", pa.array(range(len(table))))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("dates as text", "the column date holds string, not a date or a timestamp"),
        ("a missing column", "Did you mean directions"),
        ("directions as numbers", "the column direction holds int64, not text"),
    ],
)
def test_columns_of_the_wrong_kind_are_refused(tmp_path, change, message):
    file = tmp_path / "c.parquet"
    pq.write_table(_broken(change), file)
    with pytest.raises(DataRefused, match=message):
        classify_file(file, tmp_path / "out.parquet", rule=RULE, observation=OBSERVED)
    assert sorted(os.listdir(tmp_path)) == ["c.parquet"]


def test_a_value_that_cannot_be_read_is_told_with_its_column(tmp_path):
    file = tmp_path / "c.csv"
    file.write_text(
        "person_id,crossing_id,date,direction\nanna,1,2012-05-01,arrival\nanna,2,2012-02-30,departure\n"
    )
    with pytest.raises(DataRefused, match=r"c\.csv:3: the value in the column date cannot be read"):
        classify_file(file, tmp_path / "out.parquet", rule=RULE, observation=OBSERVED)
    assert sorted(os.listdir(tmp_path)) == ["c.csv"]


_HEADER = "person_id,crossing_id,date,direction"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file is empty"),
        (f"{_HEADER}\nanna,1,2012-05-01,arrival\nanna,2,2012-06-01\n", "c.csv:3: the row has 3 cells"),
        (f"{_HEADER}\nanna,1,2012-05-01T10:00+05:00,arrival\n", "c.csv:2: the value in the column date"),
        (f"{_HEADER}\ncaf\u00e9,1,2012-05-01,arrival\n", "not in UTF-8"),
        (_HEADER.replace(",", ";") + "\n", "not separated by commas"),
        (f"{_HEADER},date\n", "two columns are called date"),
        (f"{_HEADER},days_in\nanna,1,2012-05-01,arrival,3\n", "a column days_in, which the result adds"),
    ],
)
def test_a_csv_file_that_cannot_be_read_is_refused_with_its_place(tmp_path, content, message):
    file = tmp_path / "c.csv"
    file.write_bytes(content.encode("latin-1" if "UTF-8" in message else "utf-8"))
    with pytest.raises(DataRefused, match=message):
        classify_file(file, tmp_path / "out.parquet", rule=RULE, observation=OBSERVED)
    assert sorted(os.listdir(tmp_path)) == ["c.csv"]


def test_a_file_whose_statistics_are_not_true_is_refused():
    table = pa.table({"visa": pa.array(["TOUR", None])})
    with pytest.raises(DataRefused, match="nothing is missing in visa"):
        with_whole_columns(table, {"visa"})


def test_a_crossing_outside_the_observed_days_is_outside_whatever_its_direction(tmp_path):
    rows = [("fatima", 1, "2009-12-31", "transit", "TOUR"), ("fatima", 2, "2010-01-01", "transit", "TOUR")]
    pq.write_table(_table(rows), tmp_path / "transit.parquet")
    _, found = _classified(tmp_path / "transit.parquet", tmp_path / "out.parquet")
    assert (found[1]["problem"], found[2]["problem"]) == ("outside-observation", "unknown-direction")


def test_columns_without_gaps_say_so_and_settled_people_are_written_apart(crossings, tmp_path):
    _classified(crossings, tmp_path / "out.parquet")
    schema, metadata = pq.read_schema(tmp_path / "out.parquet"), pq.read_metadata(tmp_path / "out.parquet")
    given = ("person_id", "crossing_id", "date", "direction", "visa")
    assert [field.name for field in schema if not field.nullable] == [*given, "unresolved"]
    assert [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)] == [5, 1, 3]
    with_a_gap = _table().set_column(4, "visa", pa.array([None, *("TOUR",) * 8]))
    pq.write_table(with_a_gap, tmp_path / "gap.parquet")
    _classified(tmp_path / "gap.parquet", tmp_path / "gap_out.parquet")
    assert pq.read_schema(tmp_path / "gap_out.parquet").field("visa").nullable


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_file_without_crossings_gives_one_without_results(tmp_path, suffix):
    file = tmp_path / f"c{suffix}"
    pq.write_table(_table().slice(0, 0), file) if suffix == ".parquet" else file.write_text(
        f"{_HEADER},visa\n"
    )
    summary, found = _classified(file, tmp_path / "out.parquet")
    assert (summary.crossings, found) == (0, {})
    assert "is_migration" in pq.read_schema(tmp_path / "out.parquet").names


def test_rows_without_a_person_are_decided_for_nobody(tmp_path):
    file = tmp_path / "c.csv"
    file.write_text(f"{_HEADER}\n,1,2012-01-01,arrival\n,2,2012-03-01,departure\nNA,3,2012-04-01,arrival\n")
    _, found = _classified(file, tmp_path / "out.parquet")
    assert [found[number]["problem"] for number in (1, 2, 3)] == ["no-person", "no-person", None]
    assert [found[number]["is_migration"] for number in (1, 2, 3)] == [None, None, True]


def test_crossings_of_a_day_are_ordered_alike_by_numbers_and_by_numbers_as_text(tmp_path):
    rows = [
        ("anna", 9, "2012-01-01", "departure", ""),
        ("anna", 10, "2012-01-01", "arrival", ""),
        ("anna", 11, "2014-01-01", "departure", ""),
    ]
    table = _table(rows)
    results = []
    for name, kind in (("numbers", pa.int64()), ("texts", pa.string())):
        file = tmp_path / f"{name}.parquet"
        pq.write_table(table.set_column(1, "crossing_id", table["crossing_id"].cast(kind)), file)
        results.append(_classified(file, tmp_path / f"out_{name}.parquet")[1])
    assert [[row["is_migration"], row["problem"]] for row in results[0].values()] == [
        [row["is_migration"], row["problem"]] for row in results[1].values()
    ]
    assert results[0][11]["is_migration"] is True


def test_moments_with_a_time_zone_have_no_local_day(tmp_path):
    file = tmp_path / "c.parquet"
    pq.write_table(_table(date_type=pa.timestamp("us", "Asia/Tokyo")), file)
    with pytest.raises(DataRefused, match="not a date or a timestamp in local time"):
        classify_file(file, tmp_path / "out.parquet", rule=RULE, observation=OBSERVED)


@pytest.mark.parametrize(
    ("name", "message"),
    [("out.xlsx", "neither .parquet nor .csv"), ("nowhere/out.csv", "There is no folder")],
)
def test_a_result_that_cannot_be_written_is_refused_before_anything_is_read(
    crossings, tmp_path, name, message
):
    with pytest.raises(ProjectError, match=message):
        classify_file(crossings, tmp_path / name, rule=RULE, observation=OBSERVED)


@pytest.mark.parametrize(
    ("anchors", "message"),
    [
        ("anna,2013-01-01,true\n", "1 anchors come after the last crossing of their persons.*row 1"),
        ("anna,2012-01-01,true\nboris,2012-01-01,\n", "1 anchors lack a person, a day or a state.*row 2"),
        ("boris,,true\n", "1 anchors lack"),
        ("boris,2012-01-01,true\nboris,2012-01-01,false\n", "2 anchors say two things"),
    ],
)
def test_anchors_that_cannot_be_used_are_refused(crossings, tmp_path, anchors, message):
    known = tmp_path / "anchors.csv"
    known.write_text(f"person_id,date,resident\n{anchors}")
    with pytest.raises(DataRefused, match=message):
        classify_file(crossings, tmp_path / "out.parquet", rule=RULE, observation=OBSERVED, anchors=known)
    assert not (tmp_path / "out.parquet").exists()


def test_nothing_is_overwritten(crossings, tmp_path):
    (tmp_path / "out.parquet").write_text("mine")
    with pytest.raises(ProjectError, match="nothing is overwritten"):
        classify_file(crossings, tmp_path / "out.parquet", rule=RULE, observation=OBSERVED)
    assert (tmp_path / "out.parquet").read_text() == "mine"


def test_an_interruption_leaves_no_trace(crossings, tmp_path, monkeypatch):
    def interrupted(*_given, **_more):
        raise KeyboardInterrupt

    monkeypatch.setattr(movement_files, "classified_movements", interrupted)
    with pytest.raises(KeyboardInterrupt):
        classify_file(crossings, tmp_path / "out.parquet", rule=RULE, observation=OBSERVED)
    assert sorted(os.listdir(tmp_path)) == ["crossings.parquet"]


OPTIONS = ["--observed-from", "2010-01-01", "--observed-until", "2019-12-31"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--threshold", "-1", "--window", "487"], "-1 days"),
        (["--threshold", "500", "--window", "487"], "500 days present within a window of 487"),
        (["--rule", "11/13"], "There are: 12/16"),
        (["--framework", "2021-21"], "no migration framework"),
        ([], "Give the rule in one way"),
        (["--rule", "12/16", "--missing", "guess"], "bounds, earliest"),
        (["--rule", "12/16", "--boundary", "maybe"], "no-migration"),
        (["--threshold", "365", "--window", "365", "--boundary", "no-migration"], "no spare days"),
        (["--rule", "12/16", "--memory", "lots"], "no amount of memory"),
        (["--threshold", "12", "--unit", "weeks"], "There are: days, months"),
        (["--rule", "12/16", "--unit", "months"], "Give --threshold and --window"),
    ],
)
def test_settings_that_make_no_sense_are_refused_in_words(crossings, tmp_path, capsys, options, message):
    given = ["tool", "classify-movements", str(crossings), str(tmp_path / "out.parquet"), *OPTIONS, *options]
    assert _guarded(lambda: app(given, standalone_mode=False)) == 2
    assert message in capsys.readouterr().err.replace("\n", " ")
    assert not (tmp_path / "out.parquet").exists()


@pytest.mark.parametrize(
    "rule", [["--rule", "12/16"], ["--threshold", "365", "--window", "487"], ["--framework", "2021-12"]]
)
def test_the_command_tells_what_it_found(crossings, tmp_path, rule):
    target = tmp_path / "out.parquet"
    given = ["--json", "tool", "classify-movements", str(crossings), str(target), *OPTIONS, *rule]
    shown = CliRunner().invoke(app, given)
    assert shown.exit_code == 0
    told = json.loads(shown.stdout)
    assert (told["crossings"], told["immigrations"], told["file"]) == (9, 1, str(target))


def _lived(crossings, tmp_path, lives, rule=RULE, **kept):
    file, known, target = tmp_path / "lived.csv", tmp_path / "lives.csv", tmp_path / "lived.parquet"
    rows = (f"{person},{number},{crossing}" for number, (person, crossing) in enumerate(crossings, 1))
    file.write_text("\n".join([_HEADER, *rows, ""]))
    known.write_text(f"person_id,birth_date,death_date\n{lives}")
    return _classified(file, target, rule=rule, lives=known, **kept)[1]


def test_months_are_those_of_the_calendar_from_the_day_of_the_crossing(tmp_path):
    rows = [
        ("gul", 1, "2012-02-29", "arrival", ""),  # twelve months until 28 February 2013: 365 days
        ("hana", 2, "2015-03-01", "arrival", ""),  # twelve months until 1 March 2016: 366 days
    ]
    file = tmp_path / "c.parquet"
    pq.write_table(_table(rows), file)
    _, found = _classified(file, tmp_path / "out.parquet", rule=ResidenceRule(12, 16, Unit.MONTHS))
    assert found[1]["migration_final_on"] == datetime.date(2013, 2, 28)
    assert found[2]["migration_final_on"] == datetime.date(2016, 3, 1)
    # 29 June 2013 and 1 July 2016: sixteen months from the two days.
    assert (found[1]["days_in"], found[2]["days_in"]) == (486, 488)


def test_who_died_before_the_threshold_did_not_migrate(tmp_path):
    crossings = [
        ("ida", "2014-05-01,arrival"),
        ("jan", "2014-05-01,arrival"),
        ("jan", "2014-07-01,departure"),
    ]
    found = _lived(crossings, tmp_path, "ida,,2015-04-30\njan,,2014-06-15\n")  # ida spent 364 days
    assert (found[1]["is_migration"], found[1]["migration_final_on"]) == (False, datetime.date(2015, 4, 30))
    assert (found[1]["days_in"], found[1]["days_out"]) == (364, 0)
    assert (found[2]["is_migration"], found[2]["migration_final_on"]) == (False, datetime.date(2014, 6, 15))
    assert (found[3]["problem"], found[3]["is_migration"]) == ("after-death", None)


def test_who_reached_the_threshold_on_the_day_of_death_did_migrate(tmp_path):
    found = _lived([("ida", "2014-05-01,arrival")], tmp_path, "ida,,2015-05-01\n")
    assert (found[1]["is_migration"], found[1]["migration_final_on"]) == (True, datetime.date(2015, 5, 1))


def test_a_death_that_was_not_observed_decides_nothing(tmp_path):
    found = _lived([("ida", "2019-05-01,arrival")], tmp_path, "ida,,2020-01-01\n")
    assert found[1]["unresolved"] is True


@pytest.mark.parametrize(
    ("birth", "resident"), [("2010-02-01", True), ("2009-12-31", None), ("", None), ("2010-04-01", None)]
)
def test_who_was_born_under_observation_has_nothing_unknown_before(tmp_path, birth, resident):
    crossings = [("kai", "2010-03-01,departure"), ("kai", "2015-03-01,arrival")]
    found = _lived(crossings, tmp_path, f"kai,{birth},\n")
    assert found[1]["resident_before"] is resident
    assert found[1]["problem"] == ("before-birth" if birth == "2010-04-01" else None)


def test_who_was_born_abroad_under_observation_did_not_live_here(tmp_path):
    found = _lived([("kai", "2010-03-01,arrival")], tmp_path, "kai,2010-02-01,\n")
    assert (found[1]["resident_before"], found[1]["is_migration"]) == (False, True)


@pytest.mark.parametrize("rows_of_a_part", [1, 100])
def test_lives_find_their_persons_in_every_part(tmp_path, monkeypatch, rows_of_a_part):
    monkeypatch.setattr(movement_files, "ROWS_OF_A_PART", rows_of_a_part)
    crossings = [(str(person), "2014-05-01,arrival") for person in range(20)]
    lives = "".join(f"{person},,2014-06-{person + 1:02d}\n" for person in range(1, 20))
    found = _lived(crossings, tmp_path, lives)
    assert found[1]["is_migration"] is True
    assert [found[number]["days_in"] for number in range(2, 21)] == [31 + day for day in range(1, 20)]


@pytest.mark.parametrize(
    ("lives", "message"),
    [
        ("ida,2015-01-01,2014-01-01\n", "1 rows have a death before the birth; the first is row 1"),
        (",2015-01-01,\n", "1 rows lack a person"),
        ("ida,2010-01-01,\njan,,\nida,2010-01-01,\n", "2 rows share a person with another one"),
    ],
)
def test_lives_that_cannot_be_are_refused(tmp_path, lives, message):
    with pytest.raises(DataRefused, match=message):
        _lived([("ida", "2014-05-01,arrival")], tmp_path, lives)


def test_crossings_out_of_scope_are_no_movements_of_their_persons(tmp_path):
    file = tmp_path / "c.csv"
    file.write_text(
        f"{_HEADER},out_of_scope\n1,1,2012-05-01,arrival,false\n1,2,2012-08-01,departure,true\n"
        "1,3,2015-05-01,departure,false\n2,4,2012-05-01,arrival,true\n"
    )
    _, found = _classified(file, tmp_path / "out.parquet")
    assert [found[number]["is_migration"] for number in (1, 2, 3, 4)] == [True, None, True, None]
    assert [found[number]["problem"] for number in (1, 2, 3, 4)] == [
        None,
        "out-of-scope",
        None,
        "out-of-scope",
    ]
    assert found[2]["out_of_scope"] is True


def test_scope_that_is_not_said_is_refused(tmp_path):
    file = tmp_path / "c.csv"
    file.write_text(f"{_HEADER},out_of_scope\n1,1,2012-05-01,arrival,\n")
    with pytest.raises(DataRefused, match="out_of_scope is empty in 1 rows"):
        _classified(file, tmp_path / "out.parquet")


def test_two_documents_shown_on_one_day_are_one_crossing(tmp_path):
    rows = [
        ("lena", 1, "2012-05-01", "arrival", "PASSPORT"),
        ("lena", 2, "2012-05-01", "arrival", "CARD"),
        ("lena", 3, "2014-05-01", "departure", "CARD"),
    ]
    file = tmp_path / "c.parquet"
    pq.write_table(_table(rows), file)
    _, found = _classified(file, tmp_path / "out.parquet")
    assert [found[number]["problem"] for number in (1, 2, 3)] == [None, "duplicate", None]
    assert [found[number]["is_migration"] for number in (1, 2, 3)] == [True, None, True]


def test_the_command_counts_in_months_of_the_calendar(crossings, tmp_path):
    target = tmp_path / "out.parquet"
    rule = ["--unit", "months", "--threshold", "12", "--window", "16"]
    given = ["--json", "tool", "classify-movements", str(crossings), str(target), *OPTIONS, *rule]
    shown = CliRunner().invoke(app, given)
    assert (shown.exit_code, json.loads(shown.stdout)["immigrations"]) == (0, 1)
