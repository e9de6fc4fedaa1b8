"""What can go wrong in a way that the reader can mend.

Everything that a user, a sender or a reviewer can cause has a class here and an exit code. Anything
else that is raised is a mistake of ours and shows a traceback. A message never holds a value of a
person's record: it says where the value stands.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = [
    "ContractBroken",
    "DataRefused",
    "DisclosureRisk",
    "DiskFull",
    "NotPermitted",
    "Problem",
    "ProjectError",
    "SojournError",
    "shown",
]


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong, where it stands, and what to do about it."""

    file: str
    line: int | None
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        head = f"{place}: {self.message}" if place else self.message
        return f"{head}\n  {self.remedy}" if self.remedy else head


def shown(name: str) -> str:
    """A name that is safe on a terminal and in a log: one short line without invisible characters."""
    cut = name if len(name) <= 60 else name[:59] + "…"
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in cut)


class SojournError(Exception):
    """A failure that its reader can do something about; `exit_code` tells the shell which kind."""

    exit_code = 2

    def __init__(self, message: str | Problem | Iterable[Problem], remedy: str = "") -> None:
        if isinstance(message, str):
            message = Problem("", None, message, remedy)
        self.problems: tuple[Problem, ...] = (message,) if isinstance(message, Problem) else tuple(message)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class ProjectError(SojournError):
    """A declaration, a setting or a command is not what it should be."""

    exit_code = 2


class ContractBroken(ProjectError):
    """A table lacks what its contract promises."""


class DiskFull(ProjectError):
    """There was no room on the disk to finish; what was begun is taken back."""

    def __init__(self, where: str) -> None:
        super().__init__(
            f"The disk is full: {where}.",
            "Make room, then give the same command again. Nothing half-done is kept.",
        )


class DataRefused(SojournError):
    """A delivery cannot be accepted as it is."""

    exit_code = 3


class NotPermitted(SojournError):
    """The person may not do this, or not now."""

    exit_code = 4


class DisclosureRisk(SojournError):
    """What was asked could tell something about a person."""

    exit_code = 5
