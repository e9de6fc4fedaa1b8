"""What a published table says of its linkage: an office that declares `linkage: {versions: …}`.

That neither the order of deliveries nor a kill changes an error is in `test_production_links.py`.
"""

from __future__ import annotations

import json
import shutil

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from linked_project import LINKAGE, alike_names, write_deliveries, write_linked_project
from sojourn.contracts.table import Zone
from sojourn.errors import ProjectError
from sojourn.integration.review_sampling import ReviewDesign
from sojourn.production.counted import record_versions
from sojourn.production.doctor import gate_of
from sojourn.production.linkage_errors import errors_of_tables
from sojourn.production.publishing import prepare_release
from sojourn.production.receive import receive
from sojourn.production.review import cases, draw_sample
from sojourn.production.review_decisions import decide
from sojourn.production.tables import run_tables
from sojourn.production.workspace import open_workspace

VERSIONS = "linkage: {sources: [border, register, students], versions: 4}\n"
COUNTED = """\
id: outcomes
title: {en: Visas and crossings}
definition: {en: Visas by whether their holders crossed the border.}
counts: permit_outcome
time: valid_from
frequency: year
"""
OUTCOMES = """\
id: OUTCOMES
title: {en: Visas by outcome}
indicator: outcomes
by: [outcome]
protect: {minimum_contributors: 12, secondary: true}
"""


def declared(folder, keys, linkage=VERSIONS):
    """The linked project with a table of visas, which students have, beside that of migrations."""
    project = write_linked_project(folder, keys)
    students = project / "sources" / "students" / "source.yaml"
    students.write_text(students.read_text(encoding="utf-8").replace("enrolment}", "visa}"), encoding="utf-8")
    (project / "indicators" / "outcomes.yaml").write_text(COUNTED, encoding="utf-8")
    (project / "tables" / "outcomes.yaml").write_text(OUTCOMES, encoding="utf-8")
    settings = project / "sojourn.yaml"
    settings.write_text(settings.read_text(encoding="utf-8").replace(LINKAGE, linkage), encoding="utf-8")
    return project


def receive_all(project, files):
    with open_workspace(project) as office:
        for (source, period), file in files:
            receive(office, source, file, period=period)


@pytest.fixture(scope="module")
def office_folder(tmp_path_factory):
    """The project with its deliveries received and run, names being alike."""
    folder = tmp_path_factory.mktemp("alike")
    project = declared(folder / "ruritania", folder / "keys")
    receive_all(project, write_deliveries(folder / "files", alike_names).items())
    with open_workspace(project) as office:
        run_tables(office, ["MIGRATIONS", "OUTCOMES"])
    return project


def rows(version):
    return pa.concat_tables(map(pq.read_table, version.files))


def made(project, table):
    with open_workspace(project) as office:
        found = run_tables(office, [table])
        return found, found.tables[table]


def test_figures_of_links_in_doubt_say_so(office_folder):
    _, table = made(office_folder, "MIGRATIONS")
    errors, cells = rows(table.linkage_errors), rows(table.observations)
    assert pc.max(errors["error"]).as_py() > 0
    assert set(errors["versions"].to_pylist()) == {4}
    shown = cells.filter(pc.greater(cells["OBS_VALUE"], 0))
    assert shown["LINKAGE_SE"].null_count == 0
    assert pc.min(shown["LINKAGE_SE"]).as_py() >= 1


def test_every_kind_of_records_that_stands_on_persons_has_errors(office_folder):
    _, table = made(office_folder, "OUTCOMES")
    assert rows(table.linkage_errors)["error"].null_count == 0
    # Keys are made at random, and four draws may agree: in forty, some outcome of a visa differs.
    with open_workspace(office_folder) as office:
        outcomes = office.declarations.tables["OUTCOMES"]
        records = record_versions(office, office.declarations.indicators["outcomes"], "OUTCOMES")
        (errors,) = errors_of_tables(office, [outcomes], records, versions=40, seed=1)
    assert pc.max(errors["error"]).as_py() > 0


def test_withheld_cells_have_no_error_of_linkage(office_folder):
    _, table = made(office_folder, "OUTCOMES")
    cells = rows(table.observations)
    withheld = cells.filter(pc.not_equal(cells["CONF_STATUS"], "F"))
    assert len(withheld) > 0
    assert withheld["LINKAGE_SE"].null_count == len(withheld)


def test_what_was_made_is_not_made_again(office_folder):
    found, _ = made(office_folder, "MIGRATIONS")
    assert found.made == ()
    assert "linkage_error:migration_event" in found.found


def test_another_number_of_versions_makes_errors_and_no_records(office_folder, tmp_path):
    project = tmp_path / "ruritania"
    shutil.copytree(office_folder, project)
    settings = project / "sojourn.yaml"
    text = settings.read_text(encoding="utf-8").replace("versions: 4", "versions: 2")
    settings.write_text(text, encoding="utf-8")
    found, _ = made(project, "MIGRATIONS")
    assert set(found.made) == {"linkage_error:migration_event", "observations:MIGRATIONS"}


def test_nothing_of_drawn_links_stays_on_the_disk(office_folder):
    with open_workspace(office_folder) as office:
        assert office.store.leftovers() == []
        names = {path.name for path in office.store.zone(Zone.SECURE).iterdir()}
    assert {name for name in names if name.startswith("linkage_error_")} == {
        "linkage_error_MIGRATIONS", "linkage_error_OUTCOMES",
    }  # fmt: skip


def released(project, table):
    """The published text under a table, its cells as CSV, and how they are described."""
    (project / "releases" / "2024.yaml").write_text(
        f"id: 2024\ntitle: {{en: Release}}\ntables: [{table}]\nnote: {{en: First}}\n", encoding="utf-8"
    )
    with open_workspace(project) as office:
        run_tables(office, [table])
        made = prepare_release(office, office.declarations.people["statistician-1"], "2024")
        folder = gate_of(office).drafts / "releases" / made / "tables" / table
        about = json.loads((folder / "table.json").read_text(encoding="utf-8"))
        cells = pa_csv.read_csv(folder / "downloads" / f"{table}.csv")
    return about["uncertainty"]["en"], cells


def test_a_published_table_states_what_linkage_adds_and_what_is_not_in_it(office_folder, tmp_path):
    project = tmp_path / "ruritania"
    shutil.copytree(office_folder, project)
    said, cells = released(project, "OUTCOMES")
    assert "LINKAGE_SE is the standard error that comes from not knowing" in said
    assert "from 4 sets of links" in said
    assert "checked by nobody" in said
    free = pc.equal(cells["CONF_STATUS"], "F")
    withheld = cells.filter(pc.invert(free))
    assert len(withheld) > 0
    assert withheld["LINKAGE_SE"].null_count == len(withheld)
    assert cells.filter(pc.and_(free, pc.greater(cells["OBS_VALUE"], 0)))["LINKAGE_SE"].null_count == 0


def test_decisions_of_a_review_change_the_draws_and_are_told_of(office_folder, tmp_path):
    project = tmp_path / "ruritania"
    shutil.copytree(office_folder, project)
    with open_workspace(project) as office:
        sample = draw_sample(office, design=ReviewDesign(size=60), seed=1)
        for number, case in enumerate(cases(office, sample)[:40]):
            decide(office, sample.id, case.pair_id, ("same", "different", "unsure", "different")[number % 4])
    _, table = made(project, "OUTCOMES")
    # Ten of forty are unsure and say nothing.
    assert set(rows(table.linkage_errors)["reviewed_pairs"].to_pylist()) == {30}
    said, _ = released(project, "OUTCOMES")
    assert "People decided 30 pairs" in said


def test_without_versions_nothing_is_said(tmp_path):
    project = declared(tmp_path / "ruritania", tmp_path / "keys", LINKAGE)
    receive_all(project, write_deliveries(tmp_path / "files").items())
    found, table = made(project, "MIGRATIONS")
    assert table.linkage_errors is None
    assert not any(name.startswith("linkage_error") for name in found.made)
    cells = rows(table.observations)
    assert cells["LINKAGE_SE"].null_count == len(cells)


def test_one_version_is_refused(tmp_path):
    project = declared(tmp_path / "ruritania", tmp_path / "keys", VERSIONS.replace("4", "1"))
    with pytest.raises(ProjectError, match="one set of links alone"), open_workspace(project):
        pass


def test_versions_without_linked_sources_are_refused(tmp_path):
    project = declared(tmp_path / "ruritania", tmp_path / "keys", "linkage: {versions: 4}\n")
    with pytest.raises(ProjectError, match="no source is linked"), open_workspace(project):
        pass
