"""A survey and a register on plain files: what is written, what is told, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from sojourn.cli import app
from sojourn.errors import DataRefused, ProjectError
from sojourn.production import register_files, register_reading
from sojourn.production.register_files import RegisterTargets, register_figures_file
from sojourn.project.joining_declarations import RegisterDeclaration
from sojourn.project.load import load_declaration
from sojourn.statistics.weighting import CompositeRule, WorkingModel, composite_estimates, model_assisted

SPEC = """\
id: example
version: "2024-1"
weight: w
by: region
count: people
measures:
  - {id: income, column: y}
  - {id: works, column: job, codes: [full, part], model: logistic}
model: {codes: [sex], numbers: [age]}
"""
ONE = SPEC.replace("  - {id: works, column: job, codes: [full, part], model: logistic}\n", "")
REGIONS = {"a": 0.45, "b": 0.35, "c": 0.2}


@pytest.fixture(scope="module")
def tables() -> dict[str, pa.Table]:
    """A register of 600 persons of three regions and one more with 5, and a sample of 150 of the former."""
    draw = np.random.default_rng(7)
    region = np.append(draw.choice(list(REGIONS), 600, p=list(REGIONS.values())), ["d"] * 5)
    persons = pa.table(
        {
            "region": region.tolist(),
            "sex": draw.choice(["F", "M"], 605).tolist(),
            "age": draw.integers(20, 26, 605),
            "unused": ["x"] * 605,
        }
    )
    chosen = persons.take(pa.array(np.sort(draw.choice(600, 150, replace=False))))
    level = np.array([{"a": 0.0, "b": 3.0, "c": -3.0}[code] for code in chosen["region"].to_pylist()])
    survey = chosen.drop_columns(["unused"]).append_column("w", pa.array([4.0] * 150))
    survey = survey.append_column("y", pa.array(chosen["age"].to_numpy() + level + draw.normal(0, 4, 150)))
    survey = survey.append_column("job", pa.array(draw.choice(["full", "part", "none"], 150).tolist()))
    counts = persons.group_by(["region", "sex", "age"]).aggregate([([], "count_all")])
    counts = counts.rename_columns(["region", "sex", "age", "people"])
    return {"survey": survey, "persons": persons, "counts": counts}


@pytest.fixture
def files(tmp_path, tables) -> dict[str, Path]:
    for name, table in tables.items():
        pq.write_table(table, tmp_path / f"{name}.parquet")
        pcsv.write_csv(table, tmp_path / f"{name}.csv")
    return {path.name: path for path in tmp_path.iterdir()}


def declared(folder: Path, text: str) -> RegisterDeclaration:
    file = folder / "register.yaml"
    file.write_text(text, encoding="utf-8")
    return load_declaration(file, RegisterDeclaration)


def figures(
    folder, files, *, text=SPEC, survey="survey.parquet", register="counts.parquet", out="out.parquet"
):
    found = register_figures_file(
        files[survey], files[register], RegisterTargets(folder / out), declared=declared(folder, text)
    )
    table = pq.read_table(folder / out) if out.endswith(".parquet") else pcsv.read_csv(folder / out)
    return found, table


def test_each_measure_and_group_has_four_figures_that_say_what_they_are(tmp_path, files, tables):
    found, table = figures(tmp_path, files)
    assert (found.respondents, found.people, found.groups, found.without_respondents) == (150, 605, 4, 1)
    assert table["measure"].to_pylist() == ["income"] * 16 + ["works"] * 16
    assert table["region"].to_pylist()[:16] == [code for code in "abcd" for _ in range(4)]
    kinds = ["direct", "model-assisted", "synthetic", "composite"]
    assert table["estimator"].to_pylist() == kinds * 8
    assert table["basis"].to_pylist()[:4] == [
        "design-based",
        "model-assisted",
        "model-based",
        "model-based",
    ]
    assert table["is_model_based"].to_pylist()[:4] == [False, False, True, True]
    assert table["error_of"].to_pylist()[:4] == ["sampling"] * 2 + ["sampling and mean bias"] * 2
    expected = model_assisted(
        tables["survey"], tables["counts"], WorkingModel(("sex",), ("age",)), measure="y", weight="w",
        by="region", count="people",
    )  # fmt: skip
    mixed = composite_estimates(expected, CompositeRule(unbiased="model-assisted"))
    first = {row["estimator"]: row for row in table.slice(0, 4).to_pylist()}
    for kind, total, variance in (
        ("direct", expected["direct"], expected["direct_variance"]),
        ("model-assisted", expected["estimate"], expected["variance"]),
        ("synthetic", expected["synthetic"], mixed["synthetic_mse"]),
        ("composite", mixed["estimate"], mixed["mse"]),
    ):
        row = first[kind]
        assert row["total"] == pytest.approx(total[0].as_py(), rel=1e-12)
        assert row["total_error"] == pytest.approx(variance[0].as_py() ** 0.5, rel=1e-9)
        assert row["mean"] == pytest.approx(row["total"] / row["population"])
        assert row["mean_error"] == pytest.approx(row["total_error"] / row["population"])
        assert row["cv"] == pytest.approx(row["total_error"] / row["total"])
    assert first["composite"]["weight"] == pytest.approx(mixed["weight"][0].as_py())
    assert first["direct"]["weight"] is None
    metadata = pq.read_schema(tmp_path / "out.parquet").metadata
    assert (metadata[b"sojourn.estimation"], metadata[b"sojourn.version"]) == (b"example", b"2024-1")


def test_a_group_without_respondents_has_model_based_figures_alone(tmp_path, files):
    _, table = figures(tmp_path, files)
    rows = {row["estimator"]: row for row in table.slice(12, 4).to_pylist()}
    assert [(rows[kind]["total"], rows[kind]["cv"]) for kind in ("direct", "model-assisted")] == [
        (None, None),
        (None, None),
    ]
    assert (rows["composite"]["weight"], rows["composite"]["respondents"]) == (0, 0)
    assert rows["composite"]["total"] == rows["synthetic"]["total"]


def test_a_measure_of_codes_is_a_share(tmp_path, files, tables):
    _, table = figures(tmp_path, files)
    direct = next(row for row in table.to_pylist() if (row["measure"], row["region"]) == ("works", "a"))
    of_a = tables["survey"].filter(pc.equal(tables["survey"]["region"], "a"))
    working = sum(code != "none" for code in of_a["job"].to_pylist())
    assert direct["mean"] == pytest.approx(working / len(of_a))


@pytest.mark.parametrize("rows_at_once", [1_000_000, 50])
@pytest.mark.parametrize("register", ["persons.parquet", "persons.csv", "counts.csv"])
def test_persons_counts_forms_and_parts_of_a_register_give_the_same(
    tmp_path, files, register, rows_at_once, monkeypatch
):
    expected = figures(tmp_path, files)[1]
    monkeypatch.setattr(register_reading, "_ROWS_AT_ONCE", rows_at_once)
    text = SPEC.replace("count: people\n", "") if register.startswith("persons") else SPEC
    _, found = figures(tmp_path, files, text=text, survey="survey.csv", register=register, out="again.csv")
    for name in ("total", "total_error", "weight"):
        pairs = zip(found[name].to_pylist(), expected[name].to_pylist(), strict=True)
        assert all(left == right if right is None else left == pytest.approx(right) for left, right in pairs)
    assert found["region"].to_pylist() == expected["region"].to_pylist()


def test_progress_tells_how_much_of_the_register_is_read(tmp_path, files, monkeypatch):
    monkeypatch.setattr(register_reading, "_ROWS_AT_ONCE", 400)
    told = []
    register_figures_file(
        files["survey.parquet"], files["persons.parquet"], RegisterTargets(tmp_path / "out.csv"),
        declared=declared(tmp_path, SPEC.replace("count: people\n", "")),
        on_progress=lambda done, of: told.append((done, of)),
    )  # fmt: skip
    assert told == [(400, 605), (605, 605)]


def test_groups_are_crossings_of_several_dimensions(tmp_path, files):
    _, table = figures(tmp_path, files, text=SPEC.replace("by: region", "by: [region, sex]"))
    assert table.column_names[:4] == ["measure", "region", "sex", "estimator"]
    cells = list(zip(table["region"].to_pylist(), table["sex"].to_pylist(), strict=True))[:16:4]
    assert cells == [("a", "F"), ("a", "M"), ("b", "F"), ("b", "M")]


def test_the_whole_alone_has_no_composite(tmp_path, files):
    text = (
        SPEC.replace("by: region\n", "")
        .replace("count: people\n", "")
        .replace("model: {codes: [sex], numbers: [age]}\n", "")
    )
    found, table = figures(tmp_path, files, text=text, register="persons.parquet")
    assert table["estimator"].to_pylist()[:3] == ["direct", "model-assisted", "synthetic"]
    assert set(table["error_of"].to_pylist()) == {"sampling"}
    # Without a model everybody is expected to be as the mean: all three are 605 times that of the sample.
    assert table["total"].to_pylist()[:3] == pytest.approx([table["total"][0].as_py()] * 3)
    assert (found.measures[0].weights, found.measures[0].shows_bias) == (None, False)


def test_groups_without_a_bias_beyond_chance_say_that_errors_contain_none(tmp_path, files):
    # Everybody has one of three codes: nothing varies, and no group differs from what is expected.
    text = SPEC.replace("codes: [full, part]", "codes: [full, part, none]").replace(", model: logistic", "")
    found, table = figures(tmp_path, files, text=text)
    works = [row for row in table.to_pylist() if row["measure"] == "works"]
    assert {row["error_of"] for row in works} == {"sampling"}
    assert not found.measures[1].shows_bias


def test_kinds_of_nobody_count_for_nothing(tmp_path, files, tables):
    nobody = pa.table({"region": ["z"], "sex": ["X"], "age": [20], "people": [0]})
    pq.write_table(pa.concat_tables([tables["counts"], nobody]), tmp_path / "more.parquet")
    files["more.parquet"] = tmp_path / "more.parquet"
    assert figures(tmp_path, files, register="more.parquet", out="more.csv")[0].groups == 4


def test_the_command_tells_what_came_out_and_gives_it_as_json(tmp_path, files):
    declared(tmp_path, SPEC)
    given = ["tool", "combine-with-register", str(files["survey.csv"]), str(files["counts.csv"])]
    shown = CliRunner().invoke(
        app, ["--json", *given, str(tmp_path / "o.csv"), "--spec", str(tmp_path / "register.yaml")]
    )
    assert shown.exit_code == 0
    assert "150 respondents, 605 people in 4 groups." in shown.stderr
    assert "income, median error per head: direct " in shown.stderr
    assert "1 groups have no respondents" in shown.stderr
    assert json.loads(shown.stdout)["measures"][0]["weights"][1] > 0


def test_a_picture_has_direct_and_composite_means_with_intervals(tmp_path, files, monkeypatch):
    drawn = []
    monkeypatch.setattr(register_files, "draw_areas", lambda marks, target: drawn.extend(marks))
    register_figures_file(
        files["survey.parquet"], files["counts.parquet"],
        RegisterTargets(tmp_path / "out.parquet", tmp_path / "p.svg"), declared=declared(tmp_path, ONE),
    )  # fmt: skip
    rows = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert [mark.area for mark in drawn] == ["a", "b", "c", "d"]
    assert (drawn[0].estimate, drawn[0].direct) == (rows[3]["mean"], rows[0]["mean"])
    assert drawn[0].high - drawn[0].low == pytest.approx(2 * 1.959964 * rows[3]["mean_error"], rel=1e-6)
    assert drawn[0].direct_high - drawn[0].direct == pytest.approx(1.959964 * rows[0]["mean_error"], rel=1e-6)
    assert (drawn[3].direct, drawn[3].direct_low, drawn[3].is_synthetic) == (None, None, True)


MISTAKES = {
    "a measure twice": (SPEC.replace("id: works", "id: income"), "income is declared twice"),
    "a code that is a number": (SPEC.replace("[age]", "[sex]"), "among the codes of the model and among"),
    "a weight without being declared": (SPEC + "composite: {weight: 0.5}\n", "goes with `by: declared`"),
    "a declared weight that is not there": (SPEC + "composite: {by: declared}\n", "goes with `by: declared`"),
    "no measure": (SPEC.split("measures:")[0] + "measures: []\n", "measures"),
}  # fmt: skip


@pytest.mark.parametrize("what", MISTAKES)
def test_mistakes_in_a_declaration_are_told_with_their_place(tmp_path, what):
    text, message = MISTAKES[what]
    with pytest.raises(ProjectError, match=r"register\.yaml:\d+: ") as told:
        declared(tmp_path, text)
    assert message in str(told.value)


REFUSED = {
    "a group that the register lacks": (
        {"survey": lambda t: t.set_column(0, "region", pa.array(["z"] * 3 + t["region"].to_pylist()[3:]))},
        SPEC, r"survey\.parquet: 3 records are of groups that counts\.parquet does not have.*region z",
    ),
    "a measure that is missing": (
        {"survey": lambda t: t.set_column(4, "y", pa.array([None, *t["y"].to_pylist()[1:]]))},
        SPEC, r"survey\.parquet: The column y is empty in 1 record",
    ),
    "an answer that is missing": (
        {"survey": lambda t: t.set_column(5, "job", pa.array([None, *t["job"].to_pylist()[1:]]))},
        SPEC, r"survey\.parquet: The column job is empty in 1 record",
    ),
    "a code that nobody has": (
        {}, SPEC.replace("[full, part]", "[full, Part]"), "No record has the code Part of job",
    ),
    "a column of two kinds": (
        {}, SPEC.replace("numbers: [age]", "numbers: [region]"), "region is declared as one of codes and as",
    ),
    "counts below zero": (
        {"counts": lambda t: t.set_column(3, "people", pa.array([-1] + [1] * (len(t) - 1)))},
        SPEC, r"counts\.parquet: The column people has numbers below zero",
    ),
    "counts that are missing": (
        {"counts": lambda t: t.set_column(3, "people", pa.array([None] + [1] * (len(t) - 1)))},
        SPEC, r"counts\.parquet: The column people is empty in 1 record",
    ),
    "a register of nobody": (
        {"counts": lambda t: t.slice(0, 0)}, SPEC, r"counts\.parquet: the register has nobody",
    ),
    "a code of the model that no respondent has": (
        {"counts": lambda t: t.set_column(1, "sex", pa.array(["X", *t["sex"].to_pylist()[1:]]))},
        SPEC, r"survey\.parquet and counts\.parquet: No respondent has the code X of sex",
    ),
    "a stratum of one unit": (
        {"survey": lambda t: t.append_column("h", pa.array([1] + [2] * (len(t) - 1)))},
        SPEC + "stratum: h\n", "1 strata have one sampling unit",
    ),
    "a column that is not there": ({}, SPEC + "unit: psu\n", r"survey\.parquet: there is no column psu"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_estimated_is_refused_and_leaves_nothing(tmp_path, files, tables, what):
    changed, text, message = REFUSED[what]
    for name, change in changed.items():
        pq.write_table(change(tables[name]), files[f"{name}.parquet"])
    with pytest.raises(DataRefused, match=message):
        figures(tmp_path, files, text=text)
    assert not (tmp_path / "out.parquet").exists()


@pytest.mark.parametrize(
    ("text", "targets", "message"),
    [
        (SPEC.replace("by: region", "by: weight"), {}, "a column weight of its own"),
        (SPEC, {"picture": "p.svg"}, "groups of one measure"),
        (SPEC, {"picture": "p.png"}, "svg"),
        (SPEC, {"figures": "survey.csv"}, "exists"),
    ],
)
def test_results_that_cannot_be_written_are_refused(tmp_path, files, text, targets, message):
    chosen = {"figures": "out.csv"} | targets
    with pytest.raises(ProjectError, match=message):
        register_figures_file(
            files["survey.parquet"], files["counts.parquet"],
            RegisterTargets(**{name: tmp_path / file for name, file in chosen.items()}),
            declared=declared(tmp_path, text),
        )  # fmt: skip


def test_a_picture_needs_composites(tmp_path, files, tables):
    lonely = tables["survey"].filter(pc.equal(tables["survey"]["region"], "a"))
    pq.write_table(lonely, files["survey.parquet"])
    with pytest.raises(ProjectError, match="no composites to draw"):
        register_figures_file(
            files["survey.parquet"], files["counts.parquet"],
            RegisterTargets(tmp_path / "out.csv", tmp_path / "p.svg"), declared=declared(tmp_path, ONE),
        )  # fmt: skip
    assert not (tmp_path / "out.csv").exists()


def as_an_office_writes(source: Path, target: Path) -> None:
    """The same table with semicolons, decimal commas and blanks around its cells."""
    text = source.read_text().replace(",", " ; ").replace(".", ",").replace('"', "")
    target.write_text(text, encoding="utf-16")


def test_survey_and_register_are_read_as_they_are_declared_to_be_written(tmp_path, files):
    for name in ("survey", "counts"):
        as_an_office_writes(files[f"{name}.csv"], tmp_path / f"{name}.txt")
        files[f"{name}.txt"] = tmp_path / f"{name}.txt"
    written = '{separator: ";", decimal: ",", encoding: utf-16}'
    text = SPEC + f"arrives: {{survey: {written}, register: {written}}}\n"
    _, expected = figures(tmp_path, files, survey="survey.csv", register="counts.csv", out="a.csv")
    _, found = figures(tmp_path, files, text=text, survey="survey.txt", register="counts.txt", out="b.csv")
    assert found == expected
