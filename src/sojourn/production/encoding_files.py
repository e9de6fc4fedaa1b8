"""Records on plain files written as encodings, and encoded files linked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sojourn.errors import DataRefused, Problem, ProjectError, shown
from sojourn.integration.encoded_tables import RULE_COLUMN, encoded_table, safe_rules
from sojourn.integration.encodings import Hardening, key_check
from sojourn.integration.linkage.encoded_records import EncodedRule, link_encodings, narrowing
from sojourn.integration.linkage.specification import Field, Kind, Specification, fields_of
from sojourn.production.linkage_files import chosen_specification, columns_of, read_compared
from sojourn.production.table_files import require_targets, write_table
from sojourn.project.linkage_declarations import LinkageDeclaration
from sojourn.store.shared_keys import shared_key

__all__ = ["EncodedLinkage", "encode_file", "link_encoded_files"]

_TOLD = b"sojourn_encoding"
_VERSION = "1"
# Names of people; those of places are shared by many and by few years.
_SALTED = frozenset({"surname", "given_names", "name"})
_SALT = "birth_date"


def encode_file(
    source: Path,
    target: Path,
    key_file: Path,
    *,
    declared: LinkageDeclaration,
    fields: Sequence[str] = (),
    identifier: str | None = None,
    is_salted: bool = True,
) -> dict[str, Any]:
    """Write the encodings of a file's records; what was written is told without any value.

    `fields` are those of the declaration to encode, all for which there are columns where none is named.

    Raises: ProjectError for a result that exists, a key that is not safe, or fields that do not exist;
    DataRefused when the file cannot be read or the identifier is itself one of the fields.
    """
    require_targets(target)
    if target.suffix != ".parquet":
        raise ProjectError(f"{target.name} is no Parquet file.", "Encodings are bits: name it .parquet.")
    key = shared_key(key_file, source, target)
    known = columns_of(source)
    specification, places = chosen_specification(_only(declared, fields), [list(known)])
    place = places[0]
    if identifier in place.values():
        raise DataRefused(
            Problem(shown(source.name), 1, "the identifier is one of the fields to encode.",
                    "Number the records, keep the list of numbers, and name that column with --id.")
        )  # fmt: skip
    table, names = read_compared(source, known, place, identifier)
    names_of = {field.name for field in specification.fields}
    if is_salted and _SALT not in names_of:
        raise ProjectError(
            f"There is no field {_SALT} to salt names with.",
            "Encode it too, or give --no-salt: how often names occur then shows.",
        )
    salted = _SALTED & names_of if is_salted else frozenset()
    found = encoded_table(
        table.append_column("record_id", names), specification, key, hardening=Hardening(),
        salt=_SALT if salted else None, salted=frozenset(salted),
    )  # fmt: skip
    told = _told(specification, key, salted)
    write_table(found, target, {_TOLD.decode(): json.dumps(told)})
    return {
        "records": len(found), "fields": sorted(names_of), "salted": sorted(salted),
        "rules": len(told["rules"]), "key_check": told["key_check"],
    }  # fmt: skip


def _only(declared: LinkageDeclaration, names: Sequence[str]) -> LinkageDeclaration:
    """The declaration with the named fields alone, and the rules that need no others."""
    if not names:
        return declared
    known = [field.name for field in declared.fields]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ProjectError(
            f"There is no field {shown(unknown[0])}.", f"Fields of the specification are: {', '.join(known)}."
        )
    fields = tuple(
        field.model_copy(
            update={
                "within": field.within if field.within in names else None,
                "swaps_with": field.swaps_with if field.swaps_with in names else None,
                "goes_with": field.goes_with if field.goes_with in names else None,
            }
        )
        for field in declared.fields
        if field.name in names
    )
    return declared.model_copy(update={"fields": fields})


def _told(specification: Specification, key: bytes, salted: frozenset[str]) -> dict[str, Any]:
    """What whoever links needs to know of a file: nothing of its records."""
    kinds = {field.name: field.kind for field in specification.fields}
    return {
        "version": _VERSION,
        "key_check": key_check(key),
        "fields": {
            name: {"kind": kind.name, "salted": name in salted} for name, kind in kinds.items()
        },
        "rules": [
            {
                "column": RULE_COLUMN.format(number),
                "share": str(rule),
                "fields": list(fields_of(rule, specification.fields)),
                "narrow": list(narrowing(rule, kinds)),
            }
            for number, rule in enumerate(safe_rules(specification), 1)
        ],
        "cost": [specification.cost_of_false_link, specification.cost_of_missed_link],
        "one_to_one": specification.one_to_one,
    }  # fmt: skip


@dataclass(frozen=True)
class EncodedLinkage:
    """How many records, pairs and links there were, and how sure the model is of them."""

    records: int
    links: int
    persons: int
    expected_false_links: float

    def to_json(self) -> dict[str, Any]:
        """The numbers as plain values."""
        return dict(vars(self))


def link_encoded_files(sources: tuple[Path, Path], target: Path) -> EncodedLinkage:
    """Link two files of encodings, and write each pair that could be one person.

    Raises: ProjectError for a result that exists; DataRefused when a file holds no encodings, or they were
    made with different keys, or in different ways, or have nothing in common.
    """
    require_targets(target)
    told = [_told_by(source) for source in sources]
    _require_alike(sources, told)
    fields = tuple(
        Field(name, _kind(how["kind"]), (name,))
        for name, how in told[0]["fields"].items()
        if name in told[1]["fields"]
    )
    shares = [rule["share"] for rule in told[0]["rules"]]
    rules = [rule for rule in told[1]["rules"] if rule["share"] in shares]
    if not rules:
        raise DataRefused(_problem(sources[1], "no rule that chooses pairs is in both files."))
    tables = [_renamed(pq.read_table(source), own) for source, own in zip(sources, told, strict=True)]
    costs = told[0]["cost"]
    records, found = link_encodings(
        tables,
        Specification(fields, (), costs[0], costs[1], told[0]["one_to_one"]),
        [EncodedRule(_column(rule["share"]), tuple(rule["fields"]), tuple(rule["narrow"])) for rule in rules],
    )
    names = pa.concat_arrays([table["record_id"].combine_chunks() for table in tables])
    order = np.argsort(-found.scores, kind="stable")
    write_table(
        pa.table(
            {
                "record_a": names.take(pa.array(found.ones[order])),
                "record_b": names.take(pa.array(found.others[order])),
                "score": found.scores[order],
                "probability": found.probability[order],
                "is_link": pa.array(found.is_link[order]),
            }
        ),
        target,
    )
    false = float((1.0 - found.probability[found.is_link]).sum())
    return EncodedLinkage(len(records), int(found.is_link.sum()), len(np.unique(found.person)), false)


def _kind(name: str) -> Kind:
    return Kind.ENCODED if Kind[name] in (Kind.NAME, Kind.DATE) else Kind.CODE


def _renamed(table: pa.Table, told: Mapping[str, Any]) -> pa.Table:
    """The table with its columns of digests under what records with one digest share."""
    shares = {rule["column"]: _column(rule["share"]) for rule in told["rules"]}
    return table.rename_columns([shares.get(name, name) for name in table.column_names])


def _column(share: str) -> str:
    """A name for the digests of what is shared, which no field has."""
    return f"share {share}"


def _told_by(source: Path) -> dict[str, Any]:
    told: bytes | None = None
    if source.suffix == ".parquet" and source.is_file():
        told = (pq.read_schema(source).metadata or {}).get(_TOLD)
    if told is None:
        raise DataRefused(_problem(source, "it holds no encodings."))
    found: dict[str, Any] = json.loads(told)
    if found["version"] != _VERSION:
        raise DataRefused(_problem(source, "its encodings were made in another version."))
    return found


def _require_alike(sources: Sequence[Path], told: Sequence[Mapping[str, Any]]) -> None:
    first, second = told
    if first["key_check"] != second["key_check"]:
        raise DataRefused(
            _problem(sources[1], f"it was made with another key than {shown(sources[0].name)}.")
        )
    for name, how in first["fields"].items():
        if second["fields"].get(name, how) != how:
            raise DataRefused(
                _problem(sources[1], f"{shown(name)} was made otherwise than in {shown(sources[0].name)}.")
            )


def _problem(source: Path, message: str) -> Problem:
    return Problem(
        shown(source.name), None, message,
        "Have it made again: all senders with one key, one specification and the same options.",
    )  # fmt: skip
