"""Which sources are linked, and the specification that says how, held against the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sojourn.errors import Problem, ProjectError
from sojourn.project.linkage_declarations import LinkageDeclaration
from sojourn.project.load import Place, Reading, load_declaration
from sojourn.project.references import refers

__all__ = ["linkage_problems"]

_BY_NAME = ("surname", "given_names", "document_no", "national_id")


def linkage_problems(reading: Reading) -> Iterator[Problem]:
    """What is wrong with `linkage:`."""
    if reading.settings is None:
        return
    place, declared = reading.place("settings", ""), reading.settings.linkage
    yield from _named(reading, place, declared.sources, "sources")
    if len(declared.sources) == 1:
        yield place.problem(
            "one source alone cannot be linked.", "Name two or more.", *("linkage", "sources")
        )
    for index, name in enumerate(declared.sources):
        source = reading.found["sources"].get(name)
        if source is not None and not set(_BY_NAME) & set(source.columns):
            yield place.problem(
                f"{name} states no name and no number of a document.",
                "Leave it out, or let its declaration read them.",
                *("linkage", "sources", index),
            )
    for index, name in enumerate(declared.repeated or ()):
        if name not in declared.sources:
            yield place.problem(
                f"{name} is not among the linked sources.",
                "Add it to `sources`, or leave it out.",
                *("linkage", "repeated", index),
            )
    if declared.versions and not declared.sources:
        yield place.problem(
            "sets of links are asked for, and no source is linked.",
            "Name the linked sources: `linkage: {sources: […]}`.",
            *("linkage", "versions"),
        )
    if declared.versions == 1:
        yield place.problem(
            "one set of links alone does not show how links vary.",
            "Ask for 2 or more (20 are usual), or for none.",
            *("linkage", "versions"),
        )
    if declared.specification is not None:
        try:
            load_declaration(reading.folder / declared.specification, LinkageDeclaration)
        except ProjectError as error:
            yield from error.problems


def _named(reading: Reading, place: Place, names: Sequence[str], inside: str) -> Iterator[Problem]:
    """The problems of sources that are not declared or are named twice."""
    for index, name in enumerate(names):
        yield from refers(place, reading, "a source", name, "sources", "linkage", inside, index)
        if name in names[:index]:
            yield place.problem(
                f"{name} is named twice.", "Name each source once.", *("linkage", inside, index)
            )
