"""Receiving: every record ends somewhere, nothing counts twice, a correction keeps what it corrects."""

from __future__ import annotations

import csv
import datetime
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from small_project import HEADER, crossing
from sojourn.contracts.microdata import Identity, Movement
from sojourn.contracts.table import Zone
from sojourn.errors import DataRefused, NotPermitted, ProjectError
from sojourn.production.deliveries import all_deliveries, deliveries_in_force
from sojourn.production.quarantine import write_quarantined
from sojourn.production.receive import receive
from sojourn.production.records import records_name
from sojourn.production.workspace import open_workspace


@pytest.fixture
def office(project):
    with open_workspace(project) as workspace:
        yield workspace


def _file(folder, name, lines):
    file = folder / name
    file.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return file


def _records(office, delivery, contract=Movement):
    row = next(row for row in deliveries_in_force(office, "border") if row["id"] == delivery)
    version = office.store.version(contract, records_name("border"), json.loads(row["summary"])["version"])
    return pa.concat_tables([pq.read_table(file) for file in version.files]).to_pylist()


def test_good_records_are_taken_in_and_split_between_vault_and_secure_zone(office, border_file):
    receipt = receive(office, "border", border_file, period="2024")
    assert (receipt.state, receipt.loaded, receipt.quarantined, receipt.non_data) == ("accepted", 40, 0, 1)
    movements = _records(office, receipt.delivery)
    assert {m["movement_id"]: m["event_date"] for m in movements}["M00012"] == datetime.date(2024, 1, 13)
    assert not {"surname", "given_names", "document_no", "birth_date"} & set(movements[0])
    identities = _records(office, receipt.delivery, Identity)
    assert {i["surname"] for i in identities} == {f"Canary{n}" for n in range(40)}
    assert {i["person_key"] for i in identities} == {m["person_key"] for m in movements}


def test_a_cell_is_read_without_the_blanks_around_it(office, tmp_path):
    line = crossing(1).replace("Canary1", "  Søn Ås\u00a0").replace("NOR", "NOR ")
    receipt = receive(office, "border", _file(tmp_path, "b.csv", [line]), period="2024")
    assert [i["surname"] for i in _records(office, receipt.delivery, Identity)] == ["Søn Ås"]


def test_a_bad_record_is_quarantined_with_line_column_letter_and_reason(office, tmp_path):
    lines = [crossing(n) for n in range(30)]
    lines[4] = crossing(4, DAY="2024-02-30")
    receipt = receive(office, "border", _file(tmp_path, "b.csv", lines), period="2024")
    assert (receipt.state, receipt.loaded, receipt.quarantined) == ("accepted", 29, 1)
    (group,) = receipt.detail["problems"]
    assert group == {
        "reason": "not-a-day",
        "column": "DAY",
        "letter": "B",
        "records": 1,
        "first_lines": [6],
    }


def test_the_same_bytes_under_another_name_are_no_second_delivery(office, border_file, tmp_path):
    first = receive(office, "border", border_file, period="2024")
    renamed = tmp_path / "again.csv"
    renamed.write_bytes(border_file.read_bytes())
    second = receive(office, "border", renamed, period="2024")
    assert (second.state, second.delivery) == ("already-delivered", first.delivery)
    assert len(all_deliveries(office)) == 1


@pytest.mark.parametrize("change", ["reordered", "without final newline", "other newlines", "quoted"])
def test_the_same_records_written_differently_are_no_second_delivery(office, border_file, tmp_path, change):
    receive(office, "border", border_file, period="2024")
    header, *lines = border_file.read_text(encoding="utf-8").splitlines()
    written = {
        "reordered": "\n".join([header, *reversed(lines)]) + "\n",
        "without final newline": "\n".join([header, *lines]),
        "other newlines": "\r\n".join([header, *lines]) + "\r\n",
        "quoted": (
            "\n".join(",".join(f'"{cell}"' for cell in line.split(",")) for line in [header, *lines]) + "\n"
        ),
    }[change]
    other = tmp_path / "other.csv"
    other.write_bytes(written.encode())
    second = receive(office, "border", other, period="2024")
    assert second.state == "same-records"
    assert len(all_deliveries(office)) == 1
    assert office.store.unnamed({(r["zone"], r["name"], r["fingerprint"]) for r in _named(office)}) == []


def _named(office):
    import sqlalchemy as sa

    from sojourn.catalogue import schema

    return office.catalogue.rows(sa.select(schema.table_version))


def test_a_correction_supersedes_and_keeps_its_predecessor(office, border_file, tmp_path):
    first = receive(office, "border", border_file, period="2024")
    lines = [crossing(n) for n in range(40)]
    lines[7] = crossing(7, NAT="DEU")
    second = receive(office, "border", _file(tmp_path, "corrected.csv", lines), period="2024")
    assert second.supersedes == first.delivery
    assert [(row["id"], row["state"]) for row in all_deliveries(office)] == [
        (first.delivery, "superseded"),
        (second.delivery, "accepted"),
    ]
    assert len(_records(office, second.delivery)) == 40
    assert office.store.delivery(all_deliveries(office)[0]["sha256"]) is not None


def test_a_record_that_stands_twice_is_counted_once_and_contradictions_not_at_all(office, tmp_path):
    lines = [crossing(n) for n in range(60)] + [crossing(3), crossing(5, NAT="DEU")]
    receipt = receive(office, "border", _file(tmp_path, "b.csv", lines), period="2024")
    assert receipt.loaded == 59  # of 62 lines: not the second 3, and neither of the two that say 5
    found = {(g["reason"], tuple(g["first_lines"])) for g in receipt.detail["problems"]}
    assert found == {("repeated-record", (62,)), ("contradicted-record", (7, 63))}


def test_a_delivery_with_too_many_bad_records_is_held_until_somebody_decides(office, tmp_path):
    lines = [crossing(n, DIR="?" if n % 4 == 0 else "A") for n in range(40)]
    file = _file(tmp_path, "b.csv", lines)
    held = receive(office, "border", file, period="2024")
    assert held.state == "held"
    assert held.reasons_held == ("10 of 40 records are in quarantine, more than the 5.0% that are allowed.",)
    assert deliveries_in_force(office, "border") == []
    taken = receive(office, "border", file, period="2024", accept_because="the sender confirmed it")
    assert (taken.state, taken.delivery) == ("accepted", held.delivery)
    assert [row["state"] for row in all_deliveries(office)] == ["accepted"]


def test_a_file_that_is_not_what_its_manifest_says_is_held(office, border_file):
    border_file.with_name("manifest.csv").write_text(
        f"file,rows,sha256,period\n{border_file.name},41,{'0' * 64},2024\n"
    )
    receipt = receive(office, "border", border_file)
    assert receipt.reasons_held == (
        "The manifest speaks of 41 records; the file has 40.",
        "The file's checksum is not the manifest's: it was changed or cut on its way.",
    )


def test_quarantined_records_come_out_unchanged_are_mended_and_come_in_again(office, tmp_path):
    lines = [crossing(n) for n in range(30)]
    lines[4], lines[9] = crossing(4, DAY="2024-02-30"), crossing(9, NAT="Frankreich")
    receipt = receive(office, "border", _file(tmp_path, "b.csv", lines), period="2024", accept_because="test")
    out = tmp_path / "mend.csv"
    assert write_quarantined(office, receipt.delivery, out, "repair") == 2
    assert out.stat().st_mode & 0o077 == 0
    with out.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert {tuple(row[name] for name in HEADER.split(",")) for row in rows} == {
        tuple(line.split(",")) for line in (lines[4], lines[9])
    }
    mended = out.read_text(encoding="utf-8").replace("2024-02-30", "2024-02-29").replace("Frankreich", "FRA")
    again = tmp_path / "mended.csv"
    again.write_text(mended, encoding="utf-8")
    repaired = receive(office, "border", again, period="2024", repairs=receipt.delivery)
    assert (repaired.state, repaired.loaded) == ("accepted", 2)
    assert sum(row["loaded"] for row in deliveries_in_force(office, "border")) == 30


def test_without_an_agreement_in_force_nothing_is_accepted_or_kept(office, border_file):
    with pytest.raises(NotPermitted, match="not in force"):
        receive(office, "border", border_file, period="2022", received_on=datetime.date(2022, 6, 1))
    assert not (office.store.zone(Zone.VAULT) / "deliveries").exists()
    assert [(e["action"], e["outcome"]) for e in office.catalogue.events()] == [
        ("adopt-key", "done"),
        ("receive", "failed"),
    ]


def test_a_file_without_a_period_is_asked_for_one(office, border_file):
    with pytest.raises(ProjectError, match="Which year does the file cover"):
        receive(office, "border", border_file)


def test_a_refused_file_is_named_as_sent_and_the_refusal_is_in_the_audit_trail(office, tmp_path):
    empty = tmp_path / "empty.csv"
    empty.write_bytes(b"")
    with pytest.raises(DataRefused, match=r"empty\.csv"):
        receive(office, "border", empty, period="2024")
    assert [(e["action"], e["outcome"]) for e in office.catalogue.events()] == [
        ("adopt-key", "done"),
        ("receive", "failed"),
    ]


@pytest.mark.parametrize(
    "name",
    [
        "..%2f..%2fetc%2fpasswd.csv",
        "a;rm -rf ~.csv",
        "$(id).csv",
        "x\u202egnp.csv",
        "CON.csv",
        "名前.csv",
        "' OR 1=1 --.csv",
        "<img src=x>.csv",
        ".htaccess",
        "x.csv\r\nSet-Cookie: a=b",
    ],
)
def test_a_hostile_file_name_is_a_text_and_nothing_else(office, border_file, tmp_path, name):
    hostile = tmp_path / name
    hostile.write_bytes(border_file.read_bytes())
    receipt = receive(office, "border", hostile, period="2024")
    assert (receipt.state, receipt.loaded, receipt.file_name) == ("accepted", 40, name)
    kept = {path.name for path in (office.store.zone(Zone.VAULT) / "deliveries").rglob("*") if path.is_file()}
    assert kept == {"content"}


def test_every_access_to_records_is_an_event(office, border_file, tmp_path):
    receipt = receive(office, "border", border_file, period="2024")
    write_quarantined(office, receipt.delivery, tmp_path / "out.csv", "a look")
    assert [(e["action"], e["purpose"], e["outcome"]) for e in office.catalogue.events()] == [
        ("adopt-key", "", "done"),
        ("receive", "", "done"),
        ("read-quarantine", "a look", "done"),
    ]
    assert office.catalogue.verify() is None
