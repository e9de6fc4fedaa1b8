"""The key is changed: histories stay together, old extracts cannot be joined, and no kill loses a person."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from passing_the_gate import published
from small_project import HEADER, SETTINGS, crossing, write_small_project
from sojourn.catalogue import schema
from sojourn.contracts.table import Zone
from sojourn.errors import DataRefused, ProjectError
from sojourn.production.doctor import examine, gate_of
from sojourn.production.key_rotation import rotate_key
from sojourn.production.lineage import selected_cells
from sojourn.production.publishing import prepare_release
from sojourn.production.quarantine import write_quarantined
from sojourn.production.receive import receive
from sojourn.production.tables import run_tables
from sojourn.production.workspace import open_workspace

REPOSITORY = Path(__file__).parents[3]


def _file(folder, name, lines):
    file = folder / name
    file.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return file


def _keys(office):
    """The pseudonym of every record of the deliveries in force."""
    found = {}
    for row in office.catalogue.rows(sa.select(schema.delivery).where(schema.delivery.c.state == "accepted")):
        version = office.store.version_in(
            Zone.SECURE, "records_border", json.loads(row["summary"])["version"]
        )
        for file in version.files:
            table = pq.read_table(file, columns=["record_id", "person_key"])
            found.update(zip(table["record_id"].to_pylist(), table["person_key"].to_pylist(), strict=True))
    return found


def _together(keys):
    """Which records are about one person."""
    persons = {}
    for record, key in keys.items():
        persons.setdefault(key, set()).add(record)
    return sorted(map(sorted, persons.values()))


def _findings(office, subject):
    return [finding for finding in examine(office) if finding.subject == subject]


@pytest.fixture
def two_years(project, tmp_path):
    """A project with forty persons, who all crossed the border in 2024 and twenty of them in 2023 too."""
    earlier = [crossing(n, ID=f"E{n}", DAY="2023-05-05", DOC=f"p-{n:07d}") for n in range(20)]
    with open_workspace(project) as office:
        receive(office, "border", _file(tmp_path, "2023.csv", earlier), period="2023")
        receive(office, "border", _file(tmp_path, "2024.csv", map(crossing, range(40))), period="2024")
        run_tables(office)
    return project


def test_every_record_of_one_person_before_has_one_key_after(two_years):
    with open_workspace(two_years) as office:
        before = _keys(office)
        found = rotate_key(office)
    with open_workspace(two_years) as office:
        after = _keys(office)
    assert (found.state, found.deliveries, found.persons.records, found.persons.after) == ("done", 2, 60, 40)
    assert _together(after) == _together(before)
    assert not set(after.values()) & set(before.values())


def test_a_delivery_received_after_the_change_joins_the_history_before_it(two_years, tmp_path):
    with open_workspace(two_years) as office:
        rotate_key(office)
    later = [crossing(n, ID=f"L{n}", DAY="2025-02-02") for n in range(40)]
    with open_workspace(two_years) as office:
        receive(office, "border", _file(tmp_path, "2025.csv", later), period="2025")
        # Forty persons: twenty with three records (2023, 2024, 2025), twenty with two.
        assert sorted(map(len, _together(_keys(office)))) == [2] * 20 + [3] * 20


def test_the_same_records_are_known_again_after_the_change(two_years, tmp_path):
    with open_workspace(two_years) as office:
        rotate_key(office)
        lines = list(map(crossing, reversed(range(40))))
    with open_workspace(two_years) as office:
        again = receive(office, "border", _file(tmp_path, "turned.csv", lines), period="2024")
    assert again.state == "same-records"


def test_figures_stay_and_need_not_be_made_again(two_years):
    with open_workspace(two_years) as office:
        before = selected_cells(office, "CROSSINGS", ()).to_pylist()
        rotate_key(office)
    with open_workspace(two_years) as office:
        assert selected_cells(office, "CROSSINGS", ()).to_pylist() == before
        assert run_tables(office).made == ()


def test_no_record_under_the_old_key_is_left_on_the_disk(two_years):
    with open_workspace(two_years) as office:
        before = set(_keys(office).values())
        rotate_key(office)
    left = set()
    for file in (two_years / "local").rglob("*.parquet"):
        table = pq.read_table(file)
        left |= set(table["person_key"].to_pylist()) if "person_key" in table.column_names else set()
    assert len(left) == 40
    assert not left & before


def test_the_old_key_is_destroyed_and_a_copy_of_it_opens_nothing(two_years, tmp_path):
    file = tmp_path / "keys" / "pseudonym.key"
    old = file.read_bytes()
    with open_workspace(two_years) as office:
        rotate_key(office)
    assert sorted(p.name for p in file.parent.iterdir()) == [
        "audit-checkpoints.jsonl",
        "audit.key",
        "pseudonym.key",
    ]
    assert file.read_bytes() != old
    file.write_bytes(old)
    with pytest.raises(ProjectError, match="is not the one with which this project's records were made"):
        open_workspace(two_years)


def test_a_workspace_opened_before_the_change_writes_no_records_after_it(two_years, tmp_path):
    with open_workspace(two_years) as stale:
        with open_workspace(two_years) as office:
            rotate_key(office)
        with pytest.raises(ProjectError, match="key was changed meanwhile"):
            receive(stale, "border", _file(tmp_path, "a.csv", [crossing(99)]), period="2024")


def test_the_change_is_in_the_audit_trail(two_years):
    with open_workspace(two_years) as office:
        rotate_key(office, because="yearly change")
        events = [e for e in office.catalogue.events() if e["object"] == "keys"]
        assert [(e["action"], e["purpose"]) for e in events] == [
            ("adopt-key", ""),
            ("begin-key-change", "yearly change"),
            ("change-key", "yearly change"),
            ("destroy-old-key", ""),
        ]
        assert json.loads(events[2]["detail"])["persons"] == 40
        assert office.catalogue.verify() is None


def test_published_releases_are_not_touched(two_years):
    with open_workspace(two_years) as office:
        people, gate = office.declarations.people, gate_of(office)
        release = prepare_release(office, people["statistician-1"], "2024")
        published(gate, people, release)
        public = office.store.zone(Zone.PUBLIC)
        before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in public.rglob("*") if p.is_file()}
        rotate_key(office)
        assert {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in public.rglob("*") if p.is_file()} == before
        assert [f.severity for f in _findings(office, "public zone")] == ["ok"]


def test_the_same_command_given_again_is_no_second_change(two_years, tmp_path):
    file = tmp_path / "keys" / "pseudonym.key"
    with open_workspace(two_years) as office:
        rotate_key(office)
    first = file.read_bytes()
    with open_workspace(two_years) as office:
        assert rotate_key(office).state == "nothing-to-do"
        assert file.read_bytes() == first
        assert rotate_key(office, again=True).state == "done"
    assert file.read_bytes() != first


def test_held_records_can_still_be_mended_after_the_change(project, tmp_path):
    lines = [crossing(n, DAY="2O24-01-01") for n in range(20)]
    with open_workspace(project) as office:
        held = receive(office, "border", _file(tmp_path, "held.csv", lines), period="2024")
        rotate_key(office)
    with open_workspace(project) as office:
        assert write_quarantined(office, held.delivery, tmp_path / "mend.csv", "to mend") == 20


def test_a_delivery_in_force_that_cannot_be_read_any_more_stops_the_change(two_years, tmp_path):
    source = two_years / "sources/border/source.yaml"
    text = source.read_text(encoding="utf-8")
    source.write_text(text.replace("citizenship: NAT", "citizenship: NATION"), encoding="utf-8")
    old = (tmp_path / "keys" / "pseudonym.key").read_bytes()
    with open_workspace(two_years) as office, pytest.raises(DataRefused):
        rotate_key(office)
    assert (tmp_path / "keys" / "pseudonym.key").read_bytes() == old
    with open_workspace(two_years) as office:
        assert [f.severity for f in _findings(office, "keys")] == ["note"]
    source.write_text(text, encoding="utf-8")
    with open_workspace(two_years) as office:
        assert rotate_key(office).state == "done"
    with open_workspace(two_years) as office:
        assert [f.severity for f in _findings(office, "keys")] == ["ok"]


def test_records_changed_on_the_disk_stop_the_change(two_years):
    """One record moved to another person's key is a person split: 40 keys before, 40 after, 41 pairs."""
    with open_workspace(two_years) as office:
        (file,) = [
            file
            for file in office.store.zone(Zone.SECURE).glob("records_border/*/*.parquet")
            if pq.read_metadata(file).num_rows == 20
        ]
        table = pq.read_table(file)
        keys = table["person_key"].to_pylist()
        keys[0] = keys[1]
        place = table.schema.get_field_index("person_key")
        pq.write_table(table.set_column(place, table.schema.field(place), [keys]), file)
        with pytest.raises(ProjectError, match="40 persons would become 40, with 41 pairs"):
            rotate_key(office)


def test_a_lost_key_is_replaced_and_all_records_are_made_anew(two_years, tmp_path):
    with open_workspace(two_years) as office:
        before = _keys(office)
    (tmp_path / "keys" / "pseudonym.key").unlink()
    with pytest.raises(ProjectError, match="lacks the other"):
        open_workspace(two_years)
    with open_workspace(two_years, is_key_lost=True) as office:
        assert rotate_key(office, is_old_lost=True).persons.are_kept
    with open_workspace(two_years) as office:
        assert _together(_keys(office)) == _together(before)
        run_tables(office)
        assert [f.severity for f in _findings(office, "keys")] == ["ok"]


def test_the_command_tells_what_it_did_and_shows_no_key(commands, two_years, tmp_path):
    old = (tmp_path / "keys" / "pseudonym.key").read_bytes()
    done = commands.run("-p", two_years, "--json", "keys", "rotate")
    assert done.returncode == 0, done.stderr
    new = (tmp_path / "keys" / "pseudonym.key").read_bytes()
    told = json.loads(done.stdout)
    assert (told["state"], told["deliveries"], told["persons"], told["records"]) == ("done", 2, 40, 60)
    assert told["tables"] == ["CROSSINGS"]
    for key in (old, new):
        assert key.hex() not in done.stdout + done.stderr


def _with_manager(tmp_path, argument):
    keys = tmp_path / "keys"
    project = write_small_project(tmp_path / "managed", keys)
    declared = f"{{folder: {keys}, command: [cat, {argument}]}}"
    (project / "sojourn.yaml").write_text(SETTINGS.format(keys=declared), encoding="utf-8")
    return project


def test_the_key_of_a_secret_manager_is_changed_by_a_second_line(tmp_path):
    secret = tmp_path / "secret"
    first, second = os.urandom(32).hex(), os.urandom(32).hex()
    secret.write_text(f"{first}\n")
    project = _with_manager(tmp_path, secret)
    with open_workspace(project) as office:
        receive(office, "border", _file(tmp_path, "a.csv", map(crossing, range(40))), period="2024")
        before = _keys(office)
        with pytest.raises(ProjectError, match="must give two keys"):
            rotate_key(office)
    secret.write_text(f"{first}\n{second}\n")
    with open_workspace(project) as office:
        assert rotate_key(office).state == "old-key-remains"
        assert [f.severity for f in _findings(office, "keys")] == ["note"]
    secret.write_text(f"{second}\n")
    with open_workspace(project) as office:
        assert rotate_key(office).state == "done"
        assert _together(_keys(office)) == _together(before)
        assert [f.severity for f in _findings(office, "keys")] == ["ok"]
    assert not (tmp_path / "keys" / "pseudonym.key").exists()
    secret.write_text(f"{first}\n")
    with pytest.raises(ProjectError, match="the secret manager gives is not the one"):
        open_workspace(project)


@pytest.mark.slow
def test_a_change_killed_at_any_of_four_steps_is_finished_by_the_same_command(tmp_path):
    """After each kill: nothing half, nobody lost, split or merged, and the old key good for nothing.

    What is looked at after a kill stands in `violations` of `rotation_kills.py`, which by itself kills at as
    many steps as it is told: `python tests/rotation_kills.py FOLDER 173`.
    """
    script = REPOSITORY / "tests" / "rotation_kills.py"
    paths = os.pathsep.join([str(REPOSITORY / "src"), str(REPOSITORY / "tests")])
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "kills"), "4"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": paths, "HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    killed = [point for point in found["points"] if point["was_killed"]]
    print(f"killed at {len(killed)} of {found['steps']} steps; {found['persons']} persons")
    # A run has a step more or less: the last point may lie beyond its end.
    assert [point for point in killed if point["violations"]] == []
    assert len(killed) >= 3
