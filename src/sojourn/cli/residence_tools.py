"""Residence from signs of life, and what lists of people cover: methods on plain files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from sojourn.cli.app import session
from sojourn.cli.tools import tool
from sojourn.errors import ProjectError

__all__: list[str] = []


@tool.command("residency-index")
def residency_index(
    signs: Annotated[
        Path,
        typer.Argument(
            metavar="SIGNS", help="Signs of life: person_id, register, year, n_events (.parquet or .csv)."
        ),
    ],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Index to write: .parquet or .csv.")],
    register: Annotated[
        Path,
        typer.Option(
            help="The register: person_id, year, and where known group, entered, left, residence.",
        ),
    ],
    spec: Annotated[Path, typer.Option(help="Declaration of registers, weights and groups: .yaml.")],
    truth: Annotated[
        Path | None,
        typer.Option(help="People whose residence is known: person_id, year, resident."),
    ] = None,
    changes: Annotated[
        Path | None, typer.Option(help="Also write whose residence changed from year to year here.")
    ] = None,
    population: Annotated[
        Path | None, typer.Option(help="Also write numbers by year and group, with intervals, here.")
    ] = None,
    learned: Annotated[
        Path | None, typer.Option(help="Also write the coefficients that were estimated here.")
    ] = None,
    memory: Annotated[str, typer.Option(help="Memory before the reading spills to disk.")] = "1GB",
) -> None:
    """Say of everyone in the register whether signs of life show that they still live here.

    OUT has a row for each person and 1 January: the two ends of the index, and residence R, N or _U. Where a
    truth sample is given, its people put the population right, with an interval of 95 per cent; with
    `weights: estimated` the weights are learned from it.

    Example: `sojourn tool residency-index signs.parquet index.parquet --register register.parquet
    --spec residence.yaml --truth sample.csv --population population.csv`
    """
    from sojourn.production.residence_files import ResidenceSources, ResidenceTargets, index_file
    from sojourn.project.load import load_declaration
    from sojourn.project.residence_declarations import ResidenceDeclaration

    if re.fullmatch(r"[1-9]\d*(\.\d+)? ?[MGT]i?B", memory) is None:
        raise ProjectError(f"{memory!r} is no amount of memory.", "Write for instance 512MB or 2GB.")
    declared = load_declaration(spec, ResidenceDeclaration)
    with session.screen.progress(f"Weighing {signs.name}") as report:
        found = index_file(
            ResidenceSources(signs, register, truth),
            ResidenceTargets(target, changes, population, learned),
            declared=declared,
            memory=memory,
            on_progress=report,
        )
    session.screen.say(f"{found.people:,} people, {found.rows:,} rows. The index is in {target}.")
    for row in found.quality:
        session.screen.say(_quality(row))
    for row in found.population:
        session.screen.say(_population(row))
    session.screen.result({**found.to_json(), "file": str(target)})


def _quality(row: dict[str, Any]) -> str:
    group = {"_T": "all", None: "the general rule"}.get(row["group"], row["group"])
    auc = "none" if row["auc"] is None else f"{row['auc']:.3f}"
    error = "none" if row["population_error"] is None else f"{row['population_error']:+.2%}"
    return (
        f"  {group}: {row['people']:,} in the sample, Brier {row['brier']:.4f}, AUC {auc},"
        f" population error {error} (cross-validated)"
    )


def _population(row: dict[str, Any]) -> str:
    counted = f"  {row['year']}: {row['registered']:,} registered, {row['resident_by_index']:,} by the index"
    if row["population"] is None:
        return f"{counted}, {row['unknown_by_index']:,} not known"
    return (
        f"{counted}, {row['population']:,.0f} live here ({row['lower']:,.0f} to {row['upper']:,.0f});"
        f" over-coverage {row['overcoverage']:.2%}"
    )


@tool.command("estimate-coverage")
def estimate_coverage(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="PATTERNS",
            help="Counts: first, second, linked by stratum; or people by lists with 1 and 0.",
        ),
    ],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Estimates to write: .parquet or .csv.")],
    spec: Annotated[
        Path | None, typer.Option(help="Declaration of several lists and their errors: .yaml.")
    ] = None,
    linkage_in_common: Annotated[
        bool, typer.Option(help="One estimate of missed and false serves all strata: its errors add up.")
    ] = False,
    plain: Annotated[
        bool, typer.Option(help="Lincoln and Petersen's estimate of two lists, not Chapman's.")
    ] = False,
) -> None:
    """Estimate how many people there are, when lists each miss some of them.

    Two lists: a row for each stratum with first, second, linked, and rates of error where they are known
    (missed, false, first_erroneous, second_erroneous, each with `_error`). Several lists: a row for each
    pattern of 1 and 0, with people; OUT then has every model, the best first.

    Example: `sojourn tool estimate-coverage strata.csv totals.csv --linkage-in-common`
    """
    from sojourn.production.coverage_files import coverage_file
    from sojourn.project.coverage_declarations import CoverageDeclaration
    from sojourn.project.load import load_declaration

    declared = load_declaration(spec, CoverageDeclaration) if spec is not None else None
    found = coverage_file(
        source, target, declared=declared, linkage_in_common=linkage_in_common, chapman=not plain
    )
    session.screen.say(f"The estimates ({found.kind}) are in {target}.")
    for row in found.rows:
        session.screen.say(_total(row))
        if row["stratum"] in found.spreads:
            low, high = found.spreads[row["stratum"]]
            session.screen.say(
                f"    best model: {row['model']}; models with support say {low:,.0f} to {high:,.0f}"
            )
    session.screen.result({**found.to_json(), "file": str(target)})


def _total(row: dict[str, Any]) -> str:
    if row["total"] is None:
        return f"  {row['stratum']}: no estimate"
    ends = ["?" if row[name] is None else f"{row[name]:,.0f}" for name in ("lower", "upper")]
    return f"  {row['stratum']}: {row['total']:,.0f} ({ends[0]} to {ends[1]})"
