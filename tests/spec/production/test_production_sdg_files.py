"""SDG indicators on plain files: what is read, what is written, and what is said of what is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest

from sojourn.errors import DataRefused, ProjectError
from sojourn.production.sdg_aggregates import aggregate_file
from sojourn.production.sdg_files import SdgSummary, SdgTargets, sdg_file
from sojourn.project.declarations import Arrival
from sojourn.project.load import load_declaration
from sojourn.project.sdg_declarations import SdgDeclaration
from sojourn.project.survey_declarations import SurveyDesignDeclaration

CENSUS = "variance: none\n"
SAMPLE = "variance: taylor\nweight: w\nstages:\n  - {unit: each_record}\n"
SPEC = """
area: USA
period: "2024"
variables:
  age: AGE
  sex: {from: SEX, map: {"1": M, "2": F}}
  nativity: {from: BORN, codes: {"0": NB, "1": FB}, missing: "9"}
  electricity: {when: "LIGHT = 1"}
"""


def people(folder: Path, count: int = 400, **changed: list[Any]) -> Path:
    """A file of persons: every fourth was born abroad; of them a quarter has no light."""
    columns: dict[str, list[Any]] = {
        "AGE": [at % 80 for at in range(count)],
        "SEX": [1 + at // 2 % 2 for at in range(count)],
        "BORN": [int(at % 4 == 0) for at in range(count)],
        "LIGHT": [int(at % 16 != 0 if at % 4 == 0 else at % 10 != 1) for at in range(count)],
        "w": [1.0 + at % 3 for at in range(count)],
    }
    file = folder / "people.csv"
    pcsv.write_csv(pa.table({**columns, **changed}), file)
    return file


def run(
    folder: Path, *, spec: str = SPEC, design: str = SAMPLE, source: Path | None = None, **settings: Any
) -> tuple[SdgSummary, list[dict[str, Any]]]:
    """The summary and the figures of a run."""
    (folder / "sdg.yaml").write_text(spec, encoding="utf-8")
    (folder / "design.yaml").write_text(design, encoding="utf-8")
    report = settings.pop("report", None)
    target = folder / f"figures{len(list(folder.glob('figures*')))}.parquet"
    found = sdg_file(
        source or people(folder),
        SdgTargets(target, report),
        declared=load_declaration(folder / "sdg.yaml", SdgDeclaration),
        design=load_declaration(folder / "design.yaml", SurveyDesignDeclaration),
        folder=folder,
        **settings,
    )
    return found, pq.read_table(target).to_pylist()


def outcomes(found: SdgSummary) -> dict[str, dict[str, Any]]:
    """The outcomes by series, or by indicator where there is none."""
    return {row["series"] if row["series"] != "_Z" else row["indicator"]: row for row in found.outcomes}


def test_a_census_has_figures_without_errors(tmp_path):
    found, rows = run(tmp_path, design=CENSUS)
    foreign = next(row for row in rows if row["MIG_STATUS"] == "FB" and row["SEX"] == row["AGE"] == "_T")
    # Every fourth of 400 was born abroad; of these 100 every fourth, at 0, 16, 32, …, has no light.
    assert foreign["OBS_VALUE"] == pytest.approx(75)
    assert (foreign["VERDICT"], foreign["ERROR_METHOD"], foreign["CONTRIBUTORS"]) == ("PUBLISH", "none", 100)
    assert found.indicators == 1


def test_of_two_phases_figures_are_of_those_drawn_again(tmp_path):
    again = [int(at % 3 == 0) for at in range(400)]
    answers = [int(at % 16 != 0) if is_in else None for at, is_in in enumerate(again)]
    screened = [at % 4 for at in range(400)]
    design = SAMPLE + "second_phase: {drawn: D, unit: each_record, strata: [S], weight_covers: first_phase}\n"
    _, rows = run(tmp_path, design=design, source=people(tmp_path, D=again, S=screened, LIGHT=answers))
    foreign = next(row for row in rows if row["MIG_STATUS"] == "FB" and row["SEX"] == row["AGE"] == "_T")
    # Born abroad and asked are 0, 12, 24 … 396, of the same weight; without light 0, 48, 96 … 384.
    assert foreign["OBS_VALUE"] == pytest.approx(100 * 25 / 34)
    assert foreign["CONTRIBUTORS"] == 34


def test_every_indicator_of_the_table_is_accounted_for(tmp_path):
    found, _ = run(tmp_path)
    rows = outcomes(found)
    assert len({row["indicator"] for row in found.outcomes}) == 49
    assert rows["SDG_7_1_1"]["outcome"] == "COMPUTED"
    assert rows["SDG_7_1_1"]["not_broken_down"] == (
        "citizenship or citizen, years_since_arrival or duration_of_stay,"
        " head_birthplace or head_nativity, head_citizenship or head_citizen"
    )
    assert (rows["SDG_8_6_1"]["outcome"], rows["SDG_8_6_1"]["missing"]) == (
        "VARIABLE_MISSING",
        "activity, in_education_or_training",
    )
    assert rows["SDG_10_7_2"]["explanation"] == "Made from aggregates: migration_policies."
    assert rows["SDG_4_B_1"]["outcome"] == "NOT_MICRODATA"


def test_an_empty_universe_and_too_few_migrants_are_two_outcomes(tmp_path):
    spec = f'{SPEC}  birth_registered: {{when: "LIGHT = 1"}}\n  urban: {{value: N}}\n'
    spec += "  improved_water: {when: LIGHT = 1}\n  improved_sanitation: {when: LIGHT = 1}\n"
    spec += '  persons_per_room: {value: "2"}\n  durable_housing: {value: Y}\n  secure_tenure: {value: Y}\n'
    found, _ = run(tmp_path, spec=spec)
    rows = outcomes(found)
    assert rows["SDG_11_1_1"]["outcome"] == "UNIVERSE_EMPTY"
    # 25 children below five, of whom a few were born abroad.
    assert rows["SDG_16_9_1"]["outcome"] == "TOO_FEW"
    assert rows["SDG_16_9_1"]["suppressed"] > 0


def test_without_birth_and_citizenship_figures_are_of_everyone_only(tmp_path):
    spec = SPEC.replace("nativity: {", "born_abroad: {kind: code, ").replace('0": NB', '0": n')
    found, rows = run(tmp_path, spec=spec)
    assert outcomes(found)["SDG_7_1_1"]["outcome"] == "NO_STATUS"
    assert {row["MIG_STATUS"] for row in rows} == {"_T"}


def test_what_a_country_leaves_out_and_what_nobody_declares_is_said(tmp_path):
    (tmp_path / "own.csv").write_text(
        "indicator,title_en\n9.2.2,Manufacturing employment\n", encoding="utf-8"
    )
    spec = f"{SPEC}leave_out: [8.6.1, SDG_5_3_1_U15]\nreference: {{file: own.csv, version: '7'}}\n"
    rows = outcomes(run(tmp_path, spec=spec)[0])
    assert rows["8.6.1"]["outcome"] == "LEFT_OUT"
    assert rows["SDG_5_3_1_U15"]["outcome"] == "LEFT_OUT"
    assert rows["SDG_5_3_1_U18"]["outcome"] == "VARIABLE_MISSING"
    assert (rows["9.2.2"]["outcome"], rows["9.2.2"]["status"]) == ("NOT_DECLARED", "national")


def test_a_country_adds_a_series_and_a_variable_without_code(tmp_path):
    spec = f"""{SPEC}  lit: {{when: "LIGHT = 1 and AGE >= 18"}}
series:
  - {{id: OWN_LIT, indicator: 7.1.1, title: {{en: Lit adults}}, statistic: proportion, ages: {{from: 18}},
     when: "lit = 'Y'", fits: proxy}}
"""
    found, rows = run(tmp_path, spec=spec, design=CENSUS)
    assert outcomes(found)["OWN_LIT"]["fits"] == "proxy"
    adults = [at for at in range(400) if at % 80 >= 18 and at % 4 == 0]
    lit = [at for at in adults if at % 16]
    own = [row for row in rows if (row["SERIES"], row["MIG_STATUS"], row["SEX"]) == ("OWN_LIT", "FB", "_T")]
    assert next(row for row in own if row["AGE"] == "_T")["OBS_VALUE"] == pytest.approx(
        100 * len(lit) / len(adults)
    )


def test_a_series_holds_for_its_days(tmp_path):
    series = "series:\n  - {id: SDG_7_1_1, valid_from: 2025-01-01}\n"
    rows = outcomes(run(tmp_path, spec=f"{SPEC}{series}")[0])
    assert rows["7.1.1"]["outcome"] == "NOT_DECLARED"
    rows = outcomes(run(tmp_path, spec=f"{SPEC}{series}".replace('"2024"', '"2025"'))[0])
    assert rows["SDG_7_1_1"]["outcome"] == "COMPUTED"


def test_the_subsets_are_by_status_and_sex_and_of_children(tmp_path):
    spec = f"{SPEC}  poor_national: {{when: LIGHT = 0}}\n  account_12m: {{when: LIGHT = 1}}\n"
    _, women = run(tmp_path, spec=spec, subset="gender")
    assert {row["INDICATOR"] for row in women} == {"8.10.2"}
    assert {row["SEX"] for row in women} == {"F", "M"}
    _, children = run(tmp_path, spec=spec, subset="child")
    assert {row["INDICATOR"] for row in children} == {"1.2.1"}
    assert {row["AGE"] for row in children} == {"Y0T17"}


def test_the_report_is_a_table_or_a_page(tmp_path):
    run(tmp_path, report=tmp_path / "report.csv")
    assert pcsv.read_csv(tmp_path / "report.csv").num_rows >= 79
    run(tmp_path, report=tmp_path / "report.md")
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "## Computed" in text
    assert "| 8.6.1 | SDG_8_6_1 |" in text
    assert "The file has no activity, in_education_or_training" in text
    with pytest.raises(ProjectError, match="exists"):
        run(tmp_path, report=tmp_path / "report.md")


def test_figures_carry_profile_table_and_design(tmp_path):
    run(tmp_path, profile="statcan")
    told = pq.read_schema(next(tmp_path.glob("figures*.parquet"))).metadata
    assert told[b"profile"] == b"statcan 1"
    assert told[b"reference"] == b"sdg-migration 2026-1"
    assert b"each_record" in told[b"design"]


def test_replicate_weights_give_each_series_a_cube_and_their_errors(tmp_path):
    made = "variance: replicates\nweight: w\nstages:\n  - {unit: AGE}\nmake: {kind: jk1}\n"
    _, rows = run(tmp_path, design=made.replace("AGE", "unit"), source=with_units(tmp_path))
    foreign = next(row for row in rows if row["MIG_STATUS"] == "FB" and row["SEX"] == row["AGE"] == "_T")
    assert foreign["ERROR_METHOD"] == "replicates"
    taylor = "variance: taylor\nweight: w\nstages:\n  - {unit: unit}\n"
    _, again = run(tmp_path, design=taylor, source=tmp_path / "people.csv")
    other = next(row for row in again if row["MIG_STATUS"] == "FB" and row["SEX"] == row["AGE"] == "_T")
    assert foreign["OBS_VALUE"] == pytest.approx(other["OBS_VALUE"])
    # Both estimate one variance; with forty units they are near each other.
    assert foreign["SE"] == pytest.approx(other["SE"], rel=0.1)


def with_units(folder: Path) -> Path:
    return people(folder, unit=[at // 10 for at in range(400)])


def test_a_calibrated_design_brings_its_columns_along(tmp_path):
    design = SAMPLE + "calibrated: {base_weight: w0, margins: [[quarter]]}\n"
    source = people(tmp_path, w0=[1.0] * 400, quarter=[at % 4 for at in range(400)])
    _, rows = run(tmp_path, design=design, source=source)
    foreign = next(row for row in rows if row["MIG_STATUS"] == "FB" and row["SEX"] == row["AGE"] == "_T")
    assert foreign["SE"] > 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("AGE", "AGES"), "AGES"),
        (('"1": FB', '"1": ABROAD'), "cannot be 'ABROAD'"),
        (("LIGHT = 1", "LAMP = 1"), "LAMP, which is not a column"),
        (('{when: "LIGHT = 1"}', "{cases: [{when: LIGHT = 1, code: YES}]}"), "cannot be 'YES'"),
        (("age: AGE", "age: {when: AGE > 3}"), "is a number"),
        (("electricity:", "electricity: {kind: number, from: LIGHT}\n  other:"), "is yes_no"),
        (("period:", "age_groups: none\nperiod:"), "none"),
        (("period:", "profile: own\nperiod:"), "no publication profile 'own'"),
        (("period:", "reference: {file: own.csv, version: '1'}\nperiod:"), "own.csv is not there"),
        (("period:", "series: [{id: NEW}]\nperiod:"), "NEW has no `indicator`"),
        (("period:", "series: [{id: SDG_8_6_1, statistic: mean}]\nperiod:"), "SDG_8_6_1"),
        (("period:", "series: [{id: SDG_8_6_1, when: shoes = 3}]\nperiod:"), "shoes"),
    ],
)
def test_a_specification_that_does_not_fit_is_refused_in_words(tmp_path, change, said):
    with pytest.raises((ProjectError, DataRefused), match=said):
        run(tmp_path, spec=SPEC.replace(*change))


def test_a_code_that_no_line_has_is_refused_with_the_file_and_without_its_value(tmp_path):
    source = people(tmp_path, BORN=[77 if at < 3 else at % 2 for at in range(400)])
    with pytest.raises(DataRefused, match=r"people.csv: nativity: in 3 records") as refused:
        run(tmp_path, source=source)
    assert "77" not in str(refused.value)


def test_a_condition_that_compares_text_with_a_number_is_refused_in_words(tmp_path):
    source = people(tmp_path, LIGHT=["on" if at % 2 else "1" for at in range(400)])
    with pytest.raises(ProjectError, match=r"people.csv:3: the condition 'LIGHT = 1' takes LIGHT") as refused:
        run(tmp_path, source=source)
    assert "on'" not in str(refused.value).replace("condition'", "")


def test_a_column_of_a_csv_file_may_be_a_number_and_stand_in_a_condition(tmp_path):
    spec = f"{SPEC}  in_household: {{when: AGE >= 0, kind: yes_no}}\n  persons_per_room: {{from: rooms}}\n"
    spec += "  durable_housing: {when: rooms > 0.5}\n"
    source = people(tmp_path, rooms=[0.5 + at % 3 for at in range(400)])
    found, _ = run(tmp_path, spec=spec, source=source)
    assert outcomes(found)["SDG_11_1_1"]["missing"] == (
        "improved_sanitation, improved_water, secure_tenure, urban"
    )


def test_aggregates_are_read_and_written_as_files(tmp_path):
    table = tmp_path / "incidents.csv"
    table.write_text("incident_id,route,dead,missing\n1,sea,3,10\n2,land,1,\n", encoding="utf-8")
    found = aggregate_file("deaths_and_disappearances", table, tmp_path / "out.parquet", by=("route",))
    assert pq.read_table(tmp_path / "out.parquet").equals(found)
    totals = {row["route"]: row["total"] for row in found.to_pylist()}
    assert totals == {"sea": 13, "land": 1, "_T": 14}


def test_a_function_or_a_setting_that_there_is_not_is_refused(tmp_path):
    table = tmp_path / "gdp.csv"
    table.write_text("time_period,remittances,gdp\n2024,1,4\n", encoding="utf-8")
    with pytest.raises(ProjectError, match="no function 'gdp'"):
        aggregate_file("gdp", table, tmp_path / "out.csv")
    with pytest.raises(ProjectError, match="has no setting by"):
        aggregate_file("remittances_over_gdp", table, tmp_path / "out.csv", by=("time_period",))


def test_a_file_with_names_decimals_and_letters_of_its_country_gives_the_same_figures(tmp_path):
    _, expected = run(tmp_path)
    table = pcsv.read_csv(tmp_path / "people.csv")
    names = {"AGE": "Âge révolu", "SEX": "Sexe", "BORN": "Né à l'étranger", "LIGHT": "Lumière", "w": "Poids"}
    lines = [";".join(names[name] for name in table.column_names)]
    for row in table.to_pylist():
        written = {**row, "AGE": f"{row['AGE']},0", "w": f"{row['w']:.1f}".replace(".", ",")}
        lines.append(";".join(str(written[name]) for name in table.column_names))
    source = tmp_path / "personnes.csv"
    source.write_bytes("\r\n".join(lines).encode("cp1252"))
    spec = SPEC
    for old, new in (("AGE", '"Âge révolu"'), ("SEX,", "Sexe,"), ("BORN,", '"Né à l\'étranger",')):
        spec = spec.replace(old, new)
    spec = spec.replace('"LIGHT = 1"', "Lumière = 1")
    arrives = Arrival.model_validate({"encoding": "cp1252", "separator": ";", "decimal": ","})
    _, found = run(
        tmp_path, spec=spec, design=SAMPLE.replace("w\n", "Poids\n"), source=source, arrives=arrives
    )
    assert found == expected


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("  nativty: {from: BORN}\n", "There is no standard variable nativty, and no series uses it.\n"
         "  Did you mean nativity?"),
        ("  zz9: {from: BORN}\n", "Correct its name. If it is the country's own, say its `kind`."),
        ("leave_out: [8.6.11]\n", "no indicator or series 8.6.11 that could be left out.\n"
         "  Did you mean 8.6.1?"),
        ("  birthplace: {from: BORN, codes: alpha_5}\n", "alpha_5"),
        ("  birthplace: {from: BORN, codes: alpha_2, map: {x: FRA}}\n", "a `map` does not go with `codes`"),
    ],
)  # fmt: skip
def test_what_is_misspelt_in_a_specification_is_told_with_what_was_meant(tmp_path, line, complaint):
    spec = SPEC.replace('  nativity: {from: BORN, codes: {"0": NB, "1": FB}, missing: "9"}\n', "")
    with pytest.raises(ProjectError) as told:
        run(tmp_path, spec=spec + line)
    assert complaint in str(told.value)


def test_a_variable_of_the_countrys_own_may_wait_for_its_series(tmp_path):
    found, _ = run(tmp_path, spec=SPEC + "  shoes: {from: BORN, kind: code}\n")
    assert found.indicators == 1


def test_codes_come_from_a_map_an_international_one_or_a_dated_file(tmp_path):
    _, expected = run(tmp_path)
    (tmp_path / "born.csv").write_text(
        "from,to,valid_from,valid_to\n0,FB,,2023-12-31\n0,NB,2024-01-01,\n1,FB,,\n"
    )
    for lines in (
        '{from: BORN, map: {"0": NB, "1": FB}, missing: "9"}', "{from: BORN, codes: born.csv}",
    ):  # fmt: skip
        spec = SPEC.replace('{from: BORN, codes: {"0": NB, "1": FB}, missing: "9"}', lines)
        _, found = run(tmp_path, spec=spec)
        assert found == expected
    countries = ["US" if at % 4 else "FR" for at in range(400)]
    spec = SPEC.replace("nativity:", "birthplace:").replace(
        '{from: BORN, codes: {"0": NB, "1": FB}, missing: "9"}', "{from: BORN, codes: alpha_2}"
    )
    _, found = run(tmp_path, spec=spec, source=people(tmp_path, BORN=countries))
    assert [row["OBS_VALUE"] for row in found] == [row["OBS_VALUE"] for row in expected]


def test_rates_of_what_is_not_stated_are_empty_and_the_table_is_told(tmp_path):
    (tmp_path / "events.csv").write_text("region;events;population\na;3;1000\nb;;2000\nc;5;\n")
    arrives = Arrival.model_validate({"separator": ";"})
    said: list[str] = []
    found = aggregate_file(
        "rates", tmp_path / "events.csv", tmp_path / "a.csv", arrives=arrives, on_note=said.append
    )
    # Nothing is said of the events of b, so nothing can be of the rate of all.
    assert found.to_pylist() == [dict.fromkeys(["events", "population", "rate", "lower", "upper"])]
    assert said == [
        "events.csv does not state events in 1 of 3 rows, population in 1 of 3 rows: what needs them is"
        " empty, totals over these rows too. Fill them in, or leave such rows out on purpose."
    ]
    (tmp_path / "events.csv").write_text("events,population\n")
    with pytest.raises(DataRefused, match=r"events\.csv: the table has no rows"):
        aggregate_file("rates", tmp_path / "events.csv", tmp_path / "b.csv")
