"""How rare values and words are: within the field, the origin, and what a name goes with."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from linkage_records import as_records
from sojourn.integration.linkage.chance import MOST_LEVELS, ORIGINS, origins_given_keys
from sojourn.integration.linkage.specification import BlockKey, BlockRule


def test_a_given_name_is_counted_among_records_of_its_sex():
    # Maria has two of the three women's names, and one of four of all whose sex is not known.
    names = ["Maria", "Maria", "Anna", "Peter"]
    records, _ = as_records(pa.table({"given_names": names, "sex": ["F", "F", "F", "M"]}))
    bits = records.bits[:, records.place("given_names")]
    assert bits == pytest.approx([np.log2(3 / 2), np.log2(3 / 2), np.log2(3), 0.0])
    unknown, _ = as_records(pa.table({"given_names": names, "sex": [None, "F", "F", "M"]}))
    assert unknown.bits[0, unknown.place("given_names")] == pytest.approx(1.0)


def test_a_word_is_counted_within_its_field_and_its_origin():
    # Of 40 surnames 20 are Nguyen, all of the 20 Vietnamese; smoothing adds 20 records with the share of
    # all, a half: (20 + 10) / (20 + 20) = 3/4.
    records, _ = as_records(
        pa.table(
            {
                "surname": ["Nguyen"] * 20 + ["Smith"] * 20,
                "given_names": ["Smith"] * 40,
                "citizenship": ["VN"] * 20 + ["GB"] * 20,
            }
        )
    )
    of = records.word_bits[records.word_at[:, records.place("surname")]]
    assert of[0] == pytest.approx([1.0, np.log2(4 / 3)])
    given = records.word_bits[records.word_at[0, records.place("given_names")]]
    assert given == pytest.approx([0.0, 0.0])


def test_each_word_of_a_name_has_its_own_bits_and_a_missing_name_none():
    # Ali is in three of four names, Hassan in one.
    records, _ = as_records(pa.table({"given_names": ["Ali Hassan", "Ali", "Ali", "Omar", None]}))
    at = records.word_at[:, records.place("given_names")]
    words = records.word_bits[at[0] : at[0] + 2, 0]
    assert sorted(words) == pytest.approx([np.log2(4 / 3), 2.0])
    assert at[4] == -1


def test_two_who_share_a_key_by_chance_are_mostly_of_one_origin():
    # By chance one pair in ten is of one origin. Of those a fifth share a code, of the others a fiftieth:
    # 0.1 x 0.2 = 0.02 beside 0.9 x 0.02 = 0.018, so that 10 of 19 who share it are of one origin.
    columns = {"surname": ["Nguyen", "Smith"], "citizenship": ["VN", "GB"], "region": ["a", "b"]}
    records, _ = as_records(pa.table(columns))
    citizenship, region = records.place("citizenship"), records.place("region")
    chance = np.zeros((3, MOST_LEVELS, ORIGINS))
    chance[citizenship, 1], chance[citizenship, 2] = 0.9, 0.1
    chance[region, 1], chance[region, 2] = (1.0, 0.98, 0.8), (0.0, 0.02, 0.2)
    found = origins_given_keys(records, BlockRule((BlockKey("region"),)), chance, citizenship)
    assert found[1:3] == pytest.approx([9 / 19, 10 / 19])
    itself = origins_given_keys(records, BlockRule((BlockKey("citizenship"),)), chance, citizenship)
    assert itself[1:3] == pytest.approx([0.0, 1.0])
