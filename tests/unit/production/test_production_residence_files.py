"""Residence and coverage on plain files: parts, refusals, and what the commands print."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest

from residence_country import LAST_YEAR, country
from sojourn.errors import DataRefused, ProjectError
from sojourn.production import residence_files
from sojourn.production.coverage_files import coverage_file
from sojourn.production.residence_files import ResidenceSources, ResidenceTargets, index_file
from sojourn.project.coverage_declarations import CoverageDeclaration
from sojourn.project.load import load_declaration
from sojourn.project.residence_declarations import ResidenceDeclaration

SPEC = """\
id: ruritania
version: "2024-1"
years: {first: 2016, last: 2025}
start: 1
registers:
  - {id: tax, weight: 0.6}
  - {id: health, weight: 0.4}
  - {id: school, weight: 0.5}
  - {id: benefit, weight: 0.3}
groups:
  - {id: child, threshold: 0.5}
  - {id: foreign}
  - {id: old, weights: {health: 0.6}}
"""


@pytest.fixture(scope="module")
def known():
    return country(3, 4_000)


@pytest.fixture
def sources(tmp_path, known) -> ResidenceSources:
    """Signs and register of a small country, and a sample of the register."""
    names = ["person_id", *known.signs.column_names[1:]]
    pq.write_table(known.signs.rename_columns(names), tmp_path / "signs.parquet")
    names = ["person_id", *known.register.column_names[1:]]
    pcsv.write_csv(known.register.rename_columns(names), tmp_path / "register.csv")
    chosen = [person for person in range(0, len(known.registered), 5) if known.registered[person]]
    truth = {"person_id": [str(person) for person in chosen], "year": [LAST_YEAR] * len(chosen)}
    truth["resident"] = [bool(known.resident[person]) for person in chosen]
    pcsv.write_csv(pa.table(truth), tmp_path / "truth.csv")
    return ResidenceSources(tmp_path / "signs.parquet", tmp_path / "register.csv", tmp_path / "truth.csv")


def declared(folder: Path, text: str = SPEC, kind=ResidenceDeclaration):
    file = folder / "spec.yaml"
    file.write_text(text, encoding="utf-8")
    return load_declaration(file, kind)


def sorted_rows(file: Path) -> list[dict]:
    return pq.read_table(file).sort_by([("person_id", "ascending"), ("year", "ascending")]).to_pylist()


def test_parts_of_the_people_give_what_all_of_them_give_at_once(tmp_path, sources, monkeypatch):
    results = []
    for size, name in ((10**9, "whole"), (700, "parts")):
        monkeypatch.setattr(residence_files, "PEOPLE_OF_A_PART", size)
        targets = ResidenceTargets(
            tmp_path / f"{name}.parquet",
            tmp_path / f"{name}-changes.parquet",
            tmp_path / f"{name}-population.parquet",
        )
        told = []
        tell = lambda done, of, told=told: told.append(of)  # noqa: E731  one list for each run
        index_file(sources, targets, declared=declared(tmp_path), on_progress=tell)
        assert len(told) > 5 if name == "parts" else len(told) == 1
        results.append(
            [
                sorted_rows(targets.index),
                sorted_rows(targets.changes),
                pq.read_table(targets.population).to_pylist(),
            ]
        )
    assert results[0] == results[1]


def test_learned_weights_put_the_population_right_and_tell_how_good_they_are(tmp_path, sources, known):
    targets = ResidenceTargets(
        tmp_path / "index.parquet", None, tmp_path / "population.csv", tmp_path / "learned.csv"
    )
    found = index_file(sources, targets, declared=declared(tmp_path, SPEC + "weights: estimated\n"))
    whole = found.population[-1]
    truth = int((known.registered & known.resident).sum())
    assert whole["year"] == LAST_YEAR
    assert whole["registered"] == int(known.registered.sum())
    assert whole["lower"] <= truth <= whole["upper"]
    assert found.quality[-1]["group"] == "_T"
    assert found.quality[-1]["auc"] > 0.7
    coefficients = pcsv.read_csv(targets.weights)
    assert len(coefficients) == 4 * 6
    population = pcsv.read_csv(targets.population)
    assert pc.sum(pc.is_valid(population["population"])).as_py() == 5
    told = pq.read_schema(targets.index).metadata
    assert {told[b"version"], told[b"status"], told[b"verified"]} == {b"2024-1", b"proposed", b"no"}


def test_without_a_sample_numbers_have_no_interval_and_are_not_said_to_be_true(tmp_path, sources):
    without = ResidenceSources(sources.signs, sources.register)
    found = index_file(without, ResidenceTargets(tmp_path / "index.csv"), declared=declared(tmp_path))
    assert [row["population"] for row in found.population] == [None] * 10
    assert found.rows == sum(row["registered"] for row in found.population)


REFUSALS = {
    "a register that is not declared": ("signs", {"register": ["bank"]}, "registers that are not declared"),
    "two rows of one year": ("register", {"person_id": ["1", "1"], "year": [2016, 2016]}, "repeat another"),
    "a row without a person": ("register", {"person_id": ["1", None]}, "lack a person or a year"),
    "another group": ("register", {"group": ["adult"]}, "groups that are not declared"),
    "another code": ("register", {"residence": ["yes"]}, "other codes than R, N and _U"),
    "a year without signs": ("truth", {"year": [2016]}, "other years than 2017 to 2025"),
    "somebody twice": ("truth", {"person_id": ["1", "1"]}, "more than once"),
    "nobody": ("truth", {"person_id": []}, "nobody in the truth sample"),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_files_that_contradict_themselves_or_the_declaration_are_refused(tmp_path, what):
    file, changed, message = REFUSALS[what]
    rows = {
        "signs": {"person_id": ["1"], "register": ["tax"], "year": [2016], "n_events": [1]},
        "register": {"person_id": ["1"], "year": [2016], "group": ["child"], "residence": ["R"]},
        "truth": {"person_id": ["1"], "year": [2020], "resident": [True]},
    }
    size = len(next(iter(changed.values())))
    rows[file] = {name: (values * 2)[:size] for name, values in rows[file].items()} | changed
    for name, columns in rows.items():
        kinds = {"person_id": pa.string(), "year": pa.int64(), "resident": pa.bool_()}
        arrays = {each: pa.array(values, kinds.get(each)) for each, values in columns.items()}
        pq.write_table(pa.table(arrays), tmp_path / f"{name}.parquet")
    files = ResidenceSources(*(tmp_path / f"{name}.parquet" for name in ("signs", "register", "truth")))
    with pytest.raises(DataRefused, match=message):
        index_file(files, ResidenceTargets(tmp_path / "index.csv"), declared=declared(tmp_path))
    assert not (tmp_path / "index.csv").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SPEC.replace("id: tax, weight: 0.6", "id: tax, weight: 6"), "registers.0.weight"),
        (SPEC.replace("{id: foreign}", "{id: child}"), "the group child is declared twice"),
        (SPEC.replace("weights: {health", "weights: {bank"), "weight for bank, which is no register"),
        (SPEC.replace("last: 2025", "last: 2015"), "the last year 2015 is before the first 2016"),
        (SPEC + "stabilty: 0.9\n", "Did you mean stability?"),
    ],
)
def test_mistakes_in_a_declaration_are_told_with_their_place(tmp_path, text, message):
    with pytest.raises(ProjectError, match=r"spec\.yaml:\d+: ") as told:
        declared(tmp_path, text)
    assert message in str(told.value)


def test_weights_cannot_be_learned_without_a_sample_nor_written_when_declared(tmp_path, sources):
    without = ResidenceSources(sources.signs, sources.register)
    target, weights = tmp_path / "index.csv", tmp_path / "weights.csv"
    learned = declared(tmp_path, SPEC + "weights: estimated\n")
    with pytest.raises(ProjectError, match="no truth sample"):
        index_file(without, ResidenceTargets(target), declared=learned)
    with pytest.raises(ProjectError, match="they are declared"):
        index_file(sources, ResidenceTargets(target, weights=weights), declared=declared(tmp_path))


def test_two_lists_with_their_rates_are_read_by_their_names(tmp_path):
    (tmp_path / "strata.csv").write_text(
        "stratum,first,second,linked,missed,missed_error,false,false_error,first_erroneous\n"
        "north,750,200,85,0.2,0.01,0.05,0.01,0.2\nsouth,600,200,100,0,0,0,0,0\n"
    )
    found = coverage_file(tmp_path / "strata.csv", tmp_path / "totals.csv", chapman=False)
    assert [row["total"] for row in found.rows] == pytest.approx([1200.0, 1200.0, 2400.0])
    assert pcsv.read_csv(tmp_path / "totals.csv")["stratum"].to_pylist() == ["north", "south", "_T"]


PATTERNS = (
    "border,school,tax,people\n0,0,1,100\n0,1,0,150\n0,1,1,100\n1,0,0,150\n1,0,1,100\n1,1,0,150\n1,1,1,100\n"
)


def test_several_lists_give_every_model_and_what_each_list_misses(tmp_path):
    (tmp_path / "patterns.csv").write_text(PATTERNS)
    found = coverage_file(tmp_path / "patterns.csv", tmp_path / "models.parquet")
    table = pq.read_table(tmp_path / "models.parquet").to_pylist()
    assert len(table) == 8
    assert table[0]["model"] == "border + school + tax"
    assert found.rows[0]["total"] == pytest.approx(1000.0)
    # 500 of 1000 are on the first, 400 on the last.
    assert table[0]["undercoverage_border"] == pytest.approx(0.5)
    assert table[0]["undercoverage_tax"] == pytest.approx(0.6)


def test_declared_errors_of_lists_are_taken_off(tmp_path):
    (tmp_path / "patterns.csv").write_text(PATTERNS)
    text = (
        "lists:\n  - {id: border, erroneous: 0.1, erroneous_error: 0.01}\n  - {id: school}\n  - {id: tax}\n"
    )
    found = coverage_file(
        tmp_path / "patterns.csv", tmp_path / "a.csv", declared=declared(tmp_path, text, CoverageDeclaration)
    )
    assert found.rows[0]["total"] < 1000.0
    assert found.rows[0]["lower"] < found.rows[0]["total"] < found.rows[0]["upper"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b,people\n0,2,4\n", "something else than 0 and 1"),
        ("a,b,people\n0,0,4\n", "on none of the lists"),
        ("a,b,people\n0,1,4\n0,1,5\n", "a pattern occurs twice"),
        ("a,b\n0,1\n", "there is no column people"),
        ("a,people\n1,4\n", "2 to 5 lists"),
        ("a,b,people\n0,1,4\n1,0,\n", "empty cells"),
        ("first,second,linked\n5,4,9\n", "more links than a list has records"),
        ("first,second,linked\n5,4,3\n5,4,3\n", "need a column stratum"),
        ("stratum,first,second,linked\n_T,5,4,3\n", "as the total is"),
        ("first,second,linked,missed\n5,4,3,1.5\n", "missed must be at least 0 and below 1"),
    ],
)
def test_counts_that_say_nothing_are_refused(tmp_path, text, message):
    (tmp_path / "counts.csv").write_text(text)
    with pytest.raises(DataRefused, match=message):
        coverage_file(tmp_path / "counts.csv", tmp_path / "out.csv")


def test_the_commands_print_one_document_and_say_the_rest_to_people(commands, tmp_path, sources):
    (tmp_path / "residence.yaml").write_text(SPEC + "weights: estimated\n")
    (tmp_path / "patterns.csv").write_text(PATTERNS)
    asked = [
        ["residency-index", "signs.parquet", "index.parquet", "--register", "register.csv", "--spec",
         "residence.yaml", "--truth", "truth.csv"],
        ["estimate-coverage", "patterns.csv", "models.csv"],
    ]  # fmt: skip
    done = [commands.run("--json", "tool", *words, cwd=tmp_path) for words in asked]
    assert [command.returncode for command in done] == [0, 0]
    index, coverage = (json.loads(command.stdout) for command in done)
    assert set(index["residence"]) <= {"R", "N", "_U"}
    assert index["population"][-1]["lower"] < index["population"][-1]["upper"]
    assert coverage["spreads"]["_T"][0] <= coverage["rows"][0]["total"] <= coverage["spreads"]["_T"][1]
