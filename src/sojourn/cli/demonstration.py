"""The command that shows everything: a generated country, received, released and served."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sojourn.cli.app import app, session
from sojourn.cli.receipts import receipt_text


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Folder to make the country in.")] = Path(
        "ruritania"
    ),
    persons: Annotated[
        int, typer.Option(help="Residents when observation begins: 2,000 to 10,000,000.")
    ] = 200_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same country.")] = 2024,
    port: Annotated[int, typer.Option(help="Port of the portal.")] = 8700,
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the portal at the end.")] = True,
) -> None:
    """Generate Ruritania with known truth, receive its deliveries, make and release tables, serve the portal.

    Example: `sojourn demo ruritania --persons 200000`
    """
    from sojourn.cli.serving import require_free, serve_portal
    from sojourn.demo.first_day import first_day

    if serve:
        require_free("127.0.0.1", port)

    def told(what: str, position: int, of: int) -> None:
        session.screen.note(f"[{position}/{of}] {what}")

    day = first_day(folder, persons=persons, seed=seed, on_step=told)
    for receipt in day.receipts:
        session.screen.say(receipt_text(receipt))
    session.screen.say(
        f"Release {day.release[:12]} is published. The project is {folder}, its truth {folder / 'truth'};\n"
        f"the passphrases of its people are in {day.passphrases}.\n"
        f"Try: sojourn -p {folder} why POPULATION sex=F"
    )
    session.screen.result(
        {"project": str(folder), "release": day.release, "receipts": [r.to_json() for r in day.receipts]}
    )
    if serve:
        session.project = folder
        serve_portal(port=port, host="127.0.0.1")
