"""A period that arrives in parts, and columns that a source leaves unread."""

from __future__ import annotations

import pytest

from small_project import BORDER, HEADER, crossing
from sojourn.production.deliveries import deliveries_in_force
from sojourn.production.receive import receive
from sojourn.production.workspace import open_workspace


def _file(folder, name, records, **changed):
    file = folder / name
    file.write_text("\n".join([HEADER, *(crossing(n, **changed) for n in records)]) + "\n", encoding="utf-8")
    return file


@pytest.fixture
def office(project):
    with open_workspace(project) as workspace:
        yield workspace


def test_a_small_part_is_not_held_because_another_part_is_large(office, tmp_path):
    large, small = _file(tmp_path, "north.csv", range(40)), _file(tmp_path, "south.csv", range(50, 55))
    receive(office, "border", large, period="2024", part="north")
    assert receive(office, "border", small, period="2024", part="south").state == "accepted"
    assert [row["period"] for row in deliveries_in_force(office, "border")] == ["2024/north", "2024/south"]


def test_a_part_is_compared_with_the_same_part_of_the_last_period(office, tmp_path):
    receive(
        office, "border", _file(tmp_path, "a.csv", range(40), DAY="2023-05-01"), period="2023", part="north"
    )
    receive(
        office,
        "border",
        _file(tmp_path, "b.csv", range(50, 55), DAY="2023-05-01"),
        period="2023",
        part="south",
    )
    held = receive(office, "border", _file(tmp_path, "c.csv", range(60, 70)), period="2024", part="north")
    assert held.reasons_held == ("The file has 10 records; the delivery for 2023/north had 40.",)


@pytest.mark.parametrize(("ignored", "warnings"), [("ignore: [NOTE]", []), ("", ["unknown-column"])])
def test_a_column_that_is_to_be_left_unread_is_no_cause_for_a_warning(project, tmp_path, ignored, warnings):
    (project / "sources/border/source.yaml").write_text(f"{BORDER}{ignored}\n", encoding="utf-8")
    file = tmp_path / "b.csv"
    file.write_text(f"{HEADER},NOTE\n{crossing(1)},late\n", encoding="utf-8")
    with open_workspace(project) as workspace:
        receipt = receive(workspace, "border", file, period="2024")
    assert [warning["code"] for warning in receipt.detail["warnings"]] == warnings
