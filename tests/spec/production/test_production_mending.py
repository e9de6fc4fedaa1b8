"""Quarantined records come back mended, whatever the form of the source."""

from __future__ import annotations

import csv

import pytest

from small_project import BORDER, HEADER, crossing
from sojourn.errors import NotPermitted
from sojourn.production.accounts import enrol
from sojourn.production.deliveries import all_deliveries, deliveries_in_force, withdraw_delivery
from sojourn.production.quarantine import write_quarantined
from sojourn.production.receive import receive
from sojourn.production.workspace import open_workspace


def test_mended_records_are_read_as_they_were_handed_out(project, tmp_path):
    (project / "sources/border/source.yaml").write_text(
        BORDER.replace(
            "arrives: {every: year}",
            'arrives: {every: year, header_line: 3, encoding: cp1251, separator: ";"}',
        ),
        encoding="utf-8",
    )
    lines = [crossing(n) for n in range(30)] + [crossing(30, DAY="2024-02-30", SURNAME="Юрьев")]
    text = "\n".join(["Border crossings", "", HEADER, *lines]).replace(",", ";")
    delivery = tmp_path / "border.csv"
    delivery.write_text(text + "\n", encoding="cp1251")
    with open_workspace(project) as office:
        first = receive(office, "border", delivery, period="2024")
        assert (first.loaded, first.quarantined) == (30, 1)
        mended = tmp_path / "mended.csv"
        assert write_quarantined(office, first.delivery, mended, "to mend") == 1
        mended.write_text(
            mended.read_text(encoding="cp1251").replace("2024-02-30", "2024-02-28"), encoding="cp1251"
        )
        again = receive(office, "border", mended, period="2024", repairs=first.delivery)
    assert (again.loaded, again.quarantined, again.state) == (1, 0, "accepted")
    assert again.detail["warnings"] == []


def test_records_that_contradict_each_other_are_handed_out_as_sent(project, tmp_path):
    lines = [crossing(n) for n in range(60)] + [crossing(5, NAT="DEU")]
    delivery = tmp_path / "border.csv"
    delivery.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    with open_workspace(project) as office:
        first = receive(office, "border", delivery, period="2024")
        assert (first.loaded, first.quarantined) == (59, 2)
        handed_out = tmp_path / "mend.csv"
        write_quarantined(office, first.delivery, handed_out, "to mend")
        rows = list(csv.DictReader(handed_out.read_text(encoding="utf-8").splitlines()))
        assert [(row["ID"], row["NAT"], row["sojourn_line"]) for row in rows] == [
            ("M00005", "NAM", "7"),
            ("M00005", "DEU", "62"),
        ]
        mended = tmp_path / "mended.csv"
        kept = [line for line in handed_out.read_text(encoding="utf-8").splitlines() if ",DEU," not in line]
        mended.write_text("\n".join(kept) + "\n", encoding="utf-8")
        again = receive(office, "border", mended, repairs=first.delivery)
    assert (again.loaded, again.quarantined, again.state) == (1, 0, "accepted")


def test_a_passphrase_is_replaced_by_an_administrator_only(project):
    with open_workspace(project) as office:
        enrol(office, "checker-1", "a passphrase of four words")
        with pytest.raises(NotPermitted, match="only an administrator"):
            enrol(office, "checker-1", "another passphrase of mine")


def _with_three_wrong(folder, name, **changed):
    lines = [crossing(n, **changed) for n in range(60)] + [crossing(n, DIR="?") for n in range(60, 63)]
    file = folder / name
    file.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return file


def _mended(office, delivery, file):
    write_quarantined(office, delivery, file, "to mend")
    file.write_text(file.read_text(encoding="utf-8").replace(",?,", ",A,"), encoding="utf-8")
    return file


def test_the_same_corrections_mend_a_corrected_delivery_as_well(project, tmp_path):
    with open_workspace(project) as office:
        first = receive(office, "border", _with_three_wrong(tmp_path, "a.csv"), period="2024")
        receive(
            office, "border", _mended(office, first.delivery, tmp_path / "m1.csv"), repairs=first.delivery
        )
        second = receive(office, "border", _with_three_wrong(tmp_path, "b.csv", SEX="F"), period="2024")
        again = _mended(office, second.delivery, tmp_path / "m2.csv")
        assert again.read_bytes() == (tmp_path / "m1.csv").read_bytes()
        mending = receive(office, "border", again, repairs=second.delivery)
        assert (mending.state, mending.loaded) == ("accepted", 3)
        assert sum(row["loaded"] for row in deliveries_in_force(office, "border")) == 63


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("the same again", "The file brings 3 records, and 0 of delivery"),
        ("more than wait", "The file brings 4 records, and 3 of delivery"),
    ],
)
def test_no_more_records_are_mended_than_wait(project, tmp_path, change, reason):
    with open_workspace(project) as office:
        first = receive(office, "border", _with_three_wrong(tmp_path, "a.csv"), period="2024")
        mended = _mended(office, first.delivery, tmp_path / "m.csv")
        if change == "the same again":
            receive(office, "border", mended, repairs=first.delivery)
            mended.write_text(mended.read_text(encoding="utf-8").replace("Bird", "Birdie"), encoding="utf-8")
        else:
            header, *lines = mended.read_text(encoding="utf-8").splitlines()
            lines.append(lines[0].replace("M00060", "M00099").replace("P0000060", "P0000099"))
            mended.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        held = receive(office, "border", mended, repairs=first.delivery)
    assert held.state == "held"
    assert reason in held.reasons_held[0]


def test_a_person_whose_record_has_no_identifier_is_not_mended_twice(project, tmp_path):
    for name in ("indicators/crossings.yaml", "tables/crossings.yaml", "releases/2024.yaml"):
        (project / name).unlink()
    (project / "sources/border/source.yaml").write_text(
        BORDER.replace("gives: movement", "gives: person")
        .replace("movement_id: ID\n  event_date: DAY\n  direction: DIR", "reference_date: DAY")
        .replace("year(event_date)", "year(reference_date)"),
        encoding="utf-8",
    )
    lines = [crossing(n) for n in range(60)] + [crossing(n, SEX="?") for n in range(60, 64)]
    file, mended = tmp_path / "a.csv", tmp_path / "m.csv"
    file.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    with open_workspace(project) as office:
        first = receive(office, "border", file, period="2024", accept_because="four are wrong")
        write_quarantined(office, first.delivery, mended, "to mend")
        header, *rows = mended.read_text(encoding="utf-8").replace(",?,", ",F,").splitlines()
        mended.write_text("\n".join([header, *rows[:2]]) + "\n", encoding="utf-8")
        receive(office, "border", mended, repairs=first.delivery)
        mended.write_text(mended.read_text(encoding="utf-8").replace("Bird", "Birdie"), encoding="utf-8")
        held = receive(office, "border", mended, repairs=first.delivery)
    assert held.state == "held"
    assert "2 of 2 records are of persons whose records in delivery" in held.reasons_held[0]


def test_a_delivery_that_is_held_can_be_taken_back(project, tmp_path):
    with open_workspace(project) as office:
        held = receive(office, "border", _with_three_wrong(tmp_path, "a.csv"), period="2023")
        assert held.state == "held"
        assert withdraw_delivery(office, held.delivery, "another year") == []
        assert [row["state"] for row in all_deliveries(office)] == ["withdrawn"]
