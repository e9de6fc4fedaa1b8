"""What holds of every linkage, whatever stands in the records."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from linkage_records import as_records
from sojourn.integration.linkage.assignment import exclusive_probabilities, matched
from sojourn.integration.linkage.encoding import packed_days
from sojourn.integration.linkage.letters import romanised
from sojourn.integration.linkage.persons import grouped


@given(st.lists(st.one_of(st.none(), st.text()), max_size=20))
def test_any_text_becomes_small_latin_letters_and_stays_so(texts):
    once = romanised(pa.array(texts, pa.string()))
    for text in once.to_pylist():
        if text is not None:
            assert text == " ".join(text.split())
            assert set(text) <= set("abcdefghijklmnopqrstuvwxyz0123456789 ")
    assert romanised(once).to_pylist() == once.to_pylist()


@given(st.lists(st.one_of(st.none(), st.text(), st.from_regex(r"[0-9./?x-]{1,12}")), max_size=20))
def test_any_text_is_a_day_or_none(texts):
    found = packed_days(pa.chunked_array([pa.array(texts, pa.string())]))
    assert all(day == -1 or 10_000 <= day < 100_000_000 for day in found.tolist())


def table_of(people):
    columns = list(zip(*people, strict=True)) or [[], [], [], []]
    names = ("surname", "given_names", "birth_date", "sex")
    return pa.table(
        {name: pa.array(column, pa.string()) for name, column in zip(names, columns, strict=True)}
    )


PAIRS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(6, 11), st.integers(-8, 8)),
    max_size=20,
    unique_by=lambda row: row[:2],
)


@given(PAIRS)
def test_one_to_one_links_use_no_record_twice(pairs):
    ones, others = (np.array([row[at] for row in pairs], np.int32) for at in (0, 1))
    scores = np.array([row[2] for row in pairs], np.float32)
    source = np.repeat(np.array([0, 1], np.int32), 6)
    links = matched(ones, others, scores, source)
    assert len(set(ones[links])) == links.sum() == len(set(others[links]))
    # No pair is left that could have been linked.
    free = ~np.isin(ones, ones[links]) & ~np.isin(others, others[links])
    assert not free.any()
    chance, _ = exclusive_probabilities(ones, others, scores, source)
    assert ((chance >= 0) & (chance <= 1)).all()
    for side in (ones, others):
        assert (np.bincount(side, weights=chance, minlength=12) <= 1 + 1e-6).all()


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)), max_size=25),
    st.lists(st.integers(0, 3), min_size=10, max_size=10),
)
def test_a_person_has_one_record_of_each_source(pairs, source):
    pairs = [row for row in pairs if row[0] != row[1]]
    ones, others, scores = (np.array([row[at] for row in pairs]) for at in range(3))
    sources = np.array(source, np.int32)
    once = np.ones(4, dtype=np.bool_)
    found, _ = grouped(
        ones.astype(np.int32), others.astype(np.int32), scores.astype(np.float32), sources, once=once
    )
    held = list(zip(found.tolist(), source, strict=True))
    assert len(held) == len(set(held))
    assert all(found[root] == root for root in found)


def test_records_are_read_into_numbers_without_loss():
    records, _ = as_records(table_of([("Anna", "Li", "1980-05-17", "2"), (None, None, None, None)]))
    assert (records.codes[1] == -1).all()
    assert (records.codes[0] >= 0).all()
