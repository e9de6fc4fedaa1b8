"""Files of persons that leave the office: their risk, and their protection."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from sojourn.cli.app import session
from sojourn.cli.tools import tool
from sojourn.errors import ProjectError

__all__: list[str] = []


@tool.command("protect")
def protect(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="Records of persons: .parquet or .csv.")],
    spec: Annotated[Path, typer.Option(help="Declaration of columns, limits and steps: .yaml.")],
    target: Annotated[
        Path | None, typer.Argument(metavar="OUT", help="File to write: .parquet or .csv.")
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(help="File of the secret key that chances follow from: 32 random bytes, mode 600."),
    ] = None,
    report: Annotated[
        list[Path] | None,
        typer.Option(help="Also write what was done, for the office: .json, .md or .html; again for more."),
    ] = None,
    notes: Annotated[
        Path | None, typer.Option(help="Also write what readers of the file need to know: .md.")
    ] = None,
    dry: Annotated[
        bool, typer.Option("--dry", help="Show the risk of FILE as it is, and write nothing.")
    ] = False,
    memory: Annotated[str, typer.Option(help="Memory before the counting spills to disk.")] = "2GB",
) -> None:
    """Protect a file of persons as declared, and write it only if it keeps the limits of its kind.

    OUT has the columns that are declared to leave, in an order by chance; records and households are numbered
    anew. Direct identifiers are looked for in what columns hold, whatever they are called: one that is left
    refuses the file. The same file, declaration and key give the same result.

    Example: `sojourn tool protect survey.parquet public.parquet --spec protect.yaml --key ~/keys/release.key
    --report report.html --notes notes.md`
    """
    from sojourn.production.protected_files import ProtectionTargets, protect_file, risk_of_file
    from sojourn.project.load import load_declaration
    from sojourn.project.protection_declarations import ProtectionDeclaration

    declared = load_declaration(spec, ProtectionDeclaration)
    if dry:
        _show(risk_of_file(source, declared=declared, memory=memory))
        return
    if target is None or key is None:
        raise ProjectError(
            "Where is the result to go, and what is the key?",
            "Give OUT and --key, or --dry to see the risk only. A key is made with: (umask 077; head -c 32"
            " /dev/urandom > FILE)",
        )
    with session.screen.progress(f"Protecting {source.name}") as told:
        found = protect_file(
            source,
            ProtectionTargets(target, report or (), notes),
            declared=declared,
            key_file=key,
            memory=memory,
            on_progress=told,
        )
    _say_protected(found.records, found.written, found.report, target)
    session.screen.result({**found.to_json(), "file": str(target)})


def _show(found: dict[str, Any]) -> None:
    from sojourn.production.protection_report import risk_lines

    session.screen.say(f"The risk of {found['id']} as it is:")
    for line in risk_lines(found["risk"]):
        session.screen.say(f"  {line}")
    for each in found["identifiers"]:
        session.screen.say(f"  {each['column']}: {each['kind']} in {each['records']:,} records")
    for breach in found["breaches"]:
        session.screen.say(f"  Limit of the kind {found['kind']}: {breach}")
    session.screen.result(found)


def _say_protected(records: int, written: int, report: dict[str, Any], target: Path) -> None:
    from sojourn.production.protection_report import risk_lines

    session.screen.say(f"{records:,} records were read, {written:,} written. The file is {target}.")
    for when in ("before", "after"):
        session.screen.say(f"Risk {when}:")
        for line in risk_lines(report["risk"][when]):
            session.screen.say(f"  {line}")
    changed = report["loss"]["changed"]
    if changed:
        cells = ", ".join(f"{each['column']} {each['changed'] / each['records']:.2%}" for each in changed)
        session.screen.say(f"Changed cells: {cells}")
    if report["loss"]["propensity"]:
        session.screen.say(f"Propensity ratio: {report['loss']['propensity']['ratio']:.2f}")
