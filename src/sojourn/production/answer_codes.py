"""Codes of answers: from what a file writes to standard codes, by a map in the declaration or in a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

from sojourn.concepts import code_list
from sojourn.errors import Problem, ProjectError
from sojourn.project.code_maps import CodeMap, read_code_map
from sojourn.project.standard_maps import STANDARD_MAPS, standard_map

__all__ = ["Mapped", "answer_code_map"]


class Mapped(Protocol):
    """A column whose codes are mapped: by a map that stands with it, or by one of a name."""

    @property
    def map(self) -> Mapping[str, str] | None:
        """The map itself, where it stands in the declaration."""

    @property
    def codes(self) -> str | None:
        """The name of a file, or of an international map."""


def answer_code_map(name: str, rule: Mapped, list_id: str | None, country: str, folder: Path) -> CodeMap:
    """The code map of a variable: written in the declaration, in a file of the folder, or international.

    M49 numbers may have lost their zeros, as in files that keep them as numbers: 4 is 004.

    Raises: ProjectError for a code that is not in the variable's list, and for a map that cannot be read.
    """
    if rule.map:
        _require_codes(name, rule.map.values(), list_id, country)
        return _undated(name, tuple(rule.map), tuple(rule.map.values()))
    codes = rule.codes or ""
    if codes not in STANDARD_MAPS:
        found, problems = read_code_map(folder / codes, codes, list_id, country)
        if found is None:
            raise ProjectError(problems)
        return found
    standard = standard_map(codes, country)
    if codes != "m49":
        return standard
    pairs = dict(zip(standard.written, standard.standard, strict=True))
    short = {text.lstrip("0"): code for text, code in pairs.items()}
    every = {**short, **pairs}
    return _undated(codes, tuple(every), tuple(every.values()))


def _undated(file: str, written: tuple[str, ...], standard: tuple[str, ...]) -> CodeMap:
    nothing = (None,) * len(written)
    return CodeMap(file, written, standard, nothing, nothing)


def _require_codes(name: str, codes: Iterable[str], list_id: str | None, country: str) -> None:
    if list_id is None:
        return
    known = code_list(list_id)
    problems = []
    for code in dict.fromkeys(codes):
        if code not in known.for_records and not (list_id == "CL_AREA" and code == country):
            near = ", ".join(it.code for it in known.suggest(code) if not it.only_in_tables)
            remedy = f"Did you mean {near}?" if near else f"See the reference page of {list_id}."
            message = f"{name}: {code!r} is not a code of {list_id} that a record may hold."
            problems.append(Problem("", None, message, remedy))
    if problems:
        raise ProjectError(problems)
