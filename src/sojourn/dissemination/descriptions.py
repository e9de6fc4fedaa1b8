"""What the public zone says of itself: a manifest, releases, tables.

These models are the contract between the release gate, which fills them, and the portal, which shows
them and nothing else. They are read strictly: an unknown field or a text where a number belongs is a
mistake of the writer, not something to guess about. Texts are given by language, since a country
publishes in several and none of them is the default.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

__all__ = [
    "Agency",
    "ApprovalCount",
    "AuditCheckpoint",
    "CodeDescription",
    "Contact",
    "Country",
    "Dimension",
    "Download",
    "Licence",
    "Manifest",
    "Method",
    "Protection",
    "ReleaseDescription",
    "ReleaseEntry",
    "Revision",
    "SourceDescription",
    "TableDescription",
    "Texts",
    "Unit",
    "text_in",
]

LanguageTag = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
Texts: TypeAlias = Mapping[LanguageTag, str]
Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
TableId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,62}$")]
DimensionId = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,62}$")]
CodeId = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Slug = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,62}$")]
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.\-]{0,120}$")]
PlainLine = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
WebAddress = Annotated[str, StringConstraints(pattern=r"^https?://[^\s\"'<>]+$", max_length=500)]
MailAddress = Annotated[str, StringConstraints(pattern=r"^[^\s\"'<>@:?&]+@[^\s\"'<>@:?&]+$", max_length=200)]
RESERVED_NAMES = frozenset(
    {"TIME_PERIOD", "OBS_VALUE", "OBS_STATUS", "CONF_STATUS", "SE", "CV", "LINKAGE_SE"}
)
RESERVED_QUERY = frozenset({"LANG", "VIEW", "RELEASE", "PAGE", "SIZE", "THEME", "Q"})


class _Described(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Agency(_Described):
    """Who publishes; `id` is the agency's identifier in SDMX."""

    id: Slug
    name: Texts
    url: WebAddress | None = None


class Country(_Described):
    """The country that the figures are about; `code` is ISO 3166-1 alpha-3 where there is one."""

    code: CodeId
    name: Texts


class Unit(_Described):
    """What a figure counts or measures, and with how many decimals it is shown."""

    id: CodeId
    name: Texts
    decimals: Annotated[int, Field(ge=0, le=9)] = 0


class CodeDescription(_Described):
    """One value of a dimension. `m49` is the UN's three-digit number of an area, by which maps find it."""

    id: CodeId
    name: Texts
    parent: CodeId | None = None
    m49: Annotated[str, StringConstraints(pattern=r"^[0-9]{3}$")] | None = None


class Dimension(_Described):
    """One way in which the figures are broken down; codes stand in the order in which they are shown.

    `total` is the code that stands for all others together, where the table has one.
    """

    id: DimensionId
    name: Texts
    codelist: str | None = None
    role: Literal["area", "age", "sex", "time", "other"] = "other"
    codes: tuple[CodeDescription, ...]
    total: CodeId | None = None

    @model_validator(mode="after")
    def _codes_are_a_list(self) -> Self:
        ids = [code.id for code in self.codes]
        if len(set(ids)) != len(ids):
            raise ValueError(f"the dimension {self.id} names a code twice")
        if self.total is not None and self.total not in ids:
            raise ValueError(f"the dimension {self.id} has no code {self.total} for its total")
        if self.id in RESERVED_NAMES | RESERVED_QUERY:
            raise ValueError(f"a dimension cannot be called {self.id}")
        return self


class SourceDescription(_Described):
    """Where figures come from, in words that a reader of the table understands."""

    id: Slug
    title: Texts
    provider: Texts
    kind: str
    period: str = ""
    licence: str = ""


class Method(_Described):
    """How the figures were made; its SQL lies beside the table as `method.sql`."""

    id: Slug
    title: Texts
    summary: Texts
    sql_file: FileName = "method.sql"


class Protection(_Described):
    """What was done so that no person can be recognised, and how much it touched.

    `rules` are sentences for readers. The counts are those of the protection report.
    """

    rules: tuple[Texts, ...] = ()
    cells: int = 0
    withheld_primary: int = 0
    withheld_secondary: int = 0
    minimum_contributors: int | None = None
    rounded_to: float | None = None


class Revision(_Described):
    """One change in published figures, in words."""

    on: date
    version: str
    note: Texts


class Licence(_Described):
    """Under what terms the figures may be used; `id` is the SPDX identifier where there is one."""

    id: str
    url: WebAddress


class Contact(_Described):
    """Whom a reader can ask: an office, never a person's private address."""

    name: Texts
    email: MailAddress | None = None
    url: WebAddress | None = None


class Download(_Described):
    """One file that holds the whole table."""

    file: FileName
    format: Literal["csv", "csvw", "sdmx-csv", "parquet", "xlsx"]
    media_type: str
    bytes: int
    sha256: Hash
    rows: int


class TableDescription(_Described):
    """All that a reader must know of one published table.

    `headline` names the codes of the figure that stands for the table where there is room for one; dimensions
    that it leaves out show their total. `downloads` and `observations` (the number of cells) are filled when
    the folder is written.
    """

    id: TableId
    title: Texts
    description: Texts
    definition: Texts
    unit: Unit
    statistic: Literal["count", "share", "rate", "mean", "ratio", "index"]
    dimensions: tuple[Dimension, ...]
    time_periods: tuple[PlainLine, ...]
    sources: tuple[SourceDescription, ...]
    method: Method
    protection: Protection
    licence: Licence
    contact: Contact
    citation: Texts
    frequency: str = "A"
    indicator: str | None = None
    version: str = "1.0"
    population: Texts = {}
    quality_notes: tuple[Texts, ...] = ()
    uncertainty: Texts = {}
    revisions: tuple[Revision, ...] = ()
    headline: Mapping[str, str] = {}
    keywords: Mapping[LanguageTag, tuple[str, ...]] = {}
    downloads: tuple[Download, ...] = ()
    observations: int = 0

    @model_validator(mode="after")
    def _dimensions_are_a_list(self) -> Self:
        ids = [dimension.id for dimension in self.dimensions]
        if len(set(ids)) != len(ids):
            raise ValueError(f"the table {self.id} names a dimension twice")
        if not self.time_periods:
            raise ValueError(f"the table {self.id} names no time period")
        return self

    @property
    def dimension_ids(self) -> tuple[str, ...]:
        """The identifiers of the dimensions, in order."""
        return tuple(dimension.id for dimension in self.dimensions)

    @property
    def time_span(self) -> str:
        """The first and the last period, or the only one."""
        return "–".join(dict.fromkeys((self.time_periods[0], self.time_periods[-1])))


class ApprovalCount(_Described):
    """How many people in a role approved; who they are is the office's own knowledge."""

    role: Slug
    people: int


class AuditCheckpoint(_Described):
    """The state of the audit trail at publication: its size, root and the signature over both."""

    size: int
    root: str
    signature: str
    key: str


class ReleaseDescription(_Described):
    """One release as its folder describes it.

    `tables` names the tables that lie in it, `languages` those of the office's site, its own first.
    """

    id: Slug
    version: Slug
    title: Texts
    agency: Agency
    country: Country
    prepared_at: AwareDatetime
    tables: tuple[TableId, ...]
    languages: tuple[LanguageTag, ...] = ()
    description: Texts = {}
    approvals: tuple[ApprovalCount, ...] = ()
    audit: AuditCheckpoint | None = None
    supersedes: Hash | None = None


class ReleaseEntry(_Described):
    """One line of the manifest: a release that the public may see, and how it stands today.

    `approvals` and `audit` are here and not in the release's folder: what is approved is the folder, so
    that it cannot itself speak of its approval.
    """

    id: Slug
    version: Slug
    hash: Hash
    title: Texts
    published_at: AwareDatetime
    tables: tuple[TableId, ...]
    status: Literal["current", "superseded", "withdrawn"] = "current"
    supersedes: Hash | None = None
    superseded_by: Hash | None = None
    reason: Texts = {}
    approvals: tuple[ApprovalCount, ...] = ()
    audit: AuditCheckpoint | None = None


class Manifest(_Described):
    """All that is published. What it does not list does not exist for a reader."""

    format: Literal[1] = 1
    agency: Agency
    country: Country
    languages: tuple[LanguageTag, ...] = ()
    releases: tuple[ReleaseEntry, ...] = ()

    @model_validator(mode="after")
    def _each_release_once(self) -> Self:
        hashes = [entry.hash for entry in self.releases]
        if len(set(hashes)) != len(hashes):
            raise ValueError("the manifest lists a release twice")
        return self

    def entry(self, release: str) -> ReleaseEntry | None:
        """The line of a release, by its hash."""
        return next((entry for entry in self.releases if entry.hash == release), None)

    def newest_first(self) -> tuple[ReleaseEntry, ...]:
        """All lines, by the time of publication; equal times by version and hash."""
        return tuple(
            sorted(
                self.releases, key=lambda entry: (entry.published_at, entry.version, entry.hash), reverse=True
            )
        )

    def with_release(self, entry: ReleaseEntry) -> Manifest:
        """The manifest with one more release; the one it supersedes is marked so."""
        kept = tuple(
            it.model_copy(update={"status": "superseded", "superseded_by": entry.hash})
            if it.hash == entry.supersedes and it.status != "withdrawn"
            else it
            for it in self.releases
            if it.hash != entry.hash
        )
        return self.model_copy(update={"releases": (*kept, entry)})

    def with_withdrawal(self, release: str, reason: Texts) -> Manifest:
        """The manifest with one release withdrawn and the reason given."""
        changed = tuple(
            it.model_copy(update={"status": "withdrawn", "reason": dict(reason)})
            if it.hash == release
            else it
            for it in self.releases
        )
        return self.model_copy(update={"releases": changed})


def text_in(texts: Texts, language: str) -> tuple[str, str]:
    """The text in a language with the tag of the language it is really in.

    Falls back on the language without its region, then English, then whatever there is; a missing text
    is empty and in the language asked for.
    """
    for tag in (language, language.partition("-")[0], "en", *texts):
        if texts.get(tag):
            return texts[tag], tag
    return "", language
