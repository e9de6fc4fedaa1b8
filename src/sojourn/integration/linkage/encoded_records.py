"""Encodings linked as records are: the same blocks, model and assignment, with bits in place of names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.integration.linkage.encoding import Encoded
from sojourn.integration.linkage.linking import Linked, Plan, linked, planned
from sojourn.integration.linkage.specification import (
    BlockKey,
    BlockRule,
    Field,
    Kind,
    Part,
    Specification,
)
from sojourn.integration.linkage.words import MISSING, words_of

__all__ = ["EncodedRule", "encoded_records", "link_encodings", "narrowing"]

Codes = npt.NDArray[np.int32]


@dataclass(frozen=True)
class EncodedRule:
    """A rule whose keys are digests in a column of lists; `fields` are those that it asks to agree.

    `narrow` names encoded fields whose whole value is asked besides where too many records share a digest.
    """

    column: str
    fields: tuple[str, ...]
    narrow: tuple[str, ...] = ()


def encoded_records(tables: Sequence[pa.Table], fields: Sequence[Field]) -> Encoded:
    """The records of several senders: each field's encodings numbered, those of bits as rows of filters.

    A field of kind `ENCODED` holds arrays of bits of one length, a field of `CODE` digests.
    """
    size = sum(len(table) for table in tables)
    codes = np.full((size, len(fields)), MISSING, dtype=np.int32)
    filters, made = [], 0
    for place, field in enumerate(fields):
        number, values = _numbered([table[field.name] for table in tables])
        if field.kind is Kind.ENCODED and len(values):
            width = values.type.byte_width
            bits = np.frombuffer(b"".join(values.to_pylist()), dtype=np.uint64).reshape(-1, width // 8)
            filters.append(bits)
            number = np.where(number >= 0, number + made, MISSING)
            made += len(values)
        codes[:, place] = number
    bits_of = _rarity(codes)
    source = np.repeat(np.arange(len(tables), dtype=np.int32), [len(table) for table in tables])
    together = np.concatenate(filters) if filters else np.zeros((0, 1), dtype=np.uint64)
    return Encoded(tuple(fields), words_of([])[0], codes, bits_of, bits_of, source, together)


def _numbered(columns: Sequence[pa.ChunkedArray]) -> tuple[Codes, pa.Array]:
    chunks = [chunk for column in columns for chunk in column.chunks]
    found = pa.chunked_array(chunks, columns[0].type).combine_chunks().dictionary_encode()
    number: Codes = found.indices.fill_null(MISSING).to_numpy(zero_copy_only=False).astype(np.int32)
    return number, found.dictionary


def _rarity(
    codes: np.ndarray[tuple[int, int], np.dtype[np.int32]],
) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    bits = np.zeros(codes.shape, dtype=np.float32)
    for place in range(codes.shape[1]):
        known = codes[:, place] >= 0
        _, of_value, counts = np.unique(codes[known, place], return_inverse=True, return_counts=True)
        bits[known, place] = -np.log2(counts[of_value] / max(int(known.sum()), 1))
    return bits


def link_encodings(
    tables: Sequence[pa.Table],
    specification: Specification,
    rules: Sequence[EncodedRule],
    *,
    dedupe: bool = False,
) -> tuple[Encoded, Linked]:
    """Who is who among encoded records, as `linking.linked` finds it among plain ones.

    The rules of `specification` are not used: `rules` choose the pairs.
    """
    records = encoded_records(tables, specification.fields)
    keys = _keyed(tables, records, rules)
    asked = tuple(
        BlockRule(
            (BlockKey(rule.column, Part.WORD),),
            tuple(BlockKey(name) for name in rule.narrow if name in {f.name for f in specification.fields}),
        )
        for rule in rules
    )
    plan = planned(keys, replace(specification, rules=asked), dedupe=dedupe)
    named = {rule.column: tuple(map(BlockKey, rule.fields)) for rule in rules}
    blocks = tuple(
        replace(part, rule=BlockRule(named[part.rule.keys[0].field], part.rule.narrow))
        for part in plan.blocks
    )
    return records, linked(
        records, specification, Plan(blocks, plan.pairs, plan.memory, plan.seconds), dedupe=dedupe
    )


def _keyed(tables: Sequence[pa.Table], records: Encoded, rules: Sequence[EncodedRule]) -> Encoded:
    """The records with a field for each rule, whose words are its digests."""
    lists = [
        pa.chunked_array([c for table in tables for c in table[rule.column].chunks]).combine_chunks()
        for rule in rules
    ]
    many = [pc.list_value_length(column).fill_null(0).to_numpy().astype(np.int64) for column in lists]
    digests = [column.flatten().dictionary_encode().indices.to_numpy().astype(np.int32) for column in lists]
    size, count = len(records), len(rules)
    codes = np.arange(size * count, dtype=np.int32).reshape(count, size).T
    fields = tuple(Field(rule.column, Kind.NAME, (rule.column,)) for rule in rules)
    starts = np.concatenate(([0], np.cumsum(np.concatenate(many)))).astype(np.int32)
    words = replace(records.words, word_starts=starts, words=np.concatenate(digests))
    wide = np.concatenate([records.codes, codes], axis=1)
    rarity = np.zeros((size, wide.shape[1]), dtype=np.float32)
    # Whole values of encoded fields are looked up as codes are.
    whole = tuple(replace(field, kind=Kind.CODE) for field in records.fields)
    return replace(
        records, fields=(*whole, *fields), words=words, codes=wide, bits=rarity, bits_within=rarity
    )


def narrowing(rule: BlockRule, kinds: Mapping[str, Kind]) -> tuple[str, ...]:
    """The fields by whose whole value a rule's blocks can still be narrowed when encoded."""
    return tuple(key.field for key in rule.narrow if key.part is Part.VALUE and kinds[key.field] is Kind.CODE)
