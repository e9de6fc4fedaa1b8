"""The linkage of records without a common number, on plain files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sojourn.cli.app import session
from sojourn.cli.tools import tool
from sojourn.errors import ProjectError

if TYPE_CHECKING:
    from sojourn.integration.linkage.linking import Plan
    from sojourn.production.linkage_files import LinkageFiles

__all__: list[str] = []


@tool.command("link")
def link(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="A B… OUT", help="Files of records, and the pairs to write; A OUT to dedupe."),
    ],
    spec: Annotated[
        Path | None, typer.Option(help="Specification: .yaml; the one that ships where none is given.")
    ] = None,
    dedupe: Annotated[bool, typer.Option("--dedupe", help="Find records of one person within A.")] = False,
    identifier: Annotated[
        str | None,
        typer.Option("--id", help="Column that names each record once; record_id or rows if none."),
    ] = None,
    persons: Annotated[
        Path | None, typer.Option(help="Also write the person of each record here: file, record_id, person.")
    ] = None,
    model: Annotated[Path | None, typer.Option(help="Also write what was learned here.")] = None,
    truth: Annotated[
        Path | None, typer.Option(help="Score the result against this file: record_id, person.")
    ] = None,
    explain: Annotated[
        Path | None, typer.Option(help="Also draw the parts of one pair's score here: .svg. Needs --pair.")
    ] = None,
    pair: Annotated[
        tuple[str, str] | None, typer.Option(help="The two identifiers of the pair to explain.")
    ] = None,
    pairs: Annotated[
        int,
        typer.Option(min=1, help="The most pairs that may be compared; more is refused before it begins."),
    ] = 2_000_000_000,
    quality: Annotated[
        Path | None,
        typer.Option(help="Also write who is linked worse: a page (.html), or figures (.csv, .parquet)."),
    ] = None,
    language: Annotated[str, typer.Option(help="Language of the page of --quality.")] = "en",
    dry: Annotated[bool, typer.Option("--dry", help="Only say what the work would be.")] = False,
) -> None:
    """Find who is who between files of records, or within one, without a common number.

    Names are compared in any script, in any order, cut short or misspelt; dates with unknown days. OUT has a
    row for each pair that could be one person, with its score, its probability, and whether it is a link.
    What is compared follows from the names of the columns: surname, given_names, birth_date, sex,
    citizenship, birthplace, document_no, region and more, or from a specification of your own.

    Example: `sojourn tool link border.parquet register.parquet pairs.parquet --persons persons.parquet`

    Within one file: `sojourn tool link students.csv pairs.csv --dedupe`
    """
    from sojourn.production.linkage_files import LinkageTargets, link_files
    from sojourn.production.linkage_quality import require_report
    from sojourn.project.linkage_declarations import LinkageDeclaration, shipped_linkage
    from sojourn.project.load import load_declaration

    _require_sensible(files, explain, pair, truth, dedupe)
    if quality is not None:
        require_report(quality, language, dedupe=dedupe)
    declared = load_declaration(spec, LinkageDeclaration) if spec else shipped_linkage()
    with session.screen.progress(f"Linking {files[0].name}") as report:
        result = link_files(
            files[:-1],
            LinkageTargets(files[-1], persons, model),
            declared=declared,
            dedupe=dedupe,
            identifier=identifier,
            pairs_at_most=pairs,
            on_plan=lambda plan: _say_plan(plan, dry),
            on_progress=report,
            is_dry=dry,
        )
    if result is None:
        return
    _say(result, files[-1])
    told = {**result.to_json(), "file": str(files[-1])}
    if truth is not None:
        told["truth"] = _say_truth(result, truth)
    if quality is not None:
        told["quality"] = _write_quality(result, files[:-1], quality, language)
    if explain is not None and pair is not None:
        from sojourn.production.linkage_pictures import draw_score

        draw_score(result, pair, explain)
    session.screen.result(told)


def _require_sensible(
    files: list[Path], explain: Path | None, pair: tuple[str, str] | None, truth: Path | None, dedupe: bool
) -> None:
    """Refuse what cannot be done before the work begins."""
    from sojourn.production.movement_pictures import require_new

    if len(files) < 3 if not dedupe else len(files) != 2:
        wanted = "A OUT" if dedupe else "A B OUT, or more files to link"
        raise ProjectError(f"{len(files)} files are named.", f"Name {wanted}, the file to write last.")
    if (explain is None) != (pair is None):
        raise ProjectError("A picture explains one pair.", "Give --explain and --pair together.")
    if explain is not None:
        require_new(explain, ".svg")
    if truth is not None and not truth.is_file():
        raise ProjectError(f"{truth} is not there.", "Name a file that ends in .parquet or .csv.")


def _say_plan(plan: Plan, is_dry: bool) -> None:
    session.screen.say(
        f"{plan.pairs:,} pairs will be compared: about {plan.seconds:,.0f} s on one processor,"
        f" {plan.memory / 1e9:.1f} GB."
    )
    for part in plan.blocks:
        left = f"; {part.left_out:,} records are in blocks too large for it" if part.left_out else ""
        session.screen.say(f"  {part.rule}: {int(part.pairs.sum()):,}{left}")
    if is_dry:
        rules = {str(part.rule): int(part.pairs.sum()) for part in plan.blocks}
        session.screen.result(
            {"pairs": plan.pairs, "seconds": plan.seconds, "bytes": plan.memory, "rules": rules}
        )


def _say(result: LinkageFiles, target: Path) -> None:
    told = result.to_json()
    session.screen.say(
        f"{told['records']:,} records, {told['links']:,} links, {told['persons']:,} persons. By the model"
        f" {told['expected_false_links']:,.0f} links are false and {told['expected_missed_links']:,.0f}"
        f" of the pairs looked at are missed. The pairs are in {target}."
    )


def _say_truth(result: LinkageFiles, truth: Path) -> dict[str, float]:
    from sojourn.production.linkage_scores import scored_by_truth

    found = scored_by_truth(result, truth)
    session.screen.say(
        f"Against the truth: precision {found.precision:.4f}, recall {found.recall:.4f}, F1 {found.f1:.4f}."
    )
    return found.to_json()


def _write_quality(result: LinkageFiles, sources: list[Path], target: Path, language: str) -> dict[str, Any]:
    from sojourn.production.linkage_quality import quality_of_files, write_report

    found = quality_of_files(result, tuple(sources))
    write_report(found, target, language)
    told = found.to_json()
    session.screen.say(
        f"Differences beyond chance to the detriment of a group: {told['gaps']}. The report is in {target}."
    )
    return told
