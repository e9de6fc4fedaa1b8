"""How many records stand behind a table: mended and repeated ones are not lost."""

from __future__ import annotations

import json

import pytest

from sojourn.production.quality import records_behind


def _delivery(loaded, quarantined, repairs=None, repeated=0):
    problems = [{"reason": "repeated-record", "records": repeated}] if repeated else []
    return {
        "loaded": loaded,
        "quarantined": quarantined,
        "repairs": repairs,
        "summary": json.dumps({"problems": problems}),
    }


@pytest.mark.parametrize(
    ("deliveries", "repetitions", "counted", "unusable"),
    [
        ([], 0, 0, 0),
        ([_delivery(96, 4)], 0, 96, 4),
        ([_delivery(96, 4, repeated=3)], 0, 96, 1),
        ([_delivery(96, 4), _delivery(3, 1, repairs="a")], 0, 99, 1),
        ([_delivery(96, 4), _delivery(4, 0, repairs="a")], 0, 100, 0),
        ([_delivery(50, 0), _delivery(52, 0)], 2, 100, 0),
    ],
)
def test_what_counts_and_what_nobody_could_use(deliveries, repetitions, counted, unusable):
    behind = records_behind(deliveries, repetitions)
    assert (behind.counted, behind.unusable) == (counted, unusable)
    assert behind.unusable_share == pytest.approx(100 * unusable / max(counted + unusable, 1))
