"""Samples on plain files: plans, draws, trials, pictures, refusals, and what the commands print."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
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
from sojourn.production.sampling_draws import draw_file
from sojourn.production.sampling_files import plan_file, try_files
from sojourn.production.sampling_pictures import draw_precision
from sojourn.project.load import load_declaration
from sojourn.project.sampling_declarations import SamplingDeclaration

SPEC = """\
id: migrants
version: "2025-1"
seed: 4
frame:
  unit: household
  strata: [region]
  density: {group: migrants, area: segment, bounds: [0.1, 0.3]}
  interviewed: "born <> 'RUR'"
groups:
  migrants: "born <> 'RUR'"
  natives: "born = 'RUR'"
goals:
  - {id: number, figure: total, among: migrants, cv: 0.1}
  - {id: working, figure: proportion, of: "activity = 'work'", among: migrants,
     half_width: 0.06, interval: logit}
  - {id: age, figure: mean, of: age, among: migrants, by: region, standard_error: 1.5}
  - {id: gap, figure: difference, of: "activity = 'work'", among: migrants, against: natives,
     standard_error: 0.04}
  - {id: trained, figure: proportion, expected: 0.3, among: migrants, half_width: 0.08}
design: {response: 0.9}
cost: {fixed: 100, visit: 4, interview: 20}
"""
PLACES = SPEC.replace("  unit: household", "  unit: household\n  place: segment").replace(
    "design: {response: 0.9}\ncost: {fixed: 100,",
    "design: {response: 0.9, kind: places, places: HOW, method: METHOD}\n"
    "cost: {fixed: 100, place: 15, travel: 5,",
)


def people(seed=3, households=1500):
    """Persons of a made-up country, in which migrants live together; the row order is shuffled."""
    rng = np.random.default_rng(seed)
    segment = rng.integers(0, 60, households)
    persons = rng.integers(1, 5, households)
    unit = np.repeat(np.arange(households), persons)
    share = np.array([0.03, 0.15, 0.45])[segment % 3]
    migrant = rng.random(len(unit)) < share[unit]
    works = rng.random(len(unit)) < 0.6
    table = pa.table(
        {
            "household": unit,
            "segment": [f"segment {each}" for each in segment[unit]],
            "region": np.array(["north", "south"])[(segment // 30)[unit]],
            "born": np.where(migrant, "XAB", "RUR"),
            "age": rng.integers(0, 90, len(unit)),
            "activity": pa.array(np.where(works, "work", "other"), mask=rng.random(len(unit)) < 0.05),
        }
    )
    return table.take(pa.array(rng.permutation(len(unit))))


@pytest.fixture(scope="module")
def frame(tmp_path_factory):
    file = tmp_path_factory.mktemp("frame") / "frame.parquet"
    pq.write_table(people(), file)
    return file


def declared(folder: Path, text: str = SPEC, name: str = "plan.yaml") -> SamplingDeclaration:
    (folder / name).write_text(text)
    return load_declaration(folder / name, SamplingDeclaration)


def test_a_plan_meets_every_goal_and_tells_what_it_costs(tmp_path, frame):
    found = plan_file(frame, tmp_path / "plan.parquet", declared(tmp_path), goals=tmp_path / "goals.csv")
    plan = pq.read_table(tmp_path / "plan.parquet")
    assert plan["stratum"].to_pylist()[0] == "north / 0.1 and more"
    assert set(plan["migrants_share"].to_pylist()) == {"below 0.1", "0.1 and more", "0.3 and more"}
    assert pc.sum(plan["units"]).as_py() == 1500
    assert pc.sum(plan["cost"]).as_py() + 100 == pytest.approx(found.plan.cost)
    goals = pcsv.read_csv(tmp_path / "goals.csv")
    assert goals["goal"].to_pylist() == ["number", "working", "age, north", "age, south", "gap", "trained"]
    assert pc.max(goals["multiple"]).as_py() <= 1 + 1e-6
    assert goals["value"][0].as_py() == pc.sum(pc.not_equal(people()["born"], "RUR")).as_py()
    told = pq.read_schema(tmp_path / "plan.parquet").metadata
    assert told[b"version"] == b"2025-1"
    assert told[b"best_in_whole_units"] in (b"proven", b"not proven")


def test_neither_the_order_of_rows_nor_the_form_of_the_file_changes_plan_or_sample(tmp_path, frame):
    table = pq.read_table(frame)
    shuffled = table.take(pa.array(np.random.default_rng(8).permutation(len(table))))
    pcsv.write_csv(shuffled, tmp_path / "frame.csv")
    spec = declared(tmp_path)
    samples = []
    for name, source in (("one", frame), ("two", tmp_path / "frame.csv")):
        plan_file(source, tmp_path / f"{name}-plan.csv", spec)
        draw_file(source, tmp_path / f"{name}-plan.csv", tmp_path / f"{name}.csv", spec)
        samples.append((tmp_path / f"{name}.csv").read_bytes())
    assert (tmp_path / "one-plan.csv").read_bytes() == (tmp_path / "two-plan.csv").read_bytes()
    assert samples[0] == samples[1]


def test_a_sample_of_units_has_the_planned_numbers_and_weights_that_add_up(tmp_path, frame):
    spec = declared(tmp_path)
    found = plan_file(frame, tmp_path / "plan.csv", spec)
    drawn = draw_file(frame, tmp_path / "plan.csv", tmp_path / "sample.parquet", spec)
    sample = pq.read_table(tmp_path / "sample.parquet")
    counts = sample.group_by("stratum").aggregate([("weight", "sum"), ([], "count_all")]).sort_by("stratum")
    assert counts["count_all"].to_pylist() == found.plan.sizes.tolist()
    assert counts["weight_sum"].to_pylist() == pytest.approx(found.sampled.frame.units.tolist())
    assert drawn.weight == pytest.approx(1500)
    assert drawn.stages == [{"unit": "psu", "stratum": "stratum", "population": "psus_in_stratum"}]
    assert pc.count_distinct(sample["household"]).as_py() == len(sample) == drawn.units
    # Another seed draws others.
    other = declared(tmp_path, SPEC.replace("seed: 4", "seed: 5"))
    draw_file(frame, tmp_path / "plan.csv", tmp_path / "other.parquet", other)
    assert (
        pq.read_table(tmp_path / "other.parquet")["household"].to_pylist() != sample["household"].to_pylist()
    )


@pytest.mark.parametrize(
    ("how", "method"),
    [
        ("equal", "random"),
        ("equal", "systematic, order: [age]"),
        ("size", "random"),
        ("size", "systematic, order: [region, age]"),
        ("size", "pareto"),
        ("size", "sampford"),
    ],
)
def test_a_sample_of_places_has_the_planned_numbers(tmp_path, frame, how, method):
    spec = declared(tmp_path, PLACES.replace("HOW", how).replace("METHOD", method))
    found = plan_file(frame, tmp_path / "plan.csv", spec)
    drawn = draw_file(frame, tmp_path / "plan.csv", tmp_path / "sample.parquet", spec)
    sample = pq.read_table(tmp_path / "sample.parquet")
    assert drawn.places == int(found.plan.sizes.sum())
    assert sample["weight"].to_numpy() == pytest.approx(1 / sample["probability"].to_numpy())
    per_place = sample.group_by("place").aggregate([([], "count_all")])["count_all"].to_numpy()
    assert per_place.max() <= found.plan.settings.take
    assert "psus_in_stratum" in sample.column_names
    assert len(drawn.stages) == (2 if how == "equal" else 1)
    if how == "size":
        # A place that is sure is a stratum of its own, and its units are the sampling units.
        is_sure = pc.match_substring(sample["stratum"], "segment").to_numpy(zero_copy_only=False)
        is_unit = pc.equal(sample["psu"], sample["household"]).to_numpy(zero_copy_only=False)
        assert np.array_equal(is_sure, is_unit)
        assert np.array_equal(np.isfinite(sample["psus_in_stratum"].to_numpy()), is_sure)


def test_a_systematic_sample_of_units_is_spread_along_its_order(tmp_path, frame):
    spread = SPEC.replace("response: 0.9", "response: 0.9, method: systematic, order: [segment]")
    spec = declared(tmp_path, spread)
    plan_file(frame, tmp_path / "plan.csv", spec)
    draw_file(frame, tmp_path / "plan.csv", tmp_path / "sample.csv", spec)
    sample = pcsv.read_csv(tmp_path / "sample.csv")
    plan = pcsv.read_csv(tmp_path / "plan.csv")
    assert len(sample) == pc.sum(plan["drawn"]).as_py()


def test_plans_tried_out_keep_their_promise_and_are_drawn_beside_each_other(tmp_path, frame):
    one = declared(tmp_path)
    two = declared(
        tmp_path,
        SPEC.replace("id: migrants\n", "id: equal-rates\n", 1).replace(
            "0.9}", "0.9, share_out: proportional}"
        ),
    )
    told = []
    found = try_files(
        frame, tmp_path / "tried.csv", [one, two], repetitions=300, seed=1,
        on_progress=lambda done, of: told.append((done, of)),
    )  # fmt: skip
    assert told[-1] == (600, 600)
    rows = pcsv.read_csv(tmp_path / "tried.csv")
    assert rows["plan"].to_pylist() == ["migrants"] * 6 + ["equal-rates"] * 6
    assert pc.all(rows["is_kept"]).as_py()
    assert found[0][1].cost < found[1][1].cost
    assert draw_precision(found, tmp_path / "cost.svg") == 2
    picture = ET.parse(tmp_path / "cost.svg").getroot()
    words = "".join(picture.itertext())
    assert "What precision costs" in words
    assert "migrants costs" in words
    points = pcsv.read_csv(tmp_path / "cost.csv")
    assert set(points["what"].to_pylist()) == {"curve", "promised", "shown"}


def test_a_budget_makes_the_worst_goal_best(tmp_path, frame):
    spec = declared(tmp_path, SPEC + "budget: 3000\n")
    found = plan_file(frame, tmp_path / "plan.csv", spec)
    assert found.plan.cost <= 3000
    multiples = found.goals()["multiple"].to_numpy()
    assert multiples.max() > 1


def test_everybody_is_one_stratum_and_all_are_interviewed_where_nothing_else_is_said(tmp_path, frame):
    spec = declared(
        tmp_path,
        "id: plain\nframe: {unit: household}\ngoals: [{id: age, figure: mean, of: age, standard_error: 2}]\n"
        "cost: {visit: 1}\n",
    )
    found = plan_file(frame, tmp_path / "plan.csv", spec)
    assert found.sampled.frame.strata == ("all",)
    assert found.sampled.frame.interviews.sum() == len(people())
    assert found.sampled.figures.truth[0] == pytest.approx(pc.mean(people()["age"]).as_py())


def test_a_value_that_is_missing_is_of_nobody(tmp_path):
    table = pa.table(
        {
            "household": [1, 2, 3, 4],
            "age": pa.array([10.0, None, float("nan"), 30.0]),
            "is_in": [True, None, True, True],
        }
    )
    pq.write_table(table, tmp_path / "frame.parquet")
    spec = declared(
        tmp_path,
        "id: plain\nframe: {unit: household}\ngroups: {here: is_in}\n"
        "goals:\n  - {id: age, figure: mean, of: age, standard_error: 20}\n"
        "  - {id: number, figure: total, among: here, cv: 0.5}\ncost: {visit: 1}\n",
    )
    found = plan_file(tmp_path / "frame.parquet", tmp_path / "plan.csv", spec)
    assert found.sampled.figures.truth.tolist() == [20.0, 3.0]


def test_made_up_outcomes_have_their_share_and_go_with_the_seed(tmp_path, frame):
    shares = []
    for seed in (4, 4, 9):
        spec = declared(tmp_path, SPEC.replace("seed: 4", f"seed: {seed}"))
        (tmp_path / "plan.csv").unlink(missing_ok=True)
        shares.append(float(plan_file(frame, tmp_path / "plan.csv", spec).sampled.figures.truth[-1]))
    assert shares[0] == shares[1] != shares[2]
    assert shares[0] == pytest.approx(0.3, abs=0.07)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("household\n", "house\n"), "no column house"),
        (("[region]", "[regions]"), "Did you mean region"),
        (("born <> 'RUR'\"\n  natives", "bron <> 'RUR'\"\n  natives"), "Did you mean born"),
        (("born = 'RUR'", "born >= 5"), "holds VARCHAR"),
        (("of: age,", "of: born,"), "not numbers"),
        (("cv: 0.1", "cv: 0.0001"), "number: the standard error"),
        (
            ("of: \"activity = 'work'\", among: migrants,\n", "of: age, among: migrants,\n"),
            "other than 0 and 1",
        ),
        (("[region]", "[activity]"), "lie in two strata"),
        (("natives: \"born = 'RUR'\"", "natives: \"born = 'XXX'\""), "gap: nobody"),
        (("response: 0.9", "response: 0.9, method: systematic, order: [agee]"), "Did you mean age"),
        (("half_width: 0.06, interval: logit", "half_width: 0.06"), None),
    ],
)
def test_what_the_frame_does_not_serve_is_refused_in_words(tmp_path, frame, change, words):
    assert change[0] in SPEC
    spec = declared(tmp_path, SPEC.replace(change[0], change[1], 1))
    if words is None:
        plan_file(frame, tmp_path / "plan.csv", spec)
        return
    with pytest.raises((DataRefused, ProjectError), match=words) as refused:
        plan_file(frame, tmp_path / "plan.csv", spec)
    assert "XAB" not in str(refused.value)
    assert not (tmp_path / "plan.csv").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("cv: 0.1", "cv: 0.1, half_width: 2"), "one of standard_error, cv and half_width"),
        (("among: migrants, cv", "among: strangers, cv"), "no group strangers"),
        (("id: gap", "id: age"), "age is declared twice"),
        ((", against: natives", ""), "a difference names the group"),
        (("expected: 0.3", "expected: 0.3, of: age"), "not both"),
        (("of: age, ", ""), "say what it is"),
        (("bounds: [0.1, 0.3]", "bounds: [0.3, 0.1]"), "above the one before"),
        (("response: 0.9", "response: 0.9, kind: places"), "column `place`"),
        (("response: 0.9", "response: 0.9, method: pareto"), "drawn by size"),
        (("response: 0.9", "response: 0.9, method: systematic"), "go together"),
        (("fixed: 100, visit: 4, interview: 20", "fixed: 100"), "costs anything"),
        (("figure: total, among", "figure: total, interval: wilson, among"), "for proportions"),
        (
            (
                "of: \"activity = 'work'\", among: migrants, against",
                "expected: 0.5, among: migrants, against",
            ),
            "goes with",
        ),
    ],
)
def test_a_declaration_that_contradicts_itself_is_refused_in_words(tmp_path, change, words):
    assert change[0] in SPEC
    with pytest.raises(ProjectError, match=words):
        declared(tmp_path, SPEC.replace(change[0], change[1], 1))


def test_frames_that_say_nothing_of_a_unit_or_contradict_themselves_are_refused(tmp_path):
    spec = declared(tmp_path, PLACES.replace("HOW", "size").replace("METHOD", "random"))
    table = people(households=60)
    nobody = pa.array([None, *table["household"].to_pylist()[1:]], pa.int64())
    moved = pa.array(["segment 1", *table["segment"].to_pylist()[1:]])
    cases = [
        (table.set_column(0, "household", nobody), "rows have no household"),
        (table.set_column(1, "segment", moved), "lie in two places|lie in two strata"),
        (table.slice(0, 0), "no rows"),
    ]
    for place, (wrong, words) in enumerate(cases):
        pq.write_table(wrong, tmp_path / f"{place}.parquet")
        with pytest.raises(DataRefused, match=words):
            plan_file(tmp_path / f"{place}.parquet", tmp_path / "plan.csv", spec)


def test_a_plan_for_another_frame_draws_nothing(tmp_path, frame):
    spec = declared(tmp_path)
    plan_file(frame, tmp_path / "plan.csv", spec)
    lines = (tmp_path / "plan.csv").read_text().splitlines()
    (tmp_path / "short.csv").write_text("\n".join(lines[:-1]) + "\n")
    with pytest.raises(DataRefused, match="not for this frame"):
        draw_file(frame, tmp_path / "short.csv", tmp_path / "sample.csv", spec)
    places = declared(tmp_path, PLACES.replace("HOW", "size").replace("METHOD", "random"))
    with pytest.raises(ProjectError, match="draws otherwise"):
        draw_file(frame, tmp_path / "plan.csv", tmp_path / "sample.csv", places)
    with pytest.raises(ProjectError, match="exists"):
        draw_file(frame, tmp_path / "plan.csv", tmp_path / "short.csv", spec)
    with pytest.raises(ProjectError, match="same id"):
        try_files(frame, tmp_path / "tried.csv", [spec, spec], repetitions=10, seed=1)


def command(*words: object) -> tuple[dict, str]:
    """What a command gives as JSON, and what it says to people."""
    shown = CliRunner().invoke(app, ["--json", "tool", *map(str, words)], catch_exceptions=False)
    assert shown.exit_code == 0
    return json.loads(shown.stdout), shown.stderr


def test_the_commands_say_and_write_what_they_found(tmp_path, frame):
    spec = tmp_path / "plan.yaml"
    spec.write_text(SPEC)
    found, words = command("plan-sample", frame, tmp_path / "plan.csv", "--spec", spec)
    assert found["file"] == str(tmp_path / "plan.csv")
    assert "interviews expected" in words
    found, words = command(
        "draw-sample", frame, tmp_path / "plan.csv", tmp_path / "drawn.csv", "--spec", spec
    )
    assert "design, stage 1: unit psu" in words
    found, words = command(
        "simulate-sample", frame, tmp_path / "tried.csv", "--spec", spec, "--repetitions", 200
    )
    assert found["plans"][0]["kept"] is True
    assert "promised" in words


def test_sizes_are_told_without_a_frame():
    asked = ("sample-size", "--share", 0.12, "--take", 6, "--correlation", 0.05)
    found, words = command(*asked, "--half-width", 0.03, "--eligible", 0.15, "--response", 0.8)
    # 0.12 · 0.88 · (1.96 / 0.03)² · 1.25 = 563.4
    assert (found["respondents"], found["design_effect"]) == (564, 1.25)
    assert found["fieldwork"]["households"] == 4700
    assert "households to visit" in words
    back, _ = command(*asked, "--size", 564)
    assert back["half_width"] == pytest.approx(found["half_width"])
    mean, _ = command("sample-size", "--mean", 50, "--deviation", 10, "--population", 1000, "--cv", 0.02)
    total, _ = command(
        "sample-size", "--mean", 50, "--deviation", 10, "--population", 1000, "--cv", 0.02, "--total"
    )
    assert mean["respondents"] == total["respondents"] == 91
    gap, _ = command("sample-size", "--share", 0.5, "--against", 0.2, "--part", 0.25, "--size", 400)
    assert gap["standard_error"] == pytest.approx((0.0025 + 0.16 / 300) ** 0.5)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--size", "9"], "What is to be estimated"),
        (["--share", "0.1", "--mean", "3"], "What is to be estimated"),
        (["--mean", "3", "--size", "9"], "What is to be estimated"),
        (["--share", "0.1", "--total", "--size", "9"], "Give --population"),
        (["--mean", "3", "--deviation", "1", "--against", "0.1", "--size", "9"], "for shares"),
        (["--share", "0.1", "--size", "9", "--cv", "0.1"], "not both"),
        (["--share", "0.1"], "one number above 0"),
    ],
)
def test_sizes_that_cannot_be_told_are_refused_in_words(words, said):
    with pytest.raises(ProjectError, match=said):
        CliRunner().invoke(app, ["tool", "sample-size", *words], catch_exceptions=False)


def test_rates_by_density_and_two_phases_are_told(tmp_path):
    strata, rates = tmp_path / "strata.csv", tmp_path / "rates.csv"
    strata.write_text("stratum,units,prevalence\nlow,60000,0.01\nhigh,10000,0.35\n")
    asked = ("--screening", 4, "--interview", 30, "--budget", 60_000)
    found, _ = command("sample-by-density", strata, rates, *asked)
    assert found["cost"] == pytest.approx(60_000)
    assert pcsv.read_csv(rates).column_names == [
        "stratum", "units", "prevalence", "rate", "screened", "found",
    ]  # fmt: skip
    strata.write_text("stratum,units,prevalence\nlow,,0.01\n")
    with pytest.raises(DataRefused, match="no units"):
        command("sample-by-density", strata, tmp_path / "other.csv", *asked)
    words = (
        "plan-screening --prevalence 0.08 --sensitivity 0.9 --specificity 0.95 --question 2 --visit 10"
        " --interview 30 --budget 60000"
    )
    for share in ([], ["--share", "0.3"]):
        found, _ = command(*words.split(), *share)
        assert found["standard_error"] < found["standard_error_of_one_phase"]
        assert found["rates"]["screened_in"] > found["rates"]["screened_out"]
