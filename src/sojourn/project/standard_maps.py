"""Code maps that need no file: the international codes of countries and areas."""

from __future__ import annotations

from sojourn.concepts import area, areas, code_list
from sojourn.errors import ProjectError
from sojourn.project.code_maps import CodeMap

__all__ = ["STANDARD_MAPS", "standard_map"]

STANDARD_MAPS = ("alpha_2", "alpha_3", "m49", "icao")

# What machine-readable travel documents write beside ISO 3166-1 (ICAO Doc 9303, part 3, section 5), from
# memory and to be verified: refugees (XXB, XXC) carry no citizenship, which is not the same as none.
_ICAO = {"XXA": "STLS", "XXB": "_U", "XXC": "_U", "XXX": "_U", "D": "DEU", "RKS": "XKX"} | dict.fromkeys(
    ("GBD", "GBN", "GBO", "GBP", "GBS"), "GBR"
)


def standard_map(name: str, country: str) -> CodeMap:
    """The map of that name; the project's own country keeps its three letters.

    Raises: ProjectError for a name that is none of `STANDARD_MAPS`.
    """
    places = [it for it in areas() if it.is_place]
    special = [code for code in code_list("CL_AREA").for_records if not area(code).is_place]
    match name:
        case "alpha_3":
            pairs = (
                {it.code: it.code for it in places} | {code: code for code in special} | {country: country}
            )
        case "icao":
            pairs = {it.code: it.code for it in places} | {country: country} | _ICAO
        case "alpha_2":
            pairs = {it.alpha_2: it.code for it in places if it.alpha_2 and it.is_present}
        case "m49":
            pairs = {it.m49: it.code for it in places if it.m49 and it.is_present}
        case _:
            raise ProjectError(f"There is no code map {name!r}.", f"Known are: {', '.join(STANDARD_MAPS)}.")
    nothing = (None,) * len(pairs)
    return CodeMap(name, tuple(pairs), tuple(pairs.values()), nothing, nothing)
