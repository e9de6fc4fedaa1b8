"""What the linkage command says and refuses, as its users meet it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest

from loaded_commands import LoadedCommands

HEAD = "record_id,surname,given_names,birth_date,sex\n"
SYLLABLES = ["ba", "de", "fi", "go", "lu", "ma", "ne", "pi", "ro", "su", "ta", "ve"]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Two files of the same hundred people under other identifiers."""
    people = []
    for at in range(100):
        surname = SYLLABLES[at % 12] + SYLLABLES[at // 12] + "nar"
        given = f"{SYLLABLES[at * 7 % 12]}{SYLLABLES[at * 5 % 11]}la"
        people.append(f"{surname},{given},19{40 + at % 50}-05-{at % 28 + 1:02},1")
    for name in ("a", "b"):
        rows = [f"{name}{at},{person}" for at, person in enumerate(people)]
        (tmp_path / f"{name}.csv").write_text(HEAD + "\n".join(rows) + "\n")
    return tmp_path / "a.csv", tmp_path / "b.csv"


@pytest.fixture
def link(commands: LoadedCommands) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the command."""
    return lambda *words: commands.run("--json", "tool", "link", *words)


def test_everybody_is_found_again_and_a_pair_is_explained_without_a_name(link, files, tmp_path):
    persons, picture = tmp_path / "persons.parquet", tmp_path / "why.svg"
    done = link(
        *files, tmp_path / "pairs.parquet", "--persons", persons, "--explain", picture, "--pair", "a7", "b7"
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["links"] == 100
    found = pq.read_table(persons).to_pylist()
    assert {row["person"] for row in found if row["record_id"] == "b7"} == {"a7"}
    drawn = picture.read_text()
    assert "above 99 %" in drawn
    assert "banar" not in drawn + done.stdout + done.stderr


def test_three_files_are_linked_in_one_run_by_what_two_of_them_state(link, files, tmp_path):
    # Only b and c state a number, and c neither given names nor a date of birth.
    header, *people = files[1].read_text().splitlines()
    numbers = [f"{7_000_000 + 131 * at}" for at in range(len(people))]
    numbered = [f"{person},{number}" for person, number in zip(people, numbers, strict=True)]
    files[1].write_text("\n".join([f"{header},national_id", *numbered]) + "\n")
    surnames = [person.split(",")[1] for person in people]
    third = [f"c{at},{name},1,{n}" for at, (name, n) in enumerate(zip(surnames, numbers, strict=True))]
    (tmp_path / "c.csv").write_text("\n".join(["record_id,surname,sex,national_id", *third]) + "\n")
    persons, page = tmp_path / "persons.parquet", tmp_path / "quality.html"
    done = link(
        *files, tmp_path / "c.csv", tmp_path / "pairs.parquet", "--persons", persons, "--quality", page
    )
    assert done.returncode == 0, done.stderr
    assert "national_id" in json.loads(done.stdout)["fields"]
    assert json.loads(done.stdout)["persons"] == 100
    found = {row["record_id"]: row["person"] for row in pq.read_table(persons).to_pylist()}
    assert all(found[f"c{at}"] == f"a{at}" for at in range(100))


def test_a_file_that_shares_no_column_with_another_is_refused_and_named(link, files, tmp_path):
    (tmp_path / "shoes.csv").write_text("record_id,shoe_size\nz1,39\nz2,41\n")
    done = link(files[0], tmp_path / "shoes.csv", files[1], tmp_path / "pairs.csv")
    assert done.returncode != 0
    assert "shoes.csv has no column" in done.stderr
    assert not (tmp_path / "pairs.csv").exists()


def test_two_files_of_one_name_are_refused(link, files, tmp_path):
    (tmp_path / "second").mkdir()
    (tmp_path / "second" / "a.csv").write_text(files[0].read_text())
    done = link(*files, tmp_path / "second" / "a.csv", tmp_path / "pairs.csv")
    assert done.returncode != 0
    assert "Two files have one name" in done.stderr


@pytest.mark.parametrize(
    ("household", "told"),
    [
        ("{columns: [home], members_once: true}", "no file has the column home. Correct `columns`"),
        ("{columns: [sex], dates: [day], members_once: true}", "no file has the column day. Correct `dates`"),
    ],
)
def test_a_household_column_that_is_not_there_is_refused_where_members_are_kept_apart(
    link, household, told, files, tmp_path
):
    spec = tmp_path / "linkage.yaml"
    spec.write_text(
        "fields: [{name: surname, compare: name, columns: [surname]}]\n"
        f"pairs: [{{share: [surname]}}]\nhousehold: {household}\n"
    )
    done = link(files[0], tmp_path / "pairs.csv", "--dedupe", "--spec", spec)
    assert done.returncode != 0
    assert told in " ".join(done.stderr.split())


def test_a_specification_may_name_one_column_without_a_list(link, files, tmp_path):
    spec = tmp_path / "linkage.yaml"
    spec.write_text(
        "fields:\n  - {name: surname, compare: name, columns: surname}\n"
        "  - {name: birth_date, compare: date, columns: birth_date}\npairs: [{share: surname}]\n"
    )
    done = link(*files, tmp_path / "pairs.csv", "--spec", spec)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["fields"] == ["surname", "birth_date"]


def test_a_report_tells_who_is_linked_worse_and_names_nobody(link, files, tmp_path):
    page, figures = tmp_path / "quality.html", tmp_path / "quality.csv"
    done = link(*files, tmp_path / "pairs.parquet", "--quality", page)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)["quality"]
    assert [row["linked_share"] for row in told["of_sources"]] == [1.0, 1.0]
    assert told["gaps"] == 0
    written = page.read_text(encoding="utf-8")
    assert "nothing here is protected for publication" in written
    assert "No group differs from the others by that much." in written
    assert "<script" not in written
    assert "banar" not in written.lower() + done.stdout + done.stderr
    assert link(*files, tmp_path / "again.parquet", "--quality", figures).returncode == 0
    rows = pcsv.read_csv(figures).to_pylist()
    assert {row["breakdown"] for row in rows} == {"all", "sex", "birth_decade", "has_birth_day", "script"}
    assert {row["all_keys"] for row in rows if row["breakdown"] == "all"} == {100}
    # Born in 1940 to 1989 in turn: twenty in each ten years, too few to be judged.
    decades = [row for row in rows if row["breakdown"] == "birth_decade" and row["source"] == "a"]
    assert [(row["category"], row["all_keys"], row["is_small"]) for row in decades] == [
        (str(year), 20, True) for year in (1940, 1950, 1960, 1970, 1980)
    ]


def test_a_report_in_arabic_reads_from_right_to_left(link, files, tmp_path):
    done = link(*files, tmp_path / "pairs.csv", "--quality", tmp_path / "q.html", "--language", "ar")
    assert done.returncode == 0, done.stderr
    assert '<html lang="ar" dir="rtl">' in (tmp_path / "q.html").read_text(encoding="utf-8")


def test_a_dry_run_tells_the_work_and_writes_nothing(link, files, tmp_path):
    done = link(*files, tmp_path / "pairs.parquet", "--dry")
    told = json.loads(done.stdout)
    assert told["pairs"] == sum(told["rules"].values()) > 0
    assert not (tmp_path / "pairs.parquet").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--pairs", "1"], "pairs would be compared, and 1 are allowed; most by the rule"),
        (["--truth", "nowhere.csv"], "is not there"),
        (["--explain", "why.svg"], "Give --explain and --pair together"),
        (["--explain", "why.png", "--pair", "a1", "b1"], ".svg"),
        (["--quality", "report.pdf"], "Name a file that ends in .html, .csv, .parquet"),
        (["--quality", "q.html", "--language", "xx"], "There are no words in 'xx'"),
    ],
    ids=["too many pairs", "no truth", "no pair", "no picture", "no report", "no language"],
)
def test_what_cannot_be_done_is_refused_before_the_work(link, files, tmp_path, options, message):
    done = link(*files, tmp_path / "pairs.parquet", *options)
    assert done.returncode == 2
    assert message in done.stderr
    assert not (tmp_path / "pairs.parquet").exists()


def test_a_report_of_one_file_is_refused(link, files, tmp_path):
    done = link(files[0], tmp_path / "pairs.csv", "--dedupe", "--quality", tmp_path / "q.html")
    assert done.returncode == 2
    assert "The quality report is of links between files" in done.stderr
