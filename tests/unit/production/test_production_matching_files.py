"""Statistical matching on plain files: what is written and marked, what is told, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from sojourn.cli import app
from sojourn.errors import DataRefused, ProjectError
from sojourn.production.matching_files import MatchingTargets, match_files
from sojourn.project.joining_declarations import MatchingDeclaration
from sojourn.project.load import load_declaration
from sojourn.statistics.weighting import MatchingRule, joint_bounds, matched

SPEC = """\
id: example
version: "2024-1"
recipient: person
donor: number
give: {codes: [pension], numbers: [income]}
within: [sex]
near: {codes: [region], numbers: [age]}
importance: {age: 2}
most_uses: 2
weights: {recipients: w, donors: v}
"""
BOUNDS = """\
bounds:
  - {recipients: works, donors: pension}
  - {recipients: works, donors: income, shared: [sex, age], cuts: {income: [1000, 2000], age: [40]}}
"""


@pytest.fixture(scope="module")
def tables() -> dict[str, pa.Table]:
    """Forty recipients, who say whether they work, and fifty donors, who say their income and pension."""
    draw = np.random.default_rng(3)

    def people(count: int) -> dict[str, pa.Array]:
        return {
            "sex": pa.array((["F", "M"] * count)[:count]),
            "region": pa.array(draw.choice(["n", "s"], count).tolist()),
            "age": pa.array(draw.integers(20, 70, count)),
        }

    recipients = {"person": pa.array([f"p{number:02}" for number in range(40)]), **people(40)}
    recipients |= {"works": draw.choice(["yes", "no"], 40).tolist(), "w": draw.uniform(1, 3, 40)}
    donors = {"number": pa.array(range(50)), **people(50), "income": draw.integers(500, 3000, 50) * 1.0}
    donors |= {"pension": draw.choice(["0", "1"], 50).tolist(), "v": draw.uniform(1, 3, 50)}
    return {"recipients": pa.table(recipients), "donors": pa.table(donors)}


@pytest.fixture
def files(tmp_path, tables) -> dict[str, Path]:
    for name, table in tables.items():
        pq.write_table(table, tmp_path / f"{name}.parquet")
        pcsv.write_csv(table, tmp_path / f"{name}.csv")
    return {path.name: path for path in tmp_path.iterdir()}


def declared(folder: Path, text: str) -> MatchingDeclaration:
    file = folder / "match.yaml"
    file.write_text(text, encoding="utf-8")
    return load_declaration(file, MatchingDeclaration)


def made(folder, files, text=SPEC + BOUNDS, *, kind="parquet", out="out.parquet", **targets):
    found = match_files(
        files[f"recipients.{kind}"], files[f"donors.{kind}"],
        MatchingTargets(folder / out, **{name: folder / file for name, file in targets.items()}),
        declared=declared(folder, text),
    )  # fmt: skip
    return found, pq.read_table(folder / out) if out.endswith("parquet") else pcsv.read_csv(folder / out)


def test_recipients_keep_their_columns_and_what_is_given_is_marked(tmp_path, files, tables):
    found, table = made(tmp_path, files, uses="uses.csv")
    new = ["donor", "distance", "pension", "pension_is_imputed", "income", "income_is_imputed"]
    assert table.column_names == [*tables["recipients"].column_names, *new]
    assert table.select(tables["recipients"].column_names) == tables["recipients"]
    assert {*table["pension_is_imputed"].to_pylist(), *table["income_is_imputed"].to_pylist()} == {True}
    rule = MatchingRule(
        ("pension", "income"), within=("sex",), near=("region", "age"), importance={"age": 2}, most_uses=2
    )
    expected = matched(tables["recipients"], tables["donors"], rule, recipient="person", donor="number")
    for name in ("donor", "distance", "pension", "income"):
        assert table[name].to_pylist() == expected.table[name].to_pylist()
    assert pcsv.read_csv(tmp_path / "uses.csv")["uses"].to_pylist() == expected.uses["uses"].to_pylist()
    assert found.imputed == ("pension", "income")
    metadata = pq.read_schema(tmp_path / "out.parquet").metadata
    assert (metadata[b"imputed"], metadata[b"version"]) == (b"pension, income", b"2024-1")


def test_csv_files_give_what_parquet_files_give(tmp_path, files):
    _, expected = made(tmp_path, files, bounds="bounds.parquet")
    _, table = made(tmp_path, files, kind="csv", out="out.csv", bounds="bounds.csv")
    for name in ("donor", "income", "distance"):
        assert table[name].to_pylist() == pytest.approx(expected[name].to_pylist())
    left, right = pcsv.read_csv(tmp_path / "bounds.csv"), pq.read_table(tmp_path / "bounds.parquet")
    assert left["recipients_code"].to_pylist() == right["recipients_code"].to_pylist()
    assert left["upper"].to_pylist() == pytest.approx(right["upper"].to_pylist())


def test_bounds_are_frechets_and_stand_beside_what_the_matched_file_has(tmp_path, files, tables):
    _, table = made(tmp_path, files, bounds="bounds.parquet")
    cells = pq.read_table(tmp_path / "bounds.parquet").to_pylist()
    first = [row for row in cells if row["donors_column"] == "pension"]
    expected = joint_bounds(
        tables["recipients"], tables["donors"], shared=("sex",), of_first="works", of_second="pension",
        first_weight="w", second_weight="v",
    ).cells  # fmt: skip
    for name in ("lower", "upper", "independent", "lower_without", "upper_without"):
        assert [row[name] for row in first] == pytest.approx(expected[name].to_pylist())
    both = [
        (row["w"], row["works"] == first[0]["recipients_code"] and row["pension"] == first[0]["donors_code"])
        for row in table.to_pylist()
    ]
    share = sum(weight for weight, has in both if has) / sum(weight for weight, _ in both)
    assert first[0]["matched"] == pytest.approx(share)
    assert sum(row["matched"] for row in first) == pytest.approx(1)


def test_numbers_are_cut_into_classes_for_bounds(tmp_path, files):
    made(tmp_path, files, bounds="bounds.parquet")
    rows = pq.read_table(tmp_path / "bounds.parquet").to_pylist()
    codes = {row["donors_code"] for row in rows if row["donors_column"] == "income"}
    assert codes == {"below 1000", "1000 to below 2000", "2000 and above"}
    assert all(row["lower"] <= row["independent"] <= row["upper"] for row in rows)


def test_bounds_of_a_column_that_is_not_given_have_no_matched_share(tmp_path, files):
    text = (
        SPEC.replace("codes: [pension], ", "")
        + "bounds: [{recipients: works, donors: pension, shared: []}]\n"
    )
    found, _ = made(tmp_path, files, text)
    assert {cell["matched"] for cell in found.bounds[0]["cells"]} == {None}
    assert found.bounds[0]["uncertainty"] == pytest.approx(found.bounds[0]["uncertainty_without"])


def test_the_distribution_of_given_values_stands_beside_the_donors(tmp_path, files, tables):
    found, table = made(tmp_path, files)
    rows = {(row["column"], row["category"]): row for row in found.distributions}
    weights, incomes = tables["donors"]["v"].to_numpy(), tables["donors"]["income"].to_numpy()
    assert rows["income", "mean"]["donors"] == pytest.approx((weights @ incomes) / weights.sum())
    weights, incomes = table["w"].to_numpy(), table["income"].to_numpy()
    assert rows["income", "mean"]["recipients"] == pytest.approx((weights @ incomes) / weights.sum())
    assert sum(rows["pension", code]["donors"] for code in "01") == pytest.approx(1)


def test_donors_drawn_at_random_by_their_weight(tmp_path, files, tables):
    text = SPEC.split("within")[0] + "method: random\ndraw_by_weight: true\nseed: 5\nweights: {donors: v}\n"
    found, table = made(tmp_path, files, text)
    rule = MatchingRule(("pension", "income"), "random", donor_weight="v", seed=5)
    expected = matched(tables["recipients"], tables["donors"], rule, recipient="person", donor="number")
    assert table["donor"].to_pylist() == expected.table["donor"].to_pylist()
    assert found.counts["mean_distance"] is None
    assert table["distance"].null_count == len(table)


def test_codes_that_one_file_holds_as_numbers_are_codes(tmp_path, files, tables):
    for name, table in tables.items():
        region = pa.array([1 if code == "n" else 2 for code in table["region"].to_pylist()])
        coded = table.set_column(2, "region", region if name == "donors" else region.cast(pa.string()))
        pq.write_table(coded, tmp_path / f"{name}.parquet")
    _, table = made(tmp_path, files)
    pcsv.write_csv(tables["recipients"], tmp_path / "recipients.csv")
    _, expected = made(tmp_path, files, kind="csv", out="out.csv")
    assert table["donor"].to_pylist() == expected["donor"].to_pylist()


def test_the_report_and_the_command_tell_what_is_not_known(tmp_path, files):
    declared(tmp_path, SPEC + BOUNDS)
    given = ["tool", "match-statistically", str(files["recipients.csv"]), str(files["donors.csv"])]
    given += [str(tmp_path / "out.csv"), "--spec", str(tmp_path / "match.yaml")]
    shown = CliRunner().invoke(app, ["--json", *given, "--report", str(tmp_path / "report.md")])
    assert shown.exit_code == 0
    assert "40 recipients, 50 donors." in shown.stderr
    assert "imputed, not asked: pension, income (marked by pension_is_imputed" in shown.stderr
    assert "works with pension: joint shares are known to within" in shown.stderr
    assert json.loads(shown.stdout)["donors_used"] > 0
    text = (tmp_path / "report.md").read_text()
    assert text.startswith("# Matching example, version 2024-1\n\n40 recipients, 50 donors.\n")
    assert "\n## works with pension: what is known\n" in text
    assert "| income | mean |" in text


def test_a_report_as_data_has_the_declaration_and_everything_that_was_told(tmp_path, files):
    made(tmp_path, files, report="report.json")
    told = json.loads((tmp_path / "report.json").read_text())
    assert told["declaration"]["most_uses"] == 2
    assert len(told["bounds"]) == 2
    assert told["classes"][0]["class"] == "sex F"


def test_without_bounds_it_says_that_they_are_to_be_declared(tmp_path, files, tables):
    table = tables["donors"].set_column(
        4, "income", pa.array([None, *tables["donors"]["income"].to_pylist()[1:]])
    )
    pq.write_table(table, files["donors.parquet"])
    made(tmp_path, files, SPEC, report="report.md")
    text = (tmp_path / "report.md").read_text()
    assert "is not known: declare `bounds`" in text
    assert "1 donors do not state all that is given, and gave nothing" in text


def test_progress_tells_how_many_recipients_have_a_donor(tmp_path, files):
    told = []
    match_files(
        files["recipients.csv"], files["donors.csv"], MatchingTargets(tmp_path / "out.csv"),
        declared=declared(tmp_path, SPEC.replace("most_uses: 2\n", "")),
        on_progress=lambda done, of: told.append((done, of)),
    )  # fmt: skip
    assert told == [(20, 40), (20, 40), (40, 40), (40, 40)]


MISTAKES = {
    "nothing given": (SPEC.replace("{codes: [pension], numbers: [income]}", "{}"), "nothing is given"),
    "one given twice": (SPEC.replace("[income]", "[income, pension]"), "pension is named twice in `give`"),
    "near in both kinds": (SPEC.replace("codes: [region]", "codes: [age]"), "age is named twice in `near`"),
    "nearest to nothing": (
        SPEC.replace("near: {", "# {").replace("importance: {age: 2}\n", ""), "needs columns in `near`",
    ),
    "random and near": (SPEC + "method: random\n", "needs columns in `near`; with `random`"),
    "giving what finds": (SPEC.replace("[pension]", "[sex]"), "cannot be what donors are found by"),
    "importance of another": (SPEC.replace("{age: 2}", "{sex: 2}"), "sex, which is not in `near`"),
    "no importance": (SPEC.replace("{age: 2}", "{age: 0}"), "importance is above zero"),
    "drawing the nearest by weight": (SPEC + "draw_by_weight: true\n", "is for `random` without"),
    "one name for two columns": (SPEC + "bounds: [{recipients: x, donors: x}]\n", "have one name"),
    "cuts that fall": (SPEC + "bounds: [{recipients: x, donors: y, cuts: {y: [2, 1]}}]\n", "rising order"),
    "cuts of another": (
        SPEC + "bounds: [{recipients: x, donors: y, shared: [], cuts: {z: [2]}}]\n", "z is cut, and is none",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", MISTAKES)
def test_mistakes_in_a_declaration_are_told_with_their_place(tmp_path, what):
    text, message = MISTAKES[what]
    with pytest.raises(ProjectError, match=r"match\.yaml:\d+: ") as told:
        declared(tmp_path, text)
    assert message in str(told.value)


REFUSED = {
    "a given column that is there": (
        "recipients", lambda t: t.append_column("income", t["age"]),
        r"recipients\.parquet: there is a column income, which the result adds",
    ),
    "a mark that is there": (
        "recipients", lambda t: t.append_column("pension_is_imputed", t["age"]), "pension_is_imputed, which",
    ),
    "a class without donors": (
        "recipients", lambda t: t.set_column(1, "sex", pa.array(["X"] * 40)),
        r"recipients\.parquet and donors\.parquet: The class of sex X has 40 recipients and no donor",
    ),
    "too few donors": ("donors", lambda t: t.slice(0, 10), "each of whom may give 2 times"),
    "an identifier twice": (
        "donors", lambda t: t.set_column(0, "number", pa.array([1] * 50)), "49 rows repeat a number",
    ),
    "a column that is not there": (
        "donors", lambda t: t.drop_columns(["age"]), r"donors\.parquet: there is no column age",
    ),
    "numbers that are codes": (
        "donors", lambda t: t.set_column(3, "age", t["age"].cast(pa.string())), "column age holds string",
    ),
    "weights below zero": (
        "donors", lambda t: t.set_column(6, "v", pa.array([-1.0] * 50)), "v is negative in 50 records",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_matched_is_refused_and_leaves_nothing(tmp_path, files, tables, what):
    name, change, message = REFUSED[what]
    pq.write_table(change(tables[name]), files[f"{name}.parquet"])
    with pytest.raises(DataRefused, match=message):
        made(tmp_path, files)
    assert not (tmp_path / "out.parquet").exists()


@pytest.mark.parametrize(
    ("text", "targets", "message"),
    [
        (SPEC, {"bounds": "bounds.csv"}, "names no columns for them"),
        (SPEC, {"report": "report.html"}, "neither .md nor .json"),
        (SPEC, {"uses": "out.parquet"}, "Two results have the same name"),
        (SPEC, {"out": "donors.parquet"}, "exists"),
    ],
)
def test_results_that_cannot_be_written_are_refused(tmp_path, files, text, targets, message):
    with pytest.raises(ProjectError, match=message):
        made(tmp_path, files, text, **targets)


def test_both_files_are_read_as_they_are_declared_to_be_written(tmp_path, files):
    _, expected = made(tmp_path, files, kind="csv", out="a.csv")
    for name in ("recipients", "donors"):
        text = files[f"{name}.csv"].read_text().replace(",", ";").replace(".", ",")
        files[f"{name}.txt"] = tmp_path / f"{name}.txt"
        files[f"{name}.txt"].write_text(text, encoding="cp1252")
    written = '{separator: ";", decimal: ",", encoding: cp1252}'
    arrives = f"arrives: {{recipients: {written}, donors: {written}}}\n"
    _, found = made(tmp_path, files, SPEC + BOUNDS + arrives, kind="txt", out="b.csv")
    assert found == expected
