"""Declarations are read as text, and all mistakes are told at once, each with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from sojourn.errors import ProjectError
from sojourn.project.load import load
from sojourn.project.yaml_text import read_yaml


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_project_without_mistakes_loads(project):
    found = load(project)
    assert list(found.sources) == ["border"]
    assert found.tables["CROSSINGS"].by == ("sex", "direction")


def test_norway_and_leading_zeros_stay_text(tmp_path):
    file = tmp_path / "codes.yaml"
    file.write_text(
        "norway: NO\ncode: 010\nversion: 1.0\nday: 2024-01-01\nnothing:\nyes: on\n", encoding="utf-8"
    )
    assert read_yaml(file, "codes.yaml").value == {
        "norway": "NO",
        "code": "010",
        "version": "1.0",
        "day": "2024-01-01",
        "nothing": None,
        "yes": "on",
    }


def test_a_folder_that_is_no_project_is_told_so(tmp_path):
    with pytest.raises(ProjectError, match=r"no file sojourn\.yaml"):
        load(tmp_path)


SOURCE = "sources/border/source.yaml"
# The file, what is changed into what, what the report says of it, and what stands on the line it names.
PLANTED = [
    (
        "sojourn.yaml",
        "languages: [en]",
        "languages: [en]\ntitel: {en: Ruritania}",
        "Did you mean title?",
        "titel:",
    ),
    ("sojourn.yaml", "keys: ", "keys: keys # ", "keys lie inside the project", "keys: keys"),
    (
        "strategy/agreements.yaml",
        "from: 2023-01-01",
        "from: 2023-01-01, until: 2022-01-01",
        "before it begins",
        "until: 2022",
    ),
    (
        "strategy/people.yaml",
        "publisher-1, organisation: nso",
        "publisher-1, organisation: nzo",
        "mean nso?",
        "organisation: nzo",
    ),
    (
        "strategy/people.yaml",
        "id: checker-2",
        "id: checker-1",
        "declared twice",
        "roles: [disclosure_checker]}\n- {id: publisher",
    ),
    (
        "strategy/people.yaml",
        "roles: [statistician]",
        "roles: [statistican]",
        "mean statistician?",
        "statistican]",
    ),
    (
        SOURCE,
        "{every: year}",
        "{every: year, encoding: windows-9999}",
        "not the name of an encoding",
        "windows-9999",
    ),
    (
        SOURCE,
        "identifies_by: [document_no,",
        "identifies_by: [passport, document_no,",
        "not identify a person",
        "[passport",
    ),
    (SOURCE, "  direction: DIR", "  direktion: D\n  direction: DIR", "Did you mean direction?", "direktion"),
    (SOURCE, "part: year}", "part: year, format: YYYY}", "has no part such as %Y", "format: YYYY"),
    (
        SOURCE,
        "  sex: SEX",
        "  sex: {from: SEX, codes: sexes.csv}",
        "neither in sources/border nor in codes",
        "sexes.csv",
    ),
    (SOURCE, "  citizenship: NAT", "  citizenship: {value: Narnia}", "not a code of CL_AREA", "Narnia"),
    (SOURCE, "rule: birth_year <=", "rule: brith_year <=", "Did you mean birth_year?", "brith_year"),
    (SOURCE, "gives: movement", "gives: movement\nkind: again", "written twice", "kind: again"),
    (
        "indicators/crossings.yaml",
        "time: event_date",
        "time: event_day",
        "Did you mean event_date?",
        "event_day",
    ),
    (
        "indicators/arrivals.yaml",
        "id: arrivals",
        "id: departures",
        "file or folder is called arrivals",
        "id: departures",
    ),
    (
        "tables/crossings.yaml",
        "by: [sex, direction]",
        "by: [sex, directions]",
        "Did you mean direction?",
        "directions]",
    ),
    ("tables/arrivals.yaml", "secondary: true", "secondary: perhaps", "neither true nor false", "perhaps"),
    (
        "releases/2024.yaml",
        "tables: [CROSSINGS]",
        "tables: [CROSSING]",
        "Did you mean CROSSINGS?",
        "[CROSSING]",
    ),
    ("sources/border/country.csv", "B,FRA", "B,FRX", "'FRX' is not a code of CL_AREA", "FRX"),
]


@pytest.fixture
def larger_project(project):
    """The small project with a second indicator, a second table and a code map, still without mistakes."""
    _replace(
        project / SOURCE,
        "  citizenship: NAT",
        "  citizenship: NAT\n  birthplace: {from: NAT, codes: country.csv}",
    )
    (project / "sources/border/country.csv").write_text("from,to\nA,NOR\nB,FRA\n", encoding="utf-8")
    crossings = (project / "indicators/crossings.yaml").read_text(encoding="utf-8")
    (project / "indicators/arrivals.yaml").write_text(
        crossings.replace("id: crossings", "id: arrivals"), encoding="utf-8"
    )
    table = (project / "tables/crossings.yaml").read_text(encoding="utf-8")
    (project / "tables/arrivals.yaml").write_text(
        table.replace("id: CROSSINGS", "id: ARRIVALS"), encoding="utf-8"
    )
    load(project)
    return project


def test_twenty_mistakes_of_different_kinds_are_reported_in_one_run_each_with_file_and_line(larger_project):
    for file, old, new, _, _ in PLANTED:
        _replace(larger_project / file, old, new)
    with pytest.raises(ProjectError) as caught:
        load(larger_project)
    told = caught.value.problems
    assert len(told) == len(PLANTED) == 20, "\n".join(map(str, told))
    for file, _, _, said, mark in PLANTED:
        text = (larger_project / file).read_text(encoding="utf-8")
        line = text[: text.index(mark)].count("\n") + 1
        assert (file, line) in [(p.file, p.line) for p in told if said in f"{p.message} {p.remedy}"], said


@pytest.mark.parametrize(("file", "old", "new", "said", "mark"), PLANTED, ids=[mark for *_, mark in PLANTED])
def test_each_mistake_is_told_alone_as_well(larger_project, file, old, new, said, mark):
    _replace(larger_project / file, old, new)
    with pytest.raises(ProjectError) as caught:
        load(larger_project)
    assert [(p.file, said in f"{p.message} {p.remedy}") for p in caught.value.problems] == [(file, True)]


def test_a_code_map_in_another_encoding_and_a_time_zone_that_is_none_are_told(larger_project):
    (larger_project / "sources/border/country.csv").write_bytes(
        "from,to\nNorge,NOR\nFran\xe7a,FRA\n".encode("cp1252")
    )
    _replace(
        larger_project / SOURCE, "arrives: {every: year}", "arrives: {every: year, time_zone: Mars/Base}"
    )
    with pytest.raises(ProjectError) as caught:
        load(larger_project)
    told = {(p.file, p.line): p.message for p in caught.value.problems}
    assert "not written in UTF-8" in told["sources/border/country.csv", 3]
    assert any("not the name of a time zone" in message for message in told.values())


def test_records_cannot_be_published_as_they_are(project):
    _replace(
        project / "indicators/crossings.yaml",
        "source: border",
        "source: border\nstatistic: value\nof: birth_year",
    )
    _replace(project / "tables/crossings.yaml", "secondary: true", "none_because: nobody asked")
    with pytest.raises(ProjectError, match="cannot be published as they are"):
        load(project)


def test_a_table_of_records_cannot_go_without_protection(project):
    _replace(project / "tables/crossings.yaml", "secondary: true", "none_because: nobody asked")
    with pytest.raises(ProjectError, match="cannot go without protection"):
        load(project)


def test_two_entries_of_one_account_are_one_human_being_or_a_mistake(project):
    file = project / "strategy" / "people.yaml"
    _replace(file, "checker-1, organisation: nso", "checker-1, organisation: nso, account: ada")
    _replace(file, "checker-2, organisation: nso", "checker-2, organisation: nso, account: ada")
    with pytest.raises(ProjectError, match="checker-2 has the same account as checker-1"):
        load(project)
    _replace(file, "account: ada", "account: ada, subject: s-1")
    with pytest.raises(ProjectError, match="not said to be the same human being"):
        load(project)
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("account: ada,", "account: ada, subject: s-1,").replace(
        "subject: s-1, subject: s-1,", "subject: s-1,"), encoding="utf-8")  # fmt: skip
    assert {person.human for person in load(project).people.values() if person.account} == {"s-1"}
