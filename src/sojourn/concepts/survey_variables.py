"""Standard variables of household surveys: the words in which indicators are declared.

A country says once how its columns become these variables; every declared indicator then fits its file.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from sojourn.concepts.code_lists import NOT_APPLICABLE, UNKNOWN, code_list
from sojourn.concepts.package_data import parts, rows

__all__ = ["SurveyVariable", "VariableKind", "survey_variables"]


class VariableKind(StrEnum):
    """What a variable holds: a code, yes or no, any number, or a whole one."""

    CODE = "code"
    YES_NO = "yes_no"
    NUMBER = "number"
    WHOLE = "whole"


@dataclass(frozen=True)
class SurveyVariable:
    """One variable: its name, what it holds and what it means; `codes` names its code list.

    `also_codes` are codes of tables that a record may hold here, where a file does not tell its parts apart.
    """

    name: str
    kind: VariableKind
    meaning: str
    codes: str | None = None
    unit: str = ""
    note: str = ""
    also_codes: tuple[str, ...] = ()

    @property
    def allowed(self) -> tuple[str, ...] | None:
        """The codes that a record may hold; None for numbers, and where every code may stand."""
        if self.kind is VariableKind.YES_NO:
            return ("Y", "N", NOT_APPLICABLE, UNKNOWN)
        return None if self.codes is None else (*code_list(self.codes).for_records, *self.also_codes)


@cache
def survey_variables() -> dict[str, SurveyVariable]:
    """The standard variables by name, in order."""
    return {
        str(row["name"]): SurveyVariable(
            name=str(row["name"]),
            kind=VariableKind(str(row["kind"])),
            meaning=row["meaning"] or "",
            codes=row["codes"],
            unit=row["unit"] or "",
            note=row["note"] or "",
            also_codes=parts(row["also_codes"]),
        )
        for row in rows("survey_variables.csv")
    }
