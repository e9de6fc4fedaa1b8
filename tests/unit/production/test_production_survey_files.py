"""Survey estimates on plain files: what is read and written, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest

from sojourn.errors import DataRefused, ProjectError
from sojourn.production.measure_texts import listed_names, written_measure
from sojourn.production.survey_files import EstimateRequest, estimate_file
from sojourn.project.design_file_declarations import DesignFileDeclaration
from sojourn.project.load import load_declaration
from sojourn.project.survey_declarations import SurveyDesignDeclaration
from sojourn.statistics.survey import Gap, Measure
from survey_samples import sample
from two_phase_samples import first_phase

TWO_PHASE_ANSWERS = Path(__file__).parents[2] / "oracle/statistics/survey/two_phase_answers.json"
DESIGN = """\
variance: taylor
weight: w
stages:
  - {unit: p, stratum: h, population: N}
numbered: within_strata
"""


@pytest.fixture
def folder(tmp_path):
    """A folder with the sample in both forms and its design."""
    pcsv.write_csv(sample(), tmp_path / "sample.csv")
    pq.write_table(sample(), tmp_path / "sample.parquet")
    (tmp_path / "design.yaml").write_text(DESIGN)
    return tmp_path


def estimated(folder, *measures, source="sample.csv", target="out.parquet", design=None, **request):
    """The table that is written, as rows."""
    if design is not None:
        (folder / "design.yaml").write_text(design)
    declared = load_declaration(folder / "design.yaml", SurveyDesignDeclaration)
    asked = EstimateRequest(measures, **request)
    estimate_file(folder / source, folder / target, declared=declared, request=asked)
    table = pcsv.read_csv(folder / target) if target.endswith(".csv") else pq.read_table(folder / target)
    return table.to_pylist()


def test_the_form_of_the_file_changes_no_figure(folder):
    asked = ("mean(y)", "proportion(u = 1)", "median(y)")
    settings = {"by": ("g",), "where": "x >= 2.5", "gaps": (Gap("g", "b", "a"),)}
    first = estimated(folder, *asked, **settings)
    second = estimated(folder, *asked, source="sample.parquet", target="again.parquet", **settings)
    assert first == second
    assert {row["measure"] for row in first} == set(asked)


def test_codes_with_leading_zeros_stay_texts_and_numbers_are_compared_as_numbers(folder):
    text = "w,h,p,N,code,age,y\n" + "".join(
        f"1,{h},{p},9,007,{age},{age}\n" for h in (1, 2) for p in (1, 2) for age in (9, 10, 70)
    )
    (folder / "codes.csv").write_text(text)
    rows = estimated(folder, "count", source="codes.csv", by=("code",), where="age > 9", totals="none")
    assert [(row["code"], row["value"]) for row in rows] == [("007", 8)]
    rows = estimated(folder, "count", source="codes.csv", target="b.csv", where="code = '007'")
    assert rows[0]["value"] == 12


def test_replicates_that_are_made_give_the_same_figures_from_the_same_seed(folder):
    design = DESIGN.replace("taylor", "replicates") + "make: {kind: bootstrap, replicates: 20, seed: 4}\n"
    first = estimated(folder, "mean(y)", design=design)
    second = estimated(folder, "mean(y)", source="sample.parquet", target="b.parquet", design=design)
    assert first == second
    assert first[0]["error_method"] == "replicates"


def test_plausible_values_are_combined(folder):
    table = sample()
    for at in (1, 2, 3):
        table = table.append_column(f"PV{at}", pc.add(table["x"], at / 10))
    pq.write_table(table, folder / "plausible.parquet")
    (row,) = estimated(folder, "mean(PV1-PV3)", source="plausible.parquet")
    (alone,) = estimated(folder, "mean(PV2)", source="plausible.parquet", target="b.parquet")
    assert row["value"] == pytest.approx(alone["value"])
    # The versions differ by a tenth: 4/3 of the variance 0.01 between them is added.
    assert row["variance"] == pytest.approx(alone["variance"] + 4 / 3 * 0.01)


TWO_PHASES = """\
variance: taylor
weight: w3
stages:
  - {unit: p, stratum: h, population: units}
numbered: within_strata
second_phase: {drawn: drawn, unit: each_record, strata: [screened], weight_covers: first_phase}
"""


def test_two_phases_are_declared_and_read_from_either_form_of_file(folder):
    pcsv.write_csv(first_phase(), folder / "phases.csv")
    pq.write_table(first_phase(), folder / "phases.parquet")
    asked = {"by": ("g",), "gaps": (Gap("g", "b", "a"),)}
    first = estimated(folder, "mean(y)", "median(y)", source="phases.csv", design=TWO_PHASES, **asked)
    second = estimated(
        folder, "mean(y)", "median(y)", source="phases.parquet", target="again.parquet", **asked
    )
    assert first == second
    # The answer of R survey to the same design: tests/oracle/statistics/survey/two_phase_answers.json.
    stored = json.loads(TWO_PHASE_ANSWERS.read_text())["answers"]
    (of_r,) = [row for row in stored if (row["case"], row["statistic"]) == ("units_then_records", "gap")]
    (gap,) = [row for row in first if (row["measure"], row["figure"]) == ("mean(y)", "difference")]
    assert gap["standard_error"] == pytest.approx(float(of_r["error"]), rel=1e-10)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (", weight_covers: first_phase", "", "weight_covers is not given"),
        ("weight_covers: first_phase", "weight_covers: all", "weight_covers"),
        ("unit: each_record, ", "", "unit is not given"),
        ("drawn: drawn, ", "", "drawn is not given"),
        (
            "variance: taylor\nweight: w3\nstages:\n  - {unit: p, stratum: h, population: units}\n"
            "numbered: within_strata\n",
            "variance: none\n",
            "`second_phase` does not go with variance none",
        ),
        (
            "variance: taylor",
            "variance: replicates\nmake: {kind: jkn}",
            "`second_phase` does not go with variance replicates",
        ),
    ],
)
def test_a_second_phase_that_leaves_something_open_is_an_error(folder, old, new, complaint):
    (folder / "design.yaml").write_text(TWO_PHASES.replace(old, new))
    with pytest.raises(ProjectError, match=complaint):
        load_declaration(folder / "design.yaml", SurveyDesignDeclaration)


def test_a_file_of_those_drawn_again_alone_is_refused_with_its_name(folder):
    pq.write_table(first_phase().filter(pc.equal(first_phase()["drawn"], 1)), folder / "asked.parquet")
    with pytest.raises(DataRefused, match=r"asked\.parquet: drawn says that every record was drawn"):
        estimated(folder, "count", source="asked.parquet", design=TWO_PHASES)


@pytest.mark.parametrize(
    ("text", "measure"),
    [
        ("count", Measure("count")),
        ("share(g)", Measure("share", within=("g",))),
        ("total(y)", Measure("total", of="y")),
        ("ratio( y / x )", Measure("ratio", of="y", over="x")),
        ("median(y)", Measure("quantile", of="y", at=0.5)),
        ("quantile(y, 0.25)", Measure("quantile", of="y", at=0.25)),
        ("gini(y)", Measure("gini", of="y")),
        ("poverty_rate(y, 0.6 of median)", Measure("poverty_rate", of="y", line_share=0.6)),
        ("poverty_gap(y, 120)", Measure("poverty_gap", of="y", line=120.0)),
    ],
)
def test_measures_are_read_as_people_write_them(text, measure):
    assert written_measure(text).measure == measure


def test_two_conditions_never_share_a_name():
    one, other = (written_measure(f"proportion(u = {value})") for value in (1, 2))
    assert one.measure.when != other.measure.when
    assert one.condition == "u = 1"


@pytest.mark.parametrize(
    "text", ["", "mode(y)", "mean()", "count(y)", "ratio(y)", "quantile(y)", "proportion()", "mean(PV3-PV1)"]
)
def test_a_measure_that_is_not_understood_is_told_the_forms(text):
    with pytest.raises(ProjectError, match="is not understood") as caught:
        written_measure(text)
    assert "ratio(X / Y)" in str(caught.value)


@pytest.mark.parametrize(
    ("request_", "complaint"),
    [
        ({"measures": ()}, "No measure is asked for"),
        ({"measures": ("mean(yy)",)}, "there is no column yy"),
        ({"measures": ("mean(g)",)}, "the column g holds no number in any record"),
        ({"measures": ("count",), "by": ("gg",)}, "there is no column gg"),
        ({"measures": ("count",), "where": "zz = 1"}, "names zz, which is not a column"),
        ({"measures": ("count",), "totals": "some"}, "Totals cannot be 'some'"),
    ],
)
def test_what_cannot_be_estimated_is_told(folder, request_, complaint):
    declared = load_declaration(folder / "design.yaml", SurveyDesignDeclaration)
    with pytest.raises((ProjectError, DataRefused), match=complaint):
        estimate_file(
            folder / "sample.csv", folder / "out.csv", declared=declared, request=EstimateRequest(**request_)
        )
    assert not (folder / "out.csv").exists()


def test_records_that_do_not_serve_are_refused_with_the_name_of_the_file(folder):
    weight = sample()["w"].to_pylist()
    weight[4] = None
    pq.write_table(sample().set_column(6, "w", pa.array(weight)), folder / "holes.parquet")
    with pytest.raises(DataRefused, match=r"holes\.parquet: The weight w is missing in"):
        estimated(folder, "count", source="holes.parquet")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (DESIGN.replace("variance: taylor\n", ""), "variance is not given"),
        (DESIGN.replace("weight: w\n", ""), "a sample has a `weight`"),
        ("variance: taylor\nweight: w\n", "needs `stages`"),
        ("variance: replicates\nweight: w\nweights: r1-r9\n", "needs `kind`"),
        (DESIGN + "kind: brr\n", "`kind` does not go with variance taylor"),
        ("variance: none\nweight: w\nstages: [{unit: p}]\n", "`stages` does not go with variance none"),
    ],
)
def test_a_design_that_leaves_something_open_is_an_error(folder, text, complaint):
    (folder / "design.yaml").write_text(text)
    with pytest.raises(ProjectError, match=complaint):
        load_declaration(folder / "design.yaml", SurveyDesignDeclaration)


def test_a_gap_between_codes_that_nobody_has_is_told_the_codes(folder):
    with pytest.raises(ProjectError, match="No record has the code z in g") as caught:
        estimated(folder, "count", by=("g",), gaps=(Gap("g", "z", "a"),))
    assert "a, b, c" in str(caught.value)


def test_what_a_file_writes_for_missing_is_declared(folder):
    lines = "".join(
        f"1,{h},{p},9,{a},{y}\n" for h in (1, 2) for p in (1, 2) for a, y in (("NA", 1), ("yes", "NA"))
    )
    (folder / "na.csv").write_text("w,h,p,N,a,y\n" + lines)
    (row,) = estimated(folder, "proportion(a = 'yes')", source="na.csv", missing=("NA",))
    assert (row["value"], row["contributors"], row["not_stated"]) == (1, 4, 4)
    (row,) = estimated(folder, "mean(y)", source="na.csv", target="b.csv", missing=("NA",))
    assert (row["value"], row["not_stated"]) == (1, 4)


def test_a_misspelt_key_of_a_design_is_named(folder):
    (folder / "design.yaml").write_text("variance: taylor\nweigth: w\nstage:\n  - {unit: each_record}\n")
    with pytest.raises(ProjectError, match="weigth") as caught:
        load_declaration(folder / "design.yaml", SurveyDesignDeclaration)
    assert "stage" in str(caught.value)


def test_the_command_prints_figures_and_one_json_document(folder):
    command = [
        sys.executable, "-m", "sojourn", "--json", "tool", "estimate", "sample.csv", "out.csv", "--design",
        "design.yaml", "--measure", "mean(y)", "--by", "g", "--gap", "g:b-a",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["figures"] == 5
    assert "mean(y) [b-a]" in done.stderr


MESSY = DESIGN + 'arrives: {encoding: cp1252, separator: ";", decimal: ","}\n'


def messy(folder):
    """The sample as a spreadsheet in a French office writes it."""
    rows = sample().to_pylist()
    names = list(rows[0])
    text = ";".join(names) + "\r\n" + "".join(
        ";".join("" if row[name] is None else str(row[name]).replace(".", ",") for name in names) + "\r\n"
        for row in rows
    )  # fmt: skip
    (folder / "messy.csv").write_bytes(text.replace(";a;", ";aé;").encode("cp1252"))
    (folder / "messy.yaml").write_text(MESSY)


def test_how_a_file_is_written_stands_in_the_file_of_the_design_and_changes_no_figure(folder, commands):
    messy(folder)
    for source, design, out in (
        ("messy.csv", "messy.yaml", "a.csv"), ("sample.csv", "design.yaml", "b.csv"),
    ):  # fmt: skip
        done = commands.run(
            "tool", "estimate", source, out, "--design", design, "--measure", "mean(y)", "--by", "g",
            "--json", cwd=folder,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        # `--json` may stand after the command as well.
        assert json.loads(done.stdout)["figures"] == 4
    first, second = ((folder / name).read_text() for name in ("a.csv", "b.csv"))
    assert '"aé"' in first
    assert first.replace('"aé"', '"a"') == second


# As offices name columns; one holds quotes and a piece of SQL, one differs from another in case only.
NAMES = {
    "y": "revenu après impôts (€)",
    "g": 'état "civil"; DROP TABLE records',
    "x": "G",
    "w": "poids final",
    "p": "unité",
    "u": "âge, révolu",
}


def renamed(folder):
    """The sample under such names, as CSV and as Parquet, and its design."""
    table = sample().rename_columns([NAMES.get(name, name) for name in sample().column_names])
    pcsv.write_csv(table, folder / "named.csv")
    pq.write_table(table, folder / "named.parquet")
    return DESIGN.replace("weight: w", "weight: poids final").replace("unit: p", "unit: unité")


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_columns_have_any_name_and_figures_do_not_change(folder, form):
    expected = estimated(
        folder, "mean(y)", "median(y)", "ratio(y / u)", "ratio(y / x)", "proportion(u = 1)", "share(g)",
        target="a.parquet", by=("g",), where="x >= 2.5", gaps=(Gap("g", "b", "a"),),
    )  # fmt: skip
    design = renamed(folder)
    group = NAMES["g"]
    quoted = group.replace('"', '""')
    measures = {
        'mean("revenu après impôts (€)")': "mean(y)",
        "median(revenu après impôts (€))": "median(y)",
        "ratio(revenu après impôts (€) / âge, révolu)": "ratio(y / u)",
        'ratio("revenu après impôts (€)" / G)': "ratio(y / x)",
        'proportion("âge, révolu" = 1)': "proportion(u = 1)",
        f'share("{quoted}")': "share(g)",
    }
    found = estimated(
        folder, *measures, source=f"named.{form}", target="b.parquet", by=(group,), where='"G" >= 2.5',
        gaps=(Gap(group, "b", "a"),), design=design,
    )  # fmt: skip
    assert [
        {"g" if name == group else name: value for name, value in row.items()}
        | {"measure": measures[row["measure"]]}
        for row in found
    ] == expected


def test_mistakes_are_told_with_the_names_of_the_file(folder):
    design = renamed(folder)
    with pytest.raises(ProjectError, match='in état "civil"; DROP TABLE records'):
        estimated(folder, "count", source="named.csv", by=(NAMES["g"],), gaps=(Gap(NAMES["g"], "z", "a"),),
                  design=design)  # fmt: skip
    with pytest.raises(DataRefused, match="Did you mean poids final for poids finale"):
        estimated(folder, "count", source="named.csv", design=design.replace("final", "finale"))
    with pytest.raises(ProjectError, match="Did you mean âge, révolu"):
        estimated(folder, 'proportion("age révolu" = 1)', source="named.csv", design=design)


def test_two_columns_that_differ_in_case_alone_are_two(folder):
    table = sample()
    pq.write_table(table.append_column("Y", pc.multiply(table["y"], 2)), folder / "case.parquet")
    single, double = estimated(folder, "mean(y)", "mean(Y)", source="case.parquet")
    assert double["value"] == pytest.approx(2 * single["value"])


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a, b", ("a", "b")),
        ('état civil,"âge, en années"', ("état civil", "âge, en années")),
        ('"say ""x""", y', ('say "x"', "y")),
        ("", ()),
    ],
)
def test_a_list_of_names_has_commas_between_them(text, names):
    assert listed_names(text) == names


def test_a_list_with_an_open_quote_is_refused():
    with pytest.raises(ProjectError, match="is not understood"):
        listed_names('a,"b')


def test_the_command_takes_names_and_codes_with_signs_in_quotes(folder, commands):
    lines = "".join(
        f"1,{h},{p},9,{age},{y}\n" for h in (1, 2) for p in (1, 2) for age, y in (("0-14", 1), ("15/24", 3))
    )
    (folder / "ages.csv").write_text('w,h,p,N,"groupe d\'âge",y\n' + lines)
    done = commands.run(
        "tool", "estimate", "ages.csv", "out.csv", "--design", "design.yaml", "--measure", "mean(y)",
        "--by", "groupe d'âge", "--gap", 'groupe d\'âge:"15/24"-"0-14"', cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "mean(y) [15/24-0-14]: 2 " in done.stdout


def mixed(folder):
    """Sixteen persons, of whom three are written `f`, and one `F ` where a form keeps blanks."""
    sexes = ["F", "f", "F ", "M", "F", "f", "M", "M", "F", "F", "f", "M", "M", "M", "F", "F"]
    table = pa.table({
        "w": [1.0] * 16, "h": [1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2], "p": [1, 1, 2, 2] * 4,
        "N": [9] * 16, "sex": sexes, "y": [float(at) for at in range(16)],
    })  # fmt: skip
    pcsv.write_csv(table, folder / "mixed.csv")
    pq.write_table(table, folder / "mixed.parquet")


def asked(folder, source, target, **request):
    declared = load_declaration(folder / "design.yaml", SurveyDesignDeclaration)
    request = EstimateRequest(("count",), **request)
    table, summary = estimate_file(folder / source, folder / target, declared=declared, request=request)
    return {row.get("sex", "_T"): row["value"] for row in table.to_pylist()}, summary.notes


def test_codes_written_in_several_ways_are_counted_apart_and_told(folder):
    mixed(folder)
    found, notes = asked(folder, "mixed.csv", "a.csv", by=("sex",))
    # A text's blanks are none of the code; ten women in all, three of them written f.
    assert found == {"F": 7, "f": 3, "M": 6, "_T": 16}
    assert notes == (
        "sex: codes that differ only in case or blanks are counted apart: 'F' in 7, 'f' in 3 records."
        " Write them alike, or name the column under --ignore-case.",
    )
    found, notes = asked(folder, "mixed.parquet", "b.csv", by=("sex",))
    assert found == {"F": 6, "f": 3, "F ": 1, "M": 6, "_T": 16}
    assert "'F' in 6, 'f' in 3, 'F ' in 1 records" in notes[0]


def test_a_condition_that_meets_one_way_of_writing_is_told_the_others(folder):
    mixed(folder)
    found, notes = asked(folder, "mixed.csv", "a.csv", where="sex = 'F'")
    assert found == {"_T": 7}
    assert "'f' in 3" in notes[0]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_codes_are_joined_where_that_is_asked_for(folder, form):
    mixed(folder)
    settings = {"where": "sex = 'F' or y < 8", "by": ("sex",), "ignore_case": ("sex",)}
    found, notes = asked(folder, f"mixed.{form}", "a.csv", **settings)
    # The ten women, and the three men among the first eight.
    assert found == {"F": 10, "M": 3, "_T": 13}
    assert "are counted as the first" in notes[0]
    with pytest.raises(ProjectError, match="The case of y cannot be ignored"):
        asked(folder, f"mixed.{form}", "b.csv", ignore_case=("y",))


UNFIT = "w,h,p,N,sex,age,born,inc\n1,1,1,9,F,30,2000-01-01,10\n1,1,2,9,M,Geheim 7,2001-01-01,20\n" + (
    "1,2,1,9,F,20,2002-01-01,30\n1,2,2,9,M,25,,\n"
)


@pytest.mark.parametrize(
    ("where", "complaint"),
    [
        ("age > 25", "unfit.csv:3: the condition 'age > 25' takes age for a number: the cell in the column"
         " age is no number; it has the form 'AAAAAA 9'."),
        ("sex > 1", "takes sex for a number: the column sex holds no number in any record"),
        ("sex + 1 = 2", "takes sex for a number"),
        ("inc = 'F'", "compares inc with a text, and it is no text.\n  Write the number without quotes"),
        ("born > 3", "does not fit what its columns hold.\n  Compare numbers with numbers, and days as in"),
    ],
)  # fmt: skip
def test_a_condition_that_does_not_fit_is_told_with_file_line_and_column(folder, where, complaint):
    (folder / "unfit.csv").write_text(UNFIT)
    with pytest.raises(ProjectError) as told:
        estimated(folder, "proportion(sex = 'F')", source="unfit.csv", where=where)
    assert complaint in str(told.value)
    assert "Geheim" not in str(told.value)


def test_a_condition_on_a_parquet_file_is_told_with_its_column(folder):
    pq.write_table(pcsv.read_csv(folder / "sample.csv"), folder / "unfit.parquet")
    with pytest.raises(ProjectError, match=r"unfit\.parquet: the condition 'g > 1' takes g for a number"):
        estimated(folder, "count", source="unfit.parquet", where="g > 1")


def test_days_of_a_text_are_compared_as_days(folder):
    (folder / "days.csv").write_text(UNFIT)
    (row,) = estimated(folder, "count", source="days.csv", where="year(born) >= 2001")
    assert row["value"] == 2
    (row,) = estimated(folder, "count", source="days.csv", target="b.csv", where="born < '2001-06-01'")
    assert row["value"] == 2


def test_columns_of_a_second_phase_have_any_name_too(folder):
    lines = ["poids;aire;écran;tiré 2;revenu"]
    for at in range(48):
        drawn, screened = at % 4 < 2, "oui" if at % 2 else "non"
        lines.append(f"{2 + at % 3};{at % 6};{screened};{int(drawn)};{at if drawn else ''}")
    text = "\n".join(lines) + "\n"
    (folder / "named.csv").write_text(text)
    plain = {"poids": "w", "aire": "p", "écran": "s", "tiré 2": "again", "revenu": "y"}
    for old, new in plain.items():
        text = text.replace(old, new)
    (folder / "plain.csv").write_text(text)
    design = (
        "variance: taylor\nweight: poids\nstages: [{unit: aire}]\nnumbered: across\n"
        "second_phase: {drawn: tiré 2, strata: [écran], unit: each_record, weight_covers: first_phase}\n"
        'arrives: {separator: ";"}\n'
    )
    found = {}
    for name in ("named", "plain"):
        (folder / "phases.yaml").write_text(design)
        for old, new in plain.items() if name == "plain" else ():
            (folder / "phases.yaml").write_text((folder / "phases.yaml").read_text().replace(old, new))
        declared = load_declaration(folder / "phases.yaml", DesignFileDeclaration)
        measure = "mean(revenu)" if name == "named" else "mean(y)"
        table, _ = estimate_file(
            folder / f"{name}.csv", folder / f"{name}.out.csv", declared=declared.design,
            request=EstimateRequest((measure,)), arrives=declared.arrives,
        )  # fmt: skip
        found[name] = table.drop_columns(["measure"]).to_pylist()
    assert found["named"] == found["plain"]
    assert found["named"][0]["variance"] > 0
