"""The page of the contracts: one section a table, one line a column."""

from __future__ import annotations

from collections.abc import Iterator

from layout import docstring, table

from sojourn.contracts import (
    aggregates,
    cell_keys,
    link_quality,
    links,
    microdata,
    migration_tables,
    respondents,
    sampling,
    sdg,
    spine,
)
from sojourn.contracts.table import Column, Sensitivity, Table, Zone

__all__ = ["contract_page", "contracts"]

_TYPES = {
    "str": "text",
    "int": "whole number",
    "float": "number",
    "bool": "true or false",
    "date": "day",
    "datetime": "instant, UTC",
    "bytes": "bytes",
}
_ZONES = {
    Zone.VAULT: "identities; only pseudonyms and linkage open it",
    Zone.SECURE: "pseudonymous records and figures before protection; the pipeline and statisticians open it",
    Zone.PUBLIC: "what releases publish; everyone may read it",
}
_SENSITIVITIES = {
    Sensitivity.IDENTIFIES: "names a person or a document; lies in the vault only, never in a message",
    Sensitivity.QUASI: "can single a person out together with other columns",
    Sensitivity.SENSITIVE: "could harm a person who is recognised by other columns",
    Sensitivity.TECHNICAL: "needed for the work; says nothing about a person by itself",
    Sensitivity.PUBLIC: "meant for everyone",
}


def contracts() -> list[type[Table]]:
    """Every contract, in the order in which the modules list them."""
    return [
        getattr(module, name)
        for module in (
            microdata,
            respondents,
            links,
            link_quality,
            spine,
            aggregates,
            cell_keys,
            sdg,
            migration_tables,
            sampling,
        )
        for name in module.__all__
    ]


def contract_page() -> Iterator[str]:
    """The lines of the page."""
    yield from ["# Contracts", ""]
    yield "A contract says what one row of a table is, what each column means and where the table may lie."
    yield "Methods share nothing but such tables. Null means missing; unknown, not applicable and total are"
    yield from ["codes of their own: `_U`, `_Z`, `_T`.", ""]
    yield from table(["Zone", "What it holds"], ([f"`{zone}`", _ZONES[zone]] for zone in Zone))
    yield from table(["Sensitivity", "What it means"], ([str(s), _SENSITIVITIES[s]] for s in Sensitivity))
    for contract in contracts():
        yield from _section(contract)


def _section(contract: type[Table]) -> Iterator[str]:
    yield from [f"## {contract.__name__}", "", docstring(contract), ""]
    natural = ", ".join(f"`{name}`" for name in contract.natural_key)
    known_by = f" The source tells its records apart by {natural}." if natural else ""
    yield from [f"Zone: `{contract.zone}`. Name in paths: `{contract.title()}`.{known_by}", ""]
    heads = ["Column", "Meaning", "Type", "Codes", "Filled", "Sensitivity"]
    yield from table(heads, (_row(column) for column in contract.columns.values()))


def _row(column: Column) -> list[str]:
    unit = f" ({column.unit})" if column.unit else ""
    codes = f"[{column.codes}](concepts/{column.codes}.md)" if column.codes else ""
    filled = "key" if column.key else "always" if column.required else ""
    kind = _TYPES[column.python_type.__name__]
    return [f"`{column.name}`", column.meaning + unit, kind, codes, filled, str(column.sensitivity)]
