"""The blocking that every engine of the linkage benchmark is given: rules over the same derived columns.

Two records are compared when one rule's columns are all known and all equal. Names are compared in Latin
letters: `anyascii` spells each script letter by letter, without knowing the language, so that Arabic loses
its vowels. The rule on consonants is there for that.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from anyascii import anyascii

__all__ = ["DERIVED", "RULES", "candidates_of", "derived"]

RULES: list[list[str]] = [
    ["document_no"],
    ["surname", "birth_date"],
    ["given_names", "birth_date"],
    ["surname", "given_names"],
    ["birth_date", "sex", "citizenship"],
    ["surname_start", "given_start", "birth_year"],
    ["surname_consonants", "given_consonants", "birth_year"],
]

# Each derived column as DuckDB computes it from a record whose names are already in Latin letters.
DERIVED: dict[str, str] = {
    "record_id": "record_id",
    "surname": "surname",
    "given_names": "given_names",
    "birth_date": "nullif(trim(birth_date), '')",
    "birth_year": "nullif(left(trim(birth_date), 4), '')",
    "sex": "nullif(trim(sex), '')",
    "citizenship": "nullif(trim(citizenship), '')",
    "region": "nullif(trim(region), '')",
    "document_no": "nullif(upper(regexp_replace(document_no, '[\\s-]', '', 'g')), '')",
    "surname_start": "left(surname, 3)",
    "given_start": "left(given_names, 3)",
    "surname_consonants": "nullif(regexp_replace(surname, '[aeiouwy ]', '', 'g'), '')",
    "given_consonants": "nullif(regexp_replace(given_names, '[aeiouwy ]', '', 'g'), '')",
}


def derived(records: pa.Table) -> pa.Table:
    """The columns that rules and comparisons use, for records of one source.

    `records` has record_id, surname, given_names, birth_date, sex, citizenship, region, document_no: text,
    null where unknown, names in any script. Names become lower-case Latin letters and single blanks.
    """
    for name in ("surname", "given_names"):
        place = records.schema.get_field_index(name)
        records = records.set_column(place, name, _in_latin_letters(records[name]))
    columns = ", ".join(f"{expression} AS {name}" for name, expression in DERIVED.items())
    return duckdb.sql(f"SELECT {columns} FROM records").to_arrow_table()


def _in_latin_letters(names: pa.ChunkedArray) -> pa.Array:
    """Names spelled with a to z; each distinct name is spelled once."""
    coded = pc.dictionary_encode(names.cast(pa.string()).combine_chunks())
    spelled = pa.array([anyascii(name).lower() for name in coded.dictionary.to_pylist()], pa.string())
    plain = pc.utf8_trim_whitespace(pc.replace_substring_regex(spelled, "[^a-z]+", " "))
    return pc.if_else(pc.equal(plain, ""), None, plain).take(coded.indices)


def candidates_of(left_records: pa.Table, right_records: pa.Table, rule: list[str]) -> int:
    """How many pairs a rule gives between two derived tables, without making them."""
    by = ", ".join(rule)
    known = " AND ".join(f"{column} IS NOT NULL" for column in rule)
    ((pairs,),) = duckdb.sql(
        f"SELECT coalesce(sum(l.n::HUGEINT * r.n), 0) FROM"
        f" (SELECT {by}, count(*) AS n FROM left_records WHERE {known} GROUP BY ALL) l"
        f" JOIN (SELECT {by}, count(*) AS n FROM right_records WHERE {known} GROUP BY ALL) r USING ({by})"
    ).fetchall()
    return int(pairs)
