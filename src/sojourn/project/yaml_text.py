"""YAML in which every scalar is text and every value knows its line.

Ordinary YAML turns Norway's `NO` into false and the code `010` into 8. Here nothing has a type until a
declaration gives it one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from sojourn.errors import Problem

__all__ = ["Document", "read_yaml"]

Path_ = tuple[str | int, ...]


@dataclass
class Document:
    """One YAML file as nested text, with the line of every key and value."""

    file: str
    value: Any = None
    lines: dict[Path_, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, path: Path_) -> int | None:
        """The line of a value, or of the nearest value around it that stands in the file."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None


def read_yaml(file: Path, shown_as: str) -> Document:
    """Read one YAML file; what cannot be read is a problem in the document, not an exception."""
    document = Document(shown_as)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        document.problems.append(
            Problem(shown_as, line, "the file is not UTF-8 text.", "Save it with the encoding UTF-8.")
        )
        return document
    try:
        root = _composed(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        document.problems.append(
            Problem(
                shown_as,
                mark.line + 1 if mark else 1,
                f"this is not YAML: {error.problem or error.context}.",
                "Look at the indentation, the colons and the brackets here and on the line before.",
            )
        )
        return document
    if root is None:
        document.problems.append(
            Problem(shown_as, 1, "the file is empty.", "Write the declaration or delete the file.")
        )
        return document
    document.value = _plain(root, (), document)
    return document


@lru_cache(maxsize=512)
def _composed(text: str) -> Node | None:
    """The tree of a text, which nobody changes: a process that opens a project again reads it at once."""
    root: Node | None = YAML(typ="base", pure=True).compose(text)
    return root


def _plain(node: Node, path: Path_, document: Document) -> Any:
    document.lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, ScalarNode):
        unquoted_nothing = node.style is None and node.value in ("", "~", "null")
        return None if unquoted_nothing else node.value
    if isinstance(node, SequenceNode):
        return [_plain(item, (*path, index), document) for index, item in enumerate(node.value)]
    if not isinstance(node, MappingNode):
        raise TypeError(f"YAML has no node of type {type(node).__name__}.")
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        line = key_node.start_mark.line + 1
        if key in found:
            document.problems.append(
                Problem(
                    document.file,
                    line,
                    f"{key} is written twice; the first is on line {document.lines[(*path, key)]}.",
                    "Keep one of them.",
                )
            )
            continue
        document.lines[(*path, key)] = line
        found[key] = _plain(value_node, (*path, key), document)
    return found
