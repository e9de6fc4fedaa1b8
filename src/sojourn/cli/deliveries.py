"""Commands about deliveries: receive, list and withdraw them, get quarantined records out, make templates."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sojourn.cli.app import app, session
from sojourn.cli.receipts import receipt_text
from sojourn.errors import shown


@app.command()
def receive(
    source: Annotated[str, typer.Argument(help="Source as declared under sources/.")],
    files: Annotated[
        list[Path] | None, typer.Argument(help="Files; none for a source that is a table of a database.")
    ] = None,
    period: Annotated[
        str | None, typer.Option(help="Period that the file covers: 2024, 2024-Q1, 2024-03 …")
    ] = None,
    part: Annotated[
        str | None, typer.Option(help="Name of this file among several that make the delivery of a period.")
    ] = None,
    manifest: Annotated[
        Path | None, typer.Option(help="The sender's manifest; manifest.csv beside the file otherwise.")
    ] = None,
    repairs: Annotated[
        str | None,
        typer.Option(help="Delivery whose quarantined records come again, mended; its period holds."),
    ] = None,
    accept_because: Annotated[
        str | None, typer.Option(help="Take in a delivery that would be held, for this reason.")
    ] = None,
) -> None:
    """Take in files that a body delivered: read, check, quarantine what is wrong, keep the rest.

    Several files in one command are parts of the period, each named after its file.

    Exit code 3 when a file is held or refused.

    Example: `sojourn -p ruritania receive border deliveries/border_2024.csv --period 2024`
    """
    from sojourn.production.receive import receive as take
    from sojourn.production.receive import receive_table
    from sojourn.production.workspace import open_workspace

    receipts = []
    with open_workspace(session.project) as workspace:
        if not files:
            receipts.append(receive_table(workspace, source, period=period, accept_because=accept_because))
            session.screen.say(receipt_text(receipts[-1], session.command))
        for file in files or []:
            name = part or (file.stem if files and len(files) > 1 else None)
            with session.screen.progress(f"Reading {file.name}") as report:
                receipt = take(
                    workspace,
                    source,
                    file,
                    period=period,
                    part=name,
                    manifest=manifest,
                    repairs=repairs,
                    accept_because=accept_because,
                    on_progress=report,
                )
            receipts.append(receipt)
            session.screen.say(receipt_text(receipt, session.command))
    session.screen.result([receipt.to_json() for receipt in receipts])
    if any(receipt.state == "held" for receipt in receipts):
        raise typer.Exit(3)


@app.command()
def deliveries(source: Annotated[str | None, typer.Argument(help="Only of this source.")] = None) -> None:
    """List deliveries with what became of their records.

    Example: `sojourn -p ruritania deliveries border`
    """
    from sojourn.production.deliveries import listed_deliveries
    from sojourn.production.workspace import open_workspace

    with open_workspace(session.project) as workspace:
        rows = listed_deliveries(workspace, source)
    if not rows:
        session.screen.say(f"Nothing was delivered yet. Next: {session.command} receive SOURCE FILE")
    for row in rows:
        name = shown(row["file_name"])
        beside = f"  mends {row['repairs']}" if row["repairs"] else ""
        beside += f"  supersedes {row['supersedes']}" if row["supersedes"] else ""
        session.screen.say(
            f"{row['id']}  {row['source']:<12} {row['period']:<8} {row['state']:<10} "
            f"{row['loaded']:>10} loaded {row['quarantined']:>7} quarantined  {name}{beside}"
        )
    session.screen.result(rows)


@app.command("withdraw-delivery")
def withdraw_delivery(
    delivery: Annotated[str, typer.Argument(help="Delivery, as `sojourn deliveries` lists it.")],
    because: Annotated[str, typer.Option(help="Why; goes into the audit trail.")],
) -> None:
    """Take a delivery out of force, as if it had not come: it was not theirs, or of another period.

    The records that mend it go with it; the delivery that it had superseded holds again. Files are kept, and
    what is published stays published.

    Example: `sojourn -p ruritania withdraw-delivery 1f2e3d4c5b6a --because "Sent for 2023, covers 2024"`
    """
    from sojourn.production.deliveries import withdraw_delivery as withdraw
    from sojourn.production.workspace import open_workspace

    with open_workspace(session.project) as workspace:
        again = withdraw(workspace, delivery, because)
    session.screen.say(f"Delivery {delivery} is withdrawn. Next: {session.command} run")
    if again:
        session.screen.say(f"In force again: {', '.join(again)}.")
    session.screen.result({"delivery": delivery, "state": "withdrawn", "in_force_again": list(again)})


@app.command()
def quarantine(
    delivery: Annotated[str, typer.Argument(help="Delivery, as `sojourn deliveries` lists it.")],
    file: Annotated[Path, typer.Argument(help="CSV file to write; it holds identities.")],
    purpose: Annotated[
        str, typer.Option(help="Why the records are looked at; goes into the audit trail.")
    ] = "repair",
) -> None:
    """Write the quarantined records of a delivery to a file, unchanged, with reason and remedy beside them.

    Mend the cells and give `sojourn receive SOURCE FILE --repairs DELIVERY`; the columns that begin with
    `sojourn_` may stay, they are not read.

    Example: `sojourn -p ruritania quarantine 1f2e3d4c5b6a /secure/place/mend.csv`
    """
    from sojourn.production.quarantine import write_quarantined
    from sojourn.production.workspace import open_workspace

    with open_workspace(session.project) as workspace:
        count = write_quarantined(workspace, delivery, file, purpose)
    session.screen.say(
        f"{count} records are in {file}. The file holds identities: keep it where only you can read it."
    )
    session.screen.result({"file": str(file), "records": count})


@app.command()
def template(
    source: Annotated[str, typer.Argument(help="Source as declared under sources/.")],
    file: Annotated[Path, typer.Argument(help="File to write: .csv or .xlsx.")],
) -> None:
    """Write the empty file that a provider can fill in: columns, meanings, and drop-downs in Excel.

    Example: `sojourn -p ruritania template permits permits.xlsx`
    """
    from sojourn.production.workspace import declared_source
    from sojourn.project.load import load
    from sojourn.sources.template import write_template

    declarations = load(session.project)
    write_template(declared_source(declarations, source), declarations, file)
    session.screen.say(f"{file} is ready to be sent to {source}'s provider.")
    session.screen.result({"file": str(file)})


@app.command()
def propose(
    file: Annotated[Path, typer.Argument(help="A file whose dialect is not declared yet.")],
    sample: Annotated[
        bool, typer.Option("--sample", help="Show the first records too; they hold identities.")
    ] = False,
) -> None:
    """Look at a file and propose how to declare it, with the evidence; nothing is taken in.

    Example: `sojourn propose border_2024.csv`
    """
    from sojourn.cli.receipts import proposal_json, proposal_text
    from sojourn.sources.reader.proposal import propose as look

    found = look(file)
    session.screen.say(proposal_text(found, with_sample=sample))
    session.screen.result(proposal_json(found, with_sample=sample))
