"""What the commands of SDG indicators say and refuse, as their users meet them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sojourn.cli.app import app
from sojourn.errors import SojournError

SPEC = """
area: XRR
period: "2024"
variables:
  nativity: {from: born, map: {"0": NB, "1": FB}}
  electricity: {when: light = 1}
"""


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Records, design and specification."""
    rows = [f"{at % 2},{int(at % 5 != 0)}" for at in range(200)]
    given = {
        "persons.csv": "born,light\n" + "\n".join(rows) + "\n",
        "design.yaml": "variance: none\n",
        "sdg.yaml": SPEC,
    }
    for name, text in given.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return {name: tmp_path / name for name in (*given, "out.csv", "report.csv")}


def told(*words: object) -> Any:
    """The result of a command; what it refuses is raised."""
    done = CliRunner().invoke(app, [*map(str, words)])
    if isinstance(done.exception, SojournError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done


def command(files: dict[str, Path], *more: object) -> list[object]:
    """The words of a run."""
    options = ["--design", files["design.yaml"], "--spec", files["sdg.yaml"], *more]
    return ["tool", "sdg-indicators", files["persons.csv"], files["out.csv"], *options]


def test_the_numbers_are_told_as_json_and_in_words(files):
    done = told("--json", *command(files, "--report", files["report.csv"]))
    found = json.loads(done.stdout)
    assert (found["records"], found["indicators"], found["profile"]) == (200, 1, "un-default 1")
    # Everyone, two places of birth and their difference.
    assert found["figures"] == 4
    assert {row["outcome"] for row in found["outcomes"] if row["series"] == "SDG_7_1_1"} == {"COMPUTED"}
    assert "Computed: 1 indicators, 1 series" in done.stderr
    assert files["report.csv"].exists()


def test_nothing_is_overwritten(files):
    told(*command(files))
    with pytest.raises(SojournError, match="exists"):
        told(*command(files))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--subset", "women"), "no subset 'women'"),
        (("--profile", "un"), "no publication profile 'un'"),
        (("--report", "report.txt"), "neither .parquet nor .csv"),
    ],
)
def test_an_option_that_is_not_understood_is_refused_before_anything_is_written(files, more, said):
    with pytest.raises(SojournError, match=said):
        told(*command(files, *more))
    assert not files["out.csv"].exists()


def test_a_specification_is_refused_with_its_line(files):
    files["sdg.yaml"].write_text(SPEC + "profil: nchs\n", encoding="utf-8")
    with pytest.raises(SojournError, match=r"sdg\.yaml:7: .*Did you mean profile|sdg\.yaml:7"):
        told(*command(files))


def test_aggregates_become_figures(files, tmp_path):
    (tmp_path / "gdp.csv").write_text("time_period,remittances,gdp\n2024,1,40\n", encoding="utf-8")
    done = told("tool", "sdg-aggregates", "remittances_over_gdp", tmp_path / "gdp.csv", files["out.csv"])
    assert "1 row of figures is in" in done.output
    assert '"2024",2.5' in files["out.csv"].read_text(encoding="utf-8")
