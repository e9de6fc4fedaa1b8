"""Commands about tables: run, show, risk, why."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from sojourn.cli.app import app, session


@app.command()
def run(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[TABLE]…", help="Tables to make; all when none is named.")
    ] = None,
    dry: Annotated[bool, typer.Option("--dry", help="Only say what would be made.")] = False,
) -> None:
    """Make tables from the deliveries in force; what is already made is not made again.

    Exit code 5 when a table cannot be protected as declared.

    Example: `sojourn -p ruritania run POPULATION`
    """
    from sojourn.production.tables import run_tables
    from sojourn.production.workspace import open_workspace

    def told(name: str, position: int, of: int, was_found: bool) -> None:
        session.screen.note(f"[{position}/{of}] {name}{' (already made)' if was_found else ''}")

    with open_workspace(session.project) as workspace:
        done = run_tables(workspace, names or [], is_dry=dry, on_step=told)
    if dry:
        session.screen.say(f"{len(done.to_make)} steps would be made, {len(done.found)} are already made.")
        for name in done.to_make:
            session.screen.say(f"  {name}")
    else:
        session.screen.say(
            f"{len(done.made)} steps made, {len(done.found)} already made.\n"
            f"Next: {session.command} show TABLE, or {session.command} release prepare …"
        )
    session.screen.result(
        {
            "made": done.made,
            "found": done.found,
            "to_make": done.to_make,
            "tables": {
                name: {"observations": table.observations.fingerprint, "report": table.report}
                for name, table in done.tables.items()
            },
        }
    )


@app.command()
def show(
    table: Annotated[str, typer.Argument(help="Table as declared under tables/.")],
    cells: Annotated[
        list[str] | None, typer.Argument(metavar="[DIMENSION=CODE]…", help="Only these cells.")
    ] = None,
    rows: Annotated[int, typer.Option(help="At most so many rows; 0 for all.")] = 50,
) -> None:
    """Show a table as it would be released: after protection.

    Example: `sojourn -p ruritania show POPULATION sex=F`
    """
    from sojourn.production.lineage import selected_cells
    from sojourn.production.workspace import open_workspace

    with open_workspace(session.project) as workspace:
        found = selected_cells(workspace, table, cells or [])
    chosen = found.slice(0, rows) if rows else found
    session.screen.say(as_text(chosen.column_names, [list(row.values()) for row in chosen.to_pylist()]))
    if len(chosen) < len(found):
        session.screen.say(f"{len(chosen)} of {len(found)} cells. Add --rows 0 for all.")
    session.screen.result(found.to_pylist())


@app.command()
def risk(table: Annotated[str, typer.Argument(help="Table as declared under tables/.")]) -> None:
    """Say how a table is protected and what that costs.

    Example: `sojourn -p ruritania risk POPULATION`
    """
    from sojourn.production.tables import table_versions
    from sojourn.production.workspace import open_workspace

    with open_workspace(session.project) as workspace:
        report = dict(table_versions(workspace, table).report)
    session.screen.say(_tree(report))
    session.screen.result(report)


@app.command()
def why(
    table: Annotated[str, typer.Argument(help="Table as declared under tables/.")],
    cells: Annotated[
        list[str] | None, typer.Argument(metavar="[DIMENSION=CODE]…", help="One cell of it.")
    ] = None,
) -> None:
    """Say where a figure comes from: protection, method, records, deliveries, agreements.

    Example: `sojourn -p ruritania why POPULATION sex=F age_broad=_T`
    """
    from sojourn.production.lineage import lineage
    from sojourn.production.workspace import open_workspace

    with open_workspace(session.project) as workspace:
        found = lineage(workspace, table, cells or [])
    session.screen.say(_tree(found))
    session.screen.say("For staff: what stands here beside the cells is not protected.")
    session.screen.result(found)


def as_text(columns: list[str], rows: list[list[Any]]) -> str:
    shown = [[_cell(value) for value in row] for row in rows]
    widths = [max([len(name), *(len(row[i]) for row in shown)]) for i, name in enumerate(columns)]
    lines = ["  ".join(name.ljust(width) for name, width in zip(columns, widths, strict=True))]
    lines += [
        "  ".join(
            cell.rjust(width) if _is_number(cell) else cell.ljust(width)
            for cell, width in zip(row, widths, strict=True)
        )
        for row in shown
    ]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.10g}"
    return str(value)


def _is_number(text: str) -> bool:
    return text.replace(".", "").replace("-", "").replace("e+", "").isdigit()


def _tree(value: Any, depth: int = 0) -> str:
    pad = "  " * depth
    if isinstance(value, dict):
        return "\n".join(
            (
                f"{pad}{name.replace('_', ' ')}:\n{_tree(inner, depth + 1)}"
                if isinstance(inner, dict | list) and inner
                else f"{pad}{name.replace('_', ' ')}: {_cell(inner) or '–'}"
            )
            for name, inner in value.items()
        )
    if isinstance(value, list):
        return "\n".join(
            _tree(item, depth) if isinstance(item, dict | list) else f"{pad}- {item}" for item in value
        )
    return f"{pad}{value}"
