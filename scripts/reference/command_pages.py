"""The page of the commands, read from the command line itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer.main
from layout import table

from sojourn.cli.app import app

__all__ = ["command_page", "commands"]


def commands() -> dict[str, Any]:
    """Every command by its full name, groups left out."""
    return dict(_walk(typer.main.get_command(app), ("sojourn",)))


def _walk(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield " ".join(path), command
        return
    for name in sorted(inner):
        yield from _walk(inner[name], (*path, name))


def command_page() -> Iterator[str]:
    """The lines of the page."""
    root = typer.main.get_command(app)
    yield from ["# Commands", "", str(root.help), ""]
    yield "The options below stand before the command's name, as in `sojourn -p ruritania check`. Every"
    yield "command explains itself with `--help`. What went wrong is told in words and by the"
    yield from ["[exit code](errors.md).", ""]
    yield from _parameters(root)
    for name, command in commands().items():
        yield from [f"## {name}", "", *_help(command, name), ""]
        yield from ["```text", _usage(name, command), "```", ""]
        yield from _parameters(command)


def _help(command: Any, name: str) -> list[str]:
    if not command.help:
        raise ValueError(f"{name} has no docstring, so its help and its reference would be empty.")
    return [line.strip() for line in str(command.help).splitlines()]


def _usage(name: str, command: Any) -> str:
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    shown = [_argument(each) + (" ..." if each.nargs == -1 else "") for each in arguments]
    needed = [text if each.required else f"[{text}]" for text, each in zip(shown, arguments, strict=True)]
    return " ".join([name, "[OPTIONS]", *needed])


def _parameters(command: Any) -> Iterator[str]:
    rows = [_row(parameter) for parameter in command.params if parameter.name != "help"]
    if rows:
        yield from table(["Argument or option", "Meaning", "Default"], rows)


def _row(parameter: Any) -> list[str]:
    is_argument = parameter.param_type_name == "argument"
    names = [_argument(parameter)] if is_argument else [*parameter.opts, *parameter.secondary_opts]
    meaning = getattr(parameter, "help", None) or ""
    return [", ".join(f"`{name}`" for name in names), meaning, _default(parameter)]


def _argument(parameter: Any) -> str:
    return str(parameter.metavar or parameter.name.upper()).strip("[]….")


def _default(parameter: Any) -> str:
    if parameter.required:
        return "must be given"
    default = parameter.default
    is_told = isinstance(default, str | int | float) and not isinstance(default, bool) and default != ""
    return f"`{default}`" if is_told else ""
