"""Which stand-ins of keys occur more than once, however many pieces they are sorted in."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.production.repeats import KeyHashes

hashes = st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 5), max_size=12)


@given(st.lists(hashes, max_size=6), st.integers(1, 9))
def test_each_stand_in_that_more_than_one_record_has_is_found_once(tmp_path_factory, batches, at_once):
    kept = KeyHashes(tmp_path_factory.mktemp("keys"), at_once)
    for batch in batches:
        kept.add(np.array(batch, np.uint64))
    counted = Counter(value for batch in batches for value in batch)
    expected = sorted(value for value, times in counted.items() if times > 1)
    assert sorted(kept.seen_again().tolist()) == expected


@pytest.mark.parametrize("count", [1, 1_000])
def test_different_keys_are_never_under_suspicion(tmp_path, count):
    kept = KeyHashes(tmp_path)
    kept.add(np.arange(count, dtype=np.uint64))
    assert kept.seen_again().size == 0
