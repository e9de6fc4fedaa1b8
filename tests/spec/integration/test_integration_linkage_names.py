"""How names, dates and numbers of two records are found to be alike."""

from __future__ import annotations

import pyarrow as pa
import pytest

from linkage_records import level_of
from sojourn.integration.linkage.comparison_kernel import DATE_LEVELS, date_level
from sojourn.integration.linkage.encoding import packed_days
from sojourn.integration.linkage.letters import romanised
from sojourn.integration.linkage.sounds import skeletons, sounds


@pytest.mark.parametrize(
    ("written", "latin"),
    [
        ("Дмитрий Щукин", "dmitriy shukin"),
        ("Ελένη", "eleni"),
        ("Γιώργος", "giorgos"),
        ("გიორგი", "giorgi"),
        ("王小明", "wangxiaoming"),
        ("Nguyễn Thị Hồng", "nguyen thi hong"),
        ("ÖZTÜRK", "ozturk"),
        ("Şimşek", "shimshek"),
        ("O'Brien-Smith, Jr.", "obrien smith jr"),
        ("e\u0301mile", "emile"),
        ("  --  ", None),
        ("", None),
        (None, None),
    ],
)
def test_names_of_any_script_become_small_latin_letters(written, latin):
    assert romanised(pa.array([written], pa.string())).to_pylist() == [latin]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("محمد", "Mohammed"),
        ("محمد", "Muhammad"),
        ("Мухаммад", "Mohamed"),
        ("يوسف", "Yousef"),
        ("Юсуф", "Youssef"),
        ("خالد", "Khaled"),
        ("Дмитрий", "Dmitry"),
        ("Щукин", "Schukin"),
        ("Александр", "Alexander"),
        ("王小明", "Wang Xiaoming"),
        ("Ελένη", "Eleni"),
        ("გიორგი", "Giorgi"),
        ("Հակոբ", "Hakob"),
        ("राजेश", "Rajesh"),
        ("عبد الرحمن", "Abdul Rahman"),
        ("Abdulrahman", "Abd al-Rahman"),
        ("Abdel Rahman", "Abdurrahman"),
    ],
)
def test_one_name_in_two_scripts_or_spellings_sounds_alike(one, other):
    assert level_of(one, other) in ("skeleton", "sound", "exact", "close")


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("García López", "GARCIA LOPEZ", "exact"),
        ("García López", "López García", "sound"),
        ("García López", "García", "part"),
        ("de la Cruz", "Cruz", "sound"),
        ("Mohammed", "Muhamad", "skeleton"),
        ("Ramanathaswamy", "Ramanathasw", "part"),
        ("Kowalski", "Kovalskiy", "sound"),
        ("Petrov", "Petrova", "skeleton"),
        ("Andersson", "Anderssen", "skeleton"),
        ("Hernandez", "Fernandez", "close"),
        ("J", "John", "like"),
        ("García López", "García Pérez", "first"),
        ("García López", "Pérez García", "word"),
        ("García López", "López", "word"),
        ("Mehmet Ali", "Ahmet Ali", "word"),
        ("Smith", "Nguyen", "other"),
        ("Li", "Lu", "other"),
    ],
)
def test_levels_of_two_names(one, other, level):
    assert level_of(one, other) == level
    assert level_of(other, one) == level


def test_short_words_keep_their_vowels():
    assert skeletons(pa.array(["li", "lu", "wei", "ahmad"])).to_pylist() == ["li", "lu", "vi", "amd"]


def test_of_several_rules_of_sound_the_longest_counts():
    words = pa.array(["tschaikovsky", "ceausescu", "jackson"])
    assert sounds(words).to_pylist() == ["sakovski", "seausesku", "sakson"]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1980-05-17", 19800517),
        ("19800517", 19800517),
        ("17.05.1980", 19800517),
        ("17/05/1980", 19800517),
        ("1980-00-00", 19800000),
        ("1980-05", 19800500),
        ("1980", 19800000),
        ("198005", 19800500),
        ("0000-05-17", -1),
        ("unknown", -1),
        ("", -1),
        (None, -1),
    ],
)
def test_dates_become_numbers_of_eight_digits(text, number):
    assert packed_days(pa.chunked_array([pa.array([text], pa.string())])).tolist() == [number]


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        (19800517, 19800517, "same"),
        (19800101, 19800101, "both 1 January"),
        (19800101, 19800000, "both 1 January"),
        (19800101, 19800517, "year and unknown day"),
        (19800500, 19800517, "year and unknown day"),
        (19800500, 19800618, "year"),
        (19800500, 19800600, "year"),
        (19800500, 19800101, "both 1 January"),
        (19800512, 19801205, "slip"),
        (19800517, 19800518, "slip"),
        (19800517, 19800571, "slip"),
        (19800517, 19900517, "slip"),
        (19800517, 19960517, "two parts"),
        (19800517, 19800628, "year"),
        (19800517, 19810628, "year beside"),
        (19800101, 19810101, "year beside"),
        (19800101, 19900101, "other"),
        (19800517, 19930628, "other"),
    ],
)
def test_levels_of_two_days(one, other, level):
    assert DATE_LEVELS[date_level(one, other)] == level
    assert DATE_LEVELS[date_level(other, one)] == level
