"""Intervals of differences against printed ones: Newcombe, Statistics in Medicine 17, 1998, table II.

His method 10, from Wilson's intervals of two independent proportions.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from sojourn.statistics.survey.intervals import ends, recovered

pytestmark = pytest.mark.oracle
PRINTED = [
    ((56, 70), (48, 80), (0.0524, 0.3339)),
    ((9, 10), (3, 10), (0.1705, 0.8090)),
    ((6, 7), (2, 7), (0.0582, 0.8062)),
    ((5, 56), (0, 29), (-0.0381, 0.1926)),
    ((0, 10), (0, 20), (-0.1611, 0.2775)),
]


@pytest.mark.parametrize(("first", "second", "printed"), PRINTED)
def test_the_recovered_interval_is_the_printed_one(first, second, printed):
    values, variances, intervals = [], [], []
    for hits, size in (first, second):
        share = np.array([hits / size])
        values.append(share)
        variances.append(share * (1 - share) / size)
        intervals.append(ends("wilson", share, variances[-1], np.array([math.inf]), np.array([float(size)])))
    found = recovered(tuple(values), tuple(intervals), tuple(variances), variances[0] + variances[1])
    assert [round(float(each[0]), 4) for each in found] == pytest.approx(printed, abs=1.01e-4)
