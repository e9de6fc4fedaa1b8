"""Migration tables on plain files: a small census and its sample, counted again record by record."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reading_here import reading_here
from sojourn.demo.census import write_census
from sojourn.errors import DataRefused, ProjectError
from sojourn.production.microdata_units import UnitFiles
from sojourn.production.migration_table_files import (
    MigrationTablesSummary,
    migration_tables_files,
    wanted_tables,
)
from sojourn.project.load import load_declaration
from sojourn.project.migration_table_declarations import MigrationTablesDeclaration
from sojourn.project.survey_declarations import SecondPhaseDeclaration, SurveyDesignDeclaration

YEAR = 2024
ALL = "_T"


@dataclass(frozen=True)
class Made:
    """The folder of a run, and what it said."""

    folder: Path
    said: MigrationTablesSummary
    persons: list[dict[str, str]]
    emigrants: list[dict[str, str]]

    def table(self, name: str) -> list[dict[str, Any]]:
        return pq.read_table(self.folder / f"{name}.parquet").to_pylist()


@pytest.fixture(scope="module", autouse=True)
def no_child() -> Iterator[None]:
    """Files are read here, without a process for each."""
    with reading_here():
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("census") / "data"
    write_census(folder, households=900, seed=7)
    return folder


def run(data: Path, target: Path, kind: str, **changes: Any) -> MigrationTablesSummary:
    declared = load_declaration(data / f"{kind}.yaml", MigrationTablesDeclaration)
    drawn = load_declaration(data / "design.yaml", SurveyDesignDeclaration) if kind == "survey" else None
    settings = {"declared": declared, "design": drawn, "form": "parquet", **changes}
    files = UnitFiles(data / f"{kind}_persons.csv", None, data / f"{kind}_emigrants.csv", data)
    return migration_tables_files(files, target, **settings)


def made(data: Path, kind: str) -> Made:
    target = data / f"{kind}_tables"
    said = run(data, target, kind)
    return Made(target, said, lines(data / f"{kind}_persons.csv"), lines(data / f"{kind}_emigrants.csv"))


def lines(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


@pytest.fixture(scope="module")
def census(data: Path) -> Made:
    return made(data, "census")


@pytest.fixture(scope="module")
def survey(data: Path) -> Made:
    return made(data, "survey")


def counted(keys: list[tuple[tuple[str, ...], float]], size: int) -> dict[tuple[str, ...], float]:
    """Sums by key, with all totals."""
    found: dict[tuple[str, ...], float] = defaultdict(float)
    for key, weight in keys:
        for kept in range(2**size):
            shown = tuple(part if kept >> place & 1 else ALL for place, part in enumerate(key))
            found[shown] += weight
    return dict(found)


def told(rows: list[dict[str, Any]], *names: str) -> dict[tuple[str, ...], float]:
    return {tuple(row[name] for name in names): row["value"] for row in rows}


def birth(person: dict[str, str]) -> str:
    return "_U" if person["COB"] == "999" else "NB" if person["COB"] == "001" else "FB"


def citizen(person: dict[str, str]) -> str:
    if "001" in (person["CTZ1"], person["CTZ2"]):
        return "CIT"
    return {"998": "STLS", "999": "_U"}.get(person["CTZ1"], "NONCIT")


def sex(person: dict[str, str]) -> str:
    return {"1": "M", "2": "F"}[person["SEX"]]


def age_group(text: str) -> str:
    if not text:
        return "_U"
    first = int(text) // 5 * 5
    return "Y_GE85" if first >= 85 else f"Y{first}T{first + 4}"


def test_every_tabulation_of_the_micro_file_is_made_and_totals_reconcile(census: Made, survey: Made):
    for each in (census, survey):
        tabulations = {row["part_of"] for row in each.table("availability") if row["available"]}
        assert tabulations == {str(number) for number in (*range(1, 14), *range(17, 23))}
        assert list(each.said.not_made) == ["T13B"]
        held = [row["holds"] for row in each.table("reconciliation")]
        assert False not in held
        assert each.said.compared == sum(held) > 120


def test_birth_citizenship_and_sex_are_those_of_the_records(census: Made):
    keys = [((birth(p), citizen(p), sex(p)), 1.0) for p in census.persons]
    assert told(census.table("T03"), "nativity", "citizen", "sex") == counted(keys, 3)


def test_foreign_born_by_arrival_sex_and_age_are_those_of_the_records(census: Made):
    def period(person: dict[str, str]) -> str:
        year = int(person["ARRYR"] or 0)
        if not year:
            return "_U"
        if year >= YEAR - 4:
            return str(year)
        first = year - year % 5
        return f"{first}-{first + 4}" if first >= 1980 else "LT1980"

    born_abroad = [p for p in census.persons if birth(p) == "FB"]
    keys = [((period(p), sex(p), age_group(p["AGE"])), 1.0) for p in born_abroad]
    assert told(census.table("T04A"), "arrival_period", "sex", "age_group") == counted(keys, 3)
    unknown = sum(birth(p) == "_U" for p in census.persons)
    assert {row["not_stated"] for row in census.table("availability") if row["table_id"] == "T04A"} == {
        unknown
    }


def test_households_and_emigrants_are_those_of_the_records(census: Made):
    answers = {1: "Y", 2: "N", 9: "_U"}
    reporting = {each["HH"] for each in census.emigrants}
    households = {
        p["HH"]: ("Y" if p["HH"] in reporting else answers[int(p["EMIG"])], answers[int(p["REMIT"])])
        for p in census.persons
    }
    keys = [(pair, 1.0) for pair in households.values()]
    found = told(census.table("T12A"), "has_emigrants", "receives_remittances")
    assert found == counted(keys, 2)
    destinations = Counter(each["DEST"] == "999" for each in census.emigrants)
    assert told(census.table("T08A"), "destination", "sex", "age_group")["_U", ALL, ALL] == destinations[True]
    years = Counter(each["YRDEP"] or "_U" for each in census.emigrants)
    by_year = told(census.table("T08B"), "departure_year", "destination", "sex")
    assert {
        key[0]: value for key, value in by_year.items() if key[1:] == (ALL, ALL) and key[0] != ALL
    } == years


def test_a_census_has_no_sampling_error(census: Made):
    assert {row["standard_error"] for row in census.table("T01A")} == {None}
    assert {row["footnote"] for row in census.table("yearbook_20")} == {None}


def test_errors_of_a_sample_are_those_of_its_neighbourhoods(survey: Made):
    by_unit: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    units = {}
    for person in survey.persons:
        by_unit[person["STRATUM"]][person["UNIT"]] += float(person["WT"]) * (birth(person) == "FB")
        units[person["STRATUM"]] = int(person["UNITS"])
    variance = 0.0
    for stratum, totals in by_unit.items():
        values, drawn = np.array(list(totals.values())), len(totals)
        spread = ((values - values.mean()) ** 2).sum()
        if drawn < units[stratum]:
            variance += (1 - drawn / units[stratum]) * drawn / (drawn - 1) * spread
    rows = {(row["nativity"], row["sex"], row["age_group"]): row for row in survey.table("T01A")}
    row = rows["FB", ALL, ALL]
    assert row["value"] == pytest.approx(sum(sum(each.values()) for each in by_unit.values()), rel=1e-12)
    assert row["standard_error"] == pytest.approx(variance**0.5, rel=1e-10)
    assert {row["footnote"] for row in survey.table("yearbook_20")} == {"estimate from a sample"}


def test_figures_of_the_sample_lie_around_those_of_the_census(census: Made, survey: Made):
    names = ("nativity", "citizen", "sex")
    truth = told(census.table("T03"), *names)
    rows = [row for row in survey.table("T03") if row["contributors"] >= 30]
    misses = [
        abs(row["value"] - truth.get(tuple(row[name] for name in names), 0.0)) / row["standard_error"]
        for row in rows
    ]
    assert len(rows) > 10
    assert max(misses) < 4


def test_the_metadata_say_what_the_yearbook_asks(survey: Made):
    said = {row["key"]: row["value"] for row in survey.table("metadata")}
    assert said["source_type"] == "survey"
    assert said["reference_date"] == "2024-12-31"
    assert said["usual_residence"] == "twelve_months"
    assert said["birthplace_basis"] == "mothers_residence"
    assert said["protection"] == "none: not for publication as it is"
    assert said["records_person"] == f"{len(survey.persons)}"


def test_answers_tell_not_stated_not_asked_and_not_known_apart(census: Made):
    answers = {(row["unit"], row["variable"]): row for row in census.table("answers")}
    acquired = answers["person", "citizenship_acquired"]
    assert acquired["missing"] == sum(p["CTZACQ"] == "" for p in census.persons)
    assert acquired["not_known"] == sum(p["CTZACQ"] == "9" for p in census.persons)
    assert acquired["stated"] == sum(p["CTZACQ"] in ("1", "2") for p in census.persons)
    activity = answers["person", "activity"]
    assert activity["not_applicable"] == sum(p["ACT"] == "4" for p in census.persons)


def test_records_that_contradict_themselves_are_counted_and_not_shown(census: Made):
    rows = {row["check_id"]: row for row in census.table("record_checks")}
    lost = sum(birth(p) == "FB" and not p["ARRYR"] for p in census.persons)
    assert rows["born_abroad_without_arrival"]["failing"] == lost > 0
    assert rows["residence_before_birth"]["failing"] == 0
    assert census.said.failing["born_abroad_without_arrival"] == lost


def test_tables_of_the_countrys_own_stand_beside_or_instead_of_sojourns(data: Path, tmp_path: Path):
    text = (data / "census.yaml").read_text(encoding="utf-8") + (
        "tables: [T01A, T12B, WOMEN, T02A]\nown:\n"
        "  - {id: WOMEN, title: {en: Women}, universe: \"sex = 'F'\", by: nativity}\n"
        "  - {id: T02A, title: {en: Regions}, by: [region], needs: [region]}\n"
    )
    (data / "own.yaml").write_text(text, encoding="utf-8")
    declared = load_declaration(data / "own.yaml", MigrationTablesDeclaration)
    files = UnitFiles(data / "census_persons.csv", folder=data)
    said = migration_tables_files(files, tmp_path / "own", declared=declared)
    assert said.tables == ["T01A", "WOMEN", "T02A", "T12B"]
    women = {row["nativity"]: float(row["value"]) for row in lines(tmp_path / "own" / "WOMEN.csv")}
    persons = lines(data / "census_persons.csv")
    assert women["FB"] == sum(birth(p) == "FB" and p["SEX"] == "2" for p in persons)
    assert lines(tmp_path / "own" / "T02A.csv")[0]["region"].startswith("R")
    # The identity of T02A is that of Sojourn's table, and is not asked of another one.
    checks = {row["check_id"] for row in lines(tmp_path / "own" / "reconciliation.csv")}
    assert checks == {"totals", "records"}


def test_a_table_that_there_is_not_is_refused(data: Path):
    declared = load_declaration(data / "census.yaml", MigrationTablesDeclaration)
    with pytest.raises(ProjectError, match=r"There is no table DYB 20\.\n  Did you mean DYB20"):
        wanted_tables(declared.model_copy(update={"tables": ("DYB 20",)}))
    with pytest.raises(ProjectError, match="There are T01A, T01B"):
        wanted_tables(declared.model_copy(update={"tables": ("population",)}))


def test_a_two_phase_sample_has_no_migration_tables(data: Path, tmp_path: Path):
    design = load_declaration(data / "design.yaml", SurveyDesignDeclaration)
    second = SecondPhaseDeclaration(drawn="a", unit="each_record", weight_covers="both_phases")
    with pytest.raises(ProjectError, match="Migration tables are not made of two-phase samples"):
        run(data, tmp_path / "out", "survey", design=design.model_copy(update={"second_phase": second}))


def test_a_survey_needs_its_design_and_names_its_weight_once(data: Path, tmp_path: Path):
    with pytest.raises(ProjectError, match="need the design of its sample"):
        run(data, tmp_path / "out", "survey", design=None)
    declared = load_declaration(data / "survey.yaml", MigrationTablesDeclaration)
    columns = {**declared.persons.columns, "weight": declared.persons.columns["age"]}
    persons = declared.persons.model_copy(update={"columns": columns})
    with pytest.raises(ProjectError, match="both in the design and among the columns"):
        run(data, tmp_path / "out", "survey", declared=declared.model_copy(update={"persons": persons}))
    assert not (tmp_path / "out").exists()


def test_nothing_is_overwritten(data: Path, tmp_path: Path):
    (tmp_path / "there").mkdir()
    with pytest.raises(ProjectError, match="there exists"):
        run(data, tmp_path / "there", "census")


def test_a_file_of_emigrants_needs_a_declaration(data: Path, tmp_path: Path):
    declared = load_declaration(data / "census.yaml", MigrationTablesDeclaration)
    with pytest.raises(ProjectError, match="no declaration of its columns"):
        run(data, tmp_path / "out", "census", declared=declared.model_copy(update={"emigrants": None}))


SMALL = """
id: small
country: XRT
source: {kind: census, name: Small, reference_date: 2024-12-31}
persons:
  columns:
    household_id: H
    sex: {from: S, map: {1: M, 2: F}}
    age: A
    birthplace: {from: B, codes: m49}
emigrants: {columns: {household_id: H, sex: {from: S, map: {1: M, 2: F}}, destination: B}}
"""


def small(folder: Path, persons: str, spec: str = SMALL, **files: str) -> MigrationTablesSummary:
    (folder / "spec.yaml").write_text(spec, encoding="utf-8")
    for name, text in {"persons": persons, **files}.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    design = folder / "design.yaml"
    return migration_tables_files(
        UnitFiles(
            folder / "persons.csv", None, folder / "emigrants.csv" if "emigrants" in files else None, folder
        ),
        folder / "out",
        declared=load_declaration(folder / "spec.yaml", MigrationTablesDeclaration),
        design=load_declaration(design, SurveyDesignDeclaration) if design.exists() else None,
    )


def test_a_code_that_no_map_knows_refuses_the_file_in_numbers_only(tmp_path: Path):
    persons = "H,S,A,B\na,1,forty,276\na,3,40,4\nb,3,40,secret-place\n"
    with pytest.raises(DataRefused) as refused:
        small(tmp_path, persons)
    assert str(refused.value) == (
        "persons.csv: age: 1 records hold no whole number.\n"
        "  Name under `arrives` the texts that are `missing`.\n"
        "persons.csv: birthplace: 1 records hold a code that no map knows.\n"
        "  Add it to the map; what is not known is _U.\n"
        "persons.csv: sex: 2 records hold a code that no map knows.\n"
        "  Add it to the map; what is not known is _U."
    )
    assert not list(tmp_path.glob(".sojourn*"))


def test_a_variable_or_code_that_there_is_not_is_refused_with_the_nearest(tmp_path: Path):
    with pytest.raises(
        ProjectError, match=r"birth_place is no variable of a respondent\.\n  Did you mean birthplace"
    ):
        small(tmp_path, "H,S,A,B\n", SMALL.replace("birthplace:", "birth_place:"))
    with pytest.raises(ProjectError, match="sex: 'W' is not a code of CL_SEX"):
        small(tmp_path, "H,S,A,B\na,1,40,4\n", SMALL.replace("2: F", "2: W"))


def test_emigrants_of_a_sample_need_their_household(tmp_path: Path):
    (tmp_path / "design.yaml").write_text(
        "{variance: taylor, weight: W, stages: [{unit: each_record}]}", encoding="utf-8"
    )
    persons = "H,S,A,B,W\na,1,40,4,10\nb,2,30,276,20\n"
    with pytest.raises(DataRefused, match=r"persons\.csv: 1 emigrants are reported by households"):
        small(tmp_path, persons, emigrants="H,S,B\na,1,FRA\nz,2,FRA\n")


def test_one_weight_for_household_and_emigrants_where_records_were_drawn_themselves(tmp_path: Path):
    (tmp_path / "design.yaml").write_text(
        "{variance: taylor, weight: W, stages: [{unit: each_record}]}", encoding="utf-8"
    )
    persons = "H,S,A,B,W\na,1,40,4,10\nb,2,30,276,20\n"
    own = SMALL + (
        "own: [{id: GONE, unit: emigrant, title: {en: Gone}, by: [destination], needs: [destination]}]\n"
        "tables: [GONE]\n"
    )
    said = small(tmp_path, persons, own, emigrants="H,S,B\na,1,FRA\na,2,FRA\nb,2,_U\n")
    assert said.tables == ["GONE"]
    rows = {row["destination"]: row for row in lines(tmp_path / "out" / "GONE.csv")}
    # Two in France stand for 20, of one household: 20 and nobody, 2 x (10² + 10²) = 400.
    assert (float(rows["FRA"]["value"]), float(rows["FRA"]["standard_error"])) == (20, 20)
    assert float(rows["_U"]["value"]) == 20


def test_tables_are_the_same_in_whatever_order_records_lie(data: Path, survey: Made, tmp_path: Path):
    declared = load_declaration(data / "survey.yaml", MigrationTablesDeclaration)
    head, *rows = (data / "survey_persons.csv").read_text(encoding="utf-8").splitlines()
    (tmp_path / "persons.csv").write_text("\n".join([head, *rows[::-1]]), encoding="utf-8")
    migration_tables_files(
        UnitFiles(tmp_path / "persons.csv", None, None, data),
        tmp_path / "out",
        declared=declared.model_copy(update={"tables": ("T01A", "T10B")}),
        design=load_declaration(data / "design.yaml", SurveyDesignDeclaration),
        form="parquet",
    )
    for name in ("T01A", "T10B"):
        one, other = (
            pq.read_table(folder / f"{name}.parquet") for folder in (survey.folder, tmp_path / "out")
        )
        for column in one.column_names:
            before, now = (found[column].to_pylist() for found in (one, other))
            if pa.types.is_floating(one.schema.field(column).type):
                before, now = ([-1 if value is None else value for value in part] for part in (before, now))
                assert now == pytest.approx(before, rel=1e-12)
            else:
                assert now == before


HEAD = "H,S,A,B,W\n"
EACH = "{variance: taylor, weight: W, stages: [{unit: each_record}]}"


@pytest.mark.parametrize(
    ("persons", "error", "said"),
    [
        ("a,1,40,4,\nb,2,4,4,3\n", DataRefused, "W: 1 records hold nothing, where it must be filled"),
        ("a,1,40,4,x\nb,2,4,4,3\n", DataRefused, "W: 1 records hold no number"),
        ("a,1,40,4,-1\nb,2,4,4,3\n", ProjectError, "The main weight W is negative"),
        ("a,1,40,4,3\n", ProjectError, "1 of 1 strata .* have one sampled unit"),
    ],
    ids=["a weight is missing", "a weight is no number", "a weight is negative", "one unit only"],
)
def test_weights_and_designs_that_leave_something_open_are_refused(
    tmp_path: Path, persons: str, error: type[Exception], said: str
):
    (tmp_path / "design.yaml").write_text(EACH, encoding="utf-8")
    with pytest.raises(error, match=said):
        small(tmp_path, HEAD + persons)


def test_a_weight_of_zero_is_nobodys_contribution(tmp_path: Path):
    (tmp_path / "design.yaml").write_text(EACH, encoding="utf-8")
    small(tmp_path, HEAD + "a,1,40,4,0\nb,2,4,4,3\n", SMALL + "tables: [T02A]\n")
    rows = {(row["birthplace"], row["sex"]): row for row in lines(tmp_path / "out" / "T02A.csv")}
    assert {key[1] for key in rows} == {"F", ALL}
    assert (rows[ALL, ALL]["value"], rows[ALL, ALL]["contributors"]) == ("3", "1")
    assert rows[ALL, ALL]["standard_error"] == "3"  # 3 and nobody, around 1.5: 2 x (1.5² + 1.5²) = 9


def test_a_file_without_a_record_gives_tables_of_nobody(tmp_path: Path):
    said = small(tmp_path, "H,S,A,B\n", emigrants="H,S,B\n")
    assert (said.records, said.not_holding) == ({"person": 0, "emigrant": 0}, [])
    [row] = lines(tmp_path / "out" / "T01A.csv")
    assert (row["nativity"], row["sex"], row["value"], row["contributors"]) == (ALL, ALL, "0", "0")


def test_households_in_a_file_of_their_own_have_their_own_weights(tmp_path: Path):
    spec = SMALL.replace(
        "emigrants: {columns: {household_id: H, sex: {from: S, map: {1: M, 2: F}}, destination: B}}",
        "households: {columns: {household_id: H, has_emigrants: E, receives_remittances: R}, weight: HW}",
    )
    (tmp_path / "design.yaml").write_text(
        "{variance: taylor, weight: W, stages: [{unit: P}]}", encoding="utf-8"
    )
    for name, text in {
        "spec.yaml": spec + "tables: [T12A, T12B]\n",
        "persons.csv": "H,S,A,B,W,P\na,1,40,4,10,p\na,2,38,4,14,p\nb,2,30,4,20,q\n",
        "households.csv": "H,E,R,HW,P\na,Y,N,12,p\nb,N,Y,20,q\nc,Y,_U,8,q\n",
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    said = migration_tables_files(
        UnitFiles(tmp_path / "persons.csv", tmp_path / "households.csv", None, tmp_path),
        tmp_path / "out",
        declared=load_declaration(tmp_path / "spec.yaml", MigrationTablesDeclaration),
        design=load_declaration(tmp_path / "design.yaml", SurveyDesignDeclaration),
    )
    assert said.records == {"person": 3, "household": 3}
    rows = lines(tmp_path / "out" / "T12A.csv")
    found = {(row["has_emigrants"], row["receives_remittances"]): float(row["value"]) for row in rows}
    assert (found["Y", ALL], found["N", ALL], found[ALL, "_U"]) == (20, 20, 8)
    [share] = lines(tmp_path / "out" / "T12B.csv")
    assert float(share["value"]) == 0.5


@pytest.mark.parametrize(
    ("design", "error"),
    [
        # Without the first or the second: 0 or 2 x 20 men and emigrants' household weights, 1/2 x (20² + 20²)
        ("{variance: replicates, weight: W, kind: brr, weights: [R1, R2]}", 400**0.5),
        # A jackknife of a total is its linearised error: 20 and nobody, 2 x (10² + 10²).
        ("{variance: replicates, weight: W, stages: [{unit: H}], make: {kind: jk1}}", 400**0.5),
    ],
    ids=["delivered", "made"],
)
def test_replicate_weights_give_persons_and_emigrants_their_errors(tmp_path: Path, design: str, error: float):
    (tmp_path / "design.yaml").write_text(design, encoding="utf-8")
    persons = "H,S,A,B,W,R1,R2\na,1,40,4,20,40,0\nb,2,30,276,20,0,40\n"
    own = SMALL + (
        "own: [{id: GONE, unit: emigrant, title: {en: Gone}, by: [destination], needs: [destination]}]\n"
        "tables: [GONE, T02A]\n"
    )
    small(tmp_path, persons, own, emigrants="H,S,B\na,1,FRA\n")
    [men] = [
        row for row in lines(tmp_path / "out" / "T02A.csv") if (row["birthplace"], row["sex"]) == (ALL, "M")
    ]
    gone = {row["destination"]: row for row in lines(tmp_path / "out" / "GONE.csv")}["FRA"]
    for row in (men, gone):
        assert (float(row["value"]), float(row["standard_error"])) == (20, pytest.approx(error))


def test_numbers_that_weights_were_calibrated_to_have_no_error(tmp_path: Path):
    design = EACH[:-1] + ", calibrated: {base_weight: D, margins: [[S]]}}"
    (tmp_path / "design.yaml").write_text(design, encoding="utf-8")
    persons = "".join(f"h{at},{1 + at % 2},{20 + at},{4 + 4 * (at % 3 == 0)},{3 + at % 4},{2 + at % 3}\n"
                      for at in range(12))  # fmt: skip
    small(tmp_path, "H,S,A,B,W,D\n" + persons, SMALL + "tables: [T02A]\n")
    rows = {(row["birthplace"], row["sex"]): row for row in lines(tmp_path / "out" / "T02A.csv")}
    assert float(rows[ALL, "F"]["standard_error"]) == pytest.approx(0, abs=1e-9)
    assert float(rows["ALB", "F"]["standard_error"]) > 0.1
