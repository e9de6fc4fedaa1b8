"""What every declaration is: typed values that cannot change, and no key that nobody knows."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

__all__ = ["Declaration", "Identifier", "Strings", "Texts"]

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,62}$")]
Texts = dict[str, str]


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Strings = Annotated[tuple[str, ...], BeforeValidator(_one_or_many)]


class Declaration(BaseModel):
    """A declaration: unknown keys are mistakes, values cannot change once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)
