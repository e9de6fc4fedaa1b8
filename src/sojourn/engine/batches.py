"""The statements that split one batch of converted records by where its parts may lie."""

from __future__ import annotations

from collections.abc import Sequence

from sojourn.engine.names import quoted, text_literal

__all__ = [
    "digest_statement",
    "good_statement",
    "identities_statement",
    "outcomes_statement",
    "problems_statement",
    "repeated_statement",
]


def identities_statement(
    prefix: str, strongest: str | None, description: Sequence[str], carried: Sequence[str]
) -> str:
    """The good records of `converted` with the evidence of who they are about; `prefix` begins record ids.

    The description counts only when it is whole: half a name stands for nobody.
    """
    first = quoted(strongest) if strongest is not None else "CAST(NULL AS VARCHAR)"
    whole = (
        " || '|' || ".join(f"CAST({quoted(name)} AS VARCHAR)" for name in description)
        or "CAST(NULL AS VARCHAR)"
    )
    columns = "".join(f", {quoted(name)}" for name in carried)
    return (
        f"SELECT {text_literal(prefix)} || CAST(line AS VARCHAR) AS record_id, {first} AS strongest,"
        f" {whole} AS description{columns}\nFROM converted WHERE problems IS NULL"
    )


def good_statement(prefix: str, carried: Sequence[str]) -> str:
    """The good records of `converted` that are about no person; `prefix` begins record ids."""
    columns = "".join(f", {quoted(name)}" for name in carried)
    return (
        f"SELECT {text_literal(prefix)} || CAST(line AS VARCHAR) AS record_id{columns} FROM converted WHERE"
        " problems IS NULL"
    )


def problems_statement(cells: Sequence[str]) -> str:
    """One row for each problem of each bad record of `converted`, with its cells from `raw` as JSON."""
    listed = ", ".join(quoted(name) for name in cells)
    return (
        "WITH bad AS (SELECT line, unnest(problems) AS problem FROM converted WHERE problems IS NOT NULL)\n"
        "SELECT line, split_part(problem, '|', 1) AS reason, split_part(problem, '|', 2) AS target,\n"
        f"  CAST(to_json([{listed}]) AS VARCHAR) AS cells\n"
        "FROM bad JOIN raw USING (line)"
    )


def outcomes_statement(rules: Sequence[str]) -> str:
    """How often each rule of `converted` passed, failed and was unknown."""
    parts = [
        f"SELECT {text_literal(rule)} AS rule, count(*) FILTER ({quoted(rule)}) AS passes, count(*) FILTER"
        f" (NOT {quoted(rule)}) AS fails, count(*) FILTER ({quoted(rule)} IS NULL) AS unknown FROM"
        " converted"
        for rule in rules
    ]
    return "\nUNION ALL\n".join(parts)


def digest_statement(columns: Sequence[str]) -> str:
    """A digest of the good records of `converted` that does not depend on their order."""
    row = f"hash({', '.join(quoted(name) for name in columns)})"
    return (
        f"SELECT count(*) AS records, coalesce(sum(CAST({row} AS HUGEINT)), 0) AS total,"
        f" coalesce(bit_xor({row}), 0) AS mixed\nFROM converted WHERE problems IS NULL"
    )


def repeated_statement(key: Sequence[str], compared: Sequence[str]) -> str:
    """The records of `records` that must not count: repeated ones after the first, contradicted ones all.

    Columns: record_id, line, reason. `records` has record_id, whose last part is the line, the key and the
    compared columns.
    """
    keys = ", ".join(quoted(name) for name in key)
    content = f"hash({', '.join(quoted(name) for name in compared)})"
    return f"""WITH keyed AS (       -- a short stand-in for each record's key
  SELECT hash({keys}) AS key_hash FROM records
),
suspected AS (        -- stand-ins that occur more than once
  SELECT key_hash FROM keyed GROUP BY key_hash HAVING count(*) > 1
),
several AS (          -- the records behind them, with what they say
  SELECT record_id, CAST(split_part(record_id, ':', 3) AS BIGINT) AS line, {keys}, {content} AS content
  FROM records WHERE hash({keys}) IN (SELECT key_hash FROM suspected)
),
judged AS (           -- how many different things the records of one key say, and which stands first
  SELECT record_id, line, count(*) OVER same AS records_of_key,
    min(content) OVER same <> max(content) OVER same AS is_contradicted,
    row_number() OVER (PARTITION BY {keys} ORDER BY line) AS position
  FROM several
  WINDOW same AS (PARTITION BY {keys})
)
SELECT record_id, line,
  CASE WHEN is_contradicted THEN 'contradicted-record' ELSE 'repeated-record' END AS reason
FROM judged
WHERE records_of_key > 1 AND (is_contradicted OR position > 1)"""
