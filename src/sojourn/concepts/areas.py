"""Countries and areas: one code for each, and which region of the world it belongs to.

A code is that of ISO 3166-1 alpha-3. Two-letter and numeric codes were given anew after countries ended
(`CS` was Czechoslovakia, then Serbia and Montenegro), so they are looked up for a day; without a day the
present holder is meant, else the one that was withdrawn last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from types import MappingProxyType

import pyarrow as pa

from sojourn.concepts.code_lists import Code, code_list
from sojourn.concepts.package_data import rows

__all__ = [
    "Area",
    "AreaKind",
    "area",
    "area_of_alpha_2",
    "area_of_m49",
    "areas",
    "members_of",
    "present_successors",
    "region_table",
    "regions_of",
    "subregion_of",
]


class AreaKind(StrEnum):
    """What stands behind a code of CL_AREA."""

    COUNTRY = "country"
    HISTORIC = "historic"
    USER_ASSIGNED = "user-assigned"
    STATELESS = "stateless"
    AT_SEA = "at sea"
    OTHER = "other"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not applicable"
    TOTAL = "total"


@dataclass(frozen=True)
class Area:
    """A country or area, present or withdrawn, or what a record says in its place."""

    entry: Code
    kind: AreaKind
    alpha_2: str | None
    m49: str | None
    former_m49: str | None

    @property
    def code(self) -> str:
        """The code in CL_AREA."""
        return self.entry.code

    @property
    def is_place(self) -> bool:
        """Whether the code names a place on land that has, or had, borders."""
        return self.kind in (AreaKind.COUNTRY, AreaKind.HISTORIC, AreaKind.USER_ASSIGNED)

    @property
    def is_present(self) -> bool:
        """Whether the code names a place whose code is still in use."""
        return self.is_place and self.entry.valid_to is None

    def name(self, language: str = "en") -> str:
        """The name in a language; the English one where that language has none."""
        return self.entry.name(language)


@cache
def _areas() -> Mapping[str, Area]:
    return MappingProxyType(
        {
            entry.code: Area(
                entry=entry,
                kind=AreaKind(entry.attributes["kind"]),
                alpha_2=entry.attributes.get("alpha_2"),
                m49=entry.attributes.get("m49"),
                former_m49=entry.attributes.get("former_m49"),
            )
            for entry in code_list("CL_AREA")
        }
    )


def areas() -> tuple[Area, ...]:
    """Every entry of CL_AREA, in the list's order."""
    return tuple(_areas().values())


def area(code: str) -> Area:
    """The area of an alpha-3 code or of another code of CL_AREA.

    Raises: ProjectError with the nearest spellings.
    """
    return _areas()[code_list("CL_AREA").code(code).code]


def area_of_alpha_2(alpha_2: str, on: date | None = None) -> Area | None:
    """The area that holds a two-letter ISO code, on a day or now; nothing when there is none."""
    return _holder([found for found in areas() if found.alpha_2 == alpha_2], on)


def area_of_m49(m49: str | int, on: date | None = None) -> Area | None:
    """The area that holds a UN M49 number, on a day or now; numbers of former borders are known too."""
    number = f"{int(m49):03d}"
    holders = [found for found in areas() if found.m49 == number]
    return _holder(holders or [found for found in areas() if found.former_m49 == number], on)


def _holder(candidates: list[Area], on: date | None) -> Area | None:
    if on is not None:
        candidates = [found for found in candidates if found.entry.is_valid(on)]
        # Where validities overlap, the code that ends first is the one that was then being replaced.
        return min(candidates, key=lambda found: found.entry.valid_to or date.max, default=None)
    return max(candidates, key=lambda found: found.entry.valid_to or date.max, default=None)


def present_successors(code: str) -> tuple[str, ...]:
    """The present areas on the land of a withdrawn one, through all changes; a present area is its own."""
    found = area(code)
    if not found.entry.successors:
        return (found.code,)
    heirs = [heir for successor in found.entry.successors for heir in present_successors(successor)]
    return tuple(dict.fromkeys(heirs))


@cache
def _narrowest_groups() -> Mapping[str, str]:
    return MappingProxyType({str(row["area"]): str(row["group"]) for row in rows("area_groups.csv")})


def regions_of(code: str) -> tuple[str, ...]:
    """The UN regions that hold an area, narrowest first and the world last; none for what is no place."""
    narrowest = _narrowest_groups().get(area(code).code)
    return () if narrowest is None else (narrowest, *code_list("CL_AREA_GROUP").ancestors(narrowest))


def subregion_of(code: str) -> str | None:
    """The UN sub-region of an area; none for Antarctica and for withdrawn areas that lay across several."""
    groups = code_list("CL_AREA_GROUP")
    levels = {groups.code(region).attributes["level"]: region for region in regions_of(code)}
    return levels.get("subregion")


def members_of(group: str) -> tuple[str, ...]:
    """The places within a UN region, present and withdrawn, in the order of CL_AREA.

    Raises: ProjectError with the nearest spellings when there is no such region.
    """
    known = code_list("CL_AREA_GROUP").code(group).code
    return tuple(found.code for found in areas() if known in regions_of(found.code))


@cache
def region_table() -> pa.Table:
    """For joins: one row for each area and each region that holds it.

    Columns: area, region, level, basis, is_present. `basis` tells membership that M49 states from what
    UN tables do in practice and from what is derived from successors.
    """
    groups = code_list("CL_AREA_GROUP")
    basis = {str(row["area"]): str(row["basis"]) for row in rows("area_groups.csv")}
    pairs = [(found, region) for found in areas() for region in regions_of(found.code)]
    return pa.table(
        {
            "area": pa.array([found.code for found, _ in pairs], pa.string()),
            "region": pa.array([region for _, region in pairs], pa.string()),
            "level": pa.array([groups.code(region).attributes["level"] for _, region in pairs], pa.string()),
            "basis": pa.array([basis[found.code] for found, _ in pairs], pa.string()),
            "is_present": pa.array([found.is_present for found, _ in pairs], pa.bool_()),
        }
    )
