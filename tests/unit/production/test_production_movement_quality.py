"""Reports and pictures of plain files: for staff, without anybody's name, in parts of any size."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree

import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from sojourn.cli import app
from sojourn.cli.app import _guarded
from sojourn.errors import DataRefused, ProjectError
from sojourn.production import movement_quality

CANARY = "Zwitscherlein-77"
HEAD = "person_id,crossing_id,date,direction,border_point,citizenship,sex,birth_year,visa"
OBSERVED = ["--observed-from", "2010-01-01", "--observed-until", "2019-12-31"]


def _lines(persons=30):
    lines = []
    for number in range(persons):
        name, point = f"{CANARY}-{number}", ("AIR", "SEA", "ROAD")[number % 3]
        rest = f"{point},{('FRA', 'SYR', '')[number % 3]},{'FM'[number % 2]},{1960 + number},WORK"
        lines += [
            f"{name},{10 * number},2012-{1 + number % 12:02}-10,arrival,{rest}",
            f"{name},{10 * number + 1},2015-03-{1 + number % 28:02},departure,{rest}",
        ]
        if number % 10 == 0:
            lines.append(f"{name},{10 * number + 2},2018-05-01,departure,{rest}")
    return lines


@pytest.fixture
def crossings(tmp_path):
    file = tmp_path / "crossings.csv"
    file.write_text("\n".join([HEAD, *_lines()]) + "\n", encoding="utf-8")
    return file


def _run(*arguments):
    return CliRunner().invoke(app, ["tool", *map(str, arguments)], catch_exceptions=True)


def _measures(file):
    return {
        (row["measure"], row["breakdown"], row["category"]): row for row in pq.read_table(file).to_pylist()
    }


def test_a_report_is_a_whole_page_and_its_tables_are_files(crossings, tmp_path):
    done = _run("movement-quality", crossings, tmp_path / "q.html", *OBSERVED, "--tables", tmp_path)
    assert done.exit_code == 0, done.output
    assert "not met: direction-violations" in done.output
    page = (tmp_path / "q.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert page.count("<h1") == 1
    assert re.findall(r'<(?:script|link|img|iframe)\b|(?:src|href)="(?!#)', page) == []
    assert len(page.encode()) < 100_000
    found = _measures(tmp_path / "quality.parquet")
    # Three persons leave twice in a row: 3 of the 33 crossings that follow another.
    row = found["direction-violations", "all", "_T"]
    assert (row["numerator"], row["denominator"], row["withheld"]) == (None, 33, True)
    assert pcsv.read_csv(tmp_path / "quality.csv").num_rows == len(
        pq.read_table(tmp_path / "quality.parquet")
    )


def test_neither_page_nor_tables_nor_pictures_name_a_person(crossings, tmp_path):
    _run("movement-quality", crossings, tmp_path / "q.html", *OBSERVED, "--tables", tmp_path, "--minimum", 1)
    drawn = _run("draw-history", crossings, tmp_path / "h.svg", "--person", f"{CANARY}-0", *OBSERVED)
    assert drawn.exit_code == 0, drawn.output
    for name in ("q.html", "quality.csv", "quality.parquet", "h.svg"):
        assert CANARY.encode() not in (tmp_path / name).read_bytes(), name


def test_few_people_are_not_shown_unless_asked_for(crossings, tmp_path):
    _run("movement-quality", crossings, tmp_path / "q.html", *OBSERVED)
    assert "&lt; 10</td>" in (tmp_path / "q.html").read_text(encoding="utf-8")
    _run("movement-quality", crossings, tmp_path / "all.html", *OBSERVED, "--minimum", 1)
    page = (tmp_path / "all.html").read_text(encoding="utf-8")
    assert "&lt; 10</td>" not in page
    assert re.search(r"Same direction twice in a row.*?<td>9\.09</td>", page, re.DOTALL)  # 3 of 33


@pytest.mark.parametrize("rows_of_a_part", [1, 7])
def test_the_number_of_parts_and_the_form_of_the_file_do_not_matter(
    crossings, tmp_path, monkeypatch, rows_of_a_part
):
    permits = tmp_path / "permits.csv"
    permits.write_text(
        f"person_id,valid_from\n{CANARY}-1,2012-01-01\nsomebody,2012-01-01\n", encoding="utf-8"
    )
    more = ["--minimum", 1, "--permits", permits]
    (tmp_path / "whole").mkdir()
    _run("movement-quality", crossings, tmp_path / "w.html", *OBSERVED, "--tables", tmp_path / "whole", *more)
    pq.write_table(pcsv.read_csv(crossings), tmp_path / "crossings.parquet")
    monkeypatch.setattr(movement_quality, "ROWS_OF_A_PART", rows_of_a_part)
    (tmp_path / "parts").mkdir()
    done = _run(
        *("movement-quality", tmp_path / "crossings.parquet", tmp_path / "p.html", *OBSERVED),
        *("--tables", tmp_path / "parts", *more),
    )
    assert done.exit_code == 0, done.output
    whole = pq.read_table(tmp_path / "whole" / "quality.parquet")
    assert pq.read_table(tmp_path / "parts" / "quality.parquet").equals(whole)
    found = _measures(tmp_path / "whole" / "quality.parquet")
    arrival, crossing = (found[f"permits-without-{what}", "all", "_T"] for what in ("arrival", "crossing"))
    assert (arrival["numerator"], arrival["denominator"]) == (0, 1)
    assert (crossing["numerator"], crossing["denominator"]) == (1, 2)


def test_identifiers_that_are_numbers_in_one_file_may_be_text_in_another(tmp_path):
    lines = ["person_id,crossing_id,date,direction", "7,1,2012-05-01,arrival", "8,2,2012-05-01,departure"]
    (tmp_path / "crossings.csv").write_text("\n".join(lines) + "\n")
    pq.write_table(pcsv.read_csv(tmp_path / "crossings.csv"), tmp_path / "crossings.parquet")
    (tmp_path / "permits.csv").write_text("person_id,valid_from\n7,2012-01-01\nNN,2012-01-01\n")
    (tmp_path / "anchors.csv").write_text("person_id,date,resident\n8,2012-01-01,true\n")
    done = _run(
        *("movement-quality", tmp_path / "crossings.parquet", tmp_path / "q.html", *OBSERVED, "--tables"),
        *(tmp_path, "--permits", tmp_path / "permits.csv", "--anchors", tmp_path / "anchors.csv"),
        *("--minimum", 1),
    )
    assert done.exit_code == 0, done.output
    found = _measures(tmp_path / "quality.parquet")
    assert found["permits-without-arrival", "all", "_T"]["denominator"] == 1
    assert found["permits-without-crossing", "all", "_T"]["numerator"] == 1
    assert found["initial-state-from-anchor", "all", "_T"]["numerator"] == 1


def test_the_page_of_a_file_with_no_more_than_it_must_have_says_what_cannot_be_computed(tmp_path):
    file = tmp_path / "bare.csv"
    rows = [",".join(line.split(",")[:4]) for line in [HEAD, *_lines()]]
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    done = _run("movement-quality", file, tmp_path / "q.html", *OBSERVED)
    assert done.exit_code == 0, done.output
    page = (tmp_path / "q.html").read_text(encoding="utf-8")
    for lacking in ("citizenship", "birth_year", "sex", "border_point", "permits", "anchors"):
        assert f"cannot be computed without {lacking}" in page


def test_a_file_without_rows_has_a_report_that_counts_nothing(tmp_path):
    file = tmp_path / "empty.csv"
    file.write_text(HEAD + "\n", encoding="utf-8")
    done = _run("movement-quality", file, tmp_path / "q.html", *OBSERVED)
    assert done.exit_code == 0, done.output
    assert "there is nothing to count" in (tmp_path / "q.html").read_text(encoding="utf-8")


def test_the_report_speaks_arabic(crossings, tmp_path):
    _run("movement-quality", crossings, tmp_path / "q.html", *OBSERVED, "--language", "ar")
    page = (tmp_path / "q.html").read_text(encoding="utf-8")
    assert '<html lang="ar" dir="rtl">' in page
    assert "جودة بيانات عبور الحدود" in page
    assert not re.search(r"quality\.[a-z]", page)


@pytest.mark.parametrize(
    ("arguments", "kind", "said"),
    [
        (["q.html", "--language", "tlh"], ProjectError, "There are no words"),
        (["q.pdf"], ProjectError, "does not end in .html"),
        (["there.html"], ProjectError, "exists"),
        (["q.html", "--rule", "11/16"], ProjectError, "There is no rule"),
        (["q.html", "--memory", "much"], ProjectError, "no amount of memory"),
        (["q.html", "--population", "twice.csv"], DataRefused, "two rows have the same citizenship"),
        (["q.html", "--population", "words.csv"], DataRefused, "column persons cannot be read"),
        (["q.html", "--anchors", "half.csv"], DataRefused, "1 anchors lack a person"),
        (["q.html", "--permits", "words.csv"], DataRefused, "no column person_id"),
    ],
)
def test_what_is_asked_wrongly_is_told_and_leaves_nothing(
    crossings, tmp_path, monkeypatch, arguments, kind, said
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.html").write_text("")
    (tmp_path / "twice.csv").write_text("citizenship,persons\nFRA,1\nFRA,2\n")
    (tmp_path / "half.csv").write_text("person_id,date,resident\na,,true\n")
    (tmp_path / "words.csv").write_text("citizenship,persons\nFRA,many\n")
    before = sorted(it.name for it in tmp_path.iterdir())
    done = _run("movement-quality", crossings, *arguments, *OBSERVED)
    assert isinstance(done.exception, kind)
    assert said in str(done.exception)
    assert sorted(it.name for it in tmp_path.iterdir()) == before


def test_json_holds_the_measures_of_the_whole_and_nothing_about_a_person(crossings, tmp_path):
    arguments = ["--json", "tool", "movement-quality", str(crossings), str(tmp_path / "q.html"), *OBSERVED]
    done = CliRunner().invoke(app, arguments)
    found = json.loads(done.stdout)
    # Ten of thirty persons have no citizenship: two crossings each, and number 20 leaves a second time.
    unknown = found["measures"]["unknown-citizenship"]
    assert (unknown["numerator"], unknown["denominator"], unknown["verdict"]) == (21, 63, "not-met")
    assert CANARY not in done.output


def test_a_history_is_drawn_with_its_numbers_and_an_unknown_person_is_told_without_the_name(
    crossings, tmp_path, capsys
):
    done = _run("draw-history", crossings, tmp_path / "h.svg", "--person", f"{CANARY}-0", *OBSERVED)
    assert (
        "3 crossings, of which 0 could not be used, 1 changed residence and 2 are unresolved" in done.output
    )
    ElementTree.parse(tmp_path / "h.svg")
    code = _guarded(
        lambda: app(
            [
                "tool",
                "draw-history",
                str(crossings),
                str(tmp_path / "x.svg"),
                "--person",
                "Canary",
                *OBSERVED,
            ],
            standalone_mode=False,
        )
    )
    said = capsys.readouterr()
    assert code == 3
    assert "no usable crossing of such a person" in said.err
    assert "Canary" not in said.err + said.out


def test_flows_are_drawn_from_vintages(tmp_path):
    file = tmp_path / "figures.csv"
    file.write_text(
        "flow,time_period,vintage,value,lower,upper\n"
        "net,2024-01,2024-03,100,80,120\nnet,2024-01,2025-06,90,90,90\nnet,2024-02,2025-06,70,50.5,90\n"
    )
    done = _run("draw-flows", file, tmp_path / "flows.svg", "--language", "ar")
    assert done.exit_code == 0, done.output
    assert "2 months are drawn" in done.output
    ElementTree.parse(tmp_path / "flows.svg")


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (["net,2024-13,2025-06,90,80,95"], "the time period is no month: row 2"),
        (["net,spring,2025-06,90,80,95", "net,,2025-07,9,8,10"], "no month: 2 rows, the first is row 2"),
        (["net,2024-01,2024-03,90,80,95"], "stand in an earlier row: row 2"),
        (["net,2024-02,2025-06,90,95,80"], "the lower bound lies above the upper one: row 2"),
        (["net,2024-02,2025-06,70,80,95"], "the value lies outside its interval: row 2"),
    ],
)
def test_figures_that_would_be_drawn_wrongly_are_refused(tmp_path, rows, told):
    file = tmp_path / "figures.csv"
    good = "net,2024-01,2024-03,100,80,120"
    file.write_text("\n".join(["flow,time_period,vintage,value,lower,upper", good, *rows]) + "\n")
    done = _run("draw-flows", file, tmp_path / "flows.svg")
    assert isinstance(done.exception, DataRefused)
    assert told in str(done.exception)
    assert not (tmp_path / "flows.svg").exists()


def test_crossings_out_of_scope_are_not_measured_and_not_drawn(tmp_path):
    crew, other = tmp_path / "crew.csv", tmp_path / "other.csv"
    lines = [f"{line},false" for line in _lines()]
    aboard = [
        f"sailor,{900 + number},2014-06-0{number},arrival,SEA,FRA,M,1970,,true" for number in range(1, 9)
    ]
    crew.write_text("\n".join([f"{HEAD},out_of_scope", *lines, *aboard]) + "\n", encoding="utf-8")
    other.write_text("\n".join([HEAD, *_lines()]) + "\n", encoding="utf-8")
    found = []
    for file in (crew, other):
        folder = tmp_path / file.stem
        folder.mkdir()
        done = _run("movement-quality", file, folder / "q.html", *OBSERVED, "--tables", folder)
        assert done.exit_code == 0, done.output
        found.append(_measures(folder / "quality.parquet"))
    assert found[0] == found[1]
    drawn = _run("draw-history", crew, tmp_path / "h.svg", *OBSERVED, "--person", "sailor")
    assert isinstance(drawn.exception, DataRefused)
