"""What a reviewer sees of a value, and how two values are compared in words."""

from __future__ import annotations

import pytest

from sojourn.integration.review_masks import FIELDS, compared, masked


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("surname", "Zwitscherlein", "Z············"),
        ("given_names", "Anna  Maria", "A··· M····"),
        ("surname", "Óscar", "Ó····"),
        ("surname", "王小明", "王··"),
        ("surname", "王", "·"),
        ("address", "Long Lane 12", "L··· L··· ··"),
        ("document_no", "P0012345", "······45"),
        ("document_no", "1234", "····"),
        ("phone", "+47 22 33", "·······33"),
        ("birth_date", "1985-02-03", "1985-··-··"),
        ("birth_date", "03.02.1985", "····"),
        ("surname", None, None),
    ],
)
def test_a_masked_value_shows_an_initial_two_signs_or_a_year(field, value, shown):
    assert masked(field, value) == shown


def test_every_field_that_identifies_is_compared_and_no_key_is():
    assert FIELDS == (
        "document_no",
        "national_id",
        "surname",
        "given_names",
        "birth_date",
        "address",
        "phone",
    )


@pytest.mark.parametrize(
    ("field", "one", "other", "kind", "words"),
    [
        ("surname", "Ruiz", "Ruiz", "agree", "the same"),
        ("surname", "RUÍZ", "ruiz", "agree", "the same but for case, marks or spaces"),
        ("given_names", "Ana Maria", "Maria Ana", "agree", "the same words in another order"),
        ("surname", "Ruiz", "Ruis", "nearly", "different by one sign, or two that changed places"),
        ("surname", "Ruiz", "Riuz", "nearly", "different by one sign, or two that changed places"),
        ("surname", "Ruiz", "Ruzi", "nearly", "different by one sign, or two that changed places"),
        ("surname", "Ruiz", "Riz", "nearly", "different by one sign, or two that changed places"),
        (
            "surname",
            "Ruiz Lopez",
            "Ruiz",
            "nearly",
            "the words of one are among those of the other, by sound",
        ),
        ("surname", "IVANOV", "Иванов", "agree", "the same in other letters"),
        ("given_names", "MOHAMMED", "محمد", "nearly", "the same by sound but for vowels"),
        ("surname", "Ruiz", "Lopez", "differ", "different"),
        ("surname", None, "Lopez", "missing", "only one record states it"),
        ("surname", None, None, "missing", "neither record states it"),
        ("birth_date", "1985-02-03", "1985-02-03", "agree", "the same"),
        ("birth_date", "1985-02-03", "1985-03-02", "nearly", "day and month changed places"),
        (
            "birth_date",
            "1985-02-03",
            "1985-02-04",
            "nearly",
            "year the same, month the same, day different",
        ),
        (
            "birth_date",
            "1985-00-00",
            "1985-02-04",
            "agree",
            "year the same, month not known of one, day not known of one",
        ),
        (
            "birth_date",
            "1985-02-03",
            "1971-11-20",
            "differ",
            "year different, month different, day different",
        ),
        ("document_no", "AB 12", "AB 98", "differ", "different"),
    ],
)
def test_two_values_are_compared_in_words(field, one, other, kind, words):
    assert vars(compared(field, one, other)) == {"kind": kind, "words": words}


def test_the_order_of_two_values_makes_no_difference():
    for field, one, other in [("surname", "Ruiz", "Riz"), ("birth_date", "1985-00-00", "1985-02-04")]:
        assert compared(field, one, other) == compared(field, other, one)
