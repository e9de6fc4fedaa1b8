"""What an office declares of its keys: where they lie, and who hands out the master key."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from sojourn.project.declaration import Declaration, Strings

__all__ = ["KeySettings"]


class KeySettings(Declaration):
    """Where the project's keys lie; a folder's path alone will do."""

    folder: str = Field(description="Folder of the project's keys, outside the project")
    command: Strings = Field(
        default=(),
        description=(
            "Command of a secret manager, as a list of its arguments, that prints the master key in place of"
            " `pseudonym.key`: one a line, hexadecimal or base64"
        ),
    )
    descriptor: int | None = Field(
        default=None,
        ge=3,
        description="Instead: number of a descriptor from which it can be read when Sojourn is started",
    )

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {"folder": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_origin(self) -> KeySettings:
        if self.command and self.descriptor is not None:
            raise ValueError("the master key is given by a `command` or by a `descriptor`, not by both")
        return self
