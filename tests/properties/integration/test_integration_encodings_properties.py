"""What holds of encodings whatever the names and keys."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn.integration.encodings import Hardening, name_filters
from sojourn.integration.linkage.comparison_kernel import dice

NAMES = st.text(st.sampled_from("abcdeghiklmnoprstuvzé "), min_size=4, max_size=20).filter(
    lambda name: len(name.replace(" ", "")) > 3
)
KEYS = st.binary(min_size=32, max_size=32)


def words(filters):
    return np.frombuffer(b"".join(filters.to_pylist()), np.uint64).reshape(len(filters), -1)


def share(row):
    return sum(int(word).bit_count() for word in row) / (64 * len(row))


@given(st.lists(NAMES, min_size=1, max_size=5), KEYS)
@settings(max_examples=40, deadline=None)
def test_equal_names_under_one_key_are_equal_whoever_stands_beside_them(names, key):
    alone = [name_filters(pa.array([name]), key, Hardening())[0] for name in names]
    assert name_filters(pa.array(names), key, Hardening()).to_pylist() == [each.as_py() for each in alone]


@given(NAMES, KEYS, KEYS)
@settings(max_examples=60, deadline=None)
def test_one_name_under_two_keys_is_no_more_alike_than_by_chance(name, key, other):
    if key == other:
        return
    rows = words(
        pa.concat_arrays([name_filters(pa.array([name]), each, Hardening()) for each in (key, other)])
    )
    one, two = share(rows[0]), share(rows[1])
    # Of two independent arrays both have a share one * two; its standard error is below 0.022 of 512 bits.
    chance = 2 * one * two / (one + two)
    assert abs(dice(rows, 0, 1) - chance) < 6 * 2 * 0.022 / (2 * min(one, two))


@given(st.lists(st.integers(0, 2**64 - 1), min_size=6, max_size=6))
def test_dice_is_that_of_sets_of_bits(numbers):
    rows = np.array(numbers, dtype=np.uint64).reshape(2, 3)
    sets = [{64 * at + bit for at, n in enumerate(own) for bit in range(64) if n >> bit & 1}
            for own in (numbers[:3], numbers[3:])]  # fmt: skip
    total = len(sets[0]) + len(sets[1])
    assert dice(rows, 0, 1) == (2 * len(sets[0] & sets[1]) / total if total else 0.0)
