"""The writing of a name: the script of most of its letters."""

from __future__ import annotations

import unicodedata

import pyarrow as pa
import pytest

from sojourn.concepts import code_list
from sojourn.integration.linkage.scripts import NO_LETTERS, SCRIPTS, SEVERAL, script_of, script_of_names


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("O'Brien-Müller 3", "LATN"),
        ("Щукин", "CYRL"),
        ("محمد", "ARAB"),
        ("李明", "HANI"),
        ("Ἀθηνᾶ", "GREK"),
        ("שׁלום", "HEBR"),
        ("გიორგი", "GEOR"),
        ("Արամ", "ARMN"),
        ("नरेन्द्र", "DEVA"),
        ("রহিম", "BENG"),
        ("김철수", "HANG"),
        ("กมล", "THAI"),
        ("ሰላም", "ETHI"),
    ],
)
def test_every_script_of_the_list_is_told(text, script):
    assert script_of(pa.array([text])).to_pylist() == [script]


def test_one_letter_of_another_script_does_not_change_what_most_letters_say():
    assert script_of(pa.array(["Кoval Иванова"])).to_pylist() == ["CYRL"]


def test_half_of_the_letters_is_no_majority_and_an_unlisted_script_is_another():
    assert script_of(pa.array(["Иванов Ivanov", "ナカムラ"])).to_pylist() == [SEVERAL, SEVERAL]


def test_no_letter_and_no_text_are_not_known():
    assert script_of(pa.array(["12-3", "", None])).to_pylist() == [NO_LETTERS] * 3


def test_a_letter_and_its_mark_count_once_whether_they_come_as_one_or_two():
    texts = ["é" * 3 + "Ж" * 2, "Щ" * 2]
    apart = [unicodedata.normalize("NFD", text) for text in texts]
    assert (
        script_of(pa.array(apart)).to_pylist() == script_of(pa.array(texts)).to_pylist() == ["LATN", "CYRL"]
    )


def test_a_slice_of_an_array_is_told_as_the_whole_array_is():
    assert script_of(pa.array(["Анна", "Anna", "안나"]).slice(1)).to_pylist() == ["LATN", "HANG"]


def test_the_codes_are_those_of_the_list():
    assert {*SCRIPTS, SEVERAL, NO_LETTERS, "_T"} == {entry.code for entry in code_list("CL_SCRIPT").codes}


def test_a_record_without_any_name_keeps_its_place():
    surnames, given = pa.array(["Щукин", None, None, "Bell"]), pa.array([None, None, "محمد", "Ann"])
    assert script_of_names(surnames, given).to_pylist() == ["CYRL", NO_LETTERS, "ARAB", "LATN"]
