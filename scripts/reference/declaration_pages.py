"""The page of the declarations: every key that an analyst can write, with its form and its default."""

from __future__ import annotations

import datetime
import enum
import types
import typing
from collections.abc import Iterator
from typing import Any

from layout import docstring, table
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from sojourn.project import (
    cell_key_declarations,
    coverage_declarations,
    declarations,
    design_file_declarations,
    joining_declarations,
    linkage_declarations,
    migration_table_declarations,
    people,
    protection_declarations,
    residence_declarations,
    sampling_declarations,
    sdg_declarations,
    small_area_declarations,
    special_design_declarations,
    table_declarations,
    weighting_declarations,
)
from sojourn.project.declarations import Declaration

__all__ = ["declaration_page", "models"]

FILES = (
    declarations.Settings,
    declarations.Organisation,
    declarations.Agreement,
    people.Person,
    declarations.SourceDeclaration,
    table_declarations.Indicator,
    table_declarations.TableDeclaration,
    table_declarations.ReleaseDeclaration,
    cell_key_declarations.CellKeyDeclaration,
    residence_declarations.ResidenceDeclaration,
    coverage_declarations.CoverageDeclaration,
    weighting_declarations.WeightingDeclaration,
    joining_declarations.RegisterDeclaration,
    joining_declarations.MatchingDeclaration,
    linkage_declarations.LinkageDeclaration,
    sampling_declarations.SamplingDeclaration,
    special_design_declarations.HiddenGroupDeclaration,
    sdg_declarations.SdgDeclaration,
    design_file_declarations.DesignFileDeclaration,
    small_area_declarations.SmallAreaDeclaration,
    migration_table_declarations.MigrationTablesDeclaration,
    protection_declarations.ProtectionDeclaration,
)
_PLAIN = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "`true` or `false`",
    datetime.date: "day, as in `2024-12-31`",
}
# Keys that mean the same wherever they stand, and a few that their model does not explain itself.
_SAID = {
    "id": "Identifier",
    "SourceDeclaration.id": "Identifier; the folder has the same name",
    "Indicator.id": "Identifier; the file has the same name",
    "TableDeclaration.id": "Identifier in capitals; the file has the same name, in small letters if you like",
    "ReleaseDeclaration.id": "Identifier; the file has the same name",
    "title": "Title by language",
    "FixedColumn.name": "Name of the column",
    "FixedColumn.first": "Position of its first character, counted from 1",
    "FixedColumn.last": "Position of its last character",
    "Indicator.statistic": "What is computed; `value` passes on figures that another body published",
    "Indicator.frequency": "Length of a period",
    "Protection.minimum_contributors": "Persons that must stand behind a figure, else it is withheld",
    "Protection.secondary": "Whether further cells are withheld so that totals give none away",
    "Protection.round_to": "Base to which counts are rounded; not rounded when not given",
    "ReleasePlan.every": "Rhythm",
    "TableDeclaration.indicator": "Indicator that the table breaks down",
    "ReleaseDeclaration.tables": "Tables that are published together",
    "Replicates.kind": "How the replicate weights were made",
}
_BOUNDS = {
    "ge": "at least",
    "gt": "above",
    "le": "at most",
    "lt": "below",
}


def models() -> list[type[Declaration]]:
    """The models of the files, each followed by the models that stand inside it, none twice."""
    found: list[type[Declaration]] = []
    for model in FILES:
        _collect(model, found)
    return found


def _collect(model: type[Declaration], found: list[type[Declaration]]) -> None:
    if model in found:
        return
    found.append(model)
    for field in model.model_fields.values():
        for inner in _models_in(field.annotation):
            _collect(inner, found)


def _models_in(annotation: Any) -> Iterator[type[Declaration]]:
    if isinstance(annotation, type) and issubclass(annotation, Declaration):
        yield annotation
    for part in typing.get_args(annotation):
        yield from _models_in(part)


def declaration_page() -> Iterator[str]:
    """The lines of the page."""
    yield from ["# Declarations", ""]
    yield "What an analyst writes, file by file. Every value is read as text and then typed, so that `NO`"
    yield "stays Norway and `010` keeps its zero. A key that is not listed here is a mistake, and"
    yield from ["`sojourn check` reports it with file and line.", ""]
    for model in models():
        yield from _section(model)


def _section(model: type[Declaration]) -> Iterator[str]:
    level = "##" if model in FILES else "###"
    yield from [f"{level} {model.__name__}", "", docstring(model), ""]
    rows = (_row(model, name, field) for name, field in model.model_fields.items())
    yield from table(["Key", "Meaning", "Form", "Default"], rows)


def _row(model: type[Declaration], name: str, field: FieldInfo) -> list[str]:
    said = field.description or _SAID.get(f"{model.__name__}.{name}") or _SAID[name]
    key = field.alias or name
    return [f"`{key}`", said, "; ".join([_form(field.annotation), *_bounds(field.metadata)]), _default(field)]


def _form(annotation: Any) -> str:
    """A type in words, with a link where another section describes it."""
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    if isinstance(annotation, type):
        if issubclass(annotation, enum.Enum):
            return "one of " + ", ".join(f"`{member.value}`" for member in annotation)
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    origin, parts = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return "; ".join([_form(parts[0]), *_bounds(parts[1:])])
    if origin is typing.Literal:
        return "one of " + ", ".join(f"`{part}`" for part in parts)
    if origin in (typing.Union, types.UnionType):
        return _form(next(part for part in parts if part is not type(None)))
    if origin is tuple:
        return "a text or a list of them" if parts[0] is str else f"list of {_form(parts[0])}"
    if annotation == dict[str, str]:
        return "text by language, as in `{en: …}`"
    return f"{_form(parts[1])} by {_form(parts[0])}"


def _bounds(metadata: Any) -> Iterator[str]:
    for bound in metadata:
        # Limits may stand inside pydantic's own wrapper, beside each other.
        for part in getattr(bound, "metadata", None) or [bound]:
            yield from (f"{said} {getattr(part, key)}" for key, said in _BOUNDS.items() if hasattr(part, key))
            if getattr(part, "min_length", 0):
                yield "not empty"
            if getattr(part, "pattern", None):
                yield f"matches `{part.pattern}`"


def _default(field: FieldInfo) -> str:
    default = field.default
    if field.is_required() or default is PydanticUndefined:
        return "must be given"
    if isinstance(default, Declaration):
        return "each key's own default"
    if default is None or default == "" or default == () or default == {}:
        return ""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, tuple):
        return f"`[{', '.join(map(str, default))}]`"
    if isinstance(default, dict):
        return "`{" + ", ".join(f"{key}: {value}" for key, value in default.items()) + "}`"
    return f"`{default}`"
