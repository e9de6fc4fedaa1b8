"""Surveys of a project: figures by the declared design, kept cubes, gaps, and what protection counts."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sojourn.engine import Engine
from sojourn.engine.rules import parse_rule
from sojourn.errors import ProjectError
from sojourn.production.figures import method_sql
from sojourn.production.receive import receive
from sojourn.production.tables import run_tables
from sojourn.production.workspace import open_workspace
from sojourn.statistics.survey import (
    Gap,
    Measure,
    Replication,
    SecondPhase,
    Stage,
    TaylorDesign,
    survey_cube,
    survey_table,
    with_replicates,
)

SOURCE = """\
id: survey
title: {en: Household survey}
kind: household_survey
provider: nso
agreement: survey-own
arrives: {every: year}
identifies_by: [national_id]
gives: respondent
columns:
  reference_date: DAY
  national_id: ID
  weight: W
  stratum: STRATUM
  psu: PSU
  sex: SEX
  age: AGE
  birthplace: COB
  activity: ACT
measures: {income: INC, hours: HRS}
design:
  variance: taylor
  weight: weight
  stages:
    - {unit: psu, stratum: stratum, population: UNITS}
  numbered: within_strata
"""
INDICATORS = {
    "unemployment": "statistic: proportion\nwhen: activity = 'UNE'\nwhere: activity in ('EMP', 'UNE')\n",
    "median_income": "statistic: quantile\nof: income\nat: 0.5\n",
    "hourly_pay": "statistic: ratio\nof: income\nover: hours\nwhere: activity = 'EMP'\n",
    "total_income": "statistic: total\nof: income\n",
}
TABLES = {
    "UNEMPLOYMENT": ("unemployment", "by: [nativity, sex]\n"),
    "UNEMPLOYMENT_GAP": ("unemployment", "by: [sex]\ngap: nativity:FB-NB\n"),
    "MEDIAN_INCOME": ("median_income", "by: [sex]\n"),
    "HOURLY_PAY": ("hourly_pay", "by: [nativity]\n"),
    "TOTAL_INCOME": ("total_income", "by: [nativity]\n"),
}
PROTECT = "protect: {minimum_contributors: 3, secondary: true}\n"
DESIGN = TaylorDesign("W", (Stage("PSU", "STRATUM", population="UNITS"),), numbered="within_strata")


def people(persons=300, waves=1):
    """The records of a made-up survey; with several waves everybody is asked that often."""
    draw = random.Random(11)
    rows = []
    for number in range(persons):
        abroad = draw.random() < 0.3
        activity = draw.choice(["EMP", "EMP", "EMP", "UNE", "OLF"])
        row = {
            "DAY": "2024-06-30",
            "ID": f"N{number:06d}",
            "W": round(draw.uniform(5, 90), 2),
            "STRATUM": f"s{number % 10}",
            "PSU": f"u{number // 10 % 3}",
            "UNITS": 12,
            "SEX": draw.choice("FM"),
            "AGE": draw.randrange(15, 70),
            "COB": "NOR" if abroad else "XRT",
            "ACT": activity,
            "INC": None if draw.random() < 0.1 else draw.randrange(100, 900),
            "HRS": draw.randrange(10, 50),
        }
        rows += [{**row, "DAY": f"2024-{3 * wave + 3:02d}-30"} for wave in range(waves)]
    return pa.Table.from_pylist(rows)


@pytest.fixture
def surveyor(project, tmp_path):
    """A project with one survey; a function that delivers records and makes the named tables."""
    (project / "sources/survey").mkdir()
    (project / "sources/survey/source.yaml").write_text(SOURCE)
    with (project / "strategy/agreements.yaml").open("a") as agreements:
        agreements.write("- {id: survey-own, provider: nso, sources: [survey], from: 2000-01-01}\n")
    for name, text in INDICATORS.items():
        head = f"id: {name}\ntitle: {{en: {name}}}\ndefinition: {{en: {name}}}\nsource: survey\n"
        (project / f"indicators/{name}.yaml").write_text(head + text)
    for name, (indicator, text) in TABLES.items():
        head = f"id: {name}\ntitle: {{en: {name}}}\nindicator: {indicator}\n"
        (project / f"tables/{name.lower()}.yaml").write_text(head + text + PROTECT)

    def made(records, *names):
        with open_workspace(project) as workspace:
            if records is not None:
                delivery = tmp_path / "survey.csv"
                lines = [",".join(records.column_names)]
                lines += [
                    ",".join("" if value is None else str(value) for value in row.values())
                    for row in records.to_pylist()
                ]
                delivery.write_text("\n".join(lines) + "\n")
                assert receive(workspace, "survey", delivery, period="2024").quarantined == 0
            return run_tables(workspace, names)

    made.project = project
    return made


def rows_of(version):
    """The rows of a version."""
    return pa.concat_tables([pq.read_table(file) for file in version.files]).to_pylist()


def by_hand(records, measure, by, gaps=(), where=None, when=None, design=DESIGN):
    """The same figures straight from the delivered records."""
    nativity = pa.array(["FB" if each == "NOR" else "NB" for each in records["COB"].to_pylist()])
    records = records.append_column("nativity", nativity)
    rules = {
        name: parse_rule(text, records.column_names) for name, text in (("u", where), ("m", when)) if text
    }
    with Engine() as engine:
        cube = survey_cube(
            engine.relation(records), design=design, dimensions=by, conditions=rules,
            measures=["INC", "HRS"], distributed=["INC"],
        )  # fmt: skip
    return survey_table(cube, measure, by=by, gaps=gaps).to_pylist()


@pytest.mark.parametrize(
    ("name", "measure", "by", "where", "when"),
    [
        (
            "UNEMPLOYMENT",
            Measure("proportion", when="m", where="u"),
            ["nativity", "SEX"],
            "ACT in ('EMP', 'UNE')",
            "ACT = 'UNE'",
        ),
        ("MEDIAN_INCOME", Measure("quantile", of="INC", at=0.5), ["SEX"], None, None),
        ("HOURLY_PAY", Measure("ratio", of="INC", over="HRS", where="u"), ["nativity"], "ACT = 'EMP'", None),
        ("TOTAL_INCOME", Measure("total", of="INC"), ["nativity"], None, None),
    ],
)
def test_a_table_of_a_survey_is_what_its_design_says(surveyor, name, measure, by, where, when):
    records = people()
    estimates = rows_of(surveyor(records, name).tables[name].estimates)
    expected = {
        tuple(row[each] for each in by): row for row in by_hand(records, measure, by, (), where, when)
    }
    assert len(estimates) == len(expected) > 2
    for row in estimates:
        by_design = expected[tuple(row[each.lower()] for each in by)]
        for column in ("value", "variance", "degrees_of_freedom"):
            assert row[column] == pytest.approx(by_design[column], rel=1e-12), (name, column)


def test_a_second_table_of_an_indicator_is_read_from_the_kept_cube(surveyor):
    surveyor(people(), "UNEMPLOYMENT")
    run = surveyor(None, "UNEMPLOYMENT_GAP")
    assert "sums:unemployment" in run.found
    assert "estimates:UNEMPLOYMENT_GAP" in run.made


def test_a_gap_is_published_with_the_error_of_a_difference(surveyor):
    records = people()
    shown = rows_of(surveyor(records, "UNEMPLOYMENT_GAP").tables["UNEMPLOYMENT_GAP"].observations)
    gaps = {
        row["SEX"]: row
        for row in by_hand(
            records, Measure("proportion", when="m", where="u"), ["SEX", "nativity"],
            [Gap("nativity", "FB", "NB")], "ACT in ('EMP', 'UNE')", "ACT = 'UNE'",
        )
        if row["figure"] == "difference"
    }  # fmt: skip
    assert {row["SEX"] for row in shown} == {"F", "M", "_T"}
    for row in shown:
        assert math.isclose(row["OBS_VALUE"], 100 * gaps[row["SEX"]]["value"], rel_tol=1e-9)
        assert math.isclose(row["SE"], 100 * gaps[row["SEX"]]["standard_error"], rel_tol=1e-9)
        assert (row["CV"], row["OBS_STATUS"]) == (None, "A")


def test_a_proportion_tells_of_the_fewer_side_and_a_gap_of_the_withheld_one(surveyor):
    records = people().to_pylist()
    abroad = [row for row in records if row["COB"] == "NOR" and row["ACT"] == "UNE" and row["SEX"] == "F"]
    for row in abroad[2:]:
        row["ACT"] = "EMP"  # two women born abroad are left who look for work: fewer than three
    run = surveyor(pa.Table.from_pylist(records), "UNEMPLOYMENT", "UNEMPLOYMENT_GAP")
    shown = {(r["NATIVITY"], r["SEX"]): r for r in rows_of(run.tables["UNEMPLOYMENT"].observations)}
    gaps = {r["SEX"]: r for r in rows_of(run.tables["UNEMPLOYMENT_GAP"].observations)}
    assert shown["FB", "F"]["CONF_STATUS"] == "C"
    assert shown["FB", "F"]["OBS_VALUE"] is None
    assert gaps["F"]["OBS_VALUE"] is None
    for sex, gap in gaps.items():
        sides = (shown["FB", sex]["CONF_STATUS"], shown["NB", sex]["CONF_STATUS"])
        assert (gap["CONF_STATUS"] == "C") == ("C" in sides)


def test_persons_who_are_asked_in_several_waves_count_once(surveyor):
    once = rows_of(surveyor(people(), "TOTAL_INCOME").tables["TOTAL_INCOME"].estimates)
    again = rows_of(surveyor(people(waves=4), "TOTAL_INCOME").tables["TOTAL_INCOME"].estimates)
    for one, other in zip(once, again, strict=True):
        assert other["value"] == pytest.approx(4 * one["value"])
        assert other["contributors"] == one["contributors"]


SECOND_PHASE = """\
  second_phase: {drawn: AGAIN, unit: each_record, strata: [screened], weight_covers: first_phase}
"""


def in_two_phases(records):
    """The records, every third drawn again; of the others there are no answers."""
    again = [place % 3 == 0 for place in range(len(records))]
    found = {name: records[name] for name in records.column_names}
    for name in ("ACT", "INC", "HRS"):
        values = records[name].to_pylist()
        found[name] = pa.array([value if is_in else None for value, is_in in zip(values, again, strict=True)])
    screened = [1 if born == "NOR" else 2 for born in records["COB"].to_pylist()]
    return pa.table(found | {"AGAIN": [int(each) for each in again], "SCREENED": screened})


def test_a_survey_of_two_phases_tells_of_those_who_were_drawn_again(surveyor):
    source = surveyor.project / "sources/survey/source.yaml"
    text = source.read_text().replace("hours: HRS}", "hours: HRS, screened: SCREENED}")
    source.write_text(text + SECOND_PHASE)
    records = in_two_phases(people())
    estimates = rows_of(surveyor(records, "TOTAL_INCOME").tables["TOTAL_INCOME"].estimates)
    second = SecondPhase("AGAIN", "each_record", "first_phase", ("SCREENED",))
    design = replace(DESIGN, second_phase=second)
    expected = by_hand(records, Measure("total", of="INC"), ["nativity"], design=design)
    assert len(estimates) == len(expected) == 3
    for row in estimates:
        (known,) = [each for each in expected if each["nativity"] == row["nativity"]]
        assert math.isclose(row["value"], known["value"], rel_tol=1e-12)
        assert math.isclose(row["variance"], known["variance"], rel_tol=1e-10)
        assert row["contributors"] == known["contributors"]
    asked = sum(row["AGAIN"] and row["INC"] is not None for row in records.to_pylist())
    assert max(row["contributors"] for row in estimates) == asked
    # Persons of several waves count once, and those of the first phase alone do not, whatever is known.
    several = people(waves=2)
    known = in_two_phases(several).set_column(several.column_names.index("INC"), "INC", several["INC"])
    waves = rows_of(surveyor(known, "TOTAL_INCOME").tables["TOTAL_INCOME"].estimates)
    persons = {row["ID"] for row in known.to_pylist() if row["AGAIN"] and row["INC"] is not None}
    assert max(row["contributors"] for row in waves) == len(persons)


def test_the_published_method_shows_how_the_sums_came_about(surveyor):
    surveyor(people(), "UNEMPLOYMENT")
    with open_workspace(surveyor.project) as workspace:
        text = method_sql(workspace, workspace.declarations.tables["UNEMPLOYMENT"])
    assert "is_in_universe" in text
    assert "GROUP BY" in text


def making(surveyor, kind):
    """The project's survey with replicate weights that are made from its strata and units."""
    file = surveyor.project / "sources/survey/source.yaml"
    file.write_text(SOURCE.replace("variance: taylor", "variance: replicates") + f"  make: {kind}\n")


@pytest.mark.parametrize("kind", ["{kind: jkn}", "{kind: bootstrap, replicates: 30, seed: 4}"])
def test_replicate_weights_that_a_source_makes_are_those_of_its_design(surveyor, kind):
    records = people()
    making(surveyor, kind)
    estimates = rows_of(surveyor(records, "UNEMPLOYMENT").tables["UNEMPLOYMENT"].estimates)
    made = Replication("jkn") if "jkn" in kind else Replication("bootstrap", 30, seed=4)
    weighted, design = with_replicates(records, DESIGN, made)
    measure = Measure("proportion", when="m", where="u")
    rules = ("ACT in ('EMP', 'UNE')", "ACT = 'UNE'")
    expected = by_hand(weighted, measure, ["nativity", "SEX"], (), *rules, design=design)
    assert len(estimates) == len(expected)
    by_cell = {(row["nativity"], row["SEX"]): row for row in expected}
    for row in estimates:
        by_design = by_cell[row["nativity"], row["sex"]]
        for column in ("value", "variance", "degrees_of_freedom"):
            assert row[column] == pytest.approx(by_design[column], rel=1e-12), column


def test_the_same_seed_finds_the_kept_sums_and_another_makes_others(surveyor):
    making(surveyor, "{kind: bootstrap, replicates: 20, seed: 4}")
    first = surveyor(people(), "UNEMPLOYMENT")
    again = surveyor(None, "UNEMPLOYMENT", "UNEMPLOYMENT_GAP")
    assert "sums:unemployment" in again.found
    assert rows_of(again.tables["UNEMPLOYMENT"].estimates) == rows_of(first.tables["UNEMPLOYMENT"].estimates)
    # The gap is read from the kept sums, with the design that was made with them.
    assert all(row["variance"] > 0 for row in rows_of(again.tables["UNEMPLOYMENT_GAP"].estimates))
    making(surveyor, "{kind: bootstrap, replicates: 20, seed: 5}")
    other = surveyor(None, "UNEMPLOYMENT")
    assert "sums:unemployment" in other.made
    one, two = (rows_of(run.tables["UNEMPLOYMENT"].estimates) for run in (first, other))
    assert [row["value"] for row in one] == pytest.approx([row["value"] for row in two])
    assert [row["variance"] for row in one] != [row["variance"] for row in two]


def test_the_order_of_records_changes_no_replicate_weight(surveyor):
    making(surveyor, "{kind: bootstrap, replicates: 20, seed: 4}")
    first = rows_of(surveyor(people(), "UNEMPLOYMENT").tables["UNEMPLOYMENT"].estimates)
    turned = people().take(pa.array(range(299, -1, -1)))
    assert rows_of(surveyor(turned, "UNEMPLOYMENT").tables["UNEMPLOYMENT"].estimates) == first


def test_the_published_method_says_how_replicate_weights_were_made(surveyor):
    making(surveyor, "{kind: bootstrap, replicates: 20, seed: 4}")
    surveyor(people(), "UNEMPLOYMENT")
    with open_workspace(surveyor.project) as workspace:
        text = method_sql(workspace, workspace.declarations.tables["UNEMPLOYMENT"])
    assert "of psu within stratum: kind bootstrap, replicates 20, seed 4" in text


@pytest.mark.parametrize(
    ("kind", "complaint"),
    [
        ("{kind: bootstrap, replicates: 20}", "replicate weights of kind bootstrap: it needs `seed`"),
        ("{kind: jkn, seed: 1}", "replicate weights of kind jkn: it has no `seed`"),
        ("{kind: fay}", "replicate weights of kind fay: it needs `rho`"),
    ],
)
def test_replicate_weights_that_leave_something_open_are_refused_by_the_check(surveyor, kind, complaint):
    making(surveyor, kind)
    with pytest.raises(ProjectError, match=complaint):
        surveyor(people(30))


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("sources/survey/source.yaml", "  variance: taylor\n", "", "variance is not given"),
        ("sources/survey/source.yaml", "unit: psu", "unit: pzu", "the design names pzu, which is no column"),
        ("sources/survey/source.yaml", "weight: weight", "weight: W", "the design's weight is 'W'"),
        ("sources/survey/source.yaml", "income: INC", "age: INC", "the name of a column of Respondent"),
        (
            "sources/survey/source.yaml",
            "design:\n",
            "design:\n  second_phase: {drawn: A, unit: psu, strata: [known], weight_covers: both_phases}\n",
            "the second phase names known, which is no column of the records",
        ),
        (
            "sources/survey/source.yaml",
            "  stages:\n    - {",
            "  make: {kind: jkn}\n  stages:\n    - {",
            "`make` does not go with variance taylor",
        ),
        (
            "indicators/unemployment.yaml",
            "when: activity = 'UNE'\n",
            "",
            "a proportion and `when:` do not fit",
        ),
        ("indicators/unemployment.yaml", "activity = 'UNE'", "activity = 'UNX'", "does not have"),
        (
            "indicators/median_income.yaml",
            "of: income",
            "of: sex",
            "a quantile needs `of:`, a column of numbers",
        ),
        ("indicators/hourly_pay.yaml", "over: hours\n", "", "a ratio needs `over:`"),
        (
            "indicators/total_income.yaml",
            "statistic: total",
            "statistic: poverty_rate",
            "has 0 poverty lines",
        ),
        ("tables/unemployment_gap.yaml", "gap: nativity", "gap: sex", "no dimension, or one of `by:`"),
    ],
)
def test_what_does_not_fit_together_is_told_with_its_file(surveyor, file, old, new, complaint):
    path = surveyor.project / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(ProjectError) as caught:
        surveyor(people(30))
    assert complaint in str(caught.value)
    assert file in str(caught.value)
