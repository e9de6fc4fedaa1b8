"""What an analyst declares: the typed values behind the YAML of a country project.

One class a kind of file. Each field says in its description what it is for: the reference page of the
declarations is generated from here.
"""

from __future__ import annotations

import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from sojourn.concepts.frameworks import ResidenceRule, Unit
from sojourn.project.declaration import Declaration, Identifier, Strings, Texts
from sojourn.project.key_declarations import KeySettings
from sojourn.project.linkage_settings import LinkageSettings
from sojourn.project.spine_declarations import SpineSettings, StatusSettings
from sojourn.project.survey_declarations import SurveyDesignDeclaration

__all__ = [
    "Agency",
    "Agreement",
    "Arrival",
    "Check",
    "ColumnRule",
    "Declaration",
    "Identifier",
    "Organisation",
    "Settings",
    "SourceDeclaration",
    "Strings",
    "Texts",
    "Thresholds",
]

_LETTERS = r"^[A-Za-z_][A-Za-z0-9_]{0,62}$"


class Agency(Declaration):
    """The office that publishes."""

    id: Identifier = Field(description="Identifier of the agency, as used in SDMX")
    title: Texts = Field(description="Name by language")
    contact: str = Field(default="", description="Where readers can write to")


class EngineSettings(Declaration):
    """What the computing may use."""

    kind: Literal["duckdb", "spark"] = Field(
        default="duckdb", description="`duckdb` works on this machine, `spark` on a cluster of many"
    )
    master: str = Field(
        default="",
        pattern=r"^(spark://[\w.-]+:\d+(,[\w.-]+:\d+)*)?$",
        description="Address of the cluster's master, as in `spark://host:7077`; with `kind: spark` only",
    )
    memory: str = Field(
        default="2GB", pattern=r"^\d+(\.\d+)?(KB|MB|GB|TB)$", description="Memory before it spills to disk"
    )
    threads: int | None = Field(default=None, ge=1, description="Threads; all cores when not given")

    @model_validator(mode="after")
    def _has_a_master_when_it_needs_one(self) -> EngineSettings:
        if self.kind == "spark" and not self.master:
            raise ValueError("spark needs the address of its `master`, as in spark://host:7077")
        if self.kind != "spark" and self.master:
            raise ValueError("a `master` belongs to `kind: spark`")
        return self


class DatedRule(Declaration):
    """A residence rule and the first day on which it holds."""

    valid_from: datetime.date = Field(alias="from", description="First day of the rule")
    days_present: int | None = Field(default=None, gt=0, description="Days present that make a resident")
    window_days: int | None = Field(default=None, gt=0, description="Length of the window in days")
    months_present: int | None = Field(
        default=None, gt=0, description="Instead of days: months of the calendar present"
    )
    window_months: int | None = Field(
        default=None, gt=0, description="Length of the window in months of the calendar"
    )

    @model_validator(mode="after")
    def _fits(self) -> DatedRule:
        _ = self.residence  # refuses numbers that make no rule
        return self

    @property
    def residence(self) -> ResidenceRule:
        """The rule, in days or in months of the calendar."""
        in_days, in_months = (self.days_present, self.window_days), (self.months_present, self.window_months)
        for (present, window), others, unit in (
            (in_days, in_months, Unit.DAYS),
            (in_months, in_days, Unit.MONTHS),
        ):
            if present is not None and window is not None and others == (None, None):
                return ResidenceRule(present, window, unit)
        raise ValueError("give days_present and window_days, or months_present and window_months instead")


class MovementRules(Declaration):
    """How movements become migration events."""

    missing: Literal["bounds", "earliest", "latest", "midpoint", "exclude"] = Field(
        default="bounds",
        description=(
            "What becomes of two movements in a row in one direction: `bounds` decides what holds wherever"
            " the missing one lay; `earliest`, `latest`, `midpoint` assume a day; `exclude` decides nothing"
        ),
    )
    boundary: Literal["migration", "no-migration"] = Field(
        default="migration",
        description="What a stay is that spends exactly the spare days of the window on the old side",
    )
    out_of_scope: str | None = Field(
        default=None,
        description=(
            "Condition over the columns of movements to which the rule does not apply, such as those of crews"
            " and diplomats; they count as no movement of their person. One that cannot be judged is in scope"
        ),
    )


class PermitRules(Declaration):
    """How visas and permits are judged."""

    grace_days: int = Field(
        default=0, ge=0, description="Days after the validity within which a departure is still in time"
    )
    gap_months: int = Field(
        default=6,
        ge=1,
        description="Months without a permit after which the next one is a first permit again",
    )
    newcomer_categories: Strings = Field(
        default=(),
        description="Categories, as the source writes them, that only people get who have not lived here yet",
    )
    complete_since: datetime.date | None = Field(
        default=None,
        description=(
            "First day of which every permit in force is among the deliveries; without one it is not known"
            " which permits are first ones"
        ),
    )


class Rules(Declaration):
    """The dated rules of method."""

    residence: tuple[DatedRule, ...] = Field(default=(), description="Residence rules, by first day")
    movements: MovementRules = Field(
        default=MovementRules(), description="How movements become migration events"
    )
    permits: PermitRules = Field(default=PermitRules(), description="How visas and permits are judged")
    migratory_status: StatusSettings = Field(
        default=StatusSettings(), description="What makes migratory status"
    )


class AuditSettings(Declaration):
    """Where the proof of the audit trail is kept."""

    checkpoints: str | None = Field(
        default=None, description="Folder, outside the project, to which signed checkpoints go"
    )


class Licence(Declaration):
    """Terms under which figures are published."""

    id: str = Field(default="CC-BY-4.0", description="SPDX identifier")
    url: str = Field(
        default="https://creativecommons.org/licenses/by/4.0/", description="Address of the terms"
    )


class Settings(Declaration):
    """`sojourn.yaml`: the country, its office, and where things lie."""

    country: str = Field(pattern=r"^[A-Z]{3}$", description="ISO 3166-1 alpha-3 code of the country")
    title: Texts = Field(description="Name of the country by language")
    agency: Agency = Field(description="The office that publishes")
    languages: Strings = Field(
        default=("en",), min_length=1, description="Languages of the portal, first is the default"
    )
    engine: EngineSettings = Field(default=EngineSettings(), description="What the computing may use")
    catalogue: str | None = Field(
        default=None,
        description=(
            "Address of the catalogue's database, or `env:NAME` to take it from the environment; SQLite in"
            " `local` when not given"
        ),
    )
    keys: KeySettings = Field(description="Where the project's keys lie: a folder, or more")
    audit: AuditSettings = Field(default=AuditSettings(), description="The audit trail")
    rules: Rules = Field(default=Rules(), description="Dated rules of method")
    spine: SpineSettings = Field(
        default=SpineSettings(), description="Which source gives the best value of persons' attributes"
    )
    linkage: LinkageSettings = Field(
        default=LinkageSettings(), description="Which sources' records are brought together, person by person"
    )
    licence: Licence = Field(default=Licence(), description="Terms of the published figures")


class Organisation(Declaration):
    """`strategy/organisations.yaml`: a body that delivers, coordinates or publishes."""

    id: Identifier
    title: Texts


class Agreement(Declaration):
    """`strategy/agreements.yaml`: what lets a body deliver a source, from when until when."""

    id: Identifier
    provider: str = Field(description="Organisation that delivers")
    sources: Strings = Field(description="Sources that the agreement covers")
    valid_from: datetime.date = Field(alias="from", description="First day")
    valid_to: datetime.date | None = Field(
        default=None, alias="until", description="Last day; open when not given"
    )
    law: str = Field(default="", description="Legal basis")

    def is_in_force(self, day: datetime.date) -> bool:
        """Whether the agreement holds on that day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


class FixedColumn(Declaration):
    """A column of a fixed-width file, in characters counted from 1."""

    name: str
    first: int = Field(ge=1)
    last: int = Field(ge=1)


class Arrival(Declaration):
    """When and in which form deliveries come."""

    every: Literal["day", "week", "month", "quarter", "year", "once"] = Field(
        default="once", description="Rhythm"
    )
    within_days: int | None = Field(default=None, ge=0, description="Days after the period's end")
    format: Literal["csv", "fixed_width", "excel", "parquet", "spss", "stata", "sas", "database"] = Field(
        default="csv", description="Form of the files"
    )
    encoding: str = Field(default="utf-8", description="Encoding of text files")
    separator: str = Field(default=",", min_length=1, description="Separator of fields")
    quote: str | None = Field(default='"', description="Quotation mark; empty for none")
    escape: Literal["doubled", "backslash"] = Field(
        default="doubled", description="How a quotation mark is written inside quotes"
    )
    header_line: int = Field(default=1, ge=0, description="Line of the header, counted from 1; 0 for none")
    decimal: str = Field(default=".", min_length=1, max_length=1, description="Decimal mark")
    thousands: str | None = Field(default=None, description="Mark between thousands")
    missing: Strings = Field(default=(), description="Texts that mean missing, beside the empty field")
    non_data: Strings = Field(default=(), description="Regular expressions that mark totals and footnotes")
    address: str | None = Field(
        default=None,
        description="Address of the sender's database, or `env:NAME` to take it from the environment",
    )
    table: str | None = Field(default=None, description="Table of the sender's database")
    sheet: str | None = Field(
        default=None, description="Sheet of a workbook; the first visible one when not given"
    )
    names: Strings = Field(
        default=(), description="Names of the columns, in order, of a file without a header"
    )
    fixed_columns: tuple[FixedColumn, ...] = Field(default=(), description="Columns of a fixed-width file")
    time_zone: str = Field(default="UTC", description="Time zone of clock times without an offset")


class ColumnRule(Declaration):
    """Where one column of the contract comes from and how it is read."""

    source: str | None = Field(default=None, alias="from", description="Column of the file")
    format: str | None = Field(default=None, description="Form of a date or time, as in `%d.%m.%Y`")
    codes: str | None = Field(
        default=None,
        description=(
            "Code map: a CSV file with the columns from, to, valid_from, valid_to, or `alpha_2`, `alpha_3`,"
            " `m49`, `icao`"
        ),
    )
    part: Literal["year", "day"] | None = Field(
        default=None, description="Part to take: the year of a day, or the local day of a time"
    )
    value: str | None = Field(default=None, description="The same value for every record")
    period: Literal["first_day", "last_day"] | None = Field(
        default=None, description="Day of the period that the delivery covers, for every record"
    )

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {"from": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_origin(self) -> ColumnRule:
        if sum(origin is not None for origin in (self.source, self.value, self.period)) != 1:
            raise ValueError(
                "a column is taken `from` a column of the file, has a fixed `value`, or is a day of the"
                " `period`: give one of the three"
            )
        return self


class Check(Declaration):
    """A rule that records must keep; its outcome is passes, fails or unknown."""

    id: Identifier
    severity: Literal["error", "warning"] = Field(
        default="error", description="An error quarantines the record; a warning counts it"
    )
    rule: str = Field(description="Condition over the contract's columns")
    at_least: float | None = Field(
        default=None, ge=0, le=1, description="Share of records that must pass, else the delivery is held"
    )
    remedy: str = Field(default="", description="What the sender can do")


class Thresholds(Declaration):
    """Limits past which a whole delivery is held."""

    quarantined_at_most: float = Field(default=0.05, ge=0, le=1, description="Share of records in quarantine")
    fewer_records_at_most: float = Field(
        default=0.5, ge=0, le=1, description="Fall of the number of records against the last delivery"
    )


class SourceDeclaration(Declaration):
    """`sources/<id>/source.yaml`: what a body delivers and how it becomes a contract's table."""

    id: Identifier
    title: Texts
    kind: str = Field(description="Kind of source, such as border_crossings or household_survey")
    provider: str = Field(description="Organisation that delivers")
    agreement: str = Field(description="Agreement under which it delivers")
    arrives: Arrival = Field(default=Arrival(), description="When and in which form")
    identifies_by: Strings = Field(
        default=(), description="Identity columns, the strongest first; they go to the vault"
    )
    gives: Literal[
        "person", "movement", "status", "respondent", "household", "emigrant", "published_figure"
    ] = Field(description="Contract that the records fill")
    columns: dict[Annotated[str, Field(pattern=_LETTERS)], ColumnRule] = Field(
        description="Where each column comes from"
    )
    ignore: Strings = Field(default=(), description="Columns of the file that are left unread")
    measures: dict[Annotated[str, Field(pattern=_LETTERS)], str] = Field(
        default={},
        description=(
            "Numbers beyond the contract of which figures are made, such as income: the name that indicators"
            " use, and the column of the file"
        ),
    )
    design: SurveyDesignDeclaration | None = Field(
        default=None,
        description=(
            "Design of a survey or census; its columns are the contract's, and of weights and sizes also the"
            " file's"
        ),
    )
    checks: tuple[Check, ...] = Field(default=(), description="Rules that records must keep")
    thresholds: Thresholds = Field(default=Thresholds(), description="Limits past which a delivery is held")
