"""What encodings cost in accuracy, and what three attacks read from them without the key.

    python benchmarks/encoded_linkage.py FOLDER [--json FILE]

FOLDER holds dataset4a.csv and dataset4b.csv of FEBRL. Both are linked by plain values and by encodings, with
all columns and with surname, given names and birth date alone. Then surnames of dataset4a are attacked by
somebody who has the encodings, the true list of surnames with how often each occurs, even in each year of
birth, and no key:

- dictionary: the attacker encodes every surname under keys of their own and looks for the same encoding;
- frequency: encodings and surnames are laid side by side in the order of how often they occur, and again
  within each year of birth, which the attacker is told for every record;
- pattern: the attacker learns true surnames of a tenth of the records besides, and from them, for each pair
  of letters, the bits that are always set where it occurs; every other encoding is given the surname whose
  bits fit best. Of encodings never seen with their name is counted how many are given the right one.

Counted is the share of records (patterns: of encodings) whose surname is found; by chance counts what the
most frequent surname, in all or in each year, would find if every record were given it.
"""

from __future__ import annotations

import argparse
import json
import secrets
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv

from sojourn.integration.encoded_tables import RULE_COLUMN, encoded_table, safe_rules
from sojourn.integration.encodings import Hardening, name_filters
from sojourn.integration.linkage.encoded_records import EncodedRule, link_encodings, narrowing
from sojourn.integration.linkage.encoding import encoded
from sojourn.integration.linkage.linking import Linked, linked, planned
from sojourn.integration.linkage.specification import Kind, Specification
from sojourn.production.linkage_files import chosen_specification
from sojourn.project.linkage_declarations import LinkageDeclaration, shipped_linkage

# One fixed key, so that the figures can be made again.
KEY = bytes((37 * place + 11) % 256 for place in range(32))
SALTED = frozenset({"surname", "given_names"})
HARDENINGS = {
    "plain filters": (Hardening(is_mixed=False), False),
    "mixed": (Hardening(), False),
    "salted": (Hardening(is_mixed=False), True),
    "mixed and salted": (Hardening(), True),
}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--json", type=Path)
    chosen = arguments.parse_args()
    raw = [_read(chosen.folder / f"dataset4{end}.csv") for end in "ab"]
    few = ("surname", "given_names", "birth_date")
    told = {
        "all columns": _accuracy(raw, shipped_linkage()),
        "names and birth date": _accuracy(raw, _only(few)),
        "attacks": _attacks(raw[0]),
    }
    if chosen.json:
        chosen.json.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


def _read(file: Path) -> pa.Table:
    table = pcsv.read_csv(file)
    texts = {
        name.strip(): pc.utf8_trim_whitespace(table[name].cast(pa.string())) for name in table.column_names
    }
    return pa.table(
        {
            name: pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
            for name, text in texts.items()
        }
    )


def _only(names: tuple[str, ...]) -> LinkageDeclaration:
    whole = shipped_linkage()
    fields = tuple(field.model_copy(update={"within": None}) for field in whole.fields if field.name in names)
    return whole.model_copy(update={"fields": fields})


def _accuracy(raw: list[pa.Table], declared: LinkageDeclaration) -> dict[str, dict[str, float]]:
    specification, places = chosen_specification(declared, [table.column_names for table in raw])
    tables = [
        pa.table({"record_id": table["rec_id"], **{name: table[own] for name, own in place.items()}})
        for table, place in zip(raw, places, strict=True)
    ]
    print(", ".join(field.name for field in specification.fields))
    own = {field.name: field.name for field in specification.fields}
    records = encoded(tables, specification.fields, own)
    found = {"plain values": _scores(linked(records, specification, planned(records, specification)), tables)}
    for name, (hardening, is_salted) in HARDENINGS.items():
        salted = SALTED if is_salted else frozenset()
        made = [
            encoded_table(
                table, specification, KEY, hardening=hardening,
                salt="birth_date" if is_salted else None, salted=salted,
            )
            for table in tables
        ]  # fmt: skip
        found[name] = _scores(_linked(made, specification), made)
    for name, score in found.items():
        print(f"  {name:18} " + "  ".join(f"{key} {value:.4f}" for key, value in score.items()))
    return found


def _linked(tables: list[pa.Table], specification: Specification) -> Linked:
    kinds = {field.name: field.kind for field in specification.fields}
    fields = tuple(
        replace(field, kind=Kind.ENCODED if field.kind in (Kind.NAME, Kind.DATE) else Kind.CODE,
                within=None, swaps_with=None)
        for field in specification.fields
    )  # fmt: skip
    rules = [
        EncodedRule(
            RULE_COLUMN.format(number),
            tuple(dict.fromkeys(key.field for key in rule.keys)),
            narrowing(rule, kinds),
        )
        for number, rule in enumerate(safe_rules(specification), 1)
    ]
    return link_encodings(tables, replace(specification, fields=fields), rules)[1]


def _scores(found: Linked, tables: list[pa.Table]) -> dict[str, float]:
    names = pa.concat_tables([table.select(["record_id"]) for table in tables])["record_id"]
    person = np.array([name.split("-")[1] for name in names.to_pylist()])
    ones, others = found.ones[found.is_link], found.others[found.is_link]
    right = int((person[ones] == person[others]).sum())
    true = len(tables[0])
    return {
        "precision": right / max(len(ones), 1), "recall": right / true, "F1": 2 * right / (len(ones) + true)
    }  # fmt: skip


def _attacks(table: pa.Table) -> dict[str, dict[str, float]]:
    known = pc.and_(pc.is_valid(table["surname"]), pc.is_valid(table["date_of_birth"]))
    held = table.filter(known)
    surnames = np.array(held["surname"].to_pylist())
    years = np.array([day[:4] for day in held["date_of_birth"].to_pylist()])
    most = _most_frequent(surnames) / len(surnames)
    in_year = sum(_most_frequent(surnames[years == year]) for year in np.unique(years)) / len(surnames)
    print(f"{len(surnames):,} records, {len(np.unique(surnames)):,} surnames")
    print(f"  by chance          frequency {most:.4f}  frequency within a year {in_year:.4f}")
    told = {"by chance": {"frequency": most, "frequency within a year": in_year}}
    for name, (hardening, is_salted) in HARDENINGS.items():
        salts = pa.array(years) if is_salted else None
        filters = name_filters(pa.array(surnames), KEY, hardening, salts)
        began = time.monotonic()
        told[name] = {
            "dictionary": _by_dictionary(filters, surnames, years, hardening, is_salted),
            "frequency": _by_frequency(filters, surnames, None),
            "frequency within a year": _by_frequency(filters, surnames, years),
            "pattern": _by_pattern(filters, surnames, years),
        }
        print(
            f"  {name:18} " + "  ".join(f"{key} {value:.4f}" for key, value in told[name].items())
            + f"  ({time.monotonic() - began:.0f} s)"
        )  # fmt: skip
    return told


def _most_frequent(surnames: np.ndarray) -> int:
    return int(np.unique(surnames, return_counts=True)[1].max())


def _by_dictionary(
    filters: pa.Array, surnames: np.ndarray, years: np.ndarray, hardening: Hardening, is_salted: bool
) -> float:
    """Keys of the attacker's own, ten of them."""
    found = 0
    for _ in range(10):
        own = name_filters(
            pa.array(surnames), secrets.token_bytes(32), hardening, pa.array(years) if is_salted else None
        )
        found += pc.sum(pc.is_in(filters, own)).as_py()
    return found / (10 * len(surnames))


def _by_frequency(filters: pa.Array, surnames: np.ndarray, years: np.ndarray | None) -> float:
    """By rank in all records, or in those of each year of birth; ties in an order that says nothing."""
    codes = filters.dictionary_encode().indices.to_numpy()
    groups = [np.arange(len(codes))] if years is None else [
        np.flatnonzero(years == year) for year in np.unique(years)
    ]  # fmt: skip
    rng = np.random.default_rng(1)
    right = 0
    for group in groups:
        values, counts = np.unique(codes[group], return_counts=True)
        names, times = np.unique(surnames[group], return_counts=True)
        ranked = values[np.lexsort((rng.random(len(values)), -counts))]
        guesses = names[np.lexsort((rng.random(len(names)), -times))]
        guess = dict(zip(ranked.tolist(), guesses.tolist(), strict=False))
        right += sum(
            guess.get(code) == name for code, name in zip(codes[group].tolist(), surnames[group], strict=True)
        )
    return right / len(codes)


def _by_pattern(filters: pa.Array, surnames: np.ndarray, years: np.ndarray) -> float:
    """Bits always set where a pair of letters occurs, learned from a tenth of the records."""
    rng = np.random.default_rng(2)
    bits = np.unpackbits(
        np.frombuffer(b"".join(filters.to_pylist()), np.uint8).reshape(len(filters), -1), axis=1
    )
    names = np.unique(surnames)
    pieces = [{f"^{name}$"[at : at + 2] for at in range(len(name) + 1)} for name in names]
    every = sorted(set().union(*pieces))
    place = {piece: number for number, piece in enumerate(every)}
    has = np.zeros((len(names), len(every)), dtype=np.float32)
    for number, own in enumerate(pieces):
        has[number, [place[piece] for piece in own]] = 1.0
    of_record = np.searchsorted(names, surnames)
    seen = rng.random(len(surnames)) < 0.1
    # Of the records that have a pair of letters, the share in which each bit is set.
    there = has[of_record[seen]]
    often = there.sum(axis=0)
    share = (there.T @ bits[seen]) / np.maximum(often, 1.0)[:, None]
    always = ((share > 0.95) & (often >= 3)[:, None]).astype(np.float32)
    predicted = (has @ always > 0).astype(np.float32)
    # Encodings whose very bits were seen with a name are told by looking them up: they do not count here.
    looked_up = pc.is_in(filters, filters.filter(pa.array(seen))).to_numpy(zero_copy_only=False)
    left = np.flatnonzero(~looked_up)
    _, first = np.unique(bits[left], axis=0, return_index=True)
    left = left[first]
    observed = bits[left].astype(np.float32)
    both = observed @ predicted.T
    fit = both / np.maximum(observed.sum(axis=1)[:, None] + predicted.sum(axis=1)[None, :] - both, 1.0)
    return float((fit.argmax(axis=1) == of_record[left]).mean())


if __name__ == "__main__":
    main()
