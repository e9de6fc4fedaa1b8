"""The page of the Python interface: what a notebook or script can ask of a project."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from layout import docstring

import sojourn
from sojourn.production import project

__all__ = ["python_page"]


def python_page() -> Iterator[str]:
    """The lines of the page."""
    yield from ["# Python", ""]
    yield "For notebooks and scripts. What is seen here is protected: the tables are those that a release"
    yield from ["would publish, or has published. Failures are raised as [errors](errors.md).", ""]
    yield from ["```python", "import sojourn", "", 'project = sojourn.open("ruritania")']
    yield from ['project.release("2024")["POPULATION"].to_pandas()', "```", ""]
    yield from _function("sojourn.open", sojourn.open)
    for name in sorted(project.__all__, key=["Project", "PublishedRelease", "Figures"].index):
        kind = getattr(project, name)
        yield from [f"## {name}", "", docstring(kind), ""]
        for method, function in vars(kind).items():
            if inspect.isfunction(function) and not method.startswith("_"):
                yield from _function(f"{name}.{method}", function, level="###")


def _function(name: str, function: Callable[..., Any], level: str = "##") -> Iterator[str]:
    signature = inspect.signature(function)
    named = [each for each in signature.parameters.values() if each.name != "self"]
    shown = signature.replace(parameters=named)
    yield from [
        f"{level} {name}",
        "",
        "```python",
        f"{name.split('.')[-1]}{shown}".replace("'", ""),
        "```",
        "",
    ]
    yield from [docstring(function), ""]
