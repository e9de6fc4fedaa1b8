"""A project's table that is perturbed by cell keys, from its records to what readers see."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from passing_the_gate import published
from small_project import HEADER, TABLE, crossing, write_small_project
from sojourn.contracts.table import Zone
from sojourn.errors import ProjectError
from sojourn.production.cell_key_noise import office_noise
from sojourn.production.doctor import gate_of
from sojourn.production.key_rotation import rotate_key
from sojourn.production.publishing import prepare_release
from sojourn.production.receive import receive
from sojourn.production.tables import run_tables
from sojourn.production.workspace import open_workspace
from sojourn.project.load import load

NOISE = "epoch: first-spring\nlargest: 5\nvariance: 3\nforbidden: 2\n"
PERTURBED = TABLE.replace(
    "protect: {minimum_contributors: 3, secondary: true}", "protect: {method: cell_keys}"
)
BY_SEX = """\
id: BY_SEX
title: {en: Border crossings by sex}
indicator: crossings
by: [sex]
protect: {method: cell_keys}
"""


@pytest.fixture(scope="module")
def received(tmp_path_factory):
    """The folder of a project with four hundred crossings and two perturbed tables made, and of its keys."""
    folder = tmp_path_factory.mktemp("perturbed")
    project = write_small_project(folder / "ruritania", folder / "keys")
    (project / "tables/crossings.yaml").write_text(PERTURBED, encoding="utf-8")
    (project / "tables/by_sex.yaml").write_text(BY_SEX, encoding="utf-8")
    (project / "releases/2024.yaml").write_text(
        'id: "2024"\ntitle: {en: Migration}\ntables: [CROSSINGS, BY_SEX]\n', encoding="utf-8"
    )
    file = folder / "border.csv"
    file.write_text("\n".join([HEADER, *map(crossing, range(400))]) + "\n", encoding="utf-8")
    with open_workspace(project) as office:
        receive(office, "border", file, period="2024")
        declare(folder, NOISE)
        run_tables(office)
    return folder


@pytest.fixture
def office_folder(received, tmp_path):
    """A copy of that project for a test."""
    shutil.copytree(received, tmp_path, dirs_exist_ok=True)
    settings = tmp_path / "ruritania" / "sojourn.yaml"
    text = settings.read_text(encoding="utf-8").replace(str(received / "keys"), str(tmp_path / "keys"))
    settings.write_text(text, encoding="utf-8")
    return tmp_path / "ruritania"


def declare(folder: Path, text: str, name: str = "cell-keys.yaml", mode: int = 0o600) -> None:
    file = folder / "keys" / name
    file.write_text(text, encoding="utf-8")
    file.chmod(mode)


def rows(version):
    return pa.concat_tables(map(pq.read_table, version.files)).to_pylist()


def figures(project, table="CROSSINGS"):
    """Original and published figures of a table by cell."""
    with open_workspace(project) as office:
        made = run_tables(office, [table]).tables[table]
        by = office.declarations.tables[table].by
    original = {tuple(row[name] for name in by): row["value"] for row in rows(made.estimates)}
    shown = {tuple(row[name.upper()] for name in by): row["OBS_VALUE"] for row in rows(made.observations)}
    return original, shown, made


def test_a_declared_table_is_perturbed_and_every_figure_says_so(office_folder):
    original, shown, made = figures(office_folder)
    assert shown.keys() == original.keys()
    differences = [shown[cell] - original[cell] for cell in original]
    assert any(differences)
    assert max(map(abs, differences)) <= 5
    assert {(row["OBS_STATUS"], row["CONF_STATUS"]) for row in rows(made.observations)} == {("T", "F")}
    assert made.report["rules"]["method"] == "cell_keys"


def test_the_same_cell_has_the_same_value_in_both_tables(office_folder):
    _, shown, _ = figures(office_folder)
    _, by_sex, _ = figures(office_folder, "BY_SEX")
    assert by_sex == {(sex,): value for (sex, direction), value in shown.items() if direction == "_T"}


def test_a_release_of_perturbed_tables_passes_the_gate_and_tells_readers(office_folder):
    with open_workspace(office_folder) as office:
        run_tables(office)
        people, gate = office.declarations.people, gate_of(office)
        release = prepare_release(office, people["statistician-1"], "2024")
        published(gate, people, release)
        public, noise = office.store.zone(Zone.PUBLIC), office_noise(office)
    files = [file for file in public.rglob("*") if file.is_file()]
    told = "".join(file.read_text(encoding="utf-8") for file in files if file.suffix == ".json")
    assert "changed a little at random" in told
    assert "differ from the sums of their parts" in told
    # Neither the name nor the mark of the epoch, nor a key of a cell, lies anywhere in the public folder.
    for secret in (b"first-spring", noise.mark.encode(), b"forbidden", b"cell_key\x00"):
        assert not any(secret in file.read_bytes() for file in files)


def test_an_epoch_begins_once_and_is_in_the_audit_trail_without_its_settings(office_folder, tmp_path):
    first = figures(office_folder)[1]
    figures(office_folder, "BY_SEX")
    declare(tmp_path, NOISE.replace("first-spring", "second-spring"))
    assert figures(office_folder)[1] != first
    with open_workspace(office_folder) as office:
        begun = [event for event in office.catalogue.events() if event["action"] == "begin-cell-key-epoch"]
        assert [json.loads(event["detail"]) for event in begun] == [
            {"epoch": "first-spring"},
            {"epoch": "second-spring"},
        ]
        assert len({event["object"] for event in begun}) == 2
        assert office.catalogue.verify() is None
    trail = (office_folder / "local" / "catalogue.sqlite").read_bytes()
    assert b"largest" not in trail
    assert b"forbidden" not in trail


def test_what_is_made_is_not_made_again_and_other_settings_make_the_figures_alone(office_folder, tmp_path):
    figures(office_folder)
    with open_workspace(office_folder) as office:
        assert run_tables(office, ["CROSSINGS"]).made == ()
    declare(tmp_path, NOISE.replace("variance: 3", "variance: 2.5"))
    with open_workspace(office_folder) as office:
        assert run_tables(office, ["CROSSINGS"]).made == ("cell_keys:CROSSINGS", "observations:CROSSINGS")


def test_a_change_of_the_pseudonym_key_begins_an_epoch(office_folder):
    with open_workspace(office_folder) as office:
        before = office_noise(office)
        rotate_key(office)
    with open_workspace(office_folder) as office:
        after = office_noise(office)
    assert before.epoch.salt != after.epoch.salt
    assert before.mark != after.mark


def test_a_mean_is_perturbed_with_the_declared_noise_of_sums(office_folder, tmp_path):
    (office_folder / "indicators/crossings.yaml").write_text(
        "id: crossings\ntitle: {en: Year of birth}\ndefinition: {en: Mean year of birth.}\nsource: border\n"
        "statistic: mean\nof: birth_year\ntime: event_date\nunit: {en: Year}\n",
        encoding="utf-8",
    )
    with pytest.raises(ProjectError, match="A mean needs noise of its sum"):
        figures(office_folder)
    declare(tmp_path, NOISE + "sums: {share: 0.2}\n")
    original, shown, _ = figures(office_folder)
    # 0.2 of a year of birth near 1999, over a hundred persons and more: less than four years, and not none.
    assert 0 < max(abs(shown[cell] - original[cell]) for cell in original) < 4


def test_a_table_from_a_file_beside_is_taken(office_folder, tmp_path):
    declare(tmp_path, "epoch: first-spring\ntable: halves.csv\n")
    declare(tmp_path, "i;j;p;v;p_int_ub\n0;0;1;0;1\n1;0;0.5;-1;0.5\n1;2;0.5;1;1\n", "halves.csv")
    original, shown, _ = figures(office_folder)
    assert {abs(shown[cell] - original[cell]) for cell in original} == {1.0}


@pytest.mark.parametrize(
    ("text", "mode", "said"),
    [
        (NOISE, 0o644, r"Others than its owner can read[\s\S]*chmod 600"),
        ("epoch: first-spring\n", 0o600, "noise needs `largest` and `variance`, or a `table`"),
        (NOISE + "table: a.csv\n", 0o600, "keep one of the two"),
        ("epoch: first-spring\ntable: a.csv\n", 0o600, "a.csv is not beside"),
        (NOISE.replace("variance: 3", "variance: 30"), 0o600, "take a variance from 2 to 5"),
    ],
)
def test_noise_that_cannot_be_used_is_told_with_what_to_do(office_folder, tmp_path, text, mode, said):
    declare(tmp_path, text, mode=mode)
    with open_workspace(office_folder) as office, pytest.raises(ProjectError, match=said):
        office_noise(office)


def test_without_declared_noise_a_perturbed_table_is_not_made(office_folder, tmp_path):
    (tmp_path / "keys" / "cell-keys.yaml").unlink()
    with pytest.raises(ProjectError, match=r"does not say with which noise[\s\S]*cell-keys\.yaml"):
        figures(office_folder)


@pytest.mark.parametrize(
    ("protect", "statistic", "said"),
    [
        ("{method: cell_keys, round_to: 5}", "count", "round_to and `method: cell_keys` do not fit together"),
        ("{method: cell_keys}", "total\nof: birth_year", "a total cannot be perturbed by cell keys"),
    ],
)
def test_declarations_that_do_not_fit_are_told(project, protect, statistic, said):
    (project / "tables/crossings.yaml").write_text(
        PERTURBED.replace("{method: cell_keys}", protect), encoding="utf-8"
    )
    with (project / "indicators/crossings.yaml").open("a", encoding="utf-8") as indicator:
        indicator.write(f"statistic: {statistic}\n")
    with pytest.raises(ProjectError, match=said):
        load(project)


def test_the_keys_of_cells_stay_in_the_secure_zone(office_folder):
    _, _, made = figures(office_folder)
    assert "secure" in made.cell_keys.folder.parts
    held = pq.read_table(made.cell_keys.files)
    assert pc.max(held["cell_key"]).as_py() < 2**32
