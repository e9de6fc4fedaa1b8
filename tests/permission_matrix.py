"""Who may do what, written down by hand beside `permissions.yaml`, which no line here is taken from.

A cell of `WHO` says of what a role may: `all`, work of `others`, what their `own` organisation delivers, or
nothing (`-`). With a role under `never` nobody may, whatever else they are. `STATES` says into which state an
act brings a release that stands in a state. `COMMANDS` names the line of `WHO` that each command goes by.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

WHO = """
act               | statistician | disclosure_checker | publisher | coordinator | administrator | auditor | data_producer | operator | never
------------------|--------------|--------------------|-----------|-------------|---------------|---------|---------------|----------|------
release-prepare   | all          | -                  | -         | -           | -             | -       | -             | -        | administrator
release-list      | all          | all                | all       | all         | -             | all     | -             | all      |
release-look      | all          | all                | all       | all         | -             | all     | -             | -        |
release-counts-behind | all      | all                | -         | -           | -             | -       | -             | -        | administrator auditor
release-accept    | -            | others             | -         | -           | -             | -       | -             | -        | administrator
release-check     | -            | others             | -         | -           | -             | -       | -             | -        | administrator
release-return    | -            | others             | -         | others      | -             | -       | -             | -        | administrator
release-vote      | -            | others             | -         | others      | -             | -       | -             | -        | administrator
release-embargo   | -            | -                  | all       | -           | -             | -       | -             | -        | administrator
release-publish   | -            | -                  | all       | -           | -             | -       | -             | -        | administrator
release-withdraw  | -            | -                  | all       | -           | -             | -       | -             | -        | administrator
release-open      | -            | -                  | all       | -           | all           | -       | -             | all      |
list-deliveries   | all          | -                  | -         | all         | all           | all     | own           | all      |
receive           | all          | -                  | -         | -           | -             | -       | own           | all      | auditor
withdraw-delivery | all          | -                  | -         | -           | -             | -       | own           | all      | auditor
see-quarantine    | all          | -                  | -         | -           | -             | -       | own           | all      | administrator auditor
run               | all          | -                  | -         | -           | -             | -       | -             | all      | administrator auditor
review-links      | all          | -                  | -         | -           | -             | -       | -             | all      | administrator auditor
keys-rotate       | -            | -                  | -         | -           | all           | -       | -             | all      | statistician
"""  # noqa: E501  a table is read across

STATES = """
act              | prepared | checked  | approved  | embargoed | returned | published | superseded | withdrawn
-----------------|----------|----------|-----------|-----------|----------|-----------|------------|----------
release-look     | prepared | checked  | approved  | embargoed | returned | published | superseded | withdrawn
release-accept   | prepared | -        | -         | -         | -        | -         | -          | -
release-check    | checked  | -        | -         | -         | -        | -         | -          | -
release-return   | returned | returned | returned  | returned  | -        | -         | -          | -
release-vote     | -        | checked  | -         | -         | -        | -         | -          | -
release-embargo  | -        | -        | embargoed | embargoed | -        | -         | -          | -
lift-embargo     | -        | -        | -         | approved  | -        | -         | -          | -
release-publish  | -        | -        | published | published | -        | published | -          | -
release-withdraw | -        | -        | -         | -         | -        | withdrawn | withdrawn  | -
"""

# What a command goes by; `everybody` works on files of one's own, without what the project holds.
COMMANDS: Mapping[str, str] = {
    "release prepare": "release-prepare",
    "release look": "release-look",
    "release accept": "release-accept",
    "release check": "release-check",
    "release return": "release-return",
    "release approve": "release-vote",
    "release refuse": "release-vote",
    "release publish": "release-publish",
    "release lift-embargo": "release-embargo",
    "release open-embargoes": "release-open",
    "release withdraw": "release-withdraw",
    "release list": "release-list",
    "receive": "receive",
    "deliveries": "list-deliveries",
    "withdraw-delivery": "withdraw-delivery",
    "quarantine": "see-quarantine",
    "template": "everybody",
    "propose": "everybody",
    "run": "run",
    "review sample": "review-links",
    "review list": "review-links",
    "review report": "review-links",
    "keys rotate": "keys-rotate",
}
OPERATOR = "operator"


def _rows(text: str) -> dict[str, dict[str, str]]:
    lines = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    return {line[0]: dict(zip(lines[0][1:], line[1:], strict=True)) for line in lines[2:]}


_WHO, _STATES = _rows(WHO), _rows(STATES)
ACTS = tuple(_WHO)
ROLES = tuple(name for name in _WHO["run"] if name not in (OPERATOR, "never"))


def combinations_of_roles() -> list[tuple[str, ...]]:
    """No role, each, and every two."""
    return [(), *combinations(ROLES, 1), *combinations(ROLES, 2)]


@dataclass(frozen=True)
class Object:
    """What an act is about, as the one who acts stands to it."""

    is_own_work: bool = False
    is_own_agency: bool = False


def may(act: str, roles: Iterable[str], about: Object) -> bool:
    """Whether somebody of these roles may do an act on an object, by the table."""
    row, roles = _WHO[act], set(roles)
    if roles & set(row["never"].split()):
        return False
    given = {row[role] for role in roles}
    return bool(
        "all" in given
        or ("others" in given and not about.is_own_work)
        or ("own" in given and about.is_own_agency)
    )


def becomes(act: str, state: str) -> str | None:
    """The state into which an act brings a release, or none where it may not be done."""
    found = _STATES[act][state]
    return None if found == "-" else found
