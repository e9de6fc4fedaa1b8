"""Codes that are written in several ways: `F`, `f` and `F ` are three groups unless somebody sees it.

Nothing is joined unless that was asked for: `m` may be the married and `M` the men. What is found is told
with the number of records, beside the figures of the same groups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from sojourn.errors import shown

__all__ = ["Writings", "mixed_notes", "mixed_writings", "written_alike"]

# By column, each group of codes that differ in nothing but case and blanks: records by code.
Writings = Mapping[str, Sequence[Mapping[str, int]]]
_MOST_GROUPS = 3


def mixed_writings(records: pa.Table, columns: Sequence[str]) -> Writings:
    """The codes of text columns that differ in nothing but case and blanks, the most used first."""
    found: dict[str, list[dict[str, int]]] = {}
    for name in dict.fromkeys(columns):
        if not _is_text(records[name].type):
            continue
        counts = pc.value_counts(records[name]).flatten()
        alike: dict[str, dict[str, int]] = {}
        for code, count in sorted(
            zip(counts[0].to_pylist(), counts[1].to_pylist(), strict=True),
            key=lambda each: (-each[1], str(each[0])),
        ):
            if code is not None:
                alike.setdefault(" ".join(code.split()).casefold(), {})[code] = count
        several = [codes for codes in alike.values() if len(codes) > 1]
        if several:
            found[name] = several
    return found


def written_alike(records: pa.Table, writings: Writings) -> pa.Table:
    """The records with each of these codes as it is written in most of them."""
    for name, groups in writings.items():
        mostly = {code: next(iter(group)) for group in groups for code in group}
        column = records[name].cast(pa.string())
        place = pc.index_in(column, pa.array(list(mostly), pa.string()))
        alike = pa.array(list(mostly.values()), pa.string()).take(place.combine_chunks())
        records = records.set_column(
            records.column_names.index(name), name, pc.coalesce(alike, column.combine_chunks())
        )
    return records


def mixed_notes(writings: Writings, *, joined: Sequence[str] = (), remedy: str = "") -> list[str]:
    """What is said of such codes: whether they are counted apart or, where `joined`, as one."""
    notes = []
    for name, groups in writings.items():
        listed = "; ".join(
            ", ".join(f"{shown(code)!r} in {count:,}" for code, count in group.items())
            for group in groups[:_MOST_GROUPS]
        )
        more = f"; and {len(groups) - _MOST_GROUPS:,} more codes" if len(groups) > _MOST_GROUPS else ""
        fate = "are counted as the first" if name in joined else "are counted apart"
        end = "" if name in joined or not remedy else f" {remedy}"
        notes.append(
            f"{shown(name)}: codes that differ only in case or blanks {fate}: {listed} records{more}.{end}"
        )
    return notes


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
