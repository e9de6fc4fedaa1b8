"""The outcome-based rule against the vectors of the official implementation and of its censored forms.

Source: test expectations of Statistics New Zealand's package `migrbc` 2.0.9, in days from the first crossing,
as listed in the domain reference, section 5.1; the censored ones are of that reference itself.
"""

from __future__ import annotations

import numpy as np
import pytest

from one_history import decide_person
from sojourn.integration.movement_kernel import NEVER

pytestmark = pytest.mark.oracle

# crossings; resident after, migration; day on which the one and the other became final
FROM_ABROAD = [
    ("A0", "1", "1", "365", "365"),
    ("A0 D10", "0 0", "0 0", "132 132", "132 10"),
    ("A0 D10 A70 D90", "0 0 0 0", "0 0 0 0", "152 152 212 212", "152 10 212 90"),
    ("A0 D250", "0 0", "0 0", "372 372", "372 372"),
    ("A0 D0", "0 0", "0 0", "122 122", "122 0"),
    ("A0 D10 A70", "1 1 1", "1 0 0", "425 425 425", "425 10 425"),
    ("A0 D370", "1 0", "1 1", "365 735", "365 735"),
    ("A0 D350 A370 D390 A391", "1 1 1 1 1", "1 0 0 0 0", "385 493 493 513 513", "385 493 385 513 391"),
    ("A0 D10 A370 D380", "0 0 0 0", "0 0 0 0", "132 132 502 502", "132 10 502 380"),
    ("A0 D370 A380 D670 A680", "1 1 1 1 1", "1 0 0 0 0", "365 502 502 802 802", "365 502 380 802 680"),
]


def _numbers(text):
    return [int(number) for number in text.split()]


def decided(
    crossings, *, is_resident, until=10_000, is_mirrored=False, excludes_boundary=False, anchors=None
):
    days = np.array([int(crossing[1:]) for crossing in crossings.split()], np.int64)
    sides = np.array([(crossing[0] == "A") != is_mirrored for crossing in crossings.split()], np.int8)
    starts_inside = is_resident != is_mirrored
    return decide_person(
        days,
        sides,
        threshold=365,
        window=487,
        until=until,
        may_be_inside=starts_inside,
        may_be_outside=not starts_inside,
        excludes_boundary=excludes_boundary,
        anchors=anchors,
    )


@pytest.mark.parametrize("excludes_boundary", [False, True])
@pytest.mark.parametrize("is_mirrored", [False, True])
@pytest.mark.parametrize(("crossings", "after", "migration", "status_final", "migration_final"), FROM_ABROAD)
def test_resolved_histories(
    crossings, after, migration, status_final, migration_final, is_mirrored, excludes_boundary
):
    found = decided(
        crossings, is_resident=False, is_mirrored=is_mirrored, excludes_boundary=excludes_boundary
    )
    assert found["after"].tolist() == [int(state) ^ is_mirrored for state in _numbers(after)]
    assert found["migration"].tolist() == _numbers(migration)
    assert found["status_final"].tolist() == _numbers(status_final)
    assert found["migration_final"].tolist() == _numbers(migration_final)


def test_a_state_that_was_final_on_a_day_overrides_what_follows_from_the_crossings():
    anchors = (np.array([502], np.int64), np.array([1], np.int8))
    found = decided("D0 A370 D380 A670 D680", is_resident=True, anchors=anchors)
    assert found["after"].tolist() == [0, 0, 0, 0, 0]
    assert found["migration"].tolist() == [1, 0, 1, 0, 0]
    assert found["status_final"].tolist() == [365, 502, 755, 802, 802]
    assert found["migration_final"].tolist() == [365, 502, 755, 670, 755]


@pytest.mark.parametrize(
    ("crossings", "is_resident", "until", "migration", "final"),
    [
        ("A0", False, 200, 2, NEVER),
        ("A0", False, 400, 1, 365),
        ("A0 D300 A340", False, 400, 2, NEVER),
        ("A0 D300 A340", False, 487, 1, 405),
        ("A0 D243 A365", False, 487, 1, 487),
        ("A0 D243 A366", False, 365, 0, 365),
        ("D0 A100 D130 A420", True, 400, 1, 395),
    ],
)
def test_what_is_not_yet_decided_is_unresolved(crossings, is_resident, until, migration, final):
    observed = " ".join(crossing for crossing in crossings.split() if int(crossing[1:]) <= until)
    found = decided(observed, is_resident=is_resident, until=until)
    assert (found["migration"][0], found["migration_final"][0]) == (migration, final)


def test_a_return_one_day_too_late_makes_the_return_the_migration():
    found = decided("A0 D243 A366", is_resident=False, until=731)
    assert found["migration"].tolist() == [0, 0, 1]
    assert found["migration_final"].tolist() == [365, 365, 731]


@pytest.mark.parametrize(("excludes_boundary", "migration"), [(False, 1), (True, 0)])
def test_exactly_the_spare_days_on_the_old_side(excludes_boundary, migration):
    found = decided("A0 D243 A365", is_resident=False, excludes_boundary=excludes_boundary)
    assert found["migration"][0] == migration
