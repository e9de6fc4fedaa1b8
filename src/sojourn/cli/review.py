"""Commands of clerical review: draw a sample, list its cases, say what the decisions tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sojourn.cli.app import Commands, app, session
from sojourn.errors import ProjectError

if TYPE_CHECKING:
    from sojourn.integration.review_sampling import Interval, ReviewDesign
    from sojourn.production.review import Report

review = Commands(no_args_is_help=True, help="Clerical review of the links between records.")
app.add_typer(review, name="review")
OfSample = Annotated[
    str | None, typer.Option("--sample", help="Which sample; the newest when none is named.")
]


@review.command("sample")
def draw(
    size: Annotated[int, typer.Option(help="How many pairs to look at.")] = 200,
    minimum: Annotated[int, typer.Option(help="How many of each stratum at least.")] = 8,
    seed: Annotated[
        int | None, typer.Option(help="Seed of the draw; from the version when not given.")
    ] = None,
) -> None:
    """Draw a sample of the pairs that the linkage compared, for people to look at.

    Strata are bands of probability on both sides of the decision. Exit code 2 when no pairs were made.

    Example: `sojourn -p ruritania review sample --size 300`
    """
    from sojourn.production.review import draw_sample
    from sojourn.production.workspace import open_workspace

    design = _design(size, minimum)
    with open_workspace(session.project) as workspace:
        sample = draw_sample(workspace, design=design, seed=seed)
    session.screen.say(f"Sample {sample.id}: {sum(one['size'] for one in sample.strata)} pairs.")
    for one in sample.strata:
        side = "links" if one["is_link"] else "no links"
        session.screen.say(
            f"  {side}, probability above {one['above']:g} up to {one['up_to']:g}:"
            f" {one['size']} of {one['pairs']}"
        )
    session.screen.note(f"Next: {session.command} serve office")
    session.screen.result({"sample": sample.id, "link_pair": sample.version, "strata": list(sample.strata)})


def _design(size: int, minimum: int) -> ReviewDesign:
    from sojourn.integration.review_sampling import ReviewDesign

    try:
        return ReviewDesign(size=size, minimum=minimum)
    except ValueError as error:
        raise ProjectError(str(error), "Give other numbers with --size and --minimum.") from error


@review.command("list")
def listed(
    sample: OfSample = None,
    is_all: Annotated[bool, typer.Option("--all", help="Also those that are decided.")] = False,
) -> None:
    """List the cases of a sample that are to be decided, in the order in which to look at them.

    Pairs are named by their identifiers; no value of a record is shown.

    Example: `sojourn -p ruritania review list --all`
    """
    from sojourn.production.review import cases, sample_of
    from sojourn.production.workspace import open_workspace

    with open_workspace(session.project) as workspace:
        found = cases(workspace, sample_of(workspace, sample))
    shown = [one for one in found if is_all or one.decision is None]
    for one in shown:
        decision = one.decision.decision if one.decision is not None else "open"
        session.screen.say(f"{one.position:>5}  {one.pair_id}  {decision}")
    session.screen.result(
        [
            {
                "position": one.position,
                "pair_id": one.pair_id,
                "decision": one.decision.decision if one.decision is not None else None,
            }
            for one in shown
        ]
    )


@review.command("report")
def told(sample: OfSample = None) -> None:
    """Say how far the review of a sample has come, with precision and recall and their intervals.

    Recall is that among the pairs that were compared: it knows nothing of pairs that never were.

    Example: `sojourn -p ruritania review report`
    """
    from sojourn.production.review import report, sample_of
    from sojourn.production.workspace import open_workspace

    with open_workspace(session.project) as workspace:
        found = report(workspace, sample_of(workspace, sample))
    session.screen.say(_told(found))
    session.screen.result(found.to_json())


def _told(found: Report) -> str:
    counts = ", ".join(f"{number} {answer}" for answer, number in found.decided.items())
    return "\n".join(
        [
            f"Sample {found.sample.id}: {found.cases} cases, {counts}, {found.open} open.",
            f"Precision: {_interval(found.accuracy.precision)}",
            f"Recall among the pairs that were compared: {_interval(found.accuracy.recall)}",
        ]
    )


def _interval(found: Interval | None) -> str:
    if found is None:
        return "not known before each stratum has a decision that is sure"
    return f"{found.estimate:.1%} (95 % interval {found.lower:.1%} to {found.upper:.1%})"
