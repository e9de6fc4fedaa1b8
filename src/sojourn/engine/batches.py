"""The statements that split one batch of converted records by where its parts may lie."""

from __future__ import annotations

from collections.abc import Sequence

from sojourn.engine.names import quoted, text_literal

__all__ = ["problems_statement", "received_statement", "repeated_statement"]


def received_statement(
    prefix: str,
    carried: Sequence[str],
    *,
    digested: Sequence[str],
    key: Sequence[str],
    strongest: str | None = None,
    description: Sequence[str] = (),
) -> str:
    """Every record of `converted` with its name, its problems, and stand-ins for what it says.

    Columns: record_id, which begins with the prefix; line; problems; content_hash of the digested columns
    and key_hash of the key; strongest and description, the evidence of who the record is about; then those
    carried along. The description counts only when it is whole: half a name stands for nobody.
    """
    nothing = "CAST(NULL AS VARCHAR)"
    first = quoted(strongest) if strongest is not None else nothing
    whole = " || '|' || ".join(f"CAST({quoted(name)} AS VARCHAR)" for name in description) or nothing
    columns = "".join(f", {quoted(name)}" for name in carried)
    return (
        f"SELECT {text_literal(prefix)} || CAST(line AS VARCHAR) AS record_id, line, problems,"
        f" {_hash(digested)} AS content_hash, {_hash(key)} AS key_hash,"
        f" {first} AS strongest, {whole} AS description{columns}\nFROM converted"
    )


def _hash(columns: Sequence[str]) -> str:
    return f"hash({', '.join(map(quoted, columns))})" if columns else "CAST(NULL AS UBIGINT)"


def problems_statement(cells: Sequence[str]) -> str:
    """One row for each problem of each record of `bad`, with the record's cells as JSON.

    `bad` has the columns line, problems and the cells.
    """
    listed = ", ".join(quoted(name) for name in cells)
    return (
        f"WITH told AS (SELECT line, unnest(problems) AS problem, to_json([{listed}]) AS cells FROM bad)\n"
        "SELECT line, split_part(problem, '|', 1) AS reason, split_part(problem, '|', 2) AS target,\n"
        "  CAST(cells AS VARCHAR) AS cells\n"
        "FROM told"
    )


def repeated_statement(key: Sequence[str], compared: Sequence[str]) -> str:
    """The records of `records` that must not count: repeated ones after the first, contradicted ones all.

    Columns: record_id, line, reason. `records` has record_id, whose last part is the line, the key and the
    compared columns; `suspected` the key_hash that more than one record has.
    """
    keys = ", ".join(quoted(name) for name in key)
    return f"""WITH several AS (     -- the records that may share a key, with what they say
  SELECT record_id, CAST(split_part(record_id, ':', 3) AS BIGINT) AS line, {keys},
    {_hash(compared)} AS content
  FROM records WHERE {_hash(key)} IN (SELECT key_hash FROM suspected)
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
