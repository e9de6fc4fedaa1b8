"""Small areas on plain files: what is read, refused, written and drawn, and what the command prints."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest

from small_area_examples import counties, milk, segments
from sojourn.dissemination.small_area_chart import LANES, POINTS, AreaMark, small_area_chart
from sojourn.errors import DataRefused, ProjectError
from sojourn.production.small_area_files import SmallAreaTargets, small_areas_file
from sojourn.production.small_area_reading import SmallAreaSources
from sojourn.production.survey_files import EstimateRequest, estimate_file
from sojourn.project.load import load_declaration
from sojourn.project.small_area_declarations import SmallAreaDeclaration
from sojourn.project.survey_declarations import SurveyDesignDeclaration
from sojourn.statistics.small_areas import fay_herriot, nested_error

AREA = {"id": "milk", "version": "1", "categories": ["major_area"]}
UNIT = {
    "id": "corn", "version": "1", "model": "unit", "outcome": "corn",
    "covariates": ["corn_pixels", "soybean_pixels"],
}  # fmt: skip
DATA = Path(__file__).parents[2] / "oracle" / "statistics" / "small_areas"


def declared(settings: dict, **more) -> SmallAreaDeclaration:
    return SmallAreaDeclaration.model_validate({**settings, **more})


@pytest.fixture
def folder(tmp_path) -> Path:
    """The published examples as files of the command; area 44 has no sample."""
    text = (DATA / "milk.csv").read_text().replace(",direct,", ",estimate,")
    (tmp_path / "direct.csv").write_text(text + "44,,,,3\n")
    (tmp_path / "counties.csv").write_text((DATA / "counties.csv").read_text().replace("county,", "area,"))
    lines = (DATA / "segments.csv").read_text().replace("county,", "area,").splitlines(keepends=True)
    (tmp_path / "segments.csv").write_text("".join(lines[:33] + lines[34:]))
    (tmp_path / "own.csv").write_text("area,estimate,variance\n5,158.6,20\n12,120.1,90\n")
    return tmp_path


def run(folder: Path, settings: SmallAreaDeclaration, direct="direct.csv", out="out.csv", **files):
    sources = SmallAreaSources(folder / direct, **{name: folder / file for name, file in files.items()})
    return small_areas_file(sources, SmallAreaTargets(folder / out), declared=settings)


def test_areas_of_a_file_are_those_of_the_model(folder):
    found = run(folder, declared(AREA))
    table = pcsv.read_csv(folder / "out.csv")
    assert table["estimate"].to_pylist()[:43] == pytest.approx(
        fay_herriot(milk()).estimates.estimate, rel=1e-12
    )
    assert table["is_synthetic"].to_pylist() == [False] * 43 + [True]
    assert [found.areas, found.synthetic] == [44, 1]
    assert [row["coefficient"] for row in found.model["coefficients"]] == [
        "(intercept)", "major_area=2", "major_area=3", "major_area=4",
    ]  # fmt: skip


def test_what_is_known_of_areas_may_stand_in_a_file_of_its_own(folder):
    (folder / "sample.csv").write_text("area,estimate,variance\nb,3,1\na,1,1\nc,8,1\n")
    (folder / "known.csv").write_text("area,x\na,1\nb,2\nc,4\nd,3\n")
    run(folder, declared(AREA, categories=[], covariates=["x"]), "sample.csv", auxiliaries="known.csv")
    table = pcsv.read_csv(folder / "out.csv", convert_options=pcsv.ConvertOptions(strings_can_be_null=True))
    assert table["area"].to_pylist() == ["a", "b", "c", "d"]
    assert table["direct"].to_pylist() == [1, 3, 8, None]


def test_units_of_a_file_are_those_of_the_model(folder):
    found = run(
        folder, declared(UNIT, population="segments"), "own.csv", "out.parquet",
        auxiliaries="counties.csv", units="segments.csv",
    )  # fmt: skip
    table = pq.read_table(folder / "out.parquet")
    names = ("(intercept)", "corn_pixels", "soybean_pixels")
    theirs = nested_error(segments(), counties(is_finite=True), names).estimates
    assert table["estimate"].to_pylist() == pytest.approx(theirs.estimate, rel=1e-12)
    assert table["sample_size"].to_pylist()[:5] == [1, 1, 1, 2, 3]
    assert table["direct"].to_pylist()[4] == 158.6
    assert found.model["unit_variance"] == pytest.approx(147.27, abs=0.01)
    assert table.schema.metadata[b"sojourn.model"] == b"corn"
    assert table.schema.metadata[b"sojourn.method"] == b"nested_error/reml/none"


def test_survey_weights_of_units_are_a_column(folder):
    lines = (folder / "segments.csv").read_text().splitlines()
    weighted = [f"{line},{'w' if number == 0 else 1 + number % 3}" for number, line in enumerate(lines)]
    (folder / "weighted.csv").write_text("\n".join(weighted) + "\n")
    run(folder, declared(UNIT, weight="w"), "own.csv", auxiliaries="counties.csv", units="weighted.csv")
    assert set(pcsv.read_csv(folder / "out.csv")["method"].to_pylist()) == {"EBW"}


def test_given_totals_hold_at_every_level(folder):
    (folder / "totals.csv").write_text(
        "level,group,total,standard_error\n_T,_T,42,0\nmajor_area,1,7,0.1\nmajor_area,2,8,0.1\n"
        "major_area,3,14,0.1\nmajor_area,4,13,0.1\n"
    )
    settings = declared(AREA, benchmark={"totals": "given", "levels": ["_T", "major_area"]})
    found = run(folder, settings, totals="totals.csv")
    table = pcsv.read_csv(folder / "out.csv")
    assert sum(table["benchmarked"].to_pylist()) == pytest.approx(42)
    assert sum(table["benchmarked"].to_pylist()[:7]) == pytest.approx(7)
    assert [row["group"] for row in found.totals] == ["_T", "1", "2", "3", "4"]


def test_direct_totals_hold_with_the_weight_of_a_column(folder):
    lines = (folder / "direct.csv").read_text().splitlines()[:-1]
    (folder / "whole.csv").write_text("\n".join(lines) + "\n")
    settings = declared(AREA, benchmark={"weight": "sample_size", "levels": "major_area"})
    run(folder, settings, "whole.csv")
    rows = pcsv.read_csv(folder / "out.csv").to_pylist()[:7]
    direct, made = (sum(row[name] * row["sample_size"] for row in rows) for name in ("direct", "benchmarked"))
    assert made == pytest.approx(direct)


def test_variances_are_smoothed_and_marked_when_asked(folder):
    found = run(folder, declared(AREA, smoothing={}))
    rows = pcsv.read_csv(folder / "out.csv").to_pylist()
    assert found.smoothed == 43
    assert [row["is_smoothed"] for row in rows] == [True] * 43 + [False]
    assert rows[0]["variance_used"] != rows[0]["direct_variance"] == pytest.approx(0.163**2)


def test_a_bootstrap_is_declared_with_its_seed(folder):
    errors = {"by": "bootstrap", "replicates": 20, "seed": 7}
    run(folder, declared(AREA, errors=errors))
    run(folder, declared(AREA, errors=errors), out="again.csv")
    assert (folder / "out.csv").read_bytes() == (folder / "again.csv").read_bytes()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("area,estimate\na,1\n", "come with one column, variance or standard_error"),
        ("area,estimate,variance,standard_error\na,1,1,1\n", "come with one column"),
        ("area,estimate,variance\na,1,-1\n", "has values below zero"),
        ("area,estimate,variance\na,1,1\na,2,1\n", "the area a occurs twice"),
        ("area,estimate,variance\n,1,1\n", "the column area has empty cells"),
        ("area,estimate,variance\n", "there is no area"),
        ("area,variance\na,1\n", "there is no column estimate"),
        ("area,estimate,variance\na,1,1\nb,2,0\nc,4,1\n", "direct.csv: The area b has a direct estimate"),
    ],
)
def test_files_that_do_not_serve_are_refused_with_a_reason(folder, content, complaint):
    (folder / "direct.csv").write_text(content)
    with pytest.raises(DataRefused, match=complaint):
        run(folder, declared(AREA, categories=[]))
    assert not (folder / "out.csv").exists()


def test_areas_and_units_that_nobody_knows_are_named(folder):
    (folder / "known.csv").write_text("area,x\n1,1\n2,2\n")
    with pytest.raises(DataRefused, match=r"the area 3 is not in known\.csv"):
        run(folder, declared(AREA, categories=[], covariates=["x"]), auxiliaries="known.csv")
    (folder / "strange.csv").write_text("area,corn,corn_pixels,soybean_pixels\n99,1,1,1\n")
    with pytest.raises(DataRefused, match=r"the area 99 is not in counties\.csv"):
        run(folder, declared(UNIT), "own.csv", auxiliaries="counties.csv", units="strange.csv")


def test_codes_that_are_missing_are_refused(folder):
    (folder / "known.csv").write_text("area,estimate,variance,kind\na,1,1,x\nb,2,1,\n")
    for more in ({"categories": ["kind"]}, {"categories": [], "benchmark": {"levels": ["kind"]}}):
        with pytest.raises(DataRefused, match="the column kind has empty cells"):
            run(folder, declared(AREA, **more), "known.csv")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("country,x,1,0", "the level country is not declared"),
        ("_T,_T,1,", "the column standard_error has empty cells"),
        ("_T,_T,1,0\n_T,_T,2,0", "_T of the level _T occurs twice"),
        ("_T,_T,1,-1", "the standard error of _T is below zero"),
        ("_T,other,1,0", "totals.csv: The group _T of the level _T has areas and no total"),
    ],
)
def test_totals_that_do_not_serve_are_refused(folder, line, complaint):
    (folder / "totals.csv").write_text(f"level,group,total,standard_error\n{line}\n")
    with pytest.raises(DataRefused, match=complaint):
        run(folder, declared(AREA, benchmark={"totals": "given"}), totals="totals.csv")


def test_files_and_declaration_must_fit_each_other(folder):
    with pytest.raises(ProjectError, match="needs units, and the population means"):
        run(folder, declared(UNIT), "own.csv")
    with pytest.raises(ProjectError, match="does not look at units"):
        run(folder, declared(AREA), units="segments.csv")
    with pytest.raises(ProjectError, match="there is no file"):
        run(folder, declared(AREA, benchmark={"totals": "given"}))
    with pytest.raises(ProjectError, match="does not ask for given totals"):
        run(folder, declared(AREA), totals="totals.csv")
    (folder / "out.csv").write_text("kept")
    with pytest.raises(ProjectError, match="exists"):
        run(folder, declared(AREA))
    assert (folder / "out.csv").read_text() == "kept"


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("model: unit", "needs the `outcome`"),
        ("model: unit\noutcome: y\ntransformation: log", "`transformation` does not belong"),
        ("model: unit\noutcome: y\nmethod: fay_herriot", "the method fay_herriot is not of the model unit"),
        ("method: fitting_of_constants", "the method fitting_of_constants is not of the model area"),
        ("outcome: y", "`outcome` does not belong to a model of kind area"),
        ("intercept: false", "neither an intercept nor a covariate"),
        ("covariates: [x, x]", "the covariate x is named twice"),
        ("model: unit\noutcome: y\nweight: w\npopulation: n", "exclude each other"),
        ("model: unit\noutcome: y\nweight: w\nerrors: {by: bootstrap}", "leave out the bootstrap"),
    ],
)
def test_declarations_that_contradict_themselves_are_refused(tmp_path, line, complaint):
    (tmp_path / "model.yaml").write_text(f"id: a\nversion: '1'\n{line}\n")
    with pytest.raises(ProjectError, match=complaint):
        load_declaration(tmp_path / "model.yaml", SmallAreaDeclaration)


def test_the_command_says_what_came_out_and_draws_it(commands, folder):
    (folder / "model.yaml").write_text("id: milk\nversion: '1'\ncategories: [major_area]\n")
    command = ["--json", "tool", "small-areas", "direct.csv", "out.parquet", "--spec", "model.yaml"]
    more = ["--picture", "out.svg", "--coefficients", "coefficients.csv"]
    done = commands.run(*command, *more, cwd=folder)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["model"]["area_variance"] == pytest.approx(0.018550335)
    assert "44 areas, 1 of them synthetic. The estimates are in out.parquet." in done.stderr
    assert "direct intervals hold the model estimate in 100.0% of areas" in done.stderr
    assert "<title" in (folder / "out.svg").read_text()
    assert len(pcsv.read_csv(folder / "coefficients.csv")) == 4


def marks(size: int, scale: float = 1.0) -> list[AreaMark]:
    return [
        AreaMark(
            f"a{place}", scale * place, scale * (place - 1), scale * (place + 1),
            None if place == 0 else scale * place, None if place == 0 else scale * (place - 2 - place / size),
            None if place == 0 else scale * (place + 2 + place / size), place == 0,
        )
        for place in range(size)
    ]  # fmt: skip


def test_few_areas_have_lanes_and_the_least_known_come_first():
    drawing = small_area_chart(marks(4))
    assert [drawing.shown, drawing.of] == [4, 4]
    rows = drawing.specification["data"]["values"]
    assert [row["area"] for row in rows if row["kind"] != "direct"] == ["a0", "a3", "a2", "a1"]
    assert [row["kind"] for row in rows].count("synthetic") == 1
    assert "1 have no direct estimate" in drawing.summary
    assert "in 3 of 3 areas" in drawing.summary


def test_many_areas_are_points_of_which_not_too_many_are_drawn():
    drawing = small_area_chart(marks(LANES + 1))
    assert [drawing.shown, drawing.of] == [LANES, LANES + 1]
    assert small_area_chart(marks(5 * POINTS)).shown == POINTS


def test_small_shares_are_drawn_in_units_that_keep_their_digits():
    drawing = small_area_chart(marks(5, 0.001))
    assert drawing.specification["layer"][0]["encoding"]["x"]["title"] == "estimate × 1,000"
    values = [row["value"] for row in drawing.specification["data"]["values"]]
    assert max(values) == pytest.approx(4)


SURVEY = """\
variance: taylor
weight: w
stages: [{unit: each_record}]
"""


def estimates(folder: Path, *measures: str, by=("district", "sex"), where=None) -> None:
    """A table of `tool estimate`: five districts of 8 to 12 persons each, one person of unknown district."""
    lines = ["w,district,sex,y,employed"]
    for place in range(5):
        lines += [f"{1 + at % 3},D{place},{'FM'[at % 2]},{10 * place + at * at % 7},{at % 3}"
                  for at in range(8 + place)]  # fmt: skip
    (folder / "persons.csv").write_text("\n".join([*lines, "1,,F,3,1"]) + "\n")
    (folder / "design.yaml").write_text(SURVEY)
    estimate_file(
        folder / "persons.csv", folder / "estimates.csv", request=EstimateRequest(measures, by, where),
        declared=load_declaration(folder / "design.yaml", SurveyDesignDeclaration),
    )  # fmt: skip


def test_what_estimate_wrote_is_read_as_direct_estimates(folder):
    estimates(folder, "mean(y)", "proportion(employed = 1)")
    rows = [
        row for row in pcsv.read_csv(folder / "estimates.csv").to_pylist()
        if row["measure"] == "mean(y)" and row["sex"] == "_T" and row["district"][0] == "D"
    ]  # fmt: skip
    lines = ["district,estimate,variance,sample_size,effective_sample_size"]
    lines += [
        f"{row['district']},{row['value']!r},{row['variance']!r},{row['contributors']},"
        f"{row['contributors'] / row['design_effect']!r}"
        for row in rows
    ]
    (folder / "own.csv").write_text("\n".join(lines) + "\n")
    (folder / "known.csv").write_text("district,x\n" + "".join(f"D{n},{n * n}\n" for n in range(6)))
    settings = declared(AREA, categories=[], covariates=["x"], area="district", measure="mean(y)")
    expected = run(folder, settings, "own.csv", "expected.csv", auxiliaries="known.csv")
    found = run(folder, settings, "estimates.csv", "found.csv", auxiliaries="known.csv")
    assert (folder / "found.csv").read_text() == (folder / "expected.csv").read_text()
    assert len(rows) == 5
    assert set(found.notes) - set(expected.notes) == {
        "1 records of the direct estimates are of an unknown area (_U) and left out"
    }


def test_effective_sizes_of_estimates_are_records_over_the_design_effect(folder):
    estimates(folder, "proportion(employed = 1)", by=("district",))
    rows = [
        f"{row['district']},{row['value']!r},{row['variance']!r},"
        f"{row['contributors'] / row['design_effect']!r}\n"
        for row in pcsv.read_csv(folder / "estimates.csv").to_pylist() if row["district"][0] == "D"
    ]  # fmt: skip
    (folder / "own.csv").write_text("district,estimate,variance,effective_sample_size\n" + "".join(rows))
    settings = declared(AREA, categories=[], area="district", transformation="arcsine")
    run(folder, settings, "estimates.csv")
    run(folder, settings, "own.csv", "again.csv")
    found, expected = (pcsv.read_csv(folder / name) for name in ("out.csv", "again.csv"))
    assert found["mse"] == expected["mse"]
    assert found["sample_size"].to_pylist() == [8, 9, 10, 11, 12]


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ({}, "has no dimension area.\n  Declare as `area` the one that tells areas apart; it is broken down"
             " by district, sex."),
        ({"area": "district"}, "has 2 measures.\n  Declare `measure` as one of 'mean(y)', 'count'."),
        ({"area": "district", "measure": "mean (Y)"}, "Did you mean 'mean(y)'?"),
        ({"area": "district", "measure": "count", "covariates": ["x"]}, "does not know x of the areas"),
    ],
)  # fmt: skip
def test_tables_of_estimates_that_leave_something_open_are_refused(folder, more, complaint):
    estimates(folder, "mean(y)", "count")
    with pytest.raises((DataRefused, ProjectError)) as told:
        run(folder, declared(AREA, categories=[], **more), "estimates.csv")
    assert complaint in str(told.value)


def test_files_of_areas_are_written_as_each_office_writes_them(folder):
    (folder / "sample.csv").write_text("area;estimate;variance\nb;3,5;1\na;1;1\nc;8;1\n")
    (folder / "known.csv").write_bytes(
        "area\tx\tsorte\na\t1\té\nb\t2\té\nc\t4\tÉ\nd\t3\té\n".encode("cp1252")
    )
    arrives = {"direct": {"separator": ";", "decimal": ","},
               "auxiliaries": {"separator": "\t", "encoding": "cp1252"}}  # fmt: skip
    settings = declared(AREA, categories=[], covariates=["x"], arrives=arrives)
    run(folder, settings, "sample.csv", auxiliaries="known.csv")
    assert pcsv.read_csv(folder / "out.csv")["direct"].to_pylist()[1] == 3.5
    settings = declared(AREA, categories=["sorte"], intercept=False, arrives=arrives)
    found = run(folder, settings, "sample.csv", "again.csv", auxiliaries="known.csv")
    assert any("'é' in 3, 'É' in 1 records" in note for note in found.notes)
