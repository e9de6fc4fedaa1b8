"""What an analyst declares of figures: indicators, the tables that break them down, and their releases."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from sojourn.project.declarations import Declaration, Identifier, Strings, Texts

__all__ = ["Indicator", "Protection", "ReleaseDeclaration", "ReleasePlan", "Statistic", "TableDeclaration"]

Statistic = Literal[
    "count",
    "share",
    "mean",
    "value",
    "total",
    "proportion",
    "ratio",
    "quantile",
    "gini",
    "quintile_share_ratio",
    "poverty_rate",
    "poverty_gap",
]


class Indicator(Declaration):
    """`indicators/<id>.yaml`: one figure: what is counted, among whom, from which source.

    Records are those of one `source`, or what Sojourn makes of several: `counts`.
    """

    id: Identifier
    title: Texts
    definition: Texts = Field(description="Definition by language")
    source: str | None = Field(default=None, description="Source of the records")
    counts: Literal["migration_event", "resident", "permit_outcome", "migratory_status"] | None = Field(
        default=None,
        description=(
            "Records that are made of sources: `migration_event`, of all that give movements; `resident`,"
            " people who were here or lived here on the last day of each year; `permit_outcome`, visas and"
            " permits with what their holders' movements say; `migratory_status`, people in sources of"
            " persons on the days for which these hold, by the best values of the sources under `spine`"
        ),
    )
    statistic: Statistic = Field(
        default="count",
        description=(
            "`count`, `share` in a total, `mean` or `value` of records; of a source with a design also"
            " `total`, `proportion`, `ratio`, `quantile`, `gini`, `quintile_share_ratio`, `poverty_rate` and"
            " `poverty_gap`"
        ),
    )
    of: str | None = Field(
        default=None,
        description="Column whose total, mean, quantile or value is taken, or a ratio's numerator",
    )
    over: str | None = Field(default=None, description="Denominator of a ratio")
    when: str | None = Field(default=None, description="Condition whose proportion is taken")
    at: float | None = Field(default=None, gt=0, lt=1, description="Share at which a quantile lies")
    line: float | None = Field(default=None, gt=0, description="Poverty line")
    line_share: float | None = Field(
        default=None, gt=0, description="Instead of it: its share of the median of everyone"
    )
    where: str | None = Field(default=None, description="Condition over the contract's columns")
    time: str = Field(default="reference_date", description="Column of the day that decides the period")
    frequency: Literal["year", "quarter", "month"] = Field(default="year")
    unit: Texts = Field(default={"en": "Persons"}, description="Unit by language")
    framework: str | None = Field(default=None, description="Migration framework, such as 2021-12")

    @model_validator(mode="after")
    def _one_origin(self) -> Indicator:
        if (self.source is None) == (self.counts is None):
            raise ValueError("an indicator has a `source`, or says what it `counts`: give one of the two")
        return self


class Protection(Declaration):
    """How the cells of a table are protected: figures are withheld, or all changed a little at random."""

    method: Literal["suppression", "cell_keys"] = Field(
        default="suppression",
        description=(
            "`suppression` withholds figures of few; `cell_keys` changes all figures a little at random, as"
            " `cell-keys.yaml` in the folder of keys says"
        ),
    )
    minimum_contributors: int = Field(default=10, ge=1)
    secondary: bool = True
    round_to: int | None = Field(default=None, ge=2)
    none_because: str | None = Field(
        default=None, description="Why no protection is needed: figures already published by another body"
    )

    @model_validator(mode="after")
    def _one_method(self) -> Protection:
        of_suppression = self.model_fields_set & {
            "minimum_contributors",
            "secondary",
            "round_to",
            "none_because",
        }
        if self.method == "cell_keys" and of_suppression:
            raise ValueError(
                f"{', '.join(sorted(of_suppression))} and `method: cell_keys` do not fit together"
            )
        return self


class ReleasePlan(Declaration):
    """When a table is published."""

    every: Literal["month", "quarter", "year"] = "year"
    on: str = Field(description="Month and day, MM-DD", pattern=r"^\d{2}-\d{2}$")


class TableDeclaration(Declaration):
    """`tables/<id>.yaml`: an indicator broken down."""

    id: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,31}$")]
    title: Texts
    indicator: str
    by: Strings = Field(default=(), description="Dimensions")
    within: Strings = Field(default=(), description="Dimensions within which shares add up to one")
    totals: Literal["all", "none"] = Field(default="all", description="Margins to compute")
    net: bool = Field(
        default=False, description="Whether arrivals less departures are added, as the direction `NET`"
    )
    headline: dict[str, str] = Field(
        default={},
        description="Codes of the one figure that stands for the table; totals where it names none",
    )
    protect: Protection = Field(default=Protection(), description="Protection of cells")
    release: ReleasePlan | None = Field(default=None, description="When it is published")
    gap: str | None = Field(
        default=None,
        pattern=r"^[a-z_]+:[A-Za-z0-9_]+-[A-Za-z0-9_]+$",
        description=(
            "Show instead of the figures the difference between two codes of a dimension that is not in `by`,"
            " as in `nativity:FB-NB`; of a source with a design"
        ),
    )
    description: Texts = Field(default={}, description="What readers should know")


class ReleaseDeclaration(Declaration):
    """`releases/<id>.yaml`: tables that are published together."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
    title: Texts
    tables: Strings = Field(min_length=1)
    note: Texts = Field(default={}, description="What is new or corrected")
