"""How large blocks are narrowed, what is left out and counted, and what tables without values give."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from linkage_records import as_records, linked_tables
from sojourn.integration.linkage.blocking import Blocks, blocks_of, by_keys
from sojourn.integration.linkage.linking import planned
from sojourn.integration.linkage.specification import BlockKey, BlockRule, Part, fields_of

SURNAME, SEX = BlockKey("surname", Part.SOUNDS), BlockKey("sex")


def members(found: Blocks) -> list[list[int]]:
    """The records of each block."""
    bounds = zip(found.starts[:-1], found.starts[1:], strict=True)
    return sorted(sorted(found.records[start:end].tolist()) for start, end in bounds)


def test_two_blocks_that_are_narrowed_by_one_key_stay_two():
    records, _ = as_records(
        pa.table({"surname": ["Anna"] * 4 + ["Bob"] * 4, "sex": ["1", "1", "2", "2", "1", "1", "2", "2"]})
    )
    found = blocks_of(records, BlockRule((SURNAME,), (SEX,)), dedupe=True, pairs_at_most=8)
    assert members(found) == [[0, 1], [2, 3], [4, 5], [6, 7]]


def test_small_blocks_are_kept_and_only_the_large_one_is_narrowed():
    # Anna: 6 records, 15 pairs; Bob: 2 records, 1 pair. Half of ten pairs holds Bob's, not Anna's; those
    # are narrowed to 3 women and 3 men, 3 pairs each.
    records, _ = as_records(pa.table({"surname": ["Anna"] * 6 + ["Bob"] * 2, "sex": list("22211112")}))
    found = blocks_of(records, BlockRule((SURNAME,), (SEX,)), dedupe=True, pairs_at_most=10)
    assert members(found) == [[0, 1, 2], [3, 4, 5], [6, 7]]
    assert (int(found.pairs.sum()), found.left_out, found.worst_pairs) == (7, 0, 15)
    assert found.worst in range(6)


def test_records_that_lack_what_narrows_are_left_out_and_counted():
    sexes = ["1", "1", "1", None, None, "2"]
    records, _ = as_records(pa.table({"surname": ["Anna"] * 6, "sex": sexes}))
    found = blocks_of(records, BlockRule((SURNAME,), (SEX,)), dedupe=True, pairs_at_most=5)
    # Two lack their sex; the one woman is alone, which is no loss.
    assert members(found) == [[0, 1, 2]]
    assert found.left_out == 2


def test_a_block_too_large_for_all_that_narrows_is_left_out_and_counted():
    records, _ = as_records(pa.table({"surname": ["Anna"] * 6, "sex": ["1"] * 6}))
    found = blocks_of(records, BlockRule((SURNAME,), (SEX,)), dedupe=True, pairs_at_most=14)
    assert (len(found.pairs), found.left_out) == (0, 6)
    whole = blocks_of(records, BlockRule((SURNAME,), (SEX,)), dedupe=True, pairs_at_most=15)
    assert (int(whole.pairs.sum()), whole.left_out) == (15, 0)


def test_between_two_files_only_pairs_of_one_and_the_other_count():
    one, other = pa.table({"surname": ["Anna"] * 3}), pa.table({"surname": ["Anna"] * 2 + ["Bob"] * 2})
    records, _ = as_records(one, other)
    found = blocks_of(records, BlockRule((SURNAME,)), dedupe=False, pairs_at_most=100)
    # Five records give ten pairs, three of them within the first file and one within the second.
    assert found.pairs.tolist() == [6]


def test_records_with_two_words_stand_in_two_blocks_and_with_a_word_twice_in_one():
    records, _ = as_records(pa.table({"surname": ["García López", "López", "García", "López López"]}))
    word = BlockRule((BlockKey("surname", Part.WORD),))
    found = blocks_of(records, word, dedupe=True, pairs_at_most=100)
    assert members(found) == [[0, 1, 3], [0, 2]]


def test_names_in_each_others_place_share_a_word_of_either_and_two_words():
    names = {
        "surname": ["Hassan", "Omar", "Hassan", "Khalid"],
        "given_names": ["Omar", "Hassan", "Ali", "Omar"],
    }
    records, _ = as_records(pa.table(names))
    either = BlockRule((BlockKey("surname", Part.EITHER),))
    # Hassan stands in the names of the first three, Omar in those of all but the third.
    found = blocks_of(records, either, dedupe=True, pairs_at_most=100)
    assert members(found) == [[0, 1, 2], [0, 1, 3]]
    # Only the first two share both.
    two = BlockRule((BlockKey("surname", Part.TWO_WORDS),))
    assert members(blocks_of(records, two, dedupe=True, pairs_at_most=100)) == [[0, 1]]
    assert fields_of(two, records.fields) == ("surname", "given_names")


def test_words_of_either_are_those_of_one_field_where_a_file_has_no_other():
    records, _ = as_records(pa.table({"surname": ["García López", "López", "López García"]}))
    for part, expected in ((Part.EITHER, [[0, 1, 2], [0, 2]]), (Part.TWO_WORDS, [[0, 2]])):
        found = blocks_of(records, BlockRule((BlockKey("surname", part),)), dedupe=True, pairs_at_most=100)
        assert members(found) == expected


def test_blocks_are_told_apart_by_how_far_they_were_narrowed():
    # As above: Bob's block is kept by the surname alone, Anna's are narrowed by the sex.
    records, _ = as_records(pa.table({"surname": ["Anna"] * 6 + ["Bob"] * 2, "sex": list("22211112")}))
    found = blocks_of(records, BlockRule((SURNAME,), (SEX,)), dedupe=True, pairs_at_most=10)
    wide, narrow = by_keys(found)
    assert (members(wide), wide.rule) == ([[6, 7]], BlockRule((SURNAME,), (SEX,)))
    assert (members(narrow), narrow.rule) == ([[0, 1, 2], [3, 4, 5]], BlockRule((SURNAME, SEX)))


@pytest.mark.parametrize("dedupe", [True, False])
def test_ten_thousand_copies_in_each_of_two_files_stay_within_the_budget(dedupe):
    copies = pa.table(
        {"surname": ["Anna"] * 10_000, "birth_date": ["1980-05-17"] * 10_000, "sex": ["2"] * 10_000}
    )
    records, specification = as_records(copies, copies)
    plan = planned(records, specification, dedupe=dedupe)
    most = max(specification.pairs_per_record * 20_000, specification.pairs_anyway)
    assert all(int(part.pairs.sum()) <= most for part in plan.blocks)
    rule = BlockRule((SURNAME,), (SEX, BlockKey("birth_date", Part.YEAR)))
    found = blocks_of(records, rule, dedupe=dedupe, pairs_at_most=int(most))
    assert (len(found.pairs), found.left_out) == (0, 20_000)
    assert found.worst_pairs == (20_000 * 19_999 // 2 if dedupe else 10_000 * 10_000)


COLUMNS = {
    "surname": "García", "given_names": "Anna", "birth_date": "1980-05-17", "sex": "2", "citizenship": "ES",
    "birthplace": "Sevilla", "document_no": "AB123456", "national_id": "12345678", "region": "41",
    "town": "Sevilla", "address": "Calle Mayor", "house_number": "5", "postcode": "41001",
    "email": "anna@example.org", "phone": "954000000",
}  # fmt: skip


@pytest.mark.parametrize("dedupe", [True, False])
@pytest.mark.parametrize("missing", COLUMNS)
def test_any_column_may_be_without_a_value(missing, dedupe):
    rows = 200
    rng = np.random.default_rng(1)
    syllables = [first + vowel for first in "bdfgklmnprstvz" for vowel in "aeiou"]
    columns = {}
    for name in COLUMNS:
        if name in ("sex", "region", "house_number"):
            cells = rng.integers(1, 9, rows).astype(str).tolist()
        elif name == "birth_date":
            cells = [f"19{year}-05-{day}" for year, day in rng.integers(10, 29, (rows, 2))]
        elif name in ("document_no", "national_id", "phone"):
            cells = rng.integers(10**8, 10**9, rows).astype(str).tolist()
        else:
            cells = ["".join(word) for word in rng.choice(syllables, (rows, 4))]
        columns[name] = pa.array([None] * rows if name == missing else cells, pa.string())
    found = linked_tables(pa.table(columns), pa.table(columns), dedupe=dedupe)
    pairs = zip(found.ones[found.is_link].tolist(), found.others[found.is_link].tolist(), strict=True)
    assert sorted(pairs) == [(at, at + rows) for at in range(rows)]


def tables_of(column: str, cells: list[str | None]) -> pa.Table:
    """A table of surnames and one more column, or of the surnames alone."""
    names = {"surname": pa.array(["Anna"] * len(cells), pa.string())}
    return pa.table(names | {column: pa.array(cells, pa.string())})


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("dedupe", [True, False])
def test_one_record_is_one_person(column, dedupe):
    for cell in (COLUMNS[column], None, "--", ""):
        found = linked_tables(tables_of(column, [cell]), dedupe=dedupe)
        assert (len(found.ones), found.person.tolist()) == (0, [0])


@pytest.mark.parametrize("column", COLUMNS)
def test_an_empty_file_beside_another_links_nothing(column):
    empty, full = tables_of(column, []), tables_of(column, [COLUMNS[column]] * 2)
    for tables in ((empty, full), (full, empty), (empty, empty), (empty,)):
        found = linked_tables(*tables)
        assert len(found.ones) == 0
        assert found.person.tolist() == list(range(sum(map(len, tables))))
