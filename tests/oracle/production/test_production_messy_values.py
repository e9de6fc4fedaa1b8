"""The generated cases about values, conflicts and repeated deliveries, judged as their manifest says."""

from __future__ import annotations

import json
import tarfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sojourn.cli.receipts import receipt_text
from sojourn.concepts import areas
from sojourn.contracts.microdata import Identity, Movement, QuarantinedRecord
from sojourn.contracts.table import Zone
from sojourn.errors import DataRefused
from sojourn.production.deliveries import all_deliveries
from sojourn.production.receive import receive
from sojourn.production.records import records_name
from sojourn.production.workspace import open_workspace

pytestmark = pytest.mark.oracle

SOURCE = """\
id: border
title: {en: Border crossings}
kind: border_crossings
provider: border_guard
agreement: border-2023
arrives: {every: year, time_zone: Europe/Berlin}
identifies_by: [document_no, surname, given_names, birth_date]
gives: movement
columns:
  movement_id: record_id
  document_no: passport_no
  surname: surname
  given_names: given
  birth_date: birth_date
  birth_year: {from: birth_date, part: year}
  sex: sex
  event_date: {from: crossing_time, part: day}
  event_time: crossing_time
  direction: direction
  citizenship: {from: citizenship, codes: country.csv}
  birthplace: {from: country_of_birth, codes: icao}
  border_point: {from: border_point, codes: point.csv}
  visa: purpose
checks:
  - {id: born-before-crossing, rule: birth_year <= year(event_date)}
thresholds: {quarantined_at_most: 1, fewer_records_at_most: 1}
"""
QUARANTINED = {
    9: "spreadsheet-damage",  # 1.2E+11
    11: "not-a-day",  # Arabic-Indic digits
    12: "document-number-unreadable",  # full-width digits
    13: "not-a-day",  # 03/04/1990
    14: "not-a-day",  # a spreadsheet's serial number
    15: "not-a-day",  # 30 February
    16: "not-a-day",  # 29 February of a common year
    17: "not-a-day",  # two digits of the year
    18: "after-receipt",
    19: "not-a-day",  # Buddhist year
    20: "not-a-day",  # Hijri year
    22: "not-a-time",  # leap second
    25: "not-a-time",  # year 1
    30: "unknown-code",  # a name where a code belongs
    46: "unknown-code",  # a path
}


@pytest.fixture(scope="module")
def messy(tmp_path_factory, request):
    import os
    from pathlib import Path

    here = Path(__file__).parents[4] / "shared" / "data"
    archive = Path(os.environ.get("SOJOURN_SHARED_DATA", here)) / "messy_files.tar.xz"
    if not archive.is_file():
        pytest.skip(f"the messy files {archive} are not here; set SOJOURN_SHARED_DATA")
    folder = tmp_path_factory.mktemp("messy")
    wanted = (
        "clean_200",
        "values_matrix",
        "logic_conflicts",
        "exact_dup_delivery_a",
        "exact_dup_delivery_b",
        "reordered",
        "corrected",
        "MANIFEST",
    )
    with tarfile.open(archive) as opened:
        for member in opened:
            if (
                member.isfile()
                and "generated/" in member.name
                and any(name in member.name for name in wanted)
            ):
                member.name = Path(member.name).name
                opened.extract(member, folder, filter="data")
    return folder


@pytest.fixture
def office(project):
    folder = project / "sources" / "border"
    (folder / "source.yaml").write_text(SOURCE, encoding="utf-8")
    pairs = {"XXA": "STLS", "XXX": "_U", "RKS": "XKX", "NA": "NAM", "NO": "NOR"}
    pairs |= {it.code: it.code for it in areas() if it.is_place}
    lines = [f"{written},{standard}" for written, standard in pairs.items()]
    (folder / "country.csv").write_text("\n".join(["from,to", *lines]) + "\n", encoding="utf-8")
    points = [f"BP{n},BP{n}" for n in range(20)]
    (folder / "point.csv").write_text("\n".join(["from,to", *points]) + "\n", encoding="utf-8")
    with open_workspace(project) as workspace:
        yield workspace


def _records(office, receipt, contract):
    version = office.store.version(contract, records_name("border"), _version(office, receipt))
    found = pa.concat_tables([pq.read_table(file) for file in version.files]).to_pylist()
    return {int(row["record_id"].split(":")[2]): row for row in found}


def _line(row: int) -> int:
    """The line on which a row of the manifest begins: rows 40 and 42 hold a line break inside quotes."""
    return row + (row > 40) + (row > 42)


def _version(office, receipt):
    import sqlalchemy as sa

    from sojourn.catalogue import schema

    query = sa.select(schema.delivery.c.summary).where(schema.delivery.c.id == receipt.delivery)
    return json.loads(office.catalogue.rows(query)[0]["summary"])["version"]


def test_each_of_the_46_values_ends_as_the_manifest_says(office, messy):
    receipt = receive(office, "border", messy / "values_matrix.csv", period="2024")
    movements, people = _records(office, receipt, Movement), _records(office, receipt, Identity)
    assert set(movements) == {_line(row) for row in range(2, 48) if row not in QUARANTINED}
    name = f"quarantine_{records_name('border')}"
    quarantined = office.store.version(QuarantinedRecord, name, _version(office, receipt)).files
    found = {(row["reason"], row["line"]) for file in quarantined for row in pq.read_table(file).to_pylist()}
    assert {(reason, _line(row)) for row, reason in QUARANTINED.items()} <= found
    assert {line for _, line in found} == {_line(row) for row in QUARANTINED}
    assert receipt.quarantined == len(QUARANTINED)
    assert (movements[2]["citizenship"], movements[3]["citizenship"]) == ("NAM", "NOR")
    assert [people[line]["surname"] for line in (4, 5, 7)] == ["Null", "None", "True"]
    assert people[6]["given_names"] == "Nan"
    assert people[8]["document_no"].startswith("0")
    assert people[10]["document_no"] == "12E5"
    assert people[21]["birth_date"].endswith("-00-00")
    assert movements[26]["citizenship"] == "STLS"
    assert movements[27]["citizenship"] == "_U"
    assert movements[28]["citizenship"] == "XKX"
    assert movements[29]["birthplace"] == "YUG"


def test_records_that_contradict_themselves_are_told_one_by_one(office, messy):
    receipt = receive(office, "border", messy / "logic_conflicts.csv", period="2024")
    found = {(group["reason"], line) for group in receipt.detail["problems"] for line in group["first_lines"]}
    assert found == {
        ("born-after-event", 2),
        ("repeated-record", 4),
        ("unknown-code", 5),
        ("unknown-code", 7),
        ("missing", 8),
        ("missing", 10),
    }
    assert receipt.loaded + receipt.quarantined + receipt.non_data == receipt.physical_records


def test_a_delivery_again_reordered_and_corrected(office, messy):
    first = receive(office, "border", messy / "exact_dup_delivery_a.csv", period="2024")
    assert (first.state, first.loaded) == ("accepted", 200)
    again = receive(office, "border", messy / "exact_dup_delivery_b.csv", period="2024")
    assert again.state == "already-delivered"
    assert receive(office, "border", messy / "reordered_delivery.csv", period="2024").state in (
        "same-records",
        "already-delivered",
    )
    corrected = receive(office, "border", messy / "corrected_delivery.csv", period="2024")
    assert (corrected.supersedes, corrected.loaded) == (first.delivery, 200)
    assert [row["state"] for row in all_deliveries(office)] == ["superseded", "accepted"]


def test_the_hostile_names_of_the_manifest_name_no_file_of_ours_and_forge_no_line(office, messy, tmp_path):
    entries = json.loads((messy / "MANIFEST.json").read_text(encoding="utf-8"))
    names = [entry["upload_name"] for entry in entries if "upload_name" in entry]
    content = (messy / "clean_200.csv").read_bytes()
    assert len(names) == 12
    for position, name in enumerate(names):
        file = tmp_path / str(position) / name.encode()[:250].decode(errors="ignore")  # a file system's limit
        file.parent.mkdir()
        file.write_bytes(content)
        receipt = receive(office, "border", file, period="2024")
        told = receipt_text(receipt).splitlines()
        expected = (0, "already-delivered") if position else (200, "accepted")
        assert (receipt.loaded, receipt.state) == expected
        assert told[0].endswith(".")
        assert not [line for line in told if not line.isprintable() or "Set-Cookie" in line[:20]]
        file.write_bytes(b"%PDF-1.7")
        with pytest.raises(DataRefused, match="This is PDF") as refused:
            receive(office, "border", file, period="2024")
        assert all(line.isprintable() for line in str(refused.value).splitlines())
    held = {path.name for path in (office.store.zone(Zone.VAULT) / "deliveries").rglob("*") if path.is_file()}
    assert held == {"content"}
