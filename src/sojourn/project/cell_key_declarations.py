"""What an office declares of cell-key perturbation, in the folder of its keys: secret as they are."""

from __future__ import annotations

from pydantic import Field, model_validator

from sojourn.project.declaration import Declaration

__all__ = ["CellKeyDeclaration", "SumNoise"]


class SumNoise(Declaration):
    """Noise of the sums behind means."""

    share: float = Field(
        gt=0, le=1, description="Share of each of the largest contributions that is noise at most"
    )
    contributors: int = Field(default=1, ge=1, le=3, description="How many of the largest contributions")
    step: float = Field(
        default=1.0, gt=0, description="Sums are rounded to its multiples, in the measure's unit"
    )


class CellKeyDeclaration(Declaration):
    """`cell-keys.yaml` in the folder of keys: how tables with `method: cell_keys` are perturbed.

    One for the whole project: the same cell has the same value in every table. Nothing of it is published.
    """

    epoch: str = Field(
        min_length=1,
        pattern=r"^[^|]+$",
        description="Name of the epoch; another name makes other keys, and all perturbed tables anew",
    )
    largest: int | None = Field(default=None, ge=1, description="Largest change of a count")
    variance: float | None = Field(default=None, gt=0, description="Variance of the changes")
    forbidden: int = Field(default=0, ge=0, description="Counts from 1 to this one are never published")
    stay: float = Field(default=0.0, ge=0, lt=1, description="Least probability that a count stays as it is")
    monotone: bool = Field(
        default=True, description="Whether a smaller number is less likely than one nearer to the count"
    )
    table: str | None = Field(
        default=None,
        description=(
            "Instead of these five: name of a CSV file beside this one that holds a perturbation table, in"
            " the layout of R `ptable` or of the Office for National Statistics"
        ),
    )
    sums: SumNoise | None = Field(default=None, description="Noise of sums; means need it")

    @model_validator(mode="after")
    def _one_table(self) -> CellKeyDeclaration:
        settings = self.model_fields_set & {"largest", "variance", "forbidden", "stay", "monotone"}
        if self.table is not None and settings:
            raise ValueError("a `table` and settings of another one are both given: keep one of the two")
        if self.table is None and (self.largest is None or self.variance is None):
            raise ValueError("noise needs `largest` and `variance`, or a `table`")
        return self
