"""Records of several sources under one key a person: what an office gets that declares `linkage:`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from linked_project import PERSONS, deliveries, write_deliveries, write_linked_project
from sojourn.contracts.links import Link, LinkPair
from sojourn.contracts.table import Zone
from sojourn.errors import ProjectError
from sojourn.integration.review_sampling import ReviewDesign
from sojourn.production.counted import record_versions
from sojourn.production.lineage import selected_cells
from sojourn.production.link_uncertainty import linkage_uncertainty
from sojourn.production.receive import receive
from sojourn.production.review import draw_sample
from sojourn.production.review_decisions import decide, undo
from sojourn.production.tables import run_tables
from sojourn.production.workspace import open_workspace

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def linked(tmp_path_factory):
    """The project with its six deliveries received and run."""
    folder = tmp_path_factory.mktemp("linked")
    project = write_linked_project(folder / "ruritania", folder / "keys")
    with open_workspace(project) as office:
        for (source, period), file in write_deliveries(folder / "files").items():
            receive(office, source, file, period=period)
        run_tables(office, ["MIGRATIONS"])
    return project


def versions(project):
    with open_workspace(project) as office:
        found = record_versions(office, office.declarations.indicators["migrations"], "MIGRATIONS")
        pairs = office.store.version(LinkPair, "link_pair", found["link"].fingerprint)
        return found, pa.concat_tables(map(pq.read_table, pairs.files))


def links(project):
    found, _ = versions(project)
    return pa.concat_tables(map(pq.read_table, found["link"].files))


def persons_of_keys(project):
    """Of each source and key the person that the files were written of, by the number of the document."""
    found = {}
    with open_workspace(project) as office, office.engine(Zone.VAULT) as engine:
        for source in ("border", "register", "students"):
            files = sorted(office.store.zone(Zone.VAULT).glob(f"records_{source}/*/*.parquet"))
            read = engine.relation(files).to_arrow()
            number = "national_id" if source == "register" else "document_no"
            for row in read.to_pylist():
                digits = "".join(sign for sign in row[number] or "" if sign.isdigit())
                if digits:
                    found[source, row["person_key"]] = int(digits)
    return found


def test_the_tables_keep_their_contracts_and_hold_keys_alone(linked):
    table, (_, pairs) = links(linked), versions(linked)
    assert table.schema.names == list(Link.columns)
    assert pairs.schema.names == list(LinkPair.columns)
    texts = {str(value) for column in (*table.columns, *pairs.columns) for value in column.to_pylist()}
    rows = [row for delivered in deliveries().values() for row in delivered]
    secrets = {row[name] for row in rows for name in ("SURNAME", "GIVEN", "DOC", "NUMBER") if row.get(name)}
    assert len(secrets) > 300
    assert not any(secret in text for secret in secrets for text in texts)


def test_every_key_of_every_source_has_one_person(linked):
    table = links(linked)
    keys = list(zip(table["source"].to_pylist(), table["record_key"].to_pylist(), strict=True))
    assert len(keys) == len(set(keys))
    assert table["person_key"].null_count == 0
    # 120 persons at the border in 2022 to 2024, of whom 24 of the renewed were seen under both passports.
    of_border = pc.sum(pc.equal(table["source"], "border")).as_py()
    documents = {
        row["DOC"] for (source, _), rows in deliveries().items() if source == "border" for row in rows
    }
    assert of_border == len(documents)


def test_one_person_has_one_key_whatever_the_document_and_nobody_is_merged(linked):
    table, persons = links(linked), persons_of_keys(linked)
    of_person, of_key = {}, {}
    for row in table.to_pylist():
        person = persons.get((row["source"], row["record_key"]))
        if person is not None:
            of_person.setdefault(person, set()).add(row["person_key"])
            of_key.setdefault(row["person_key"], set()).add(person)
    assert len(of_person) == PERSONS
    assert {person: keys for person, keys in of_person.items() if len(keys) > 1} == {}
    assert {key: who for key, who in of_key.items() if len(who) > 1} == {}


def test_a_shared_document_links_and_says_so(linked):
    _, pairs = versions(linked)
    by_document = pairs.filter(pc.equal(pairs["method"], "DOC"))
    assert len(by_document) > 0
    assert pc.all(by_document["is_link"]).as_py()
    assert set(by_document["source"].to_pylist()) == {"border"}


def test_events_stand_under_the_persons_that_were_found(linked):
    found, _ = versions(linked)
    events = pa.concat_tables(map(pq.read_table, found["migration_event"].files))
    people = set(links(linked)["person_key"].to_pylist())
    assert set(events["person_key"].to_pylist()) <= people
    histories = events.group_by("person_key").aggregate([("position", "count")])
    # Each of the 120 crosses in two or three of the three years, whatever passport they show.
    assert len(histories) == PERSONS


def test_without_linkage_a_new_passport_is_another_person(linked, tmp_path):
    project = write_linked_project(tmp_path / "ruritania", tmp_path / "keys")
    settings = project / "sojourn.yaml"
    settings.write_text(settings.read_text(encoding="utf-8").split("linkage:")[0], encoding="utf-8")
    with open_workspace(project) as office:
        for (source, period), file in write_deliveries(tmp_path / "files").items():
            if source == "border":
                receive(office, source, file, period=period)
        run_tables(office, ["MIGRATIONS"])
        steps = record_versions(office, office.declarations.indicators["migrations"], "MIGRATIONS")
    events = pa.concat_tables(map(pq.read_table, steps["migration_event"].files))
    assert "link" not in steps
    assert len(set(events["person_key"].to_pylist())) > PERSONS


def test_more_pairs_than_allowed_are_refused_before_anything_is_linked(linked, tmp_path):
    project = write_linked_project(tmp_path / "ruritania", tmp_path / "keys")
    settings = project / "sojourn.yaml"
    text = settings.read_text(encoding="utf-8").replace("students]}", "students], pairs_at_most: 10}")
    settings.write_text(text, encoding="utf-8")
    with open_workspace(project) as office:
        for (source, period), file in write_deliveries(tmp_path / "files").items():
            receive(office, source, file, period=period)
        with pytest.raises(ProjectError, match="and 10 are allowed"):
            run_tables(office, ["MIGRATIONS"])
        assert not (office.store.zone(Zone.SECURE) / "link").exists()


def test_what_a_reviewer_decides_holds_until_it_is_undone(linked, tmp_path):
    project = tmp_path / "ruritania"
    shutil.copytree(linked, project)

    def together(pair):
        person = {(row["source"], row["record_key"]): row["person_key"] for row in links(project).to_pylist()}
        one, other = (pair["source"], pair["record_key"]), (pair["other_source"], pair["other_key"])
        return person[one] == person[other]

    _, pairs = versions(project)
    by_document = pairs.filter(pc.equal(pairs["method"], "DOC"))["pair_id"].to_pylist()
    with open_workspace(project) as office:
        sample = draw_sample(office, design=ReviewDesign(size=len(pairs)), seed=1)
        pair = next(row for row in pairs.to_pylist() if row["pair_id"] == by_document[0])
        assert together(pair)
        decide(office, sample.id, pair["pair_id"], "different")
        run_tables(office, ["MIGRATIONS"])
    assert not together(pair)
    with open_workspace(project) as office:
        undo(office, sample.id, pair["pair_id"])
        run_tables(office, ["MIGRATIONS"])
    assert together(pair)


def test_what_linkage_adds_to_a_figure_stands_beside_the_published_cells(linked):
    with open_workspace(linked) as office:
        found = linkage_uncertainty(office, "MIGRATIONS", versions=3, seed=1)
        cells = selected_cells(office, "MIGRATIONS", ())
    assert found["OBS_VALUE"].to_pylist() == cells["OBS_VALUE"].to_pylist()
    # All links of this project are sure: no version differs by more than a person in a cell.
    errors = [error for error in found["LINKAGE_SE"].to_pylist() if error is not None]
    assert len(errors) == len(cells)
    assert max(errors) <= 1


def test_a_table_of_records_that_are_not_linked_has_no_uncertainty_of_linkage(linked):
    with (
        open_workspace(linked) as office,
        pytest.raises(ProjectError, match="CROSSINGS are not linked"),
    ):
        linkage_uncertainty(office, "CROSSINGS", versions=3, seed=1)


@pytest.fixture(scope="module")
def disturbed(tmp_path_factory):
    """What came of three orders of the deliveries, and of a run killed at three points."""
    script = REPOSITORY / "tests" / "linked_runs.py"
    paths = os.pathsep.join([str(REPOSITORY / "src"), str(REPOSITORY / "tests")])
    done = subprocess.run(
        [sys.executable, script, "both", tmp_path_factory.mktemp("disturbed") / "runs", "3"],
        capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": paths},
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


def test_the_order_of_deliveries_does_not_matter(disturbed):
    """Three orders here; `python tests/linked_runs.py orders FOLDER` takes all 720."""
    found = disturbed["orders"]
    assert found["orders"] == 3
    assert found["differing"] == []


def test_a_linkage_that_was_killed_is_the_same_when_given_again(disturbed):
    """Three points here; `python tests/linked_runs.py kills FOLDER` takes all, more than 200."""
    found = disturbed["kills"]
    assert found["steps"] > 200
    assert found["points"] == 3
    assert found["wrong"] == []
