"""Encodings of names, days and codes, held to Python's own HMAC."""

import hashlib
import hmac

import numpy as np
import pyarrow as pa
import pytest

from sojourn.integration.encoded_tables import encoded_table, safe_rules
from sojourn.integration.encodings import BITS, Hardening, date_filters, name_filters, subkey, tokens
from sojourn.integration.linkage.comparison_kernel import dice, encoded_level
from sojourn.integration.linkage.specification import BlockKey, BlockRule, Field, Kind, Part, Specification

KEY = bytes(range(32))
PLAIN = Hardening(is_mixed=False)


def bits(filters):
    return np.array(
        [np.unpackbits(np.frombuffer(each.as_py(), np.uint8), bitorder="little") for each in filters]
    )


def defined(pieces, positions=10):
    """The bits of some pieces by the definition: nine bits of a digest after nine make a position."""
    found = np.zeros(BITS, dtype=int)
    for piece in pieces:
        digest = hmac.digest(subkey(KEY, "positions"), piece.encode(), hashlib.sha256)
        digits = f"{int.from_bytes(digest, 'big'):0256b}"
        for number in range(positions):
            found[int(digits[9 * number : 9 * number + 9][::-1], 2)] = 1
    return found


def test_a_name_sets_the_bits_of_the_letter_pairs_of_its_sound_and_its_skeleton():
    # Boris sounds like boris, and its skeleton is brs.
    pieces = ["|s^b", "|sbo", "|sor", "|sri", "|sis", "|ss$", "|k^b", "|kbr", "|krs", "|ks$"]
    assert (bits(name_filters(pa.array(["Boris"]), KEY, PLAIN))[0] == defined(pieces)).all()


def test_a_day_sets_the_bits_of_its_parts_and_of_the_years_beside_it():
    pieces = ["y1980", "w1979", "w1980", "w1981", "m5", "d17", "x5", "x17", "z517", "q8017"]
    found = date_filters(np.array([19800517], dtype=np.int32), KEY, PLAIN)
    assert (bits(found)[0] == defined(pieces)).all()


def test_mixed_bits_are_each_the_exclusive_or_of_two_in_an_order_that_the_key_gives():
    def order(number):
        digests = {
            place: hmac.digest(subkey(KEY, "mixing", number), str(place).encode(), hashlib.sha256)
            for place in range(BITS)
        }
        return sorted(digests, key=digests.get)

    plain = bits(name_filters(pa.array(["Boris"]), KEY, PLAIN))[0]
    mixed = bits(name_filters(pa.array(["Boris"]), KEY, Hardening()))[0]
    assert (mixed == plain[order("1")] ^ plain[order("2")]).all()


def test_a_digest_is_the_first_half_of_the_hmac_without_blanks_and_hyphens():
    whole = hmac.digest(KEY, b"AB12", hashlib.sha256)
    assert tokens(pa.array(["AB-1 2", None, "AB12"]), KEY).to_pylist() == [whole[:16], None, whole[:16]]


def test_one_name_in_two_scripts_is_alike_and_one_with_a_slip_too():
    found = name_filters(pa.array(["Борис", "Boris", "Neumann", "Nuemann", "Smith"]), KEY, Hardening())
    rows = np.frombuffer(b"".join(found.to_pylist()), np.uint64).reshape(5, -1)
    assert found[0] == found[1]
    assert encoded_level(2, 3, rows) >= 3
    assert encoded_level(2, 4, rows) == 1


def test_dice_is_twice_what_both_have_by_what_each_has():
    # 0b0111 and 0b1110 share two bits; three and three are set: 2 * 2 / 6.
    rows = np.array([[0b0111, 0], [0b1110, 0], [0, 0]], dtype=np.uint64)
    assert dice(rows, 0, 1) == pytest.approx(4 / 6)
    assert dice(rows, 2, 2) == 0.0


def test_with_a_salt_one_name_of_two_years_is_two_encodings():
    names, years = pa.array(["Anna", "Anna", "Anna"]), pa.array(["1980", "1981", "1980"])
    found = name_filters(names, KEY, Hardening(), years)
    assert found[0] == found[2] != found[1]


def test_a_name_without_letters_is_missing():
    assert name_filters(pa.array(["", None, "--"]), KEY, Hardening()).null_count == 3


def test_a_short_key_makes_nothing():
    with pytest.raises(ValueError, match="256 bits"):
        subkey(b"x" * 31, "field")


NAMES = (
    Field("surname", Kind.NAME, ("surname",)),
    Field("given_names", Kind.NAME, ("given_names",)),
    Field("birth_date", Kind.DATE, ("birth_date",)),
    Field("sex", Kind.CODE, ("sex",)),
)


def ruled(*keys):
    return Specification(NAMES, (BlockRule(tuple(keys)),))


@pytest.mark.parametrize(
    ("keys", "is_safe"),
    [
        ((BlockKey("surname", Part.WORD),), False),
        ((BlockKey("surname", Part.SOUNDS), BlockKey("surname", Part.START)), False),
        ((BlockKey("birth_date", Part.YEAR), BlockKey("sex")), False),
        ((BlockKey("surname", Part.WORD), BlockKey("given_names", Part.WORD)), True),
        ((BlockKey("birth_date", Part.DAY),), True),
    ],
)
def test_a_rule_of_one_name_or_of_codes_alone_is_left_out(keys, is_safe):
    assert (len(safe_rules(ruled(*keys))) == 1) == is_safe


def people(surname, given, birth="1980-05-17"):
    many = len(surname)
    columns = {"record_id": [str(n) for n in range(many)], "surname": surname, "given_names": given}
    return pa.table({**columns, "birth_date": [birth] * many, "sex": ["F"] * many})


def digests(table, *keys):
    found = encoded_table(table, ruled(*keys), KEY, hardening=Hardening())
    return dict(zip(found["record_id"].to_pylist(), found["rule_1"].to_pylist(), strict=True))


def test_words_in_any_order_and_any_script_share_the_digest_of_sounds():
    found = digests(
        people(["García López", "López García", "García"], ["Anna", "Анна", "Anna"]),
        BlockKey("surname", Part.SOUNDS),
        BlockKey("given_names", Part.SOUNDS),
    )
    assert found["0"] == found["1"]
    assert found["0"] != found["2"]


def test_any_word_of_one_name_with_any_of_the_other_is_a_digest_of_its_own():
    found = digests(
        people(["García López", "López"], ["Anna Maria", "Maria"]),
        BlockKey("surname", Part.WORD),
        BlockKey("given_names", Part.WORD),
    )
    assert len(found["0"]) == 2 * 2
    assert set(found["1"]) < set(found["0"])


def test_a_record_that_lacks_a_part_has_no_digest():
    found = digests(
        people(["Smith", None], ["Anna", "Anna"]), BlockKey("surname", Part.FIRST), BlockKey("sex")
    )
    assert [len(found[number]) for number in "01"] == [1, 0]


def test_rows_come_in_an_order_that_does_not_follow_the_file():
    table = people([f"Name{n:03}" for n in range(100)], ["Anna"] * 100)
    found = encoded_table(table, ruled(BlockKey("birth_date", Part.DAY)), KEY, hardening=Hardening())
    order = found["record_id"].to_pylist()
    assert order != table["record_id"].to_pylist()
    assert sorted(order) == sorted(table["record_id"].to_pylist())
