"""What is declared of the file of a survey: how its sample was drawn, and how the file is written."""

from __future__ import annotations

from pydantic import Field

from sojourn.project.declarations import Arrival
from sojourn.project.survey_declarations import SurveyDesignDeclaration

__all__ = ["DesignFileDeclaration"]


class DesignFileDeclaration(SurveyDesignDeclaration):
    """`design.yaml`: the design of a survey, and how its file is written; for the commands of surveys.

    The keys of the design are those of the design of a source.
    """

    arrives: Arrival | None = Field(
        default=None,
        description="How the file is written, where it is no comma-separated UTF-8 with decimal points",
    )

    @property
    def design(self) -> SurveyDesignDeclaration:
        """What is declared of the design alone."""
        return SurveyDesignDeclaration.model_validate(
            self.model_dump(exclude={"arrives"}, exclude_unset=True, by_alias=True)
        )
