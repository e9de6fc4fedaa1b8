"""Who overstayed or never came is a count: the records behind it stay in the secure zone."""

from __future__ import annotations

from pathlib import Path

from sojourn.contracts.microdata import PermitOutcome
from sojourn.contracts.table import Sensitivity, Zone

SOURCE = Path(__file__).parents[2] / "src" / "sojourn"


def test_outcomes_of_permits_lie_in_the_secure_zone_and_what_they_say_is_sensitive():
    assert PermitOutcome.zone is Zone.SECURE
    for name in ("outcome", "side_at_end", "after_validity", "days_beyond", "reason", "previous_reason"):
        assert PermitOutcome.columns[name].sensitivity is Sensitivity.SENSITIVE


def test_no_command_and_no_page_reads_them():
    read_by = [
        str(file.relative_to(SOURCE))
        for room in ("cli", "portal", "dissemination", "disclosure", "release")
        for file in (SOURCE / room).rglob("*.py")
        if any(name in file.read_text(encoding="utf-8") for name in ("PermitOutcome", "permit_outcome"))
    ]
    assert read_by == []
