"""What may not be printed: values that show nothing of themselves until they are asked for.

Whoever knows the bounds and probabilities of noise can take part of it away again; whoever knows the salt can
take away all of it. So neither may stand in a log, an error, a notebook or a report by accident.

Source: methods reference, section 4.1 (settings); ESS guidelines on census tables, chapter 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from sojourn.errors import ProjectError

__all__ = ["Epoch", "Hidden", "SecretRecord"]

_LEAST_BYTES = 32


class Hidden:
    """Something of which text shows the kind and nothing else; it cannot be pickled."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: not shown>"

    def __format__(self, form: str) -> str:
        return repr(self)

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"A {type(self).__name__} is secret and is not written anywhere.")


@dataclass(frozen=True, repr=False)
class Epoch(Hidden):
    """A time in which the same cell has the same value: its name, and the secret salt of its record keys.

    Another name or another salt makes every key anew. Two epochs give a reader two independent values of
    the same cell, so that a new one is begun seldom and on record.
    """

    id: str
    salt: bytes

    def __post_init__(self) -> None:
        if len(self.salt) < _LEAST_BYTES:
            raise ProjectError(
                "The salt of record keys has fewer than 256 bits.",
                "Take 32 random bytes, and keep them secret.",
            )
        if not self.id or "|" in self.id:
            raise ProjectError(
                "An epoch of record keys needs a name without `|`.", "Name it, for instance 2026-1."
            )


class SecretRecord(Hidden):
    """What was done with which parameters, for the office's room of keys; never published, never logged."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)

    def opened(self) -> dict[str, Any]:
        """The record itself, for the one who keeps it."""
        return dict(self._values)
