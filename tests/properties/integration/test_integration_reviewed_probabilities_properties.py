"""Whatever was reviewed: probabilities stay probabilities, and of one record's pairs at most one is right."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn.integration.linked_versions import matchings
from sojourn.integration.reviewed_probabilities import ReviewedProbabilities, at_most_one

BANDS = (0.0, 0.01, 0.1, 0.5, 0.9, 0.99, 1.0)
PAIRS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5), st.floats(0, 1)),
    min_size=1, max_size=25, unique_by=lambda pair: pair[:2],
)  # fmt: skip
LOOKS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=12, max_size=12)


@settings(max_examples=100, deadline=None)
@given(PAIRS, LOOKS, st.integers(0, 9))
def test_drawn_probabilities_can_be_matched(pairs, looks, seed):
    here = np.array([pair[0] for pair in pairs], np.int32)
    there = np.array([6 + pair[1] for pair in pairs], np.int32)
    model = at_most_one(here, there, np.array([pair[2] for pair in pairs]))
    strata = pa.table(
        {
            "is_link": [is_link for is_link in (False, True) for _ in BANDS[1:]],
            "above": [*BANDS[:-1]] * 2,
            "up_to": [*BANDS[1:]] * 2,
            "same": [same for same, _ in looks],
            "different": [different for _, different in looks],
        }
    )
    known = ReviewedProbabilities(here, there, model, model > 0.5, np.zeros(len(model), bool), strata)
    found = known.drawn(np.random.default_rng(seed))
    assert ((found >= 0) & (found <= 1)).all()
    assert (np.bincount(here, found) <= 1 + 1e-9).all()
    assert (np.bincount(there, found) <= 1 + 1e-9).all()
    matchings(here, there, found, versions=2, seed=seed)
    assert (known.drawn(np.random.default_rng(seed)) == found).all()
