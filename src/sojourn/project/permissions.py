"""Who may do what: one list, read from `permissions.yaml`; what is not on it nobody may do.

A role allows an act on every object, on releases of others, or on what the person's own organisation
delivers. Some roles exclude an act whatever else somebody is: who administers the server approves nothing on
it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from ruamel.yaml import YAML

from sojourn.errors import NotPermitted
from sojourn.project.declarations import Person

__all__ = ["OPERATOR", "On", "acts", "is_permitted", "require_permitted"]

# Whoever works on the server under an account that no declared person has.
OPERATOR = "operator"


@dataclass(frozen=True)
class On:
    """What an act is about: the release's author, or the organisation that delivers."""

    author: Person | None = None
    organisation: str | None = None


@dataclass(frozen=True)
class _Rule:
    may: Mapping[str, str]
    never: frozenset[str]


@cache
def _rules() -> Mapping[str, _Rule]:
    text = files("sojourn.project").joinpath("permissions.yaml").read_text(encoding="utf-8")
    read = YAML(typ="safe", pure=True).load(text)
    return {act: _Rule(dict(rule["may"]), frozenset(rule.get("never", ()))) for act, rule in read.items()}


def acts() -> tuple[str, ...]:
    """The acts that somebody may do."""
    return tuple(_rules())


def is_permitted(person: Person | None, act: str, on: On | None = None) -> bool:
    """Whether a person may do an act on an object; None is the operator."""
    rule = _rules().get(act)
    if rule is None:
        return False
    roles = {OPERATOR} if person is None else {role.value for role in person.roles}
    if roles & rule.never:
        return False
    return any(_is_allowed(rule.may.get(role), person, on or On()) for role in roles)


def _is_allowed(objects: str | None, person: Person | None, on: On) -> bool:
    """Whether one role's `any`, `others` or `own` covers the object."""
    if objects == "any":
        return True
    if person is None or objects is None:
        return False
    if objects == "others":
        return on.author is not None and on.author.human != person.human
    return on.organisation is not None and on.organisation == person.organisation


def require_permitted(person: Person | None, act: str, what: str, on: On | None = None) -> None:
    """Nothing, if the person may do the act; `what` is the act in words, as after "may not".

    Raises: NotPermitted, with the roles that may.
    """
    if is_permitted(person, act, on):
        return
    rule = _rules().get(act)
    who = person.id if person is not None else "Who works under this account"
    roles = sorted(rule.may) if rule is not None else []
    held = {role.value for role in person.roles} if person is not None else {OPERATOR}
    if rule is not None and held & rule.never:
        why = f"the role {' and '.join(sorted(held & rule.never))} excludes it."
    elif rule is not None and held & set(rule.may):
        objects = {rule.may[role] for role in held & set(rule.may)}
        why = (
            "it is their own work, and takes somebody else."
            if "others" in objects
            else "it belongs to another organisation."
        )
    else:
        why = f"that takes the role {' or '.join(role for role in roles if role != OPERATOR)}."
    raise NotPermitted(f"{who} may not {what}: {why}", "Roles are declared in strategy/people.yaml.")
