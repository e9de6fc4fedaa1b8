"""SQL over records of censuses and surveys whose columns vary: households of persons, conditions, design."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sojourn.engine.names import quoted, text_literal
from sojourn.engine.rules import Rule

__all__ = [
    "answers_statement",
    "differing_statement",
    "households_statement",
    "judged_by_known_statement",
    "lost_statement",
    "problem_counts_statement",
    "reported_statement",
    "sum_statement",
]

_UNKNOWN = text_literal("_U")


def households_statement(answers: Sequence[str], kept: Sequence[str]) -> str:
    """The households of `records`, which has a row for each member or for each household.

    Members who state different answers leave the answer not known: `members_disagree` says so. Columns in
    `kept` are the same for all members (`differing_statement` tells).
    """
    agreed = [f"{_agreed(name)} AS {quoted(name)}" for name in answers]
    disagree = " OR ".join(f"{_different(name)} > 1" for name in answers) or "false"
    first = [f"min({quoted(name)}) AS {quoted(name)}" for name in kept]
    columns = ", ".join(["household_id", *agreed, *first, f"({disagree}) AS members_disagree"])
    return f"SELECT {columns}\nFROM records\nGROUP BY household_id"


def differing_statement(kept: Sequence[str]) -> str:
    """One row about `records`: those without household, households, and by column those that differ."""
    counts = [f"count(*) FILTER (differs_{place})" for place, _ in enumerate(kept)]
    differ = [
        f"bool_or({quoted(name)} IS NULL) AND count({quoted(name)}) > 0"
        f" OR min({quoted(name)}) IS DISTINCT FROM max({quoted(name)}) AS differs_{place}"
        for place, name in enumerate(kept)
    ]
    return (
        f"WITH compared AS (SELECT {', '.join(['household_id', *differ])}\n"
        "  FROM records GROUP BY household_id)\n"
        "SELECT (SELECT count(*) FROM records WHERE household_id IS NULL) AS without_household,\n"
        "  count(*) AS households"
        f"{''.join(f', {count}' for count in counts)}\nFROM compared"
    )


def reported_statement(emigrant: Sequence[str], design: Sequence[str]) -> str:
    """Every household of `households` with the emigrants of `emigrants` that it reports, and its design.

    A household that reports nobody has one row, which `is_reported` tells from those of emigrants: its
    sampling unit was drawn all the same.
    """
    columns = [f"emigrants.{quoted(name)} AS {quoted(name)}" for name in emigrant if name != "household_id"]
    columns += [f"households.{quoted(name)} AS {quoted(name)}" for name in design]
    return (
        f"SELECT {', '.join(['households.household_id AS household_id', *columns])},\n"
        "  emigrants.household_id IS NOT NULL AS is_reported\n"
        "FROM households LEFT JOIN emigrants ON households.household_id = emigrants.household_id"
    )


def lost_statement() -> str:
    """How many of `emigrants` are reported by a household that is not among `households`."""
    return "SELECT count(*) AS lost FROM emigrants ANTI JOIN households USING (household_id)"


def problem_counts_statement() -> str:
    """How many records of `converted` have each problem with each of their columns."""
    return """WITH told AS (        -- one row for each problem of each record
  SELECT unnest(problems) AS problem FROM converted
)
SELECT split_part(problem, '|', 1) AS reason, split_part(problem, '|', 2) AS variable, count(*) AS records
FROM told GROUP BY ALL ORDER BY ALL"""


def judged_by_known_statement(conditions: Mapping[str, Rule], codes: Collection[str]) -> str:
    """`records` with a column for each condition: true, false, or null where a code it looks at is not known.

    `codes` are the columns of codes, in which _U stands for what is not known.
    """
    looked_at = sorted({name for rule in conditions.values() for name in rule.columns} & set(codes))
    judged = [f"({rule.sql}) AS {quoted(name)}" for name, rule in conditions.items()]
    if not judged:
        return "SELECT * FROM records"
    kept = [f"{quoted(name)} AS {quoted(f'coded_{name}')}" for name in looked_at]
    known = [f"nullif({quoted(name)}, {_UNKNOWN}) AS {quoted(name)}" for name in looked_at]
    again = [f"{quoted(f'coded_{name}')} AS {quoted(name)}" for name in looked_at]
    return (
        f"WITH kept AS (SELECT {', '.join(['*', *kept])} FROM records),\n"
        f"known AS (SELECT *{_replaced(known)} FROM kept),\n"
        f"judged AS (SELECT {', '.join(['*', *judged])} FROM known),\n"
        f"coded AS (SELECT *{_replaced(again)} FROM judged)\n"
        f"SELECT *{_without([f'coded_{name}' for name in looked_at])} FROM coded"
    )


def answers_statement(columns: Mapping[str, bool]) -> str:
    """For each column of `records`: records, stated, not applicable, not known, missing.

    A column is of codes or, where the mapping says false, of numbers.
    """
    parts = [
        f"SELECT {text_literal(name)} AS variable, count(*) AS records,"
        f" count(*) FILTER ({_is(name, is_coded, '_Z')}) AS not_applicable,"
        f" count(*) FILTER ({_is(name, is_coded, '_U')}) AS not_known,"
        f" count(*) FILTER ({quoted(name)} IS NULL) AS missing FROM records"
        for name, is_coded in columns.items()
    ]
    return " UNION ALL ".join(parts)


def sum_statement(weight: str | None) -> str:
    """One row about `records`: the sum of a column of weights, or the number of records."""
    return f"SELECT {'count(*)' if weight is None else f'sum({quoted(weight)})'} AS total FROM records"


def _is(name: str, is_coded: bool, code: str) -> str:
    return f"{quoted(name)} = {text_literal(code)}" if is_coded else "false"


def _different(name: str) -> str:
    return f"count(DISTINCT nullif({quoted(name)}, {_UNKNOWN}))"


def _agreed(name: str) -> str:
    """The one answer of a household's members; not known where they differ, missing where nobody answers."""
    known = f"min(nullif({quoted(name)}, {_UNKNOWN}))"
    return f"CASE WHEN {_different(name)} > 1 THEN {_UNKNOWN} ELSE coalesce({known}, min({quoted(name)})) END"


def _replaced(columns: Sequence[str]) -> str:
    return f" REPLACE ({', '.join(columns)})" if columns else ""


def _without(columns: Sequence[str]) -> str:
    return f" EXCLUDE ({', '.join(map(quoted, columns))})" if columns else ""
