"""The page of the migration tables: what each is about, what it needs, and what must hold between them."""

from __future__ import annotations

from collections.abc import Iterator

from layout import table

from sojourn.concepts.migration_tables import (
    Cells,
    Identity,
    MigrationTable,
    migration_tables,
    record_checks,
    table_identities,
)

__all__ = ["migration_table_page"]


def migration_table_page() -> Iterator[str]:
    """The lines of the page."""
    yield from ["# Migration tables", ""]
    yield "What `sojourn tool migration-tables` can make of a census, survey or register. 1 to 13 are the"
    yield "tabulations of the UN guidance on migration questions, 17 to 22 census tables of the Demographic"
    yield from ["Yearbook. [How to make them](../how-to/migration-tables-of-a-census-or-survey.md).", ""]
    yield from ["## Tables", ""]
    heads = ["Table", "Part of", "Title", "Counts", "Universe", "By", "Needs"]
    yield from table(heads, (_row(each) for each in migration_tables().values()))
    yield from ["## What they can tell, and what not", ""]
    for note, names in _notes().items():
        yield from [f"- {', '.join(names)}: {note}"]
    yield from ["", "## What must hold", ""]
    yield "The codes of every dimension add up to its total, tables about everyone to the records. Besides:"
    yield ""
    yield from table(["Identity", "This", "is the same as"], (_identity(each) for each in table_identities()))
    yield from ["## What no record may say", ""]
    yield "Counted, and never shown. A query may be right."
    yield ""
    rows = (
        [f"`{each.id}`", each.unit, each.severity, each.title["en"], _needs(each.needs)]
        for each in record_checks()
    )
    yield from table(["Check", "Of a", "Severity", "The record says", "Needs"], rows)


def _row(each: MigrationTable) -> list[str]:
    counts = each.unit if each.when is None else f"share of {each.unit}s with {_code(each.when)}"
    by = ", ".join(f"`{name}`" for name in each.by) or "nothing"
    universe = "everyone" if each.universe is None else _code(each.universe)
    return [f"`{each.id}`", each.part_of, each.title["en"], counts, universe, by, _needs(each.needs)]


def _code(text: str) -> str:
    return f"`{text}`"


def _needs(needs: tuple[tuple[str, ...], ...]) -> str:
    return ", ".join(" or ".join(f"`{name}`" for name in need) for need in needs)


def _notes() -> dict[str, list[str]]:
    """Notes in order, each with the tables that bear it."""
    found: dict[str, list[str]] = {}
    for each in migration_tables().values():
        if each.note:
            found.setdefault(each.note, []).append(f"`{each.id}`")
    return found


def _identity(identity: Identity) -> list[str]:
    right = " + ".join(_cells(cells) for cells in identity.right)
    over = f" over {' + '.join(_cells(cells) for cells in identity.over)}" if identity.over else ""
    return [identity.id, _cells(identity.left), f"{right}{over}"]


def _cells(cells: Cells) -> str:
    codes = "; ".join(
        f"{name} {codes[0]} and more" if len(codes) > 3 else f"{name} {' and '.join(codes)}"
        for name, codes in cells.codes.items()
    )
    return f"`{cells.table}`{f' ({codes})' if codes else ''}"
