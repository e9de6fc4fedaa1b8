"""SDG indicators that concern migrants: a table that every country may change, each line with its standing.

Nothing in it is presented as more than it is. A title says where its wording was seen, a tier who
reported it, and a line whether breaking the indicator down by migratory status is prescribed, asked for
or only proposed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from functools import cache
from types import MappingProxyType

from sojourn.concepts.code_lists import Standing
from sojourn.concepts.package_data import Row, day, declarations, rows
from sojourn.errors import ProjectError

__all__ = [
    "REFERENCE_COLUMNS",
    "Disaggregation",
    "IndicatorGroup",
    "SdgIndicator",
    "SdgReference",
    "extended_reference",
    "sdg_reference",
]

REFERENCE_COLUMNS = (
    *("indicator", "same_as", "title_en", "title_source", "title_verified", "group", "tier", "tier_source"),
    *("gender", "child", "disaggregation", "status", "verified", "valid_from", "valid_to", "source", "note"),
)


class IndicatorGroup(StrEnum):
    """Whether an indicator is about migration itself, or about everyone and to be broken down."""

    MIGRATION = "MIGRATION"
    DISAGGREGATED = "DISAGGREGATED"


class Disaggregation(StrEnum):
    """Who wants it by migratory status: its title, target 17.18, this table; or it counts migrants."""

    PRESCRIBED = "prescribed"
    ASKED_FOR = "asked_for"
    INHERENT = "inherent"
    PROPOSED = "proposed"


@dataclass(frozen=True)
class SdgIndicator:
    """One indicator, with the standing of everything that is said of it.

    `tier` is empty where it is not known. Both bounds of validity are open when absent, `valid_to` is the
    last day.
    """

    code: str
    titles: Mapping[str, str] = field(hash=False)
    group: IndicatorGroup
    disaggregation: Disaggregation
    title_source: str = ""
    title_is_verified: bool = False
    tier: str = ""
    tier_source: str = ""
    is_gender: bool = False
    is_child: bool = False
    same_as: str | None = None
    status: Standing = Standing.PROPOSED
    is_verified: bool = False
    source: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    note: str = ""

    def title(self, language: str = "en") -> str:
        """The title in a language, or in English where that language has none."""
        return self.titles.get(language, self.titles["en"])

    def is_valid(self, on: date) -> bool:
        """Whether the line is in force on a day."""
        return (self.valid_from is None or self.valid_from <= on) and (
            self.valid_to is None or on <= self.valid_to
        )


@dataclass(frozen=True)
class SdgReference:
    """The table as a whole: its version, its standing, and its indicators in order."""

    id: str
    version: str
    titles: Mapping[str, str] = field(hash=False)
    source: str
    status: Standing
    is_verified: bool
    indicators: tuple[SdgIndicator, ...]
    description: str = ""

    def __post_init__(self) -> None:
        for place, one in enumerate(self.indicators):
            for other in self.indicators[place + 1 :]:
                if one.code == other.code and _overlap(one, other):
                    raise ProjectError(
                        f"Two lines of the table of SDG indicators say at one time what {one.code} is.",
                        "Give them days of validity that do not overlap, or leave one out.",
                    )

    def in_force(self, on: date | None = None) -> tuple[SdgIndicator, ...]:
        """The indicators in force on a day; without a day those whose validity has no end."""
        if on is None:
            return tuple(each for each in self.indicators if each.valid_to is None)
        return tuple(each for each in self.indicators if each.is_valid(on))

    def indicator(self, code: str, on: date | None = None) -> SdgIndicator:
        """The line of an indicator's number.

        Raises: ProjectError when there is none.
        """
        for each in self.in_force(on):
            if each.code == code:
                return each
        raise ProjectError(
            f"The table of SDG indicators has no {code}.",
            "Look at the number, or add a line to the country's own table.",
        )


def _overlap(one: SdgIndicator, other: SdgIndicator) -> bool:
    first, last = date.min, date.max
    return (one.valid_from or first) <= (other.valid_to or last) and (other.valid_from or first) <= (
        one.valid_to or last
    )


@cache
def sdg_reference() -> SdgReference:
    """The table that comes with Sojourn."""
    header = declarations("sdg_reference.yaml")
    return SdgReference(
        id=header["id"],
        version=header["version"],
        titles=MappingProxyType(dict(header["title"])),
        source=header["source"].strip(),
        status=Standing(header["status"]),
        is_verified=header["verified"] == "yes",
        indicators=_indicators(rows("sdg_reference.csv"), Standing(header["status"])),
        description=header["description"].strip(),
    )


def extended_reference(
    lines: Iterable[Row], *, version: str, source: str, replaces: bool = False
) -> SdgReference:
    """A country's own table: its lines alone, or over those of the shipped table.

    A line takes the place of every shipped line with its number. What a line does not say of its standing is
    that it is national, and not verified.

    Raises: ProjectError for a line that lacks its number or its title, or says what is not understood.
    """
    base = sdg_reference()
    own = _indicators(lines, Standing.NATIONAL)
    replaced = {each.code for each in own}
    kept = () if replaces else tuple(each for each in base.indicators if each.code not in replaced)
    return replace(
        base,
        version=version,
        source=source,
        status=Standing.NATIONAL,
        is_verified=False,
        indicators=(*kept, *own),
        description="",
    )


def _indicators(lines: Iterable[Row], standing: Standing) -> tuple[SdgIndicator, ...]:
    return tuple(_indicator(line, place, standing) for place, line in enumerate(lines, start=1))


def _indicator(line: Row, place: int, standing: Standing) -> SdgIndicator:
    titles = {name[6:]: text for name, text in line.items() if name.startswith("title_") and text}
    titles = {language: text for language, text in titles.items() if len(language) == 2}
    code = line.get("indicator")
    if not code or "en" not in titles:
        raise ProjectError(
            f"Line {place} of a table of SDG indicators lacks its number or its title.",
            "Fill `indicator` and `title_en`.",
        )
    try:
        return SdgIndicator(
            code=code,
            titles=MappingProxyType(titles),
            group=IndicatorGroup(line.get("group") or IndicatorGroup.DISAGGREGATED),
            disaggregation=Disaggregation(line.get("disaggregation") or Disaggregation.PROPOSED),
            title_source=line.get("title_source") or "",
            title_is_verified=line.get("title_verified") == "yes",
            tier=line.get("tier") or "",
            tier_source=line.get("tier_source") or "",
            is_gender=line.get("gender") == "yes",
            is_child=line.get("child") == "yes",
            same_as=line.get("same_as"),
            status=Standing(line.get("status") or standing),
            is_verified=line.get("verified") == "yes",
            source=line.get("source") or "",
            valid_from=day(line.get("valid_from")),
            valid_to=day(line.get("valid_to")),
            note=line.get("note") or "",
        )
    except ValueError as error:
        raise ProjectError(
            f"Line {place} of a table of SDG indicators, {code}: {error}.",
            f"Columns are {', '.join(REFERENCE_COLUMNS)}; the reference page says what they may hold.",
        ) from error
