"""Records that may not be shared by name, as keyed encodings that can still be compared.

A name becomes an array of 512 bits. Its sound and its skeleton, in Latin letters whatever the script, are
cut into pairs of letters; the digest of each pair under the field's key sets some bits. Bits are then mixed:
each is the exclusive or of two, chosen by key, so that no bit stands for one pair of letters. With a salt,
such as the year of birth, one name of two years is two encodings, and names cannot be told by how often they
occur. Codes and numbers become digests. What says which records to compare becomes digests too.

All comes from one key of at least 256 bits: equal records under one key are equal, under two keys unrelated.
Source: Schnell, Bachteler and Reiher (2009) for the bits; Niedermeyer and others (2014) for positions of
their own instead of double hashing; Armknecht, Heng and Schnell (2023) for the mixing.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.integration.hmac_kernel import keyed_digests
from sojourn.integration.linkage.letters import romanised, text_buffers
from sojourn.integration.linkage.sounds import skeletons, sounds
from sojourn.integration.pseudonyms import masked_keys
from sojourn.sources.reader.compiled import Bytes, Integers, compiled

__all__ = ["BITS", "Hardening", "date_filters", "key_check", "name_filters", "subkey", "tokens"]

BITS = 512
TOKEN = 16
# A digest of 128 bits holds fourteen positions among 512.
MOST_POSITIONS = 14
Filters = np.ndarray[tuple[int, int], np.dtype[np.uint8]]
Places = np.ndarray[tuple[int, int], np.dtype[np.int64]]


@dataclass(frozen=True)
class Hardening:
    """How an array of bits is kept from telling what it was made of.

    `positions` is how many bits a pair of letters sets; `is_mixed` whether bits are mixed by key.
    """

    positions: int = 10
    is_mixed: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.positions <= MOST_POSITIONS:
            raise ValueError(f"A pair of letters sets 1 to {MOST_POSITIONS} bits, not {self.positions}.")


def subkey(key: bytes, *purpose: str) -> bytes:
    """The key for one purpose, of 256 bits; nothing of `key` or of other purposes follows from it.

    Raises: ValueError if the key has fewer than 256 bits.
    """
    if len(key) < 32:
        raise ValueError("A key of encodings needs at least 256 bits.")
    return hmac.digest(key, "\x1f".join(("sojourn encoding 1", *purpose)).encode(), hashlib.sha256)


def key_check(key: bytes) -> str:
    """What two senders compare to see that they have one key; the key does not follow from it."""
    return subkey(key, "check").hex()[:16]


def _hexadecimal(texts: pa.Array, key: bytes) -> pa.Array:
    inner, outer = masked_keys(key)
    return keyed_digests(texts, inner, outer, b"")


def tokens(texts: pa.Array, key: bytes) -> pa.Array:
    """The digest of each text as sixteen bytes; null stays null. Blanks, hyphens, points are passed over."""
    known = pc.is_valid(texts)
    digits = _hexadecimal(pc.filter(texts, known), key)
    raw = bytes.fromhex(b"".join([_data(digits)]).decode())
    made = pa.FixedSizeBinaryArray.from_buffers(pa.binary(TOKEN), len(digits), [None, pa.py_buffer(raw)])
    return made.take(_places_of_known(known))


def _data(digits: pa.Array) -> bytes:
    return bytes(text_buffers(digits)[1][: 2 * TOKEN * len(digits)])


def _places_of_known(known: pa.Array) -> pa.Array:
    """For each row the number of its value among those that are known, null where it is not."""
    flags = known.to_numpy(zero_copy_only=False)
    return pa.array(np.cumsum(flags) - 1, mask=~flags)


def name_filters(
    texts: pa.Array, key: bytes, hardening: Hardening, salts: pa.Array | None = None
) -> pa.Array:
    """Each name's array of bits as 64 bytes; null where there is no letter or digit.

    `salts`, as long as `texts`, are texts under which equal names differ; null is a salt of its own.
    """
    plain = romanised(texts)
    salted = pa.array([""] * len(plain)) if salts is None else salts.cast(pa.string()).fill_null("")
    pairs = pa.table({"text": plain, "salt": salted}).group_by(["text", "salt"]).aggregate([])
    pairs = pairs.filter(pc.is_valid(pairs["text"])).combine_chunks()
    owner, pieces = _pieces(pairs["text"].combine_chunks())
    own_salt = pairs["salt"].combine_chunks().take(pa.array(owner))
    made = _filters(owner, pc.binary_join_element_wise(own_salt, pieces, "|"), len(pairs), key, hardening)
    made_table = pairs.append_column("filter", _as_binary(made))
    return _looked_up(pa.table({"text": plain, "salt": salted}), made_table, ["text", "salt"])


def date_filters(days: npt.NDArray[np.int32], key: bytes, hardening: Hardening) -> pa.Array:
    """Each day's array of bits as 64 bytes: days with parts in common, or of years beside, are alike.

    `days` are numbers of eight digits, 00 for an unknown part, negative where there is none.
    """
    distinct = np.unique(days[days >= 0])
    year, month, day = distinct // 10000, distinct // 100 % 100, distinct % 100
    parts = [("y", year), ("w", year - 1), ("w", year), ("w", year + 1), ("m", month), ("d", day)]
    # What stands for the month may be the day: each of the two counts in either place.
    parts += [("x", month), ("x", day), ("z", month * 100 + day), ("q", year % 100 * 100 + day)]
    owner, pieces = [], []
    for sign, value in parts:
        stated = np.ones(len(value), dtype=bool) if sign in "yw" else value % 100 > 0
        owner.append(np.flatnonzero(stated))
        pieces.append(pc.binary_join_element_wise(sign, pa.array(value[stated]).cast(pa.string()), ""))
    made = _filters(np.concatenate(owner), pa.concat_arrays(pieces), len(distinct), key, hardening)
    known = days >= 0
    places = np.searchsorted(distinct, days)
    return _as_binary(made).take(pa.array(places, mask=~known))


def _looked_up(asked: pa.Table, known: pa.Table, names: Sequence[str]) -> pa.Array:
    """The filter of each row that was asked for, in their order."""
    numbered = asked.append_column("row", pa.array(np.arange(len(asked))))
    known = known.append_column("place", pa.array(np.arange(len(known))))
    found = numbered.join(known.drop(["filter"]), list(names), join_type="left outer").sort_by("row")
    return known["filter"].combine_chunks().take(found["place"].combine_chunks())


def _as_binary(filters: Filters) -> pa.Array:
    data = pa.py_buffer(np.ascontiguousarray(filters))
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(BITS // 8), len(filters), [None, data])


def _pieces(texts: pa.Array) -> tuple[Integers, pa.Array]:
    """The pairs of letters of each text's words, by sound and by skeleton, and whose they are."""
    split = pc.split_pattern(texts, " ")
    words = split.flatten()
    of_text = np.repeat(np.arange(len(texts)), np.diff(split.offsets.to_numpy()))
    found, owner = [], []
    for sign, form in (("s", sounds(words)), ("k", skeletons(words))):
        framed = pc.binary_join_element_wise("^", form.cast(pa.string()), "$", "")
        starts, data = text_buffers(framed)
        whose, pairs = _letter_pairs(starts, data)
        ends = pa.py_buffer((np.arange(len(whose) + 1) * 2).astype(np.int32))
        both = pa.StringArray.from_buffers(len(whose), ends, pa.py_buffer(pairs))
        found.append(pc.binary_join_element_wise(sign, both, ""))
        owner.append(of_text[whose])
    return np.concatenate(owner).astype(np.int64), pa.concat_arrays(found)


@compiled
def _letter_pairs(starts: Integers, data: Bytes) -> tuple[Integers, Bytes]:
    """Every two neighbouring letters of each text, and the text they are of."""
    many = 0
    for text in range(len(starts) - 1):
        many += max(starts[text + 1] - starts[text] - 1, 0)
    whose = np.empty(many, dtype=np.int64)
    pairs = np.empty(2 * many, dtype=np.uint8)
    made = 0
    for text in range(len(starts) - 1):
        for at in range(starts[text], starts[text + 1] - 1):
            whose[made] = text
            pairs[2 * made], pairs[2 * made + 1] = data[at], data[at + 1]
            made += 1
    return whose, pairs


def _filters(owner: Integers, pieces: pa.Array, size: int, key: bytes, hardening: Hardening) -> Filters:
    """The bits that the pieces of each of `size` values set, mixed where asked."""
    distinct = pieces.dictionary_encode()
    places = _positions(distinct.dictionary, subkey(key, "positions"), hardening.positions)
    flat = np.zeros((size, BITS), dtype=np.bool_)
    _set(flat, owner, distinct.indices.to_numpy().astype(np.int64), places)
    if hardening.is_mixed:
        first, second = (_permutation(subkey(key, "mixing", number)) for number in ("1", "2"))
        flat = flat[:, first] ^ flat[:, second]
    return np.packbits(flat, axis=1, bitorder="little")


@compiled
def _set(flat: npt.NDArray[np.bool_], owner: Integers, piece: Integers, places: Places) -> None:
    for at in range(len(owner)):
        for number in range(places.shape[1]):
            flat[owner[at], places[piece[at], number]] = True


def _positions(pieces: pa.Array, key: bytes, many: int) -> Places:
    """`many` positions for each piece, each from nine bits of its digest that no other is made from."""
    if not len(pieces):
        return np.zeros((0, many), dtype=np.int64)
    raw = np.frombuffer(bytes.fromhex(_data(_hexadecimal(pieces, key)).decode()), dtype=np.uint8)
    bits = np.unpackbits(raw.reshape(len(pieces), TOKEN), axis=1)[:, : 9 * many].reshape(-1, many, 9)
    found: Places = bits.astype(np.int64) @ (1 << np.arange(9))
    return found


def _permutation(key: bytes) -> npt.NDArray[np.int64]:
    """The positions in an order that follows from the key alone: that of their digests."""
    digests = _hexadecimal(pa.array([str(position) for position in range(BITS)]), key)
    order: npt.NDArray[np.int64] = pc.array_sort_indices(digests).to_numpy().astype(np.int64)
    return order
