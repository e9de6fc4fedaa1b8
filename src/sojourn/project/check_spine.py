"""The order of sources behind the person spine, and the rules of migratory status, held against the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sojourn.concepts import code_list
from sojourn.contracts.spine import PersonAttributes
from sojourn.errors import Problem
from sojourn.project.contracts import CONTRACTS
from sojourn.project.load import Place, Reading
from sojourn.project.references import near, refers

__all__ = ["spine_problems"]

_ABOUT_PERSONS = ("person", "movement", "status", "respondent")


def spine_problems(reading: Reading) -> Iterator[Problem]:
    """What is wrong with `spine:` and with the rules of migratory status."""
    if reading.settings is None:
        return
    place, declared = reading.place("settings", ""), reading.settings.spine
    yield from _order(reading, place, declared.sources, "spine", "sources")
    for attribute, order in declared.attributes.items():
        if attribute not in PersonAttributes.columns:
            yield place.problem(
                f"{attribute} is not an attribute of a person.",
                near(attribute, PersonAttributes.columns),
                *("spine", "attributes", attribute),
            )
            continue
        yield from _order(reading, place, order, "spine", "attributes", attribute)
        yield from _silent(reading, place, attribute, order)
    held = [code.code for code in code_list("CL_REFUGEE_CATEGORY") if "precedence" in code.attributes]
    for category, code in reading.settings.rules.migratory_status.protection.items():
        if code not in held:
            yield place.problem(
                f"{code!r} is no protection that a status gives.",
                near(code, (), f"Its code is one of {', '.join(held)}."),
                *("rules", "migratory_status", "protection", category),
            )


def _order(reading: Reading, place: Place, order: Sequence[str], *inside: str) -> Iterator[Problem]:
    """The problems of sources that are not declared, are not about persons, or are named twice."""
    for index, name in enumerate(order):
        yield from refers(place, reading, "a source", name, "sources", *inside, index)
        source = reading.found["sources"].get(name)
        if source is not None and source.gives not in _ABOUT_PERSONS:
            yield place.problem(
                f"{name} gives {source.gives} and no records of persons.", "Leave it out.", *inside, index
            )
        if name in order[:index]:
            yield place.problem(f"{name} is named twice.", "Name each source once.", *inside, index)


def _silent(reading: Reading, place: Place, attribute: str, order: Sequence[str]) -> Iterator[Problem]:
    """The problems of sources that are to speak of an attribute and do not give it."""
    for index, name in enumerate(order):
        source = reading.found["sources"].get(name)
        if source is None or source.gives not in _ABOUT_PERSONS or attribute in source.columns:
            continue
        can = attribute in CONTRACTS[source.gives].columns
        yield place.problem(
            f"{name} gives no {attribute}.",
            f"Add `{attribute}:` to its columns, or leave the source out." if can else "Leave it out.",
            *("spine", "attributes", attribute, index),
        )
