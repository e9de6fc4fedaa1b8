"""Reports of methods on plain files: text to read, or JSON, that appears when it is whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sojourn.errors import DataRefused, ProjectError, shown

__all__ = ["require_report", "said_of", "write_report"]

_REPORTS = (".md", ".json")


@contextmanager
def said_of(*files: Path) -> Iterator[None]:
    """What is refused inside is said of these files, where it is not of another."""
    try:
        yield
    except DataRefused as error:
        names = " and ".join(shown(file.name) for file in files)
        problems = [replace(each, file=names) if not each.file else each for each in error.problems]
        raise DataRefused(problems) from error


def require_report(target: Path | None) -> None:
    """Refuse a report that exists, has no folder, or is in another form.

    Raises: ProjectError.
    """
    if target is None:
        return
    if target.suffix not in _REPORTS:
        raise ProjectError(f"{target} ends in neither .md nor .json.", "Name the report in one of them.")
    if target.exists():
        raise ProjectError(f"{target} exists.", "Name a file that does not: nothing is overwritten.")
    if not target.resolve().parent.is_dir():
        raise ProjectError(f"There is no folder {target.parent}.", "Make it first.")


def write_report(target: Path, told: Mapping[str, Any], text: str) -> None:
    """Write what is told as JSON where the file ends so, else the text."""
    if target.suffix == ".json":
        text = json.dumps(told, ensure_ascii=False, indent=2) + "\n"
    unfinished = target.with_name(f".{target.name}.unfinished")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(target)
