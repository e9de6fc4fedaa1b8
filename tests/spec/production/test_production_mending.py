"""Quarantined records come back mended, whatever the form of the source."""

from __future__ import annotations

import csv

import pytest

from small_project import BORDER, HEADER, crossing
from sojourn.errors import NotPermitted
from sojourn.production.accounts import enrol
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
