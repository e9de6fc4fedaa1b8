"""Linkage between bodies that may not share names: encodings at the sender, links between encodings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sojourn.cli.app import session
from sojourn.cli.tools import tool

__all__: list[str] = []


@tool.command("encode")
def encode(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Records: .parquet or .csv.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Encodings to write: .parquet.")],
    key: Annotated[
        Path, typer.Option(help="File of the key that the senders agreed on: 32 random bytes, mode 600.")
    ],
    spec: Annotated[
        Path | None, typer.Option(help="Specification: .yaml; the one that ships where none is given.")
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option("--field", help="Field of the specification to encode, and no others; again for more."),
    ] = None,
    identifier: Annotated[
        str | None,
        typer.Option("--id", help="Column that names each record once; record_id or rows if none."),
    ] = None,
    salt: Annotated[
        bool,
        typer.Option("--salt/--no-salt", help="Make one name of two years of birth two encodings."),
    ] = True,
) -> None:
    """Write records as keyed encodings, for linkage with a body that may not see names.

    OUT has record_id and encodings, and no value of IN besides. record_id is written as it is: it must not be
    a number that others know the person by. Both senders use one key, one specification and the same options.

    Example: `sojourn tool encode register.csv encoded.parquet --key ~/agreed/linkage.key --id row`
    """
    from sojourn.production.encoding_files import encode_file
    from sojourn.project.linkage_declarations import LinkageDeclaration, shipped_linkage
    from sojourn.project.load import load_declaration

    declared = load_declaration(spec, LinkageDeclaration) if spec else shipped_linkage()
    told = encode_file(
        source, target, key, declared=declared, fields=field or (), identifier=identifier, is_salted=salt
    )
    session.screen.say(
        f"{told['records']:,} records are encoded in {target}: {', '.join(told['fields'])}. The other"
        f" sender's key is the same if it gives the check {told['key_check']} too."
    )
    salted = ", ".join(told["salted"])
    session.screen.say(
        f"Salted with the year of birth: {salted}."
        if salted
        else "No name is salted: how often names occur shows."
    )
    session.screen.result({**told, "file": str(target)})


@tool.command("link-encoded")
def link_encoded(
    one: Annotated[Path, typer.Argument(metavar="A", help="Encodings of one sender.")],
    other: Annotated[Path, typer.Argument(metavar="B", help="Encodings of the other.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Pairs to write: .parquet or .csv.")],
) -> None:
    """Find who is who between two files of encodings, without any name.

    OUT has a row for each pair that could be one person: record_a, record_b, score, probability, is_link.

    Example: `sojourn tool link-encoded ours.parquet theirs.parquet pairs.parquet`
    """
    from sojourn.production.encoding_files import link_encoded_files

    found = link_encoded_files((one, other), target)
    session.screen.say(
        f"{found.records:,} records, {found.links:,} links, {found.persons:,} persons. By the model"
        f" {found.expected_false_links:,.0f} links are false. The pairs are in {target}."
    )
    session.screen.result({**found.to_json(), "file": str(target)})
