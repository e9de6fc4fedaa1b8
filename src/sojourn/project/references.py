"""Names and rules that a declaration refers to: is there such a one, and if not, which was meant?"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator

from sojourn.concepts import code_list
from sojourn.contracts.table import Table
from sojourn.engine.rules import compared_texts, parse_rule
from sojourn.errors import Problem, ProjectError
from sojourn.project.load import Place, Reading

__all__ = ["near", "refers", "unknown_codes", "wrong_rule"]


def near(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """The advice for a name that is not among the known ones."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"Did you mean {near[0]}?"
    return otherwise or (f"Declared are: {', '.join(known)}." if known else "None is declared yet.")


def refers(
    place: Place, reading: Reading, key: str, name: str, kind: str, *inside: str | int
) -> Iterator[Problem]:
    """The problem of a name that is not declared under a kind of declaration."""
    if name not in reading.found[kind]:
        yield place.problem(
            f"{key} is {name!r}, which is not declared under {kind}.",
            near(name, reading.found[kind]),
            *(inside or (key,)),
        )


def unknown_codes(text: str, contract: type[Table], place: Place, *inside: str | int) -> Iterator[Problem]:
    """The problems of codes in a rule that the list of their column does not have.

    Columns without a list hold a country's own codes, and a country with a code of its own is in no list.
    """
    for name, code in compared_texts(text):
        listed = contract.columns[name].codes if name in contract.columns else None
        if listed is None or code in code_list(listed) or re.fullmatch("X[A-Z]{2}", code):
            continue
        codes = code_list(listed).for_records
        yield place.problem(
            f"the rule compares {name} with {code!r}, which {listed} does not have.",
            near(code, codes, f"Its codes are {', '.join(codes)}." if len(codes) < 20 else ""),
            *inside,
        )


def wrong_rule(text: str, columns: set[str], place: Place, *inside: str | int) -> Iterator[Problem]:
    """The problem of a rule that is not a condition over these columns."""
    try:
        parse_rule(text, columns)
    except ProjectError as error:
        (problem,) = error.problems
        yield place.problem(problem.message, problem.remedy, *inside)
