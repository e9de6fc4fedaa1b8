"""How a careful user of Splink compares names and birth dates of migrants: by more levels than it comes with.

A name has eight: missing, the same, the same but for vowels, very alike, alike, in the other name's column,
alike to what is in the other name's column, and others. A birth date has seven: missing, the same, the same
1 January or the same year of an unknown day, the same year with the day unknown in one of both, day and month
swapped or one letter wrong, the same year, and others. Splink learns what each weighs.
"""

from __future__ import annotations

import splink.comparison_level_library as cll
import splink.comparison_library as cl

__all__ = ["date_levels", "name_levels"]

ALIKE, VERY_ALIKE = 0.8, 0.92
# Clerks write 1 January, and forms 00-00, where nobody knows the day.
UNKNOWN_DAY = "right({column}_{side}, 5) IN ('01-01', '00-00')"
CONSONANTS = {"surname": "surname_consonants", "given_names": "given_consonants"}
OTHER = {"surname": "given_names", "given_names": "surname"}


def name_levels(column: str) -> cl.CustomComparison:
    """The comparison of one of the two names, in Latin letters; rare names weigh more."""
    other, consonants = OTHER[column], CONSONANTS[column]
    likeness = f"jaro_winkler_similarity({column}_l, {other}_r)"
    return cl.CustomComparison(
        output_column_name=column,
        comparison_levels=[
            cll.NullLevel(column),
            cll.ExactMatchLevel(column, term_frequency_adjustments=True),
            cll.CustomLevel(f"{consonants}_l = {consonants}_r", "the same but for vowels"),
            cll.JaroWinklerLevel(column, VERY_ALIKE),
            cll.CustomLevel(f"{column}_l = {other}_r", "in the other column"),
            cll.JaroWinklerLevel(column, ALIKE),
            cll.CustomLevel(f"{likeness} >= {VERY_ALIKE}", "alike to what is in the other column"),
            cll.ElseLevel(),
        ],
    )


def date_levels(column: str) -> cl.CustomComparison:
    """The comparison of birth dates written YYYY-MM-DD."""
    left, right = (UNKNOWN_DAY.format(column=column, side=side) for side in "lr")
    same_year = f"left({column}_l, 4) = left({column}_r, 4)"
    swapped = f"{column}_l = left({column}_r, 5) || right({column}_r, 2) || substr({column}_r, 5, 3)"
    return cl.CustomComparison(
        output_column_name=column,
        comparison_levels=[
            cll.NullLevel(column),
            cll.CustomLevel(f"{column}_l = {column}_r AND NOT {left}", "the same day"),
            cll.CustomLevel(f"{column}_l = {column}_r", "the same year, both days unknown"),
            cll.CustomLevel(f"{same_year} AND ({left} OR {right})", "the same year, one day unknown"),
            cll.CustomLevel(
                f"{swapped} OR damerau_levenshtein({column}_l, {column}_r) <= 1", "swapped or a letter off"
            ),
            cll.CustomLevel(same_year, "the same year"),
            cll.ElseLevel(),
        ],
    )
