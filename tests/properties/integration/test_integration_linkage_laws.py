"""Laws of comparing, blocking and joining that hold for any records."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage_records import as_records, likeness, linked_tables
from sojourn.integration.linkage.assignment import (
    distinct_pairs,
    exclusive_probabilities,
    matched,
    prior_bits,
    probabilities,
    supported,
)
from sojourn.integration.linkage.blocking import blocks_of
from sojourn.integration.linkage.comparison_kernel import (
    EXACT,
    date_level,
    name_level,
    number_level,
    remembered,
)
from sojourn.integration.linkage.comparison_kernel import _at_most_alike as at_most_alike
from sojourn.integration.linkage.encoding import packed_days
from sojourn.integration.linkage.letters import romanised
from sojourn.integration.linkage.model import compared, trained, weights_of
from sojourn.integration.linkage.pair_kernel import scored
from sojourn.integration.linkage.persons import grouped
from sojourn.integration.linkage.specification import BlockKey, BlockRule, Part

SYLLABLES = st.sampled_from(
    ["an", "mo", "ha", "al", "ben", "ch", "sz", "ou", "li", "га", "ов", "محم", "王", "é", "X"]
)
WORDS = st.lists(SYLLABLES, min_size=1, max_size=5).map("".join)
NAMES = st.one_of(
    st.lists(WORDS, min_size=1, max_size=4).map(" ".join),
    st.sampled_from(["de la Cruz", "Cruz", "Abd al-Rahman", "Abdulrahman", "J", "O'Neil", "García López"]),
    st.text(min_size=1, max_size=12),
)
DAYS = st.builds(
    lambda year, month, day: year * 10_000 + month * 100 + day,
    st.integers(1978, 1982), st.integers(0, 12), st.sampled_from([0, 1, 2, 10, 12, 20, 31]),
)  # fmt: skip


def texts_of(column: str, values: list[str]):
    records, _ = as_records(pa.table({column: pa.array(values, pa.string())}))
    return records.codes[:, 0].tolist(), compared(records)


@settings(deadline=None)
@given(st.lists(NAMES, min_size=2, max_size=8))
def test_two_names_agree_as_much_from_either_side_and_a_name_with_itself_most(names):
    codes, table = texts_of("surname", names)
    known = [code for code in codes if code >= 0]
    for one, other in combinations(known, 2):
        forth = name_level(one, other, table.texts, table.words, table.sound, remembered())
        back = name_level(other, one, table.texts, table.words, table.sound, remembered())
        assert forth == back
        assert (forth == EXACT) == (one == other)
    for one in known:
        assert name_level(one, one, table.texts, table.words, table.sound, remembered()) == EXACT


@settings(deadline=None)
@given(NAMES)
def test_a_name_sounds_as_it_does_with_its_words_turned_round(name):
    written = romanised(pa.array([name])).to_pylist()[0]
    if written is not None:
        turned = " ".join(reversed(written.split(" ")))
        # Abd takes the word behind it, so it must not be turned away from it.
        if "abd" not in written:
            (one, other), table = texts_of("surname", [written, turned])
            assert name_level(one, other, table.texts, table.words, table.sound, remembered()) >= EXACT - 1


@settings(deadline=None)
@given(DAYS, DAYS)
def test_two_days_agree_as_much_from_either_side_and_a_day_with_itself_most(one, other):
    assert date_level(one, other) == date_level(other, one)
    assert date_level(one, one) >= 7
    assert date_level(one, other) <= date_level(one, one)


@settings(deadline=None)
@given(st.lists(st.text("0123459ABCHPX -/", min_size=1, max_size=9), min_size=2, max_size=6))
def test_two_numbers_agree_as_much_from_either_side(numbers):
    codes, table = texts_of("document_no", numbers)
    known = [code for code in codes if code >= 0]
    for one, other in combinations(known, 2):
        level = number_level(one, other, table.texts, table.plain)
        assert level == number_level(other, one, table.texts, table.plain)
        assert (level == 3) == (one == other)


@settings(deadline=None)
@given(st.text("abcd", max_size=12), st.text("abcd", max_size=12))
def test_likeness_is_the_same_from_either_side_and_never_above_its_bound(one, other):
    found = likeness(one, other)
    assert found == likeness(other, one)
    assert 0 <= found <= 1
    assert (found == 1) == (one == other != "")

    def letters(text):
        seen = np.uint64(0)
        for letter in text:
            bit = np.uint64(1) << np.uint64(ord(letter) & 31)
            seen |= bit << np.uint64(32) if seen & bit else bit
        return seen

    assert found <= at_most_alike(len(one), len(other), letters(one), letters(other)) + 1e-12


ANY_TEXT = st.one_of(
    st.text(max_size=30),
    st.text(max_size=20).map(lambda text: text.encode("utf-8").decode("latin-1")),
    st.text(max_size=20).map(lambda text: text.encode("cp1251", "replace").decode("latin-1")),
    st.text(st.characters(min_codepoint=0x10000, max_codepoint=0x1FAFF), max_size=5),
    st.text("0123456789-./ xX?T", max_size=40),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(ANY_TEXT, max_size=10))
def test_any_text_is_romanised_and_read_as_a_day_or_none(texts):
    once = romanised(pa.array(texts, pa.string()))
    for text in once.to_pylist():
        if text is not None:
            assert text == " ".join(text.split(" "))
            assert text
            assert set(text) <= set("abcdefghijklmnopqrstuvwxyz0123456789 ")
    assert romanised(once).equals(once)
    # Alone or among others, a text is written the same.
    assert [romanised(pa.array([text])).to_pylist()[0] for text in texts] == once.to_pylist()
    for day in packed_days(pa.chunked_array([pa.array(texts, pa.string())])).tolist():
        assert day == -1 or 10_000 <= day < 100_000_000


def test_every_letter_of_every_script_is_romanised():
    every = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    once = romanised(pa.array(every))
    assert romanised(once).equals(once)
    written = set("".join(once.fill_null("").to_pylist()))
    assert written <= set("abcdefghijklmnopqrstuvwxyz0123456789 ")


FEW = st.sampled_from(["Anna", "Hanna", "Иван", "Ivan", "García López", "García", "Li", None])
PEOPLE = st.lists(
    st.tuples(
        FEW,
        FEW,
        st.sampled_from(["1980-05-17", "1980-01-01", "1981-05-17", None]),
        st.sampled_from(["1", "2", None]),
    ),
    min_size=1,
    max_size=25,
)
KEYS = st.sampled_from(
    [
        BlockKey("surname", Part.SOUNDS),
        BlockKey("surname", Part.WORD),
        BlockKey("surname", Part.FIRST),
        BlockKey("surname", Part.JOINED),
        BlockKey("surname"),
        BlockKey("given_names", Part.WORD),
        BlockKey("given_names", Part.START),
        BlockKey("birth_date", Part.DAY),
        BlockKey("birth_date", Part.YEAR),
        BlockKey("birth_date", Part.DAY_OF_YEAR),
        BlockKey("sex"),
    ]
)


def table_of(people):
    names = ("surname", "given_names", "birth_date", "sex")
    columns = zip(*people, strict=True)
    return pa.table(
        {name: pa.array(column, pa.string()) for name, column in zip(names, columns, strict=True)}
    )


def part_of(records, record: int, key: BlockKey) -> set[int]:
    """What a record has of a key: one number, of words several; nothing where it is missing."""
    value = int(records.codes[record, records.place(key.field)])
    words = records.words
    if value < 0:
        return set()
    if key.field == "birth_date":
        vague = value % 10_000 == 101 or value % 100 == 0
        if key.part is Part.YEAR:
            return {value // 10_000}
        return set() if vague else {value % 10_000 if key.part is Part.DAY_OF_YEAR else value}
    if key.part is Part.WORD:
        return set(words.words[words.word_starts[value] : words.word_starts[value + 1]].tolist())
    column = {
        Part.SOUNDS: words.bag, Part.JOINED: words.joined, Part.FIRST: words.first, Part.START: words.start
    }.get(key.part)  # fmt: skip
    return {value if column is None else int(column[value])}


def pairs_of(blocks, records, dedupe: bool) -> list[tuple[int, int]]:
    found = []
    for start, end in zip(blocks.starts[:-1], blocks.starts[1:], strict=True):
        members = sorted(blocks.records[start:end].tolist())
        found += [
            pair
            for pair in combinations(members, 2)
            if dedupe or records.source[pair[0]] != records.source[pair[1]]
        ]
    return found


@settings(max_examples=200, deadline=None)
@given(
    PEOPLE,
    PEOPLE,
    st.lists(KEYS, min_size=1, max_size=3, unique=True),
    st.lists(KEYS, max_size=2),
    st.booleans(),
    st.integers(0, 60),
)
def test_blocks_keep_the_budget_and_hold_those_who_share_the_keys(one, other, keys, narrow, dedupe, most):
    records, _ = as_records(table_of(one), table_of(other))
    found = blocks_of(records, BlockRule(tuple(keys), tuple(narrow)), dedupe=dedupe, pairs_at_most=most)
    pairs = pairs_of(found, records, dedupe)
    assert int(found.pairs.sum()) == len(pairs) <= most
    sharing = {
        pair
        for pair in combinations(range(len(records)), 2)
        if (dedupe or records.source[pair[0]] != records.source[pair[1]])
        and all(part_of(records, pair[0], key) & part_of(records, pair[1], key) for key in keys)
    }
    assert set(pairs) <= sharing
    everything = blocks_of(records, BlockRule(tuple(keys)), dedupe=dedupe, pairs_at_most=10_000)
    assert set(pairs_of(everything, records, dedupe)) == sharing
    assert everything.left_out == 0


@settings(max_examples=40, deadline=None)
@given(PEOPLE, st.randoms(use_true_random=False))
def test_by_one_model_a_pair_scores_the_same_wherever_its_records_stand(people, random):
    order = list(range(len(people)))
    random.shuffle(order)
    scores, model = [], None
    for places in (list(range(len(people))), order):
        records, _ = as_records(table_of([people[at] for at in places]))
        rule = BlockRule((BlockKey("sex"),))
        blocks = blocks_of(records, rule, dedupe=True, pairs_at_most=10_000)
        model = model or trained(records, [blocks] if len(blocks.pairs) else [], dedupe=True, seed=1)
        table = compared(records)
        ones, others, found = scored(
            table, weights_of(records, model), blocks.records, blocks.starts, True, -1e6
        )
        scores.append(
            {
                frozenset((places[a], places[b])): score
                for a, b, score in zip(ones.tolist(), others.tolist(), found.tolist(), strict=True)
            }
        )
    assert scores[0].keys() == scores[1].keys()
    assert all(abs(scores[0][pair] - scores[1][pair]) < 1e-3 for pair in scores[0])


@settings(max_examples=40, deadline=None)
@given(PEOPLE, PEOPLE, st.booleans())
def test_links_of_any_two_files_are_pairs_of_the_plan_with_a_probability(one, other, dedupe):
    found = linked_tables(table_of(one), table_of(other), dedupe=dedupe)
    size, source = len(one) + len(other), np.repeat([0, 1], [len(one), len(other)])
    assert (found.ones < found.others).all()
    assert ((found.probability >= 0) & (found.probability <= 1)).all()
    assert (found.probability[found.is_link] >= 0.5).all()
    assert len(found.person) == size
    if not dedupe:
        assert (source[found.ones] != source[found.others]).all()
        assert len(set(zip(found.person.tolist(), source.tolist(), strict=True))) == size
        linked = np.concatenate([found.ones[found.is_link], found.others[found.is_link]])
        assert len(set(linked.tolist())) == len(linked)


SCORED = st.lists(
    st.tuples(st.integers(0, 11), st.integers(0, 11), st.integers(-20, 20)).filter(
        lambda row: row[0] < row[1]
    ),
    max_size=30,
    unique_by=lambda row: row[:2],
)
SOURCES = st.lists(st.integers(0, 2), min_size=12, max_size=12)


def arrays(pairs):
    ones, others = (np.array([row[at] for row in pairs], np.int32) for at in (0, 1))
    return ones, others, np.array([row[2] for row in pairs], np.float32)


@settings(deadline=None)
@given(SCORED, SOURCES)
def test_probabilities_of_a_record_with_all_of_one_source_add_up_to_one_at_most(pairs, sources):
    pairs = [row for row in pairs if sources[row[0]] != sources[row[1]]]
    ones, others, scores = arrays(pairs)
    source = np.array(sources, np.int32)
    exclusive, _ = exclusive_probabilities(ones, others, scores, source)
    assert ((exclusive >= 0) & (exclusive <= 1)).all()
    for here, there in ((ones, others), (others, ones)):
        of_record = np.bincount(here * 3 + source[there], weights=exclusive, minlength=36)
        assert (of_record <= 1 + 1e-9).all()


@settings(deadline=None)
@given(st.lists(st.integers(-20, 20), max_size=6, unique=True), st.integers(1, 6), st.integers(1, 6))
def test_a_pair_without_rivals_has_the_odds_of_its_prior_and_likelihood(scores, lone, lone_there):
    many = len(scores)
    ones = np.arange(many, dtype=np.int32)
    others = ones + many + lone
    source = np.repeat(np.array([0, 1], np.int32), [many + lone, many + lone_there])
    chance, priors = exclusive_probabilities(ones, others, np.array(scores, np.float32), source)
    # Both records are free with the rest of their probability: p = odds (1 - p)^2, solved for p.
    odds = 2.0 ** (np.array(scores) + priors[0, 1])
    assert np.allclose(chance, 1 - 2 / (1 + np.sqrt(1 + 4 * odds)), atol=0.02)
    assert (np.diff(chance[np.argsort(scores)]) >= 0).all()


@settings(deadline=None)
@given(st.lists(st.floats(-30, 30), max_size=10), st.floats(-40, 40))
def test_without_rivalry_probabilities_are_odds_and_grow_with_scores(scores, prior):
    found = probabilities(np.sort(np.array(scores, np.float32)), prior)
    assert ((found >= 0) & (found <= 1)).all()
    assert (np.diff(found) >= 0).all()


@settings(deadline=None)
@given(SCORED, SOURCES, st.randoms(use_true_random=False))
def test_links_and_persons_do_not_depend_on_the_order_of_pairs(pairs, sources, random):
    pairs = [row for row in pairs if sources[row[0]] != sources[row[1]]]
    mixed = random.sample(pairs, len(pairs))
    source = np.array(sources, np.int32)
    found = []
    for listed in (pairs, mixed):
        ones, others, scores = arrays(listed)
        links = matched(ones, others, scores, source)
        kept = {row[:2] for row, link in zip(listed, links, strict=True) if link}
        once = np.ones(3, dtype=np.bool_)
        persons, _ = grouped(ones[links], others[links], scores[links], source, once=once)
        found.append((kept, persons.tolist()))
        for record in range(12):
            for of in range(3):
                touched = [
                    pair for pair in kept if record in pair and of in (sources[pair[0]], sources[pair[1]])
                ]
                assert len([pair for pair in touched if sources[sum(pair) - record] == of]) <= 1
    assert found[0] == found[1]


def supported_by_definition(pairs: list[tuple[int, int]]) -> set[tuple[int, int]]:
    """Links whose record with fewer links shares half of its others with the other record."""
    kept = set(pairs)
    while True:
        near = {at: {sum(pair) - at for pair in kept if at in pair} for at in range(12)}
        good = {
            (one, other)
            for one, other in kept
            if 2 * len(near[one] & near[other]) >= min(len(near[one]), len(near[other])) - 1
        }
        if good == kept:
            return kept
        kept = good


@settings(deadline=None)
@given(SCORED)
def test_supported_links_are_those_of_the_definition(pairs):
    ones, others, _ = arrays(pairs)
    kept = supported(ones, others, 12)
    found = {row[:2] for row, link in zip(pairs, kept, strict=True) if link}
    assert found == supported_by_definition([row[:2] for row in pairs])


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(6, 9), st.integers(0, 5)), max_size=20))
def test_each_pair_is_kept_once(pairs):
    ones, others, scores = arrays(pairs)
    one, other, _ = distinct_pairs(ones, others, scores)
    assert list(zip(one.tolist(), other.tolist(), strict=True)) == sorted({row[:2] for row in pairs})


@settings(deadline=None)
@given(st.lists(st.integers(-80, 480), min_size=1, max_size=50), st.integers(3, 9))
def test_the_prior_reproduces_itself(eighths, magnitude):
    scores, pairs = np.array(eighths, np.float64) / 8, 10.0**magnitude
    prior = prior_bits(scores.astype(np.float32), pairs)
    odds = 2**prior
    expected = pairs * odds / (1 + odds)
    chances = 1 / (1 + 2.0 ** -(scores + prior))
    # Never less than half a pair: nothing found is no proof that there is nothing.
    assert np.isclose(expected, max(chances.sum(), 0.5), rtol=0.02)
