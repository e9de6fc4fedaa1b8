"""What a place means to one country: who was born in it, and who is its citizen.

The step-wise definition of migratory status asks two questions, of the country of birth and of citizenship,
and nothing else: not of names, languages or papers. Places are named within present borders; a former state
says where somebody was born only where all of its land, or none of it, lies in the country today.
"""

from __future__ import annotations

import re
from functools import cache

import pyarrow as pa

from sojourn.concepts.areas import Area, AreaKind, areas, present_successors
from sojourn.concepts.code_lists import STATELESS, UNKNOWN, code_list
from sojourn.errors import ProjectError

__all__ = ["migrant_places"]


@cache
def migrant_places(country: str) -> pa.Table:
    """One row for each code of CL_AREA, and for the country: what it means as birthplace and as citizenship.

    Columns: code; within_present_borders, the one present country on the land of a former state, else the
    code itself; nativity (CL_NATIVITY); citizen (CL_CITIZEN); is_at_sea, where a birthplace is known
    and lies in no country. `country` may be a code for users' own use, XAA to XZZ.

    Raises: ProjectError when `country` is no country.
    Source: UN expert group on migratory status, June 2017; country of birth within present borders as in
    Regulation (EC) 862/2007, article 2.
    """
    own = [] if country in code_list("CL_AREA") else [country]
    if own and not re.fullmatch("X[A-Z]{2}", country):
        raise ProjectError(f"{country} is not a country.", "Name the country whose figures these are.")
    if not own and code_list("CL_AREA").code(country).attributes["kind"] not in ("country", "user-assigned"):
        raise ProjectError(f"{country} is not a country.", "Name the country whose figures these are.")
    found = areas()
    return pa.table(
        {
            "code": pa.array([*(area.code for area in found), *own], pa.string()),
            "within_present_borders": pa.array([*(_present(area) for area in found), *own], pa.string()),
            "nativity": pa.array([*(_nativity(area, country) for area in found), *(["NB"] * len(own))]),
            "citizen": pa.array([*(_citizen(area, country) for area in found), *(["CIT"] * len(own))]),
            "is_at_sea": pa.array([*(area.kind is AreaKind.AT_SEA for area in found), *([False] * len(own))]),
        }
    )


def _present(area: Area) -> str:
    heirs = present_successors(area.code)
    return heirs[0] if len(heirs) == 1 else area.code


def _nativity(area: Area, country: str) -> str:
    if area.code == country:
        return "NB"
    if area.kind is AreaKind.HISTORIC:
        heirs = present_successors(area.code)
        if country in heirs:
            return "NB" if heirs == (country,) else UNKNOWN
    return "FB" if area.is_place or area.kind is AreaKind.OTHER else UNKNOWN


def _citizen(area: Area, country: str) -> str:
    if area.code == country:
        return "CIT"
    if area.kind is AreaKind.STATELESS:
        return STATELESS
    return "NONCIT" if area.is_place or area.kind is AreaKind.OTHER else UNKNOWN
