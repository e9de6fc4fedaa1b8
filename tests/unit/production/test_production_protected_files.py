"""A file of persons protected by the command: what is written, told, and refused."""

from __future__ import annotations

import hashlib
import json
import os
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from sojourn.cli import app
from sojourn.errors import DataRefused, DisclosureRisk, ProjectError
from sojourn.production.protected_files import (
    ProtectionSummary,
    ProtectionTargets,
    protect_file,
    risk_of_file,
)
from sojourn.project.load import load_declaration
from sojourn.project.protection_declarations import ProtectionDeclaration, file_kind

SPEC = """\
id: survey
version: "1"
kind: public_use
record: person
household: home
weight: weight
keys: [age, sex, citizenship, region]
sensitive: [activity]
numbers: [income]
identifiers: [name]
steps:
  - bands: {columns: age, starts: [0, 15, 25, 45, 65]}
  - recode: {columns: citizenship, codes: {XRT: XRT}, others: OTH}
"""
STEPS = """\
  - swap: {place: region, alike: [[age, sex], []], rate: 0.1}
  - randomise: {columns: activity, stay: 0.9}
  - aggregate: {columns: income, least: 3, within: sex}
  - noise: {columns: income, share: 0.05}
  - suppress: {least: 6, costs: {sex: 3}}
regressions:
  - {outcome: income, by: [age, sex]}
"""
SYNTHETIC = """\
  - synthesise: {columns: [sex, age, citizenship, region, activity, income], smooth: income}
"""
SURNAMES = ("NOVAK", "KHAN", "GARCIA", "SMITH", "IVANOV", "WANG")


def survey(seed: int = 7) -> pa.Table:
    draw = random.Random(seed)
    rows = []
    for home in range(250):
        region, weight = draw.choice("ABC"), round(draw.uniform(20, 80), 1)
        for _ in range(draw.choice([1, 1, 2, 3, 4])):
            age = draw.randrange(0, 90)
            rows.append({
                "person": 5_000 + 7 * len(rows), "home": f"h{home}", "weight": weight, "age": age,
                "sex": draw.choice("FM"), "citizenship": draw.choices(["XRT", "DEU", "SYR"], [90, 7, 3])[0],
                "region": region, "activity": draw.choice(["works", "seeks", "other"]),
                "income": 0 if age < 15 else draw.randrange(500, 4_000),
                "name": f"{draw.choice(['Anna', 'Ivan', 'Maria', 'Ahmed'])} {draw.choice(SURNAMES)}",
            })  # fmt: skip
    return pa.Table.from_pylist(rows)


def _key(folder: Path) -> Path:
    folder.mkdir()
    file = folder / "release.key"
    file.write_bytes(hashlib.sha256(b"one").digest())
    file.chmod(0o600)
    return file


def _work(folder: Path) -> Path:
    folder.mkdir()
    pq.write_table(survey(), folder / "survey.parquet")
    return folder


@pytest.fixture
def key(tmp_path) -> Path:
    return _key(tmp_path / "keys")


@pytest.fixture
def folder(tmp_path) -> Path:
    return _work(tmp_path / "work")


@pytest.fixture(scope="module")
def done(tmp_path_factory) -> tuple[Path, ProtectionSummary]:
    """The folder of a protected file with all its reports, and what was told of it."""
    place = tmp_path_factory.mktemp("done")
    work = _work(place / "work")
    files = [work / f"report.{form}" for form in ("json", "md", "html")]
    return work, protected(work, _key(place / "keys"), reports=files, notes=work / "notes.md")


def declared(folder: Path, text: str) -> ProtectionDeclaration:
    file = folder / "protect.yaml"
    file.write_text(text, encoding="utf-8")
    return load_declaration(file, ProtectionDeclaration)


def protected(
    folder: Path, key: Path, text: str = SPEC + STEPS, source="survey.parquet", out="out.parquet", **more
):
    targets = ProtectionTargets(folder / out, **more)
    return protect_file(folder / source, targets, declared=declared(folder, text), key_file=key)


def test_a_protected_file_keeps_its_limits_and_the_report_says_what_it_cost(done):
    folder, found = done
    files = [folder / f"report.{form}" for form in ("json", "md", "html")]
    table = pq.read_table(folder / "out.parquet")
    assert table.column_names == [name for name in survey().column_names if name != "name"]
    assert len(table) == found.records == found.written
    told = json.loads(files[0].read_text())
    assert told["risk"]["before"]["smallest"] == 1
    assert told["risk"]["after"]["smallest"] >= 5
    assert told["dropped"] == ["name"]
    assert [step["step"] for step in told["steps"]] == [
        "bands", "recode", "swap", "randomise", "aggregate", "noise", "suppress",
    ]  # fmt: skip
    assert {each["column"] for each in told["loss"]["changed"]} >= {"region", "activity", "income"}
    assert told["loss"]["recoded"].keys() == {"age", "citizenship"}
    assert told["loss"]["coefficients"]
    assert told["loss"]["propensity"]["ratio"] > 0
    assert "# Protection of survey, version 1" in files[1].read_text()
    assert files[2].read_text().startswith("<!doctype html>")
    assert pq.read_schema(folder / "out.parquet").metadata[b"sojourn.kind"] == b"public_use"


def test_readers_are_told_the_chances_and_not_how_many_changed_places(done):
    folder, found = done
    notes = (folder / "notes.md").read_text()
    swap = next(step for step in found.report["steps"] if step["step"] == "swap")
    assert "## Chances of activity" in notes
    assert "changed places" in notes
    assert str(swap["swapped"]) not in notes
    assert "Risk" not in notes


def test_no_value_of_a_name_is_told_anywhere(done):
    files = [done[0] / name for name in ("report.json", "report.md", "report.html", "notes.md")]
    texts = " ".join(file.read_text() for file in files)
    assert not any(name in texts.upper() for name in SURNAMES)


def test_the_same_key_gives_the_same_file_whatever_the_order_and_another_key_another(folder, key, tmp_path):
    table = survey()
    pq.write_table(table.take(pa.array(range(len(table) - 1, -1, -1))), folder / "turned.parquet")
    protected(folder, key)
    protected(folder, key, source="turned.parquet", out="turned_out.parquet")
    one, other = pq.read_table(folder / "out.parquet"), pq.read_table(folder / "turned_out.parquet")
    assert one.drop(["region"]).equals(other.drop(["region"]))
    assert one.equals(other)
    key.write_bytes(hashlib.sha256(b"other").digest())
    protected(folder, key, out="third.parquet")
    assert not pq.read_table(folder / "third.parquet").equals(one)


def test_records_and_households_are_numbered_anew_and_stay_together(done):
    table = pq.read_table(done[0] / "out.parquet")
    assert table["person"].to_pylist() == list(range(1, len(table) + 1))
    homes = table["home"].to_pylist()
    assert homes == sorted(homes)
    sizes = sorted(map(homes.count, set(homes)))
    before = survey()["home"].to_pylist()
    assert sizes == sorted(map(before.count, set(before)))


def test_a_file_in_csv_is_protected_alike(folder, key):
    pcsv.write_csv(survey(), folder / "survey.csv")
    protected(folder, key, SPEC + "  - suppress: {}\n")
    protected(folder, key, SPEC + "  - suppress: {}\n", source="survey.csv", out="out.csv")
    one = pq.read_table(folder / "out.parquet")
    other = pcsv.read_csv(folder / "out.csv", convert_options=pcsv.ConvertOptions(strings_can_be_null=True))
    assert [str(row) for row in one.to_pylist()] == [str(row) for row in other.to_pylist()]


def test_a_file_that_does_not_keep_its_limits_is_not_written(folder, key):
    with pytest.raises(DisclosureRisk, match="fewer than 5 that agree") as error:
        protected(folder, key, SPEC, reports=[folder / "report.json"])
    assert error.value.exit_code == 5
    assert not (folder / "out.parquet").exists()
    assert not (folder / "report.json").exists()


def test_limits_of_the_kind_give_way_to_declared_ones(folder, key):
    limits = "limits: {least_agreeing: 2, least_different: 1, highest_risk: 1, highest_share: 1}\n"
    text = SPEC.replace("record: person\n", f"record: person\n{limits}") + "  - suppress: {}\n"
    assert protected(folder, key, text).report["risk"]["after"]["smallest"] in (2, 3, 4)
    assert file_kind("public_use").limits.least_agreeing == 5


def test_an_identifier_under_another_name_is_found_by_what_it_holds_and_refused(folder, key):
    table = survey()
    pq.write_table(
        table.rename_columns([{"name": "remark"}.get(n, n) for n in table.column_names]), folder / "a.parquet"
    )
    text = SPEC.replace("identifiers: [name]", "others: [remark]") + "  - suppress: {}\n"
    with pytest.raises(DisclosureRisk, match="remark looks like identifiers: name"):
        protected(folder, key, text, source="a.parquet")
    accepted = text.replace("others: [remark]", "accepted: {remark: names of ships}\nothers: [remark]")
    assert protected(folder, key, accepted, source="a.parquet").report["accepted"] == {
        "remark": "names of ships"
    }


def test_one_telephone_among_remarks_refuses_the_file_and_is_not_repeated(folder, key):
    table = survey()
    remarks = ["nobody was at home that day"] * (len(table) - 1) + ["call +48 601 999 888 first please sir"]
    pq.write_table(table.append_column("note", pa.array(remarks)), folder / "a.parquet")
    text = SPEC.replace("identifiers:", "others: [note]\nidentifiers:") + "  - suppress: {}\n"
    with pytest.raises(DisclosureRisk, match="note holds telephone in 1 records") as error:
        protected(folder, key, text, source="a.parquet")
    assert "601" not in str(error.value)


def test_synthetic_files_have_no_real_unique_record(folder, key):
    text = SPEC.replace("record: person\nhousehold: home\nweight: weight\n", "drop: [person, home, weight]\n")
    found = protected(folder, key, text + SYNTHETIC)
    told = found.report["steps"][-1]
    assert told["replication"]["replicated"] == 0 <= told["drawn"]["replicated"]
    assert found.written == len(pq.read_table(folder / "out.parquet"))
    assert pq.read_schema(folder / "out.parquet").names == [
        "sex",
        "age",
        "citizenship",
        "region",
        "activity",
        "income",
    ]
    with pytest.raises(DisclosureRisk, match="equal a real unique one"):
        protected(
            folder,
            key,
            text + SYNTHETIC.replace("smooth: income", "drop_replicas: false"),
            out="other.parquet",
        )


def test_the_dry_run_tells_the_risk_and_needs_no_key(folder):
    found = risk_of_file(folder / "survey.parquet", declared=declared(folder, SPEC))
    assert found["risk"]["smallest"] == 1
    assert [each["column"] for each in found["identifiers"]] == ["name"]
    assert any("fewer than 5" in breach for breach in found["breaches"])
    assert found["risk"]["households"]["households"] == 250
    assert found["risk"]["special_uniques"]["sets"].keys() == {"1", "2", "3"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("identifiers: [name]\n", ""), "no part in the declaration: name"),
        (("identifiers: [name]", "identifiers: [names]"), r"no column names.*\n.*mean name\?"),
        (("identifiers: [name]", "identifiers: [name, age]"), "does not leave the office"),
        (("record: person", "record: age"), "has another part"),
        (("identifiers: [name]", "identifiers: [name]\naccepted: {age: ' '}"), "needs a reason"),
        (("  - recode", "  - suppress: {}\n  - recode"), "recoding comes first"),
        (("  - bands: {columns: age, starts: [0, 15, 25, 45, 65]}", "  - {}"), "one key"),
        (("starts: [0, 15, 25, 45, 65]", "starts: [15, 0]"), "do not rise"),
        (("within: sex", "within: name"), "step 5, aggregate names name"),
        (("by: [age, sex]}", "by: [name]}"), "a regression names name"),
        (("costs: {sex: 3}", "costs: {sec: 3}"), "step 7, suppress names sec"),
        (("suppress: {least: 6, costs: {sex: 3}}", "synthesise: {columns: [sex, age]}"), "is not drawn"),
    ],
)  # fmt: skip
def test_declarations_that_cannot_be_meant_are_refused(folder, key, change, said):
    text = (SPEC + STEPS).replace(*change)
    assert text != SPEC + STEPS
    with pytest.raises(ProjectError, match=said):
        protected(folder, key, text)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("others: OTH", "keep_others: false"), "step 2, recode: column citizenship: .* does not name"),
        (("columns: age, starts", "columns: sex, starts"), "the column sex holds string, not numbers"),
        (
            ("record: person\nhousehold: home", "record: home\ndrop: [person]"),
            "does not name each record once",
        ),
        (("place: region", "place: citizenship"), "different places"),
    ],
)  # fmt: skip
def test_data_that_cannot_be_treated_are_refused_with_the_step_and_the_column(folder, key, change, said):
    with pytest.raises(DataRefused, match=said) as error:
        protected(folder, key, (SPEC + STEPS).replace(*change))
    assert error.value.problems[0].file == "survey.parquet"


def test_targets_that_exist_or_have_no_form_are_refused(folder, key):
    (folder / "there.json").write_text("")
    for more in (
        {"reports": [folder / "there.json"]},
        {"reports": [folder / "r.txt"]},
        {"notes": folder / "n.json"},
    ):
        with pytest.raises(ProjectError):
            protected(folder, key, **more)
    with pytest.raises(ProjectError, match="exists"):
        protected(folder, key, out="survey.parquet")


def test_a_key_beside_the_data_or_for_all_to_read_is_refused(folder, key):
    beside = folder / "release.key"
    beside.write_bytes(key.read_bytes())
    beside.chmod(0o600)
    with pytest.raises(ProjectError, match="stands in the folder"):
        protected(folder, beside)
    with pytest.raises(ProjectError, match=r"There is no key .*\n  Make one: \(umask"):
        protected(folder, key.with_name("none.key"))
    os.chmod(key, 0o644)
    with pytest.raises(ProjectError, match="chmod 600"):
        protected(folder, key)


def test_numbers_that_are_missing_stay_missing_and_small_groups_of_them_are_emptied(folder, key):
    table = survey()
    income = table["income"].to_pylist()
    income[:2] = [None, None]
    pq.write_table(
        table.set_column(table.column_names.index("income"), "income", pa.array(income)), folder / "a.parquet"
    )
    within = "within: [citizenship, sex, region, age]"
    text = f"{SPEC}  - aggregate: {{columns: [income], least: 5, {within}}}\n  - suppress: {{}}\n"
    found = protected(folder, key, text, source="a.parquet")
    told = next(step for step in found.report["steps"] if step["step"] == "aggregate")
    assert told["emptied"] > 0
    assert pq.read_table(folder / "out.parquet")["income"].null_count == 2 + told["emptied"]


def test_the_command_says_what_was_done_and_asks_for_what_it_lacks(folder, key):
    declared(folder, SPEC + STEPS)
    command = ["tool", "protect", str(folder / "survey.parquet")]
    spec = ["--spec", str(folder / "protect.yaml")]
    dry = CliRunner().invoke(app, [*command, *spec, "--dry"])
    assert dry.exit_code == 0
    assert "name: name in" in dry.output
    lacking = CliRunner().invoke(app, [*command, *spec])
    assert isinstance(lacking.exception, ProjectError)
    done = CliRunner().invoke(app, [*command, str(folder / "out.parquet"), *spec, "--key", str(key)])
    assert done.exit_code == 0, done.output
    assert "Risk after:" in done.output
    assert "Changed cells:" in done.output
