"""Passports, numbers and slips of the finger."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from sojourn.demo.country import FIRST_DAY, HOME, LAST_DAY
from sojourn.demo.lives import lives
from sojourn.demo.names import SPELLINGS, lexicon
from sojourn.demo.papers import (
    chance,
    misspelt,
    passport_numbers,
    passports,
    personal_numbers,
    written_twice,
)


def test_a_hash_is_spread_evenly_and_differs_by_question() -> None:
    subject = np.arange(100_000)
    one, other = chance(1, 1, subject), chance(1, 2, subject)
    assert abs(one.mean() - 0.5) < 0.005
    assert 0.0 <= one.min() < one.max() < 1.0
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.02
    assert np.array_equal(one, chance(1, 1, subject))


def test_passport_and_personal_numbers_are_never_given_twice() -> None:
    document = np.arange(200_000)
    numbers = passport_numbers(document, np.zeros(len(document), dtype=np.int64))
    assert len(set(numbers.to_pylist())) == len(document)
    assert {len(number) for number in numbers.to_pylist()} == {10}
    personal = personal_numbers(document).to_pylist()
    assert len(set(personal)) == len(document)
    assert {len(number) for number in personal} == {11}


def test_a_passport_is_renewed_at_least_once_in_ten_years() -> None:
    known = lives(np.random.default_rng(3), 2_000)
    who = np.arange(500)
    days = (np.full(500, FIRST_DAY), np.full(500, LAST_DAY + 1))
    first, last = (passports(1, known.persons, 0, who, day, who).document for day in days)
    assert (first != last).all()


def test_papers_shown_on_one_day_are_the_same_passport() -> None:
    known = lives(np.random.default_rng(3), 2_000)
    single = np.flatnonzero(known.persons.second_citizenship < HOME)[:300]
    day = np.full(len(single), FIRST_DAY + 400)
    one = passports(1, known.persons, 0, single, day, single)
    other = passports(1, known.persons, 0, single, day, single + 10_000)
    assert np.array_equal(one.document, other.document)
    assert np.array_equal(one.spelling, other.spelling)


def test_a_slip_changes_a_name_only_where_it_was_to() -> None:
    names = pa.array(["KOVALENKO", "ИВАНОВА", "LI", "NGUYEN"] * 50)
    chosen = np.arange(200) % 2 == 0
    typed, changed = misspelt(np.random.default_rng(1), names, chosen)
    differs = np.array(typed.to_pylist()) != np.array(names.to_pylist())
    assert np.array_equal(differs, changed)
    assert not (changed & ~chosen).any()
    assert changed[chosen].mean() > 0.9
    assert all(abs(len(a) - len(b)) <= 1 for a, b in zip(typed.to_pylist(), names.to_pylist(), strict=True))


def test_nothing_chosen_leaves_names_as_they_are() -> None:
    names = pa.array(["ABEBE"])
    typed, changed = misspelt(np.random.default_rng(1), names, np.array([False]))
    assert typed.to_pylist() == ["ABEBE"]
    assert not changed.any()


def test_written_twice_marks_the_second_of_two() -> None:
    row, again = written_twice(np.array([False, True, False]))
    assert row.tolist() == [0, 1, 1, 2]
    assert again.tolist() == [False, False, True, False]


def test_every_name_has_its_spellings_and_the_cyrillic_fits_windows_1251() -> None:
    for names in (lexicon().surnames, lexicon().given):
        assert len(names.latin) == SPELLINGS * len(names.native)
        assert all(text.encode("windows-1251") for text in names.cyrillic.to_pylist())
        assert all(text.isascii() and text for text in names.latin.to_pylist())


def test_men_and_women_of_a_family_share_a_name_in_two_forms() -> None:
    latin = lexicon().surnames.latin.to_pylist()
    men, women = latin[0 :: 2 * SPELLINGS], latin[SPELLINGS :: 2 * SPELLINGS]
    assert len(men) == len(women)
    assert ("Vransky", "Vranskaya") in set(zip(men, women, strict=True))
