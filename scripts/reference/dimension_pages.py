"""The page of the dimensions: by what a table can be broken down, source by source."""

from __future__ import annotations

from collections.abc import Iterator

from layout import table

from sojourn.project.contracts import CONTRACTS
from sojourn.project.dimensions import DERIVED, Dimension, dimensions_of
from sojourn.project.standard_maps import STANDARD_MAPS

__all__ = ["dimension_page"]

_MAPS = {
    "alpha_2": "two letters, ISO 3166-1",
    "alpha_3": "three letters, ISO 3166-1, present and withdrawn",
    "m49": "three digits, UN M49",
    "icao": "letters of machine-readable travel documents",
}


def dimension_page() -> Iterator[str]:
    """The lines of the page."""
    yield from ["# Dimensions", ""]
    yield "What can stand under `by:` in a table. The columns of a contract that hold codes are dimensions as"
    yield "they are; a few more are computed from its columns. A release writes dimensions in capitals."
    yield from ["", "## Computed dimensions", ""]
    heads = ["Dimension", "Title", "Codes", "Needs"]
    yield from table(heads, ([*_named(found), _needs(found)] for found in DERIVED.values()))
    for name, contract in CONTRACTS.items():
        yield from [f"## Sources that give {name}", ""]
        yield f"Records are those of [{contract.__name__}](contracts.md#{contract.__name__.lower()})."
        yield ""
        yield from table(["Dimension", "Title", "Codes"], map(_named, dimensions_of(contract).values()))
    yield from ["## Code maps that need no file", ""]
    yield "A country may arrive in one of the international codes. Instead of a file, `codes:` then names one"
    yield from ["of these.", ""]
    yield from table(["Name", "The file writes"], ([f"`{name}`", _MAPS[name]] for name in STANDARD_MAPS))


def _named(found: Dimension) -> list[str]:
    codes = f"[{found.codes}](concepts/{found.codes}.md)" if found.codes else "the source's own"
    return [f"`{found.name}`", found.title["en"], codes]


def _needs(found: Dimension) -> str:
    return " or ".join(" and ".join(f"`{column}`" for column in group) for group in found.needs)
