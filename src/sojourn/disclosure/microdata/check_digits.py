"""Numbers of documents that prove themselves by check digits: zones, national schemes, accounts.

A random number passes a scheme as often as one in its modulus; a column of real ones passes nearly always.
So one number says little and a column says all. Values come as text without blanks and separators.

Source: ICAO Doc 9303-3 (weights 7, 3, 1), ISO/IEC 7812-1 (Luhn), ISO 7064 (mod 97-10 of ISO 13616, mod 11-2),
and the published rules of the national numbers that are named below.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["SCHEMES", "is_account", "is_machine_readable", "passing_schemes"]

Flags = npt.NDArray[np.bool_]
Digits = npt.NDArray[np.int64]
Check = Callable[[Digits], Flags]
_ZONES = {44: ((0, 9, 9), (13, 19, 19), (21, 27, 27)), 36: ((0, 9, 9), (13, 19, 19), (21, 27, 27))}
_CARD = {30: ((0, 6, 6), (8, 14, 14))}


def _weighted(weights: tuple[int, ...], modulus: int, at: int = -1, plus: bool = True) -> Check:
    """The check digit at a place is the weighted sum of the others modulo something, or what lacks to it."""

    def checked(digits: Digits) -> Flags:
        own = np.delete(digits, at % digits.shape[1], axis=1)
        rest = (own @ np.array(weights)) % modulus
        expected = rest if plus else (modulus - rest) % modulus
        found: Flags = digits[:, at] == np.where(expected > 9, 0, expected)
        return found

    return checked


def _luhn(digits: Digits) -> Flags:
    doubled = digits[:, -2::-2] * 2
    total = digits[:, -1::-2].sum(axis=1) + (doubled - 9 * (doubled > 9)).sum(axis=1)
    return np.asarray(total % 10 == 0)


def _divisible(weights: tuple[int, ...], modulus: int) -> Check:
    def checked(digits: Digits) -> Flags:
        return np.asarray((digits @ np.array(weights)) % modulus == 0)

    return checked


def _two_digits(first: tuple[int, ...], second: tuple[int, ...]) -> Check:
    """Two check digits modulo 11, the second over the first too; what would be 10 is 0."""

    def checked(digits: Digits) -> Flags:
        size = digits.shape[1]
        found = np.ones(len(digits), bool)
        for weights, at in ((first, size - 2), (second, size - 1)):
            rest = (digits[:, :at] @ np.array(weights)) % 11
            found &= digits[:, at] == np.where(rest < 2, 0, 11 - rest)
        return found

    return checked


def _tckn(digits: Digits) -> Flags:
    tenth = (7 * digits[:, 0:9:2].sum(axis=1) - digits[:, 1:8:2].sum(axis=1)) % 10
    last = digits[:, :10].sum(axis=1) % 10
    return np.asarray((tenth == digits[:, 9]) & (last == digits[:, 10]) & (digits[:, 0] > 0))


def _verhoeff(digits: Digits) -> Flags:
    product = np.array([[_dihedral(a, b) for b in range(10)] for a in range(10)])
    turn = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]
    powers = [list(range(10))]
    for _ in range(7):
        powers.append([turn[each] for each in powers[-1]])
    table = np.array(powers)
    state = np.zeros(len(digits), np.int64)
    for place in range(digits.shape[1]):
        state = product[state, table[place % 8][digits[:, digits.shape[1] - 1 - place]]]
    return np.asarray(state == 0)


def _dihedral(a: int, b: int) -> int:
    """The product of two elements of the symmetries of a pentagon."""
    if a < 5:
        return (a + b) % 5 if b < 5 else 5 + (a + b) % 5
    return 5 + (a - b) % 5 if b < 5 else (a - b) % 5


# Name, number of digits, check. Names are of the scheme and its best-known user.
SCHEMES: Mapping[str, tuple[tuple[int, ...], Check]] = MappingProxyType(
    {
        "Luhn": (tuple(range(13, 20)), _luhn),
        "Luhn of 9 or 10": ((9, 10), _luhn),
        "PESEL": ((11,), _weighted((1, 3, 7, 9, 1, 3, 7, 9, 1, 3), 10, plus=False)),
        "BSN": ((9,), _divisible((9, 8, 7, 6, 5, 4, 3, 2, -1), 11)),
        "CPF": ((11,), _two_digits(tuple(range(10, 1, -1)), tuple(range(11, 1, -1)))),
        "TCKN": ((11,), _tckn),
        "EGN": ((10,), _weighted((2, 4, 8, 5, 10, 9, 7, 3, 6), 11)),
        "CNP": ((13,), _weighted((2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9), 11)),
        "RNOKPP": ((10,), _weighted((-1, 5, 7, 9, 4, 6, 10, 5, 7), 11)),
        "birth number": ((10,), lambda digits: (digits @ 10 ** np.arange(9, -1, -1)) % 11 == 0),
        "Verhoeff": ((12,), _verhoeff),
    }
)


def passing_schemes(values: pa.Array) -> dict[str, int]:
    """How many of the values, texts of digits only, pass each scheme that numbers of their length have."""
    found: dict[str, int] = {}
    lengths = pc.utf8_length(values)
    for length in pc.unique(lengths).to_pylist():
        own = values.filter(pc.equal(lengths, length))
        digits = _digits(own, length)
        for name, (sizes, check) in SCHEMES.items():
            if length in sizes:
                found[name] = found.get(name, 0) + int(np.count_nonzero(check(digits)))
    letters = pc.match_substring_regex(values, r"^[0-9]{17}[0-9X]$")
    found["resident number of 18"] = int(np.count_nonzero(_mod_11_2(values.filter(letters))))
    return {name: count for name, count in found.items() if count}


def _digits(values: pa.Array, length: int) -> Digits:
    """Digits as numbers (values × places); a final X is 10."""
    texts = pc.fill_null(values, "").cast(pa.string())
    joined = np.frombuffer("".join(texts.to_pylist()).encode("ascii", "replace"), np.uint8)
    table = joined.reshape(len(values), length).astype(np.int64) - 48
    return np.where((table < 0) | (table > 9), 10, table)


def _mod_11_2(values: pa.Array) -> Flags:
    if not len(values):
        return np.zeros(0, bool)
    digits = _digits(values, 18)
    weights = np.array([pow(2, place, 11) for place in range(17, -1, -1)])
    return np.asarray((digits @ weights) % 11 == 1)


def is_machine_readable(line: str) -> bool:
    """Whether a line is of a machine-readable zone: with right check digits, or its first one, of names."""
    for length, fields in (*_ZONES.items(), *_CARD.items()):
        if len(line) == length:
            right = sum(_zone_check(line[begin:end]) == line[at] for begin, end, at in fields)
            return right == len(fields) or (line[:1] in "PIAVC" and "<<" in line[5:] and line[0:5].isascii())
    return False


def _zone_check(field: str) -> str:
    values = [int(sign, 36) if sign.isalnum() else 0 for sign in field]
    return str(sum(value * (7, 3, 1)[place % 3] for place, value in enumerate(values)) % 10)


def is_account(text: str) -> bool:
    """Whether a text is an international account number with right check digits."""
    plain = text.replace(" ", "").upper()
    if not (15 <= len(plain) <= 34 and plain[:2].isalpha() and plain[2:4].isdigit() and plain.isalnum()):
        return False
    turned = plain[4:] + plain[:4]
    return int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1
