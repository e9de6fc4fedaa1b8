"""The audit trail: every change and every access is an event, and no change of an event stays hidden."""

from __future__ import annotations

import datetime
import random
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from catalogue_databases import DATABASES, new_database
from sojourn.catalogue import audit, schema
from sojourn.catalogue.audit import Witness
from sojourn.catalogue.migrate import open_catalogue
from sojourn.errors import NotPermitted, ProjectError

EVENTS = 60
POSITIONS = sorted(random.Random(7).sample(range(1, EVENTS), 50))


@pytest.fixture(scope="module", params=DATABASES)
def written(request, tmp_path_factory):
    """A trail in a database of each kind, from which each test takes its own copy."""
    folder = tmp_path_factory.mktemp("trail")
    key = Ed25519PrivateKey.generate()
    address = new_database(request, request.param, folder)
    opened = open_catalogue(address, Witness(folder / "elsewhere.jsonl", key))
    for number in range(EVENTS):
        opened.note("statistician-1", "look", f"table:{number}", "a test", rows=number)
    assert opened.verify() is None
    opened.close()
    return request.param, address, folder, key


@pytest.fixture
def trail(request, written, tmp_path):
    kind, address, folder, key = written
    for file in folder.iterdir():
        shutil.copy(file, tmp_path / file.name)
    opened = open_catalogue(
        new_database(request, kind, tmp_path, like=address), Witness(tmp_path / "elsewhere.jsonl", key)
    )
    yield opened
    opened.close()


# Ways to make a database refuse new events.
_REFUSING = {
    "sqlite": [
        sa.text("CREATE TRIGGER full BEFORE INSERT ON audit_event BEGIN SELECT RAISE(ABORT, 'no more'); END")
    ],
    "postgresql": [
        sa.text(
            "CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN RAISE 'no more'; END $$ LANGUAGE plpgsql"
        ),
        sa.text("CREATE TRIGGER full_ BEFORE INSERT ON audit_event FOR EACH ROW EXECUTE FUNCTION refuse()"),
    ],
}


def _write(catalogue, *statements):
    with catalogue.engine.begin() as connection:
        for statement in statements:
            connection.execute(statement)


def test_an_act_and_its_event_are_written_together(catalogue):
    with catalogue.act("administrator-1", "enrol", "person:x") as act:
        act.insert(schema.account, person="x", passphrase_hash="h", enrolled_at="now")
    assert [row["person"] for row in catalogue.rows(sa.select(schema.account))] == ["x"]
    assert [(e["action"], e["outcome"]) for e in catalogue.events()] == [("enrol", "done")]


def test_a_failed_act_leaves_no_effect_and_one_event(catalogue):
    with pytest.raises(NotPermitted), catalogue.act("x", "enrol", "person:x") as act:
        act.insert(schema.account, person="x", passphrase_hash="h", enrolled_at="now")
        raise NotPermitted("no")
    assert catalogue.rows(sa.select(schema.account)) == []
    assert [(e["action"], e["outcome"]) for e in catalogue.events()] == [("enrol", "failed")]


def test_an_act_whose_event_cannot_be_written_does_not_happen(catalogue):
    _write(catalogue, *_REFUSING[catalogue.engine.dialect.name])
    with pytest.raises(sa.exc.DBAPIError), catalogue.act("x", "enrol", "person:x") as act:
        act.insert(schema.account, person="x", passphrase_hash="h", enrolled_at="now")
    assert catalogue.rows(sa.select(schema.account)) == []


def test_long_work_takes_effect_in_one_transaction_at_its_end(catalogue):
    with catalogue.work("x", "run", "table:A") as work:
        work.then(lambda act: act.insert(schema.account, person="x", passphrase_hash="h", enrolled_at="now"))
        assert catalogue.rows(sa.select(schema.account)) == []
    assert len(catalogue.rows(sa.select(schema.account))) == 1
    with pytest.raises(ValueError, match="broken"), catalogue.work("x", "run", "table:B") as work:
        work.then(lambda act: act.insert(schema.account, person="y", passphrase_hash="h", enrolled_at="now"))
        raise ValueError("broken")
    assert len(catalogue.rows(sa.select(schema.account))) == 1
    assert [e["outcome"] for e in catalogue.events()] == ["done", "failed"]


@pytest.mark.parametrize("position", POSITIONS)
def test_an_edited_event_is_found_and_named(trail, position):
    events = schema.audit_event
    _write(trail, sa.update(events).where(events.c.sequence == position).values(actor="somebody-else"))
    assert trail.verify().sequence == position


@pytest.mark.parametrize("position", POSITIONS)
def test_a_deleted_event_is_found_and_named(trail, position):
    events = schema.audit_event
    _write(trail, sa.delete(events).where(events.c.sequence == position))
    assert trail.verify().sequence == position


@pytest.mark.parametrize("position", POSITIONS)
def test_an_inserted_event_is_found(trail, position):
    """The events from there on are pushed back by one to make room."""
    events = schema.audit_event.c
    rows = list(trail.events())
    pushed = [dict(row, sequence=row["sequence"] + 1) for row in rows[position - 1 :]]
    forged = dict(rows[position - 1], actor="forger")
    _write(
        trail,
        sa.delete(schema.audit_event).where(events.sequence >= position),
        sa.insert(schema.audit_event).values([forged, *pushed]),
    )
    assert trail.verify().sequence == position


@pytest.mark.parametrize("position", POSITIONS)
def test_two_events_that_changed_places_are_found(trail, position):
    rows = list(trail.events())
    first, second = rows[position - 1], rows[position]
    swapped = [dict(second, sequence=position), dict(first, sequence=position + 1)]
    events = schema.audit_event.c
    _write(
        trail,
        sa.delete(schema.audit_event).where(events.sequence.in_([position, position + 1])),
        sa.insert(schema.audit_event).values(swapped),
    )
    assert trail.verify().sequence == position


@pytest.mark.parametrize("position", POSITIONS)
def test_a_trail_cut_off_is_found_from_a_checkpoint(trail, position):
    events = schema.audit_event.c
    _write(trail, sa.delete(schema.audit_event).where(events.sequence >= position))
    found = trail.verify()
    assert found.sequence == position
    assert f"a checkpoint saw event {EVENTS}" in found.message


@pytest.mark.parametrize("position", POSITIONS)
def test_a_trail_written_anew_with_right_hashes_is_found_from_a_checkpoint(trail, position):
    """Everything from the position on says something else and is hashed correctly."""
    rows = list(trail.events())
    previous = rows[position - 2]["hash"] if position > 1 else audit.FIRST_HASH
    rewritten = []
    for row in rows[position - 1 :]:
        forged = dict(row, actor="forger", previous_hash=previous)
        forged["hash"] = previous = audit.event_hash(forged)
        rewritten.append(forged)
    events = schema.audit_event.c
    _write(
        trail,
        sa.delete(schema.audit_event).where(events.sequence >= position),
        sa.insert(schema.audit_event).values(rewritten),
    )
    assert trail.verify().sequence == position


def test_without_checkpoints_a_rewritten_trail_passes_which_is_why_they_are_kept_elsewhere(trail):
    events = list(trail.events())
    assert audit.verify(events[:30], (), None) is None


def test_a_forged_checkpoint_is_a_finding(trail):
    forger = Witness(trail.witness.file, Ed25519PrivateKey.generate())
    forger.record(EVENTS + 1, "0" * 64)
    assert "not genuine" in trail.verify().message


def test_a_checkpoint_line_cut_short_by_a_power_failure_does_no_harm(trail):
    with trail.witness.file.open("a") as opened:
        opened.write('{"sequence": 61, "ha')
    trail.note("x", "look", "table:next")
    assert trail.verify() is None
    assert trail.witness.last_sequence() == EVENTS + 1


def test_times_are_utc_whatever_the_clock_says(tmp_path):
    catalogue = open_catalogue(f"sqlite:///{tmp_path / 'c.sqlite'}", None)
    auckland = datetime.timezone(datetime.timedelta(hours=13))
    catalogue._clock = lambda: datetime.datetime(2024, 1, 1, 0, 30, tzinfo=auckland)
    assert catalogue.now() == "2023-12-31T11:30:00.000000+00:00"
    catalogue.close()


def test_a_catalogue_of_a_newer_version_is_refused_untouched(address):
    catalogue = open_catalogue(address, None)
    _write(catalogue, sa.text("UPDATE alembic_version SET version_num = '9999'"))
    catalogue.close()
    with pytest.raises(ProjectError, match="newer Sojourn"):
        open_catalogue(address, None)


def test_events_of_many_writers_at_once_make_one_chain(catalogue):
    def write(writer):
        for number in range(10):
            catalogue.note(f"writer-{writer}", "look", f"table:{number}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert catalogue.verify() is None
    assert sorted((e["actor"], e["object"]) for e in catalogue.events()) == sorted(
        (f"writer-{w}", f"table:{n}") for w in range(8) for n in range(10)
    )


def test_the_migrations_make_the_tables_that_the_code_declares(catalogue):
    inspected = sa.inspect(catalogue.engine)
    for table in schema.metadata.sorted_tables:
        found = {column["name"]: column["nullable"] for column in inspected.get_columns(table.name)}
        assert found == {column.name: bool(column.nullable) for column in table.columns}
        keys = inspected.get_pk_constraint(table.name)["constrained_columns"]
        assert keys == [column.name for column in table.primary_key.columns]
