"""Direct identifiers found by what a column holds, whatever it is called.

Two kinds of evidence. A column *is* of identifiers when most of its values have the form of one and differ
from record to record; a column *holds* some when even one value in it is an address of e-mail, a telephone
number with its country, a machine-readable zone or an account number with right check digits, or, in free
text, a name or a full date. Only counts leave this module: no value is told, logged or kept.

Names and forms are looked at in up to 20,000 different values of a column, evenly over their order; what is
told by a pattern alone is looked for in all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.disclosure.microdata.check_digits import is_account, is_machine_readable, passing_schemes
from sojourn.disclosure.microdata.name_signs import holds_a_name, is_of_form, looks_known

__all__ = ["IdentifierFound", "identifiers_in"]

_MOST_VALUES = 20_000
# Of columns of places, countries, languages and trades at most a seventh of the values have a sign of a name;
# of columns of names from many countries, misspelt and in several scripts, a quarter and more.
_SIGNS, _SIGNS_OF_FEW = 0.2, 0.35
_EMAIL = r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}"
_PHONE = r"(^|[^0-9A-Za-z+])(\+|00)[1-9][0-9]{0,2}[ ()./-]{0,2}([0-9][ ()./-]{0,2}){6,12}[0-9]($|[^0-9])"
_OWN_PHONE = r"^\(?0?[0-9]{1,5}\)?[ ./-]([0-9]{2,4}[ ./-]?){2,4}$|^0[0-9]{8,10}$"
_ZONE = r"[A-Z0-9<]{30}|[A-Z0-9<]{36}|[A-Z0-9<]{44}"
_ACCOUNT = r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){11,30}\b"
_DOCUMENT = r"^[A-Z]{1,3}[ -]?[0-9]{5,9}$|^[0-9]{2} ?[0-9]{2} ?[0-9]{6}$|^[0-9]{2}[A-Z]{2}[0-9]{5}$"
_DAY = r"\b((19|20)[0-9]{2}[-./][01]?[0-9][-./][0-3]?[0-9]|[0-3]?[0-9][-./][0-3]?[0-9][-./](19|20)[0-9]{2})\b"
_WHOLE_DAY = rf"^{_DAY[2:-2]}$"
_STREET = (
    r"(?i)\b(street|avenue|boulevard|lane|road|square|rue|calle|avenida|rua|via|viale|ulica|ulitsa)\b|\bul\."
    r"|(?i)(straße|strasse|str\.|gasse|platz|sokak|caddesi|улица|ул\.|проспект|пр-т|вулиця|вул\.|شارع|路|街)"
)


@dataclass(frozen=True)
class IdentifierFound:
    """What a column holds: the kind of identifier, in how many records, their share of those with a value.

    `is_column` says that the column as a whole is of that kind.
    """

    column: str
    kind: str
    records: int
    share: float
    is_column: bool

    def to_json(self) -> dict[str, Any]:
        """The numbers as plain values."""
        return asdict(self)


@dataclass(frozen=True)
class _Looked:
    """Different values of a column as text, the records of each, and a part of them to look at closely."""

    values: pa.Array
    records: pa.Array
    some: pa.Array
    of_some: np.ndarray[Any, np.dtype[np.int64]]

    @property
    def total(self) -> int:
        return int(pc.sum(self.records).as_py() or 0)

    @property
    def differ(self) -> float:
        """Different values over records."""
        return len(self.values) / max(1, self.total)

    def with_pattern(self, pattern: str) -> int:
        """Records whose value has the pattern somewhere."""
        return int(pc.sum(self.records.filter(pc.match_substring_regex(self.values, pattern))).as_py() or 0)

    def matching(self, pattern: str) -> pa.Array:
        return self.values.filter(pc.match_substring_regex(self.values, pattern))

    def of(self, judged: Sequence[bool]) -> tuple[int, float]:
        """Records of those looked at for which something holds, and the share of different values."""
        flags = np.asarray(judged, bool)
        return int(self.of_some[flags].sum()), float(flags.mean()) if len(flags) else 0.0


def identifiers_in(table: pa.Table, columns: Sequence[str] | None = None) -> list[IdentifierFound]:
    """What the columns hold that identifies a person, in the order of columns; the surest kind first.

    Columns of text, whole numbers and days are looked at, all where none are named.
    """
    found = []
    for name in table.column_names if columns is None else columns:
        column = table[name]
        if pa.types.is_date(column.type) or pa.types.is_timestamp(column.type):
            found += _days(name, column)
        elif _is_text(column.type) or pa.types.is_integer(column.type):
            found += _of_text(name, column)
    return found


def _is_text(kind: pa.DataType) -> bool:
    own = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(own) or pa.types.is_large_string(own))


def _of_text(name: str, column: pa.ChunkedArray) -> list[IdentifierFound]:
    looked = _looked(column)
    if looked is None:
        return []
    is_text = _is_text(column.type)
    parts = [_of_documents(looked), _of_dates(looked)]
    if is_text:
        parts = [_of_patterns(looked), *parts, _of_names(looked)]
    found = [
        IdentifierFound(name, kind, records, min(1.0, records / looked.total), whole)
        for part in parts
        for kind, records, whole in part
    ]
    if not any(each.is_column for each in found):
        found += [
            IdentifierFound(name, kind, looked.total, 1.0, True) for kind in _of_uniqueness(looked, is_text)
        ]
    return found


def _looked(column: pa.ChunkedArray) -> _Looked | None:
    texts = pc.utf8_trim_whitespace(column.cast(pa.string()))
    counted = pc.value_counts(texts.filter(pc.and_kleene(pc.is_valid(texts), pc.not_equal(texts, ""))))
    values, records = counted.field("values"), counted.field("counts")
    if not len(values):
        return None
    size = min(len(values), _MOST_VALUES)
    order = pc.sort_indices(values).take(pa.array(np.linspace(0, len(values) - 1, size).astype(np.int64)))
    own = records.take(order).to_numpy(zero_copy_only=False).astype(np.int64)
    return _Looked(values, records, values.take(order), own)


def _of_patterns(looked: _Looked) -> Iterator[tuple[str, int, bool]]:
    """What even one value gives away."""
    for kind, pattern in (("e-mail", _EMAIL), ("telephone", _PHONE)):
        records = looked.with_pattern(pattern)
        if records:
            yield kind, records, records >= looked.total / 2
    own = looked.with_pattern(_OWN_PHONE)
    if own >= 0.8 * looked.total and looked.differ > 0.5 and looked.with_pattern(_WHOLE_DAY) < own / 2:
        yield "telephone", own, True
    zones = looked.with_pattern(_ZONE)
    if zones:
        judged = [any(map(is_machine_readable, text.split())) for text in _sampled(looked, _ZONE)]
        if any(judged):
            yield "machine-readable zone", max(1, round(zones * np.mean(judged))), bool(np.mean(judged) > 0.5)
    if looked.with_pattern(_ACCOUNT):
        judged = [is_account(text) for text in pc.extract_regex(
            looked.matching(_ACCOUNT), f"(?P<account>{_ACCOUNT})").field("account").to_pylist()]  # fmt: skip
        if any(judged):
            yield "account number", sum(judged), sum(judged) > 0.5 * len(looked.values)
    streets = looked.with_pattern(_STREET)
    numbered = looked.with_pattern(r"[0-9]")
    if streets >= 0.3 * looked.total and numbered >= 0.3 * looked.total and looked.differ > 0.2:
        yield "address", streets, True


def _sampled(looked: _Looked, pattern: str) -> list[str]:
    matching = looked.matching(pattern)
    size = min(len(matching), _MOST_VALUES)
    places = np.linspace(0, len(matching) - 1, size).astype(np.int64)
    found: list[str] = matching.take(pa.array(places)).to_pylist()
    return found


def _of_documents(looked: _Looked) -> Iterator[tuple[str, int, bool]]:
    """Numbers that prove themselves by check digits, or have the form of a document's and differ."""
    if looked.differ < 0.5 or len(looked.values) < 5:
        return
    bare = pc.replace_substring_regex(looked.some, r"[ ./-]", "")
    numbers = bare.filter(pc.match_substring_regex(bare, r"^[0-9]{9,19}X?$"))
    if len(numbers) >= 0.8 * len(looked.some):
        plain = numbers.filter(pc.match_substring_regex(numbers, r"^[0-9]+$"))
        counts = passing_schemes(plain if len(plain) == len(numbers) else numbers)
        scheme = max(counts, key=lambda name: counts[name], default=None)
        # Of five random numbers all pass a scheme of modulus 10 once in 100,000.
        if scheme is not None and counts[scheme] >= 0.9 * len(looked.some):
            yield f"document number ({scheme})", round(looked.total * counts[scheme] / len(looked.some)), True
            return
    documents = looked.with_pattern(_DOCUMENT)
    if documents >= 0.8 * looked.total and looked.differ > 0.8 and len(looked.values) >= 20:
        yield "document number", documents, True


def _of_dates(looked: _Looked) -> Iterator[tuple[str, int, bool]]:
    """Days written out: a column of them that spans lives, or one within longer text."""
    whole = looked.with_pattern(_WHOLE_DAY)
    if whole >= 0.8 * looked.total:
        years = pc.extract_regex(looked.matching(_WHOLE_DAY), r"(?P<year>(?:19|20)[0-9]{2})").field("year")
        if _spans_lives(years.cast(pa.int64()).to_numpy(zero_copy_only=False)):
            yield "date of birth", whole, True
        return
    within = looked.with_pattern(_DAY)
    words = pc.mean(pc.count_substring(looked.some, " ")).as_py()
    if within and words >= 3:
        yield "date in text", within, False


def _days(name: str, column: pa.ChunkedArray) -> list[IdentifierFound]:
    days = column.drop_null()
    if not len(days) or not _spans_lives(pc.year(days).to_numpy()):
        return []
    differ = len(pc.unique(days.cast(pa.timestamp("s")).cast(pa.date32())))
    # A column of years kept as their first day has few different days.
    if differ <= len(pc.unique(pc.year(days))) * 2:
        return []
    return [IdentifierFound(name, "date of birth", len(days), 1.0, True)]


def _spans_lives(years: np.ndarray[Any, np.dtype[np.int64]]) -> bool:
    """Whether years lie as births do: over decades, half of them long before the last."""
    last, middle, first = np.quantile(years, [1.0, 0.5, 0.05])
    return bool(last - first >= 40 and last - middle >= 15)


def _of_names(looked: _Looked) -> Iterator[tuple[str, int, bool]]:
    """Names of persons: a column of them, or within free text."""
    some = looked.some.to_pylist()
    if _is_free(looked):
        records, _ = looked.of([holds_a_name(text) for text in some])
        if records:
            yield "name in text", records, False
        return
    formed = [is_of_form(text) for text in some]
    known = [form and looks_known(text) for form, text in zip(formed, some, strict=True)]
    records, share = looked.of(formed)
    surely, signs = looked.of(known)
    if len(some) >= 5 and share >= 0.8 and signs >= (_SIGNS if len(some) >= 30 else _SIGNS_OF_FEW):
        yield "name", max(records, surely), True
    elif len(looked.values) >= 50 and looked.differ > 0.2 and share >= 0.8 and _is_wordy(looked):
        yield "open text", records, True


def _is_wordy(looked: _Looked) -> bool:
    """Whether values are longer than codes are."""
    return bool(pc.mean(pc.utf8_length(looked.some)).as_py() >= 4.5)


def _is_free(looked: _Looked) -> bool:
    """Whether values are sentences: of many words."""
    return bool(pc.mean(pc.count_substring(looked.some, " ")).as_py() >= 3.5)


def _of_uniqueness(looked: _Looked, is_text: bool) -> Iterator[str]:
    """Values of which hardly two records have the same: a number of the record, if nothing worse."""
    if looked.total < 50 or looked.differ < 0.98:
        return
    if is_text and _is_free(looked):
        yield "free text"
        return
    lengths = pc.utf8_length(looked.some).to_numpy(zero_copy_only=False)
    if is_text or (lengths.min() == lengths.max() and lengths.min() >= 6):
        yield "number of the record"
