"""A table of records as encodings: a column for each field, and digests that say which records to compare.

Names and days become arrays of bits, codes and numbers digests. Of each rule that chooses pairs, what two
records must share becomes a digest, or several where any word counts. A rule that asks for one name or one
code alone is left out: its most frequent digest would be the most frequent name. Rows come in an order that
follows from the key, so that a file sorted by name does not stay so.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.integration.encodings import Hardening, date_filters, name_filters, subkey, tokens
from sojourn.integration.linkage.blocking import MOST_WORDS
from sojourn.integration.linkage.encoding import packed_days
from sojourn.integration.linkage.letters import romanised
from sojourn.integration.linkage.sounds import is_particle, skeletons, sounds
from sojourn.integration.linkage.specification import (
    BlockKey,
    BlockRule,
    Field,
    Kind,
    Part,
    Specification,
    fields_of,
    names_of,
)

__all__ = ["RULE_COLUMN", "encoded_table", "safe_rules"]

RULE_COLUMN = "rule_{}"
Rows = npt.NDArray[np.int64]


def safe_rules(specification: Specification) -> tuple[BlockRule, ...]:
    """The rules whose digests do not tell a name by how often they occur.

    They share two fields at least, one of them no code, or a whole day, or a number.
    """
    kinds = {field.name: field.kind for field in specification.fields}
    return tuple(rule for rule in specification.rules if _tells_apart(rule, specification.fields, kinds))


def _tells_apart(rule: BlockRule, fields: tuple[Field, ...], kinds: dict[str, Kind]) -> bool:
    of = [kinds[key.field] for key in rule.keys]
    whole = any(
        kinds[key.field] is Kind.NUMBER
        or (kinds[key.field] is Kind.DATE and key.part in (Part.VALUE, Part.DAY))
        for key in rule.keys
    )
    return whole or (
        len(fields_of(rule, fields)) > 1 and any(kind in (Kind.NAME, Kind.NUMBER) for kind in of)
    )


def encoded_table(
    records: pa.Table,
    specification: Specification,
    key: bytes,
    *,
    hardening: Hardening,
    salt: str | None = None,
    salted: frozenset[str] = frozenset(),
) -> pa.Table:
    """The encodings of records: record_id, a column for each field, a list of digests for each safe rule.

    `records` has record_id and a column of text for each field. `salt` names a field of days: the names in
    `salted` differ by its year.
    """
    columns = {
        field.name: records[field.name].combine_chunks().cast(pa.string())
        for field in _fields(records, specification)
    }
    years = None
    if salt is not None:
        days = packed_days(records[salt])
        years = pa.array(days // 10000, mask=days < 0).cast(pa.string())
    found: dict[str, pa.Array] = {"record_id": records["record_id"].combine_chunks().cast(pa.string())}
    for field in specification.fields:
        own = subkey(key, "field", field.name)
        salts = years if field.name in salted else None
        found[field.name] = _encoded(field, columns[field.name], own, hardening, salts)
    for number, rule in enumerate(safe_rules(specification), 1):
        rows, texts = _shared(rule, specification, columns)
        found[RULE_COLUMN.format(number)] = _listed(
            rows, tokens(texts, subkey(key, "rule", str(rule))), len(records)
        )
    order = pc.array_sort_indices(pc.fill_null(tokens(found["record_id"], subkey(key, "order")), bytes(16)))
    return pa.table(found).take(order)


def _fields(records: pa.Table, specification: Specification) -> tuple[Field, ...]:
    missing = [field.name for field in specification.fields if field.name not in records.column_names]
    if missing:
        raise ValueError(f"The records have no columns {', '.join(missing)}.")
    return specification.fields


def _encoded(
    field: Field, column: pa.Array, key: bytes, hardening: Hardening, salts: pa.Array | None
) -> pa.Array:
    if field.kind is Kind.NAME:
        return name_filters(column, key, hardening, salts)
    if field.kind is Kind.DATE:
        return date_filters(packed_days(pa.chunked_array([column])), key, hardening)
    return tokens(_plain(column, field.kind), key)


def _plain(column: pa.Array, kind: Kind) -> pa.Array:
    """A code or number in one spelling, null where there is none."""
    if kind is Kind.NUMBER:
        return romanised(column)
    trimmed = pc.utf8_upper(pc.utf8_trim_whitespace(column))
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)


def _listed(rows: Rows, digests: pa.Array, size: int) -> pa.Array:
    """The digests of each row, in the order of the digests, which tells nothing."""
    order = np.lexsort((pc.rank(digests, tiebreaker="dense").to_numpy(), rows)) if len(rows) else rows
    starts = np.concatenate(([0], np.cumsum(np.bincount(rows, minlength=size)))).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(starts), digests.take(pa.array(order)))


def _shared(
    rule: BlockRule, specification: Specification, columns: dict[str, pa.Array]
) -> tuple[Rows, pa.Array]:
    """What each row must share under a rule as one text; no text where a part is missing, else several."""
    kinds = {field.name: field.kind for field in specification.fields}
    size = len(next(iter(columns.values())))
    rows, texts = np.arange(size), pa.array([""] * size)
    for key in rule.keys:
        names = names_of(key, specification.fields)
        owner, parts = _either([_part(columns[name], kinds[name], key) for name in names], key.part)
        starts, ends = np.searchsorted(owner, rows), np.searchsorted(owner, rows, side="right")
        many = ends - starts
        at = np.repeat(np.arange(len(rows)), many)
        place = np.repeat(starts, many) + np.arange(len(at)) - np.repeat(np.cumsum(many) - many, many)
        texts = pc.binary_join_element_wise(texts.take(pa.array(at)), parts.take(pa.array(place)), "\x1f")
        rows = rows[at]
    return rows, texts


def _either(parts: list[tuple[Rows, pa.Array]], part: Part) -> tuple[Rows, pa.Array]:
    """The words of several fields as those of one, each once in a row, or each two of them."""
    owner, words = parts[0]
    if len(parts) > 1:
        owner = np.concatenate([rows for rows, _ in parts])
        words = pa.concat_arrays([own.cast(pa.string()) for _, own in parts])
        owner, words = _each_once(owner, words)
    return _every_two(owner, words) if part is Part.TWO_WORDS else (owner, words)


def _each_once(owner: Rows, words: pa.Array) -> tuple[Rows, pa.Array]:
    """Each row's words once, sorted."""
    number = pc.rank(words, tiebreaker="dense").to_numpy().astype(np.int64)
    order = np.lexsort((number, owner))
    owner, number, words = owner[order], number[order], words.take(pa.array(order))
    again = np.concatenate(([False], (owner[1:] == owner[:-1]) & (number[1:] == number[:-1])))[: len(owner)]
    return owner[~again], words.filter(pa.array(~again))


def _every_two(owner: Rows, words: pa.Array) -> tuple[Rows, pa.Array]:
    """Each two words of one row as one text, sorted by row; none of a row with one word."""
    rows, texts = [owner[:0]], [words[:0].cast(pa.string())]
    for apart in range(1, MOST_WORDS):
        both = np.flatnonzero(owner[apart:] == owner[:-apart])
        rows.append(owner[both])
        ends = words.take(pa.array(both + apart))
        texts.append(pc.binary_join_element_wise(words.take(pa.array(both)), ends, "+").cast(pa.string()))
    order = np.argsort(np.concatenate(rows), kind="stable")
    return np.concatenate(rows)[order], pa.concat_arrays(texts).take(pa.array(order))


def _part(column: pa.Array, kind: Kind, key: BlockKey) -> tuple[Rows, pa.Array]:
    """A part of a field and the row of each, sorted by row; rows that lack it have none."""
    if kind is Kind.DATE:
        return _part_of_day(packed_days(pa.chunked_array([column])), key.part)
    if kind is Kind.CODE:
        found = _plain(column, kind)
    else:
        plain = romanised(column)
        if key.part is not Part.VALUE:
            return _part_of_words(plain, key.part)
        found = plain
    return _stated(found)


def _stated(texts: pa.Array) -> tuple[Rows, pa.Array]:
    known = pc.is_valid(texts)
    return np.flatnonzero(known.to_numpy(zero_copy_only=False)), texts.filter(known)


def _part_of_day(days: npt.NDArray[np.int32], part: Part) -> tuple[Rows, pa.Array]:
    day = days % 10000
    vague = (day == 101) | (day % 100 == 0) | (day < 100)
    kept = (days >= 0) & ((part is Part.YEAR) | ~vague)
    value = {Part.YEAR: days // 10000, Part.DAY_OF_YEAR: day}.get(part, days)
    return np.flatnonzero(kept), pa.array(value[kept]).cast(pa.string())


def _part_of_words(plain: pa.Array, part: Part) -> tuple[Rows, pa.Array]:
    known, texts = _stated(plain)
    split = pc.split_pattern(texts, " ")
    words = split.flatten()
    owner = np.repeat(known, np.diff(split.offsets.to_numpy()))
    particle = is_particle(words).to_numpy(zero_copy_only=False)
    has_other = np.bincount(owner[~particle], minlength=len(plain)) > 0
    kept = ~particle | ~has_other[owner]
    owner, words = owner[kept], words.filter(pa.array(kept))
    if part is Part.JOINED:
        return known, skeletons(_joined(owner, sounds(words), known)).cast(pa.string())
    heard = skeletons(words).cast(pa.string())
    first = np.flatnonzero(np.concatenate(([True], owner[1:] != owner[:-1]))) if len(owner) else owner
    if part in (Part.FIRST, Part.START):
        firsts = heard.take(pa.array(first))
        return owner[first], firsts if part is Part.FIRST else pc.utf8_slice_codeunits(firsts, 0, 2)
    if part is Part.SOUNDS:
        order = np.lexsort((pc.rank(heard, tiebreaker="dense").to_numpy().astype(np.int64), owner))
        return known, _joined(owner[order], heard.take(pa.array(order)), known)
    return _each_once(owner, heard)


def _joined(owner: Rows, words: pa.Array, known: Rows) -> pa.Array:
    """The words of each row in one."""
    starts = np.append(np.searchsorted(owner, known), len(owner)).astype(np.int32)
    return pc.binary_join(pa.ListArray.from_arrays(pa.array(starts), words.cast(pa.string())), "+")
