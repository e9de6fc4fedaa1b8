"""The small census: who is in it, that the sample stands for everybody, and that a seed says all."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import numpy as np
import pytest

from sojourn.demo.census import CensusFiles, write_census
from sojourn.demo.census.__main__ import main
from sojourn.demo.census.people import FOREIGN, REFERENCE_YEAR, households_of
from sojourn.demo.country import HOME
from sojourn.errors import ProjectError


@pytest.fixture(scope="module")
def census(tmp_path_factory: pytest.TempPathFactory) -> CensusFiles:
    return write_census(tmp_path_factory.mktemp("census") / "out", households=4_000, seed=3)


def lines(census: CensusFiles, name: str) -> list[dict[str, str]]:
    with (census.folder / f"{name}.csv").open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def test_nobody_arrives_before_birth_and_children_born_here_did_not_come():
    people = households_of(np.random.default_rng(1), 3_000)
    came = people.arrival_year > 0
    born = REFERENCE_YEAR - people.age
    assert (people.arrival_year[came] >= born[came]).all()
    assert ((people.birthplace != HOME) <= came).all()
    # Born abroad are a little fewer than foreign households, since their young children were born here.
    assert 0.5 * FOREIGN < (people.birthplace != HOME).mean() < 1.3 * FOREIGN


def test_neighbours_are_alike():
    people = households_of(np.random.default_rng(2), 3_000)
    foreign = (people.birthplace != HOME).astype(float)
    share = np.bincount(people.unit, foreign) / np.bincount(people.unit)
    # Drawn one by one the shares of units would vary by p (1 - p) / n; neighbourhoods vary far more.
    assert share.var() > 3 * FOREIGN * (1 - FOREIGN) / np.bincount(people.unit).mean()


def test_weights_of_the_sample_add_up_to_about_everybody(census: CensusFiles):
    sample = lines(census, "survey_persons")
    total = sum(float(row["WT"]) for row in sample)
    assert total == pytest.approx(census.rows["census_persons"], rel=0.1)
    assert {row["HH"] for row in lines(census, "survey_emigrants")} <= {row["HH"] for row in sample}


def test_a_question_that_was_not_asked_leaves_an_empty_cell(census: CensusFiles):
    for row in lines(census, "census_persons"):
        if row["AGE"] and int(row["AGE"]) < 5:
            assert (row["R5"], row["R5REG"], row["R5CTRY"]) == ("", "", "")
        if row["COB"] == "001" and row["ABROAD"] == "2":
            assert (row["ARRYR"], row["WHY"], row["LASTC"]) == ("", "", "")


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path):
    digests = []
    for name in ("one", "other"):
        assert main([str(tmp_path / name), "--households", "500", "--seed", "9"]) == 0
        digests.append(
            [hashlib.sha256(file.read_bytes()).digest() for file in sorted((tmp_path / name).iterdir())]
        )
    assert digests[0] == digests[1]


def test_a_folder_that_holds_something_and_too_small_a_census_are_refused(tmp_path: Path, capsys):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "note.txt").write_text("kept", encoding="utf-8")
    assert main([str(tmp_path / "full")]) == 2
    assert "is not empty" in capsys.readouterr().err
    with pytest.raises(ProjectError, match="too small"):
        write_census(tmp_path / "new", households=10)
