"""Weights of a survey on plain files: what is written, what is told, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from sojourn.cli import app
from sojourn.cli.app import _guarded
from sojourn.errors import DataRefused, ProjectError
from sojourn.production.weighting_files import WeightingTargets, weight_file
from sojourn.project.load import load_declaration
from sojourn.project.weighting_declarations import WeightingDeclaration
from sojourn.statistics.weighting import weight_effect
from weighting_survey import PEOPLE, REGION, REPLICATES, SEX, survey

NONRESPONSE = """\
nonresponse:
  outcomes: {column: outcome, respondents: [yes], nonrespondents: [no]}
  classes:
    by: [sex, region]
    collapse: [{column: region, codes: {b: b-c, c: b-c}}, {column: region}]
    minimum_respondents: 8
    maximum_factor: 4
"""
CALIBRATION = """\
calibration:
  method: raking
  margins:
    - {id: sex, by: sex, totals: {F: 2330, M: 2100}}
    - {id: region, by: [region]}
    - {id: income, of: income, total: 84000}
"""
TRIMMING = """\
trimming:
  upper: {median: 2.2}
  calibrate_again: true
"""
SPEC = 'id: example\nversion: "2024-1"\nweight: w\nnew_weight: final\n'


@pytest.fixture(scope="module")
def records() -> pa.Table:
    table = survey()
    answered = pc.if_else(pc.equal(table["answered"], 1), "yes", "no")
    return table.append_column("outcome", answered)


def declared(folder: Path, text: str) -> WeightingDeclaration:
    file = folder / "weights.yaml"
    file.write_text(text, encoding="utf-8")
    return load_declaration(file, WeightingDeclaration)


@pytest.fixture
def files(tmp_path, records) -> dict[str, Path]:
    pq.write_table(records, tmp_path / "survey.parquet")
    pcsv.write_csv(records.drop_columns(["answered"]), tmp_path / "survey.csv")
    lines = [f"{code},{total}" for (code,), total in REGION.totals.items()]
    (tmp_path / "regions.csv").write_text("\n".join(["region,total", *lines]) + "\n")
    return {"survey": tmp_path / "survey.parquet", "csv": tmp_path / "survey.csv",
            "margins": tmp_path / "regions.csv"}  # fmt: skip


def weighted(files, folder, text, *, name="out.parquet", source="survey", **targets):
    return weight_file(
        files[source],
        WeightingTargets(folder / name, **targets),
        declared=declared(folder, SPEC + text),
        margins={"region": files["margins"]} if "id: region" in text else {},
    )


def sums(table: pa.Table, weight: str, by: str) -> dict[str, float]:
    found = table.group_by(by).aggregate([(weight, "sum")]).to_pylist()
    return {row[by]: row[f"{weight}_sum"] for row in found}


def test_all_steps_leave_respondents_whose_totals_hold_and_tell_what_they_did(tmp_path, files, records):
    found = weighted(
        files, tmp_path, "replicates: r1-r12\n" + NONRESPONSE + CALIBRATION + TRIMMING,
        totals=tmp_path / "totals.csv", report=tmp_path / "report.json",
    )  # fmt: skip
    table = pq.read_table(tmp_path / "out.parquet")
    assert table.column_names == [
        *records.column_names,
        "final",
        *(f"final_{number}" for number in range(1, 13)),
    ]
    assert set(table["outcome"].to_pylist()) == {"yes"}
    assert len(table) == found.weighted == pc.sum(records["answered"]).as_py()
    for name in ("final", "final_1", "final_12"):
        assert sums(table, name, "sex") == pytest.approx({"F": 2330, "M": 2100})
        assert sums(table, name, "region") == pytest.approx({"a": 2110, "b": 790, "c": 1530})
        assert pc.sum(pc.multiply(table[name], table["income"])).as_py() == pytest.approx(84000)
    assert list(found.steps) == ["nonresponse", "calibration", "trimming", "calibration_again"]
    assert found.steps["trimming"]["lowered"] > 0
    assert found.steps["calibration_again"]["beyond_bounds"] >= 0
    assert found.effect == pytest.approx(weight_effect(table["final"].to_numpy()))
    told = json.loads((tmp_path / "report.json").read_text())
    assert told["steps"]["nonresponse"]["collapsed"]
    assert told["declaration"]["calibration"]["method"] == "raking"
    totals = pcsv.read_csv(tmp_path / "totals.csv")
    assert totals["margin"].to_pylist() == ["sex", "sex", "region", "region", "region", "income"]
    assert totals["after"].to_pylist() == pytest.approx([2330, 2100, 2110, 790, 1530, 84000])
    metadata = pq.read_schema(tmp_path / "out.parquet").metadata
    assert (metadata[b"weighting"], metadata[b"version"]) == (b"example", b"2024-1")


def test_a_csv_file_gives_what_a_parquet_file_gives(tmp_path, files):
    text = NONRESPONSE + CALIBRATION
    weighted(files, tmp_path, text)
    weighted(files, tmp_path, text, name="out.csv", source="csv")
    left, right = pq.read_table(tmp_path / "out.parquet"), pcsv.read_csv(tmp_path / "out.csv")
    assert right["final"].to_pylist() == pytest.approx(left["final"].to_pylist(), rel=1e-12)
    assert right["person"].to_pylist() == left["person"].to_pylist()


@pytest.mark.parametrize(
    "method", ["linear", "logit\n  bounds: {lower: 0.3, upper: 2.5}", "proportional-fitting"]
)
def test_every_method_reaches_the_totals(tmp_path, files, method):
    margins = "".join(CALIBRATION.splitlines(keepends=True)[2:5])
    weighted(files, tmp_path, f"calibration:\n  method: {method}\n{margins}")
    table = pq.read_table(tmp_path / "out.parquet")
    assert sums(table, "final", "sex") == pytest.approx({"F": 2330, "M": 2100})


def test_post_stratification_by_a_file_of_a_crossing(tmp_path, files):
    cells = [f"{sex},{region},{total / 2}" for (sex, region), total in PEOPLE.items()]
    files["margins"].write_text("\n".join(["sex,region,total", *cells, *cells]) + "\n")
    text = "calibration:\n  method: post-stratification\n  margins: [{id: region, by: [sex, region]"
    weighted(files, tmp_path, text + ", adds_up: true}]\n")
    table = pq.read_table(tmp_path / "out.parquet")
    assert sums(table, "final", "sex") == pytest.approx({"F": 2330, "M": 2100})


def test_margins_are_scaled_to_one_of_them(tmp_path, files):
    text = CALIBRATION.replace("{F: 2330, M: 2100}", "{F: 1165, M: 1050}").replace(
        "method: raking", "method: raking\n  scale_to: region"
    )
    weighted(files, tmp_path, text)
    table = pq.read_table(tmp_path / "out.parquet")
    assert sums(table, "final", "sex") == pytest.approx({"F": 2330, "M": 2100})


def test_households_get_one_weight(tmp_path, files):
    text = "calibration:\n  household: {column: household}\n  margins:\n    - {id: all, total: 5000}\n"
    weight_file(
        files["survey"],
        WeightingTargets(tmp_path / "out.parquet"),
        declared=declared(tmp_path, SPEC.replace("weight: w", "weight: hw", 1) + text),
    )
    table = pq.read_table(tmp_path / "out.parquet")
    by_home = table.group_by("household").aggregate([("final", "min"), ("final", "max")])
    assert by_home["final_min"].to_pylist() == by_home["final_max"].to_pylist()
    assert pc.sum(table["final"]).as_py() == pytest.approx(5000)


def test_propensities_make_respondents_stand_for_all(tmp_path, files, records):
    text = NONRESPONSE.split("  classes:")[0] + "  propensity: {codes: [sex], numbers: [x], strata: 3}\n"
    found = weighted(files, tmp_path, text)
    assert found.sum_of_weights == pytest.approx(pc.sum(records["w"]).as_py())
    assert "coefficients" in found.steps["nonresponse"]


def test_trimming_alone_keeps_the_sum_within_groups(tmp_path, files, records):
    text = "trimming: {lower: {quantile: 0.1}, upper: {value: 45}, within: [sex], spread: proportional}\n"
    found = weighted(files, tmp_path, text)
    table = pq.read_table(tmp_path / "out.parquet")
    assert sums(table, "final", "sex") == pytest.approx(sums(records, "w", "sex"))
    assert found.steps["trimming"]["share_moved"] > 0


def test_the_report_can_be_read(tmp_path, files):
    weighted(files, tmp_path, NONRESPONSE + CALIBRATION + TRIMMING, report=tmp_path / "report.md")
    text = (tmp_path / "report.md").read_text()
    assert text.startswith("# Weighting example, version 2024-1\n\n144 records were read and ")
    assert "\n## Classes that were collapsed\n\n| class | respondents | factor | became |\n" in text
    assert "| region | region a |" in text
    assert "weights of trimming" not in text


def test_the_command_says_what_was_done_and_gives_it_as_json(tmp_path, files):
    declared(tmp_path, SPEC + NONRESPONSE + CALIBRATION + TRIMMING)
    given = ["tool", "weight", str(files["survey"]), str(tmp_path / "out.parquet")]
    given += ["--spec", str(tmp_path / "weights.yaml"), "--margins", f"region={files['margins']}"]
    shown = CliRunner().invoke(app, ["--json", *given])
    assert shown.exit_code == 0
    assert "144 records, " in shown.stderr
    assert "calibration: raking, " in shown.stderr
    assert "beyond the bounds of trimming" in shown.stderr
    assert json.loads(shown.stdout)["steps"]["calibration"]["largest_deviation"] < 1e-9


@pytest.mark.parametrize("margins", ["regions.csv", "=regions.csv", "region="])
def test_a_margin_without_its_name_or_file_is_refused(tmp_path, files, margins, capsys):
    declared(tmp_path, SPEC + CALIBRATION)
    given = ["tool", "weight", str(files["survey"]), str(tmp_path / "out.parquet")]
    given += ["--spec", str(tmp_path / "weights.yaml"), "--margins", margins]
    assert _guarded(lambda: app(given, standalone_mode=False)) == 2
    assert "does not name a margin and its file" in " ".join(capsys.readouterr().err.split())


MISTAKES = {
    "nothing": ("", "nothing is declared"),
    "classes and propensity": (
        NONRESPONSE + "  propensity: {codes: [sex]}\n", "either `classes` or `propensity`",
    ),
    "propensities of nothing": (
        NONRESPONSE.split("  classes:")[0] + "  propensity: {strata: 3}\n", "name them in `codes` or",
    ),
    "undecided propensities": (
        NONRESPONSE.split("  classes:")[0].replace("[no]", "[no], undecided: [x]")
        + "  propensity: {codes: [sex]}\n",
        "cannot deal with `undecided`",
    ),
    "logit without bounds": (CALIBRATION.replace("raking", "logit"), "logit needs both bounds"),
    "bounds on one side": (
        CALIBRATION.replace("raking", "raking\n  bounds: {lower: 1.5}"), "bounds.lower",
    ),
    "two margins of one name": (CALIBRATION.replace("id: region", "id: sex"), "sex is declared twice"),
    "scaling to nothing": (
        CALIBRATION.replace("raking", "raking\n  scale_to: age"), "age, which is no margin",
    ),
    "fitting with bounds": (
        CALIBRATION.replace("raking", "proportional-fitting\n  bounds: {upper: 2}"), "knows no bounds",
    ),
    "post-stratifying two": (CALIBRATION.replace("raking", "post-stratification"), "has one margin"),
    "a total and totals": (
        CALIBRATION.replace("total: 84000", "total: 84000, totals: {F: 1}"), "without categories",
    ),
    "totals of a crossing": (
        CALIBRATION.replace("by: sex,", "by: [sex, region],"), "are for a margin of one column",
    ),
    "no total": (CALIBRATION.replace(", total: 84000", ""), "needs its `total`"),
    "two bounds in one": ("trimming: {upper: {value: 3, median: 2}}\n", "one of value, median and quantile"),
    "no bound": ("trimming: {strict: false}\n", "needs `lower` or `upper`"),
    "calibrating again what was not": (TRIMMING, "needs a calibration"),
    "an old name": (TRIMMING.replace("true", "false") + "replicates: [final]\n", "a name of its own"),
}  # fmt: skip


@pytest.mark.parametrize("what", MISTAKES)
def test_mistakes_in_a_declaration_are_told_with_their_place(tmp_path, what):
    text, message = MISTAKES[what]
    with pytest.raises(ProjectError, match=r"weights\.yaml:\d+: ") as told:
        declared(tmp_path, SPEC + text)
    assert message in str(told.value)


def test_margins_need_their_totals_once(tmp_path, files):
    whole = declared(tmp_path, SPEC + CALIBRATION)
    target = WeightingTargets(tmp_path / "out.csv")
    with pytest.raises(ProjectError, match="region has totals neither in the declaration nor in a file"):
        weight_file(files["survey"], target, declared=whole)
    both = {"region": files["margins"], "sex": files["margins"]}
    with pytest.raises(ProjectError, match="sex has totals both in the declaration and in a file"):
        weight_file(files["survey"], target, declared=whole, margins=both)
    with pytest.raises(ProjectError, match="totals for age, which is no declared margin"):
        weight_file(files["survey"], target, declared=whole, margins={"age": files["margins"]})


def test_a_step_that_cannot_be_done_names_the_file_and_leaves_none(tmp_path, files):
    text = CALIBRATION.replace("F: 2330, M: 2100", "F: 2330, M: 2100, X: 5")
    with pytest.raises(DataRefused, match=r"^survey\.parquet: The margin sex: sex X has a total of 5"):
        weighted(files, tmp_path, text)
    assert not (tmp_path / "out.parquet").exists()


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ({"report": "report.html"}, "neither .md nor .json"),
        ({"report": "weights.yaml"}, "neither .md nor .json"),
        ({"report": "taken.json"}, "exists"),
        ({"report": "nowhere/report.md"}, "no folder"),
        ({"totals": "totals.csv"}, "no calibration is declared"),
        ({"name": "survey.csv"}, "exists"),
    ],
)
def test_results_that_cannot_be_written_are_refused(tmp_path, files, targets, message):
    (tmp_path / "taken.json").write_text("{}")
    chosen = {key: tmp_path / value if key != "name" else value for key, value in targets.items()}
    with pytest.raises(ProjectError, match=message):
        weighted(files, tmp_path, "trimming: {upper: {value: 45}}\n", **chosen)


def test_a_column_that_the_result_adds_may_not_be_there(tmp_path, files, records):
    pq.write_table(records.append_column("final", records["w"]), tmp_path / "again.parquet")
    with pytest.raises(DataRefused, match="there is a column final, which the result adds"):
        weight_file(
            tmp_path / "again.parquet", WeightingTargets(tmp_path / "out.csv"),
            declared=declared(tmp_path, SPEC + "trimming: {upper: {value: 45}}\n"),
        )  # fmt: skip


def test_the_margins_of_these_tests_are_those_of_the_declaration():
    assert SEX.totals == {("F",): 2330.0, ("M",): 2100.0}
    assert REPLICATES[0] == "r1"


def test_survey_and_totals_with_semicolons_and_decimal_commas_give_the_same_weights(tmp_path, files, records):
    text = CALIBRATION.replace("by: [region]", 'by: [region], arrives: {separator: ";", thousands: "."}')
    weighted(files, tmp_path, CALIBRATION, source="csv", name="plain.csv")
    written = [line.replace(",", ";").replace(".", ",") for line in files["csv"].read_text().splitlines()]
    (tmp_path / "survey.csv").write_text("\n".join(written) + "\n", encoding="utf-16")
    (tmp_path / "regions.csv").write_text("region;total\na;2.110\nb;790\nc;1.530\n")
    weighted(
        files, tmp_path, 'arrives: {separator: ";", decimal: ",", encoding: utf-16}\n' + text, source="csv",
        name="again.csv",
    )  # fmt: skip
    left, right = pcsv.read_csv(tmp_path / "plain.csv"), pcsv.read_csv(tmp_path / "again.csv")
    # Further columns with decimal commas are written with points, as the new weight is.
    assert left == right


def test_codes_written_in_several_ways_are_told_with_their_records(tmp_path, files):
    lines = files["csv"].read_text().splitlines()
    place = lines[0].split(",").index('"sex"')
    changed = [line.split(",") for line in lines[1:]]
    for cells in changed[:3]:
        cells[place] = cells[place].lower()
    (tmp_path / "survey.csv").write_text("\n".join([lines[0], *(",".join(each) for each in changed)]) + "\n")
    found = weighted(files, tmp_path, "trimming: {upper: {median: 2.2}, within: [sex]}\n", source="csv")
    assert found.notes
    assert "sex: codes that differ only in case or blanks are counted apart: " in found.notes[0]
    assert "Write them alike in the survey." in found.notes[0]
