"""Read a country project's folder into declarations, or say everything that is wrong with it."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from sojourn.errors import Problem, ProjectError, shown
from sojourn.project.code_maps import CodeMap
from sojourn.project.declarations import (
    Agreement,
    Declaration,
    Organisation,
    Settings,
    SourceDeclaration,
)
from sojourn.project.people import Person
from sojourn.project.table_declarations import Indicator, ReleaseDeclaration, TableDeclaration
from sojourn.project.yaml_text import Document, read_yaml

__all__ = ["Declarations", "Place", "load", "load_declaration", "people_of"]

D = TypeVar("D", bound=Declaration)
_FOLDERS: Mapping[str, type[Declaration]] = {
    "indicators": Indicator,
    "tables": TableDeclaration,
    "releases": ReleaseDeclaration,
}
_LISTS: Mapping[str, type[Declaration]] = {
    "organisations": Organisation,
    "agreements": Agreement,
    "people": Person,
}


@dataclass(frozen=True)
class Place:
    """Where a declaration stands, so that later complaints can name the line."""

    document: Document
    path: tuple[str | int, ...] = ()

    def problem(self, message: str, remedy: str = "", *inside: str | int) -> Problem:
        """A problem with the declaration, or with one value inside it."""
        return Problem(self.document.file, self.document.line((*self.path, *inside)), message, remedy)


@dataclass(frozen=True)
class Declarations:
    """Everything that the people of a country project declared."""

    folder: Path
    settings: Settings
    organisations: Mapping[str, Organisation]
    agreements: Mapping[str, Agreement]
    people: Mapping[str, Person]
    sources: Mapping[str, SourceDeclaration]
    indicators: Mapping[str, Indicator]
    tables: Mapping[str, TableDeclaration]
    releases: Mapping[str, ReleaseDeclaration]
    code_maps: Mapping[tuple[str, str], CodeMap]
    names: Mapping[str, Mapping[str, Mapping[str, str]]]


@dataclass
class Reading:
    """What has been read so far, and all that was found wrong."""

    folder: Path
    problems: list[Problem] = field(default_factory=list)
    found: dict[str, dict[str, Any]] = field(default_factory=dict)
    places: dict[tuple[str, str], Place] = field(default_factory=dict)
    code_maps: dict[tuple[str, str], CodeMap] = field(default_factory=dict)
    names: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    settings: Settings | None = None

    def place(self, kind: str, identifier: str) -> Place:
        """Where the declaration of that kind and identifier stands."""
        return self.places[(kind, identifier)]


def load(folder: Path) -> Declarations:
    """Read and check a country project.

    Raises: ProjectError with every problem found, each with its file and line.
    """
    from sojourn.project.check import cross_checks  # check reads what load has read

    reading = read_declarations(folder)
    cross_checks(reading)
    if reading.problems or reading.settings is None:
        raise ProjectError(
            sorted(
                set(reading.problems),
                key=lambda problem: (problem.file, problem.line or 0, problem.message),
            )
        )
    found = reading.found
    return Declarations(
        folder,
        reading.settings,
        found["organisations"],
        found["agreements"],
        found["people"],
        found["sources"],
        found["indicators"],
        found["tables"],
        found["releases"],
        reading.code_maps,
        reading.names,
    )


def people_of(folder: Path) -> dict[str, Person]:
    """The people of a project as they are declared at this moment.

    Raises: ProjectError with every problem of their file.
    """
    reading = Reading(folder)
    _read_list(reading, "people", Person)
    if reading.problems:
        raise ProjectError(reading.problems)
    return reading.found["people"]


def load_declaration(file: Path, model: type[D]) -> D:
    """Read one declaration that is a file of its own, outside a project.

    Raises: ProjectError with every problem found, each with its line.
    """
    if not file.is_file():
        raise ProjectError(f"{file} is not there.", "Name a file that is, ending in .yaml.")
    document = read_yaml(file, shown(file.name))
    problems = list(document.problems)
    declared = _declared(model, document, (), problems) if document.value is not None else None
    if problems or declared is None:
        raise ProjectError(problems)
    return declared


def read_declarations(folder: Path) -> Reading:
    """Read every file of a project, one by one; what refers to what is checked later."""
    if not (folder / "sojourn.yaml").is_file():
        raise ProjectError(
            f"{folder} is not a Sojourn project: it has no file sojourn.yaml.",
            "Go to the project's folder, name it with --project, or make one with `sojourn new project`.",
        )
    reading = Reading(folder)
    document = read_yaml(folder / "sojourn.yaml", "sojourn.yaml")
    reading.problems += document.problems
    reading.settings = (
        _declared(Settings, document, (), reading.problems) if document.value is not None else None
    )
    reading.places[("settings", "")] = Place(document)
    for name, model in _LISTS.items():
        _read_list(reading, name, model)
    _read_sources(reading)
    for name, model in _FOLDERS.items():
        _read_folder(reading, name, model)
    return reading


def _read_list(reading: Reading, kind: str, model: type[Declaration]) -> None:
    reading.found[kind] = {}
    shown_as = f"strategy/{kind}.yaml"
    file = reading.folder / shown_as
    if not file.is_file():
        return
    document = read_yaml(file, shown_as)
    reading.problems += document.problems
    if document.value is None:
        return
    if not isinstance(document.value, list):
        reading.problems.append(
            Problem(shown_as, 1, f"this must be a list of {kind}.", "Start each entry with `- id: …`.")
        )
        return
    for index in range(len(document.value)):
        _keep(reading, kind, document, (index,), model)


def _read_sources(reading: Reading) -> None:
    reading.found["sources"] = {}
    base = reading.folder / "sources"
    for source_folder in sorted(base.iterdir()) if base.is_dir() else []:
        if not source_folder.is_dir():
            shown_as = f"sources/{source_folder.name}"
            reading.problems.append(
                Problem(
                    shown_as, None, "this file is not read.", "Sources are folders with a file source.yaml."
                )
            )
            continue
        shown_as = f"sources/{source_folder.name}/source.yaml"
        if not (source_folder / "source.yaml").is_file():
            reading.problems.append(
                Problem(shown_as, None, "the source has no declaration.", "Write it, or delete the folder.")
            )
            continue
        document = read_yaml(source_folder / "source.yaml", shown_as)
        reading.problems += document.problems
        if document.value is not None:
            _keep(reading, "sources", document, (), SourceDeclaration, named=source_folder.name)


def _read_folder(reading: Reading, kind: str, model: type[Declaration]) -> None:
    reading.found[kind] = {}
    base = reading.folder / kind
    for file in sorted(base.iterdir()) if base.is_dir() else []:
        shown_as = f"{kind}/{file.name}"
        if file.suffix != ".yaml" or not file.is_file():
            reading.problems.append(
                Problem(shown_as, None, "this file is not read.", "Declarations end in .yaml.")
            )
            continue
        document = read_yaml(file, shown_as)
        reading.problems += document.problems
        if document.value is not None:
            _keep(reading, kind, document, (), model, named=file.stem)


def _keep(
    reading: Reading,
    kind: str,
    document: Document,
    path: tuple[str | int, ...],
    model: type[Declaration],
    named: str | None = None,
) -> None:
    declared = _declared(model, document, path, reading.problems)
    if declared is None:
        return
    identifier = str(getattr(declared, "id"))  # noqa: B009  every declaration kept here has one
    place = Place(document, path)
    if named is not None and identifier.lower().replace("-", "_") != named.lower().replace("-", "_"):
        reading.problems.append(
            place.problem(
                f"the id is {identifier}, but the file or folder is called {named}.",
                "Give both the same name.",
                "id",
            )
        )
    if identifier in reading.found[kind]:
        earlier = reading.place(kind, identifier)
        reading.problems.append(
            place.problem(
                f"{identifier} is declared twice; the first is in {earlier.document.file}.",
                "Give one of them another id.",
                "id",
            )
        )
        return
    reading.found[kind][identifier] = declared
    reading.places[(kind, identifier)] = place


def _declared(
    model: type[D], document: Document, path: tuple[str | int, ...], problems: list[Problem]
) -> D | None:
    value = document.value
    for step in path:
        value = value[step]
    value = copy.deepcopy(value)
    try:
        return model.model_validate(value)
    except ValidationError as error:
        details = error.errors()
        problems += [_explained(detail, model, document, path) for detail in details]
    # Without the keys that nobody knows the rest may hold, and its other mistakes can be told as well.
    if any(detail["type"] != "extra_forbidden" for detail in details):
        return None
    for detail in details:
        _remove(value, detail["loc"])
    try:
        return model.model_validate(value)
    except ValidationError as error:
        problems += [_explained(detail, model, document, path) for detail in error.errors()]
        return None


def _remove(value: Any, path: tuple[int | str, ...]) -> None:
    for step in path[:-1]:
        value = value[step]
    del value[path[-1]]


_SAID = {
    "string_pattern_mismatch": "{name} is {found}, which does not have the right form ({pattern}).",
    "date_from_datetime_parsing": "{name} is {found}, which is not a day.",
    "date_parsing": "{name} is {found}, which is not a day.",
    "int_parsing": "{name} is {found}, which is not a whole number.",
    "float_parsing": "{name} is {found}, which is not a number.",
    "bool_parsing": "{name} is {found}, which is neither true nor false.",
}


def _explained(
    detail: ErrorDetails, model: type[Declaration], document: Document, path: tuple[str | int, ...]
) -> Problem:
    """A pydantic error in the words of the person who wrote the file."""
    inside = tuple(part for part in detail["loc"] if part != "[key]")
    place = Place(document, path)
    name = ".".join(str(part) for part in inside) or "the declaration"
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "missing":
        return place.problem(f"{name} is not given.", f"Add the line `{inside[-1]}: …`.", *inside[:-1])
    if kind == "extra_forbidden":
        known = sorted(_names_at(model, inside[:-1]))
        near = difflib.get_close_matches(str(inside[-1]), known, n=1)
        return place.problem(
            f"{name} is not something that can be declared here.",
            f"Did you mean {near[0]}?" if near else f"Known are: {', '.join(known)}.",
            *inside,
        )
    found = repr(detail["input"]) if isinstance(detail["input"], str | int) else "of another kind"
    if kind in ("enum", "literal_error"):
        near = difflib.get_close_matches(
            str(detail["input"]), _options(str(context.get("expected", ""))), n=1
        )
        remedy = f"Did you mean {near[0]}? " if near else ""
        return place.problem(
            f"{name} is {found}.", f"{remedy}It must be one of: {context.get('expected')}.", *inside
        )
    said = _SAID.get(kind)
    if said is not None:
        return place.problem(
            said.format(name=name, found=found, pattern=context.get("pattern", "")), "", *inside
        )
    message = detail["msg"].removeprefix("Value error, ").rstrip(".")
    return place.problem(f"{name}: {message[:1].lower()}{message[1:]}.", "", *inside)


def _options(expected: str) -> list[str]:
    return [part.strip(" '") for part in expected.replace(" or ", ", ").split(",")]


def _names_at(model: type[Declaration], path: tuple[str | int, ...]) -> set[str]:
    """The keys that may stand at a place of a declaration."""
    here: Any = model
    for step in path:
        here = _inner(here, step)
    fields = getattr(here, "model_fields", {})
    return {declared.alias or name for name, declared in fields.items()}


def _inner(annotation: Any, step: str | int) -> Any:
    fields = getattr(annotation, "model_fields", None)
    if fields is not None:
        match = [f for name, f in fields.items() if (f.alias or name) == step]
        annotation = match[0].annotation if match else None
        return (
            _model_in(annotation)
            if not isinstance(annotation, type) or not issubclass(annotation, Declaration)
            else annotation
        )
    return annotation


def _model_in(annotation: Any) -> Any:
    """The declaration inside `tuple[X, ...]`, `dict[str, X]` or `X | None`."""
    for part in getattr(annotation, "__args__", ()):
        if isinstance(part, type) and issubclass(part, Declaration):
            return part
        inner = _model_in(part)
        if inner is not None:
            return inner
    return None
