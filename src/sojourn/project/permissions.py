"""Who may do what: one list, read from `permissions.yaml`; what is not on it nobody may do.

A role allows an act on every object, on releases of others, or on what the person's own organisation
delivers. Some roles exclude an act whatever else somebody is: who administers the server approves nothing on
it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from ruamel.yaml import YAML

from sojourn.errors import NotPermitted
from sojourn.project.people import Person

__all__ = ["OPERATOR", "On", "acts", "is_permitted", "require_permitted"]

# Whoever works on the server under an account that no declared person has.
OPERATOR = "operator"


@dataclass(frozen=True)
class On:
    """What an act is about: the release's author, or the organisation that delivers.

    `author_then` is the human being who prepared the release, as known when it was prepared: entries in
    `strategy/people.yaml` come and go.
    """

    author: Person | None = None
    organisation: str | None = None
    author_then: str | None = None


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


def is_permitted(
    person: Person | None, act: str, on: On | None = None, people: Iterable[Person] = ()
) -> bool:
    """Whether a person may do an act on an object; None is the operator.

    Roles that exclude the act do so under every name that the human being has among `people`.
    """
    rule = _rules().get(act)
    if rule is None or _held(person, people) & rule.never:
        return False
    roles = {OPERATOR} if person is None else {role.value for role in person.roles}
    return any(_is_allowed(rule.may.get(role), person, on or On()) for role in roles)


def _held(person: Person | None, people: Iterable[Person]) -> set[str]:
    """The roles of a human being under all names."""
    if person is None:
        return {OPERATOR}
    names = [person, *(other for other in people if other.human == person.human)]
    return {role.value for name in names for role in name.roles}


def _is_allowed(objects: str | None, person: Person | None, on: On) -> bool:
    """Whether one role's `any`, `others` or `own` covers the object."""
    if objects == "any":
        return True
    if person is None or objects is None:
        return False
    if objects == "others":
        return on.author is not None and person.human not in (on.author.human, on.author_then)
    return on.organisation is not None and on.organisation == person.organisation


def require_permitted(
    person: Person | None,
    act: str,
    what: str,
    on: On | None = None,
    people: Iterable[Person] = (),
) -> None:
    """Nothing, if the person may do the act; `what` is the act in words, as after "may not".

    Raises: NotPermitted, with the roles that may.
    """
    people = tuple(people)
    if is_permitted(person, act, on, people):
        return
    rule = _rules().get(act, _Rule({}, frozenset()))
    who = person.id if person is not None else "Who works under this account"
    held, excluding = _held(person, ()), sorted(_held(person, people) & rule.never)
    if excluding:
        why = f"the role {' and '.join(excluding)} excludes it."
    elif held & set(rule.may):
        objects = {rule.may[role] for role in held & set(rule.may)}
        why = (
            "it is their own work, and takes somebody else."
            if "others" in objects
            else "it belongs to another organisation."
        )
    else:
        roles = sorted(role for role in rule.may if role != OPERATOR)
        why = f"that takes the role {' or '.join(roles)}." if roles else "nobody may."
    raise NotPermitted(f"{who} may not {what}: {why}", "Roles are declared in strategy/people.yaml.")
