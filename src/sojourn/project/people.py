"""The people of a project: who they are, and the roles by which `permissions.yaml` says what they may do."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from sojourn.project.declaration import Declaration, Identifier

__all__ = ["Person", "Role"]


class Role(StrEnum):
    """What a person may do."""

    PRODUCER = "data_producer"
    STATISTICIAN = "statistician"
    CHECKER = "disclosure_checker"
    PUBLISHER = "publisher"
    COORDINATOR = "coordinator"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"


class Person(Declaration):
    """`strategy/people.yaml`: someone who works with the project."""

    id: Identifier
    organisation: str = Field(description="Organisation to which the person belongs")
    roles: tuple[Role, ...] = Field(description="What the person may do")
    account: str | None = Field(default=None, description="Login on the server")
    subject: str | None = Field(
        default=None,
        description=(
            "Who the person is to the sign-in service; entries with one subject are one human being, who"
            " cannot decide on their own work under another name"
        ),
    )

    @property
    def human(self) -> str:
        """What is the same for all entries of one human being."""
        return self.subject or self.id
