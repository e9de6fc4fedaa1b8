"""The attack on a release before anybody approves it: its tables beside each other and all that is public.

What is found is told as findings that a disclosure checker answers for by name, or that send the release
back. Tables of samples are not attacked by differencing: a weighted figure does not tell how many were asked.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from sojourn.contracts.table import Zone
from sojourn.disclosure.attacks import Difference, PublicTable, averaged, changes, differences
from sojourn.dissemination.publication import PublishedTable, ReleaseDescription
from sojourn.production.cell_key_noise import office_noise
from sojourn.production.public_knowledge import Known, counts_of, is_perturbed, known_tables
from sojourn.production.workspace import Workspace
from sojourn.release.findings import MOST_CELLS, Finding, Severity

__all__ = ["attack_of"]

# One and two persons are looked for also where a table declares that they may be told of.
_LEAST = 3
# A standard error of one person or less leaves the rounded mean right in more than 38 of 100 cases.
_TOO_WELL = 1.0

_SENTENCES = {
    "difference": "Taken from figures of {larger}, figures of {smaller} leave {few} persons or fewer.",
    "rest": "What {smaller} shows, taken from the totals of {larger}, leaves {few} persons or fewer.",
    "elsewhere": "Figures that {smaller} withholds are shown by {larger}.",
}


def attack_of(
    workspace: Workspace,
) -> Callable[[ReleaseDescription, Sequence[PublishedTable]], list[Finding]]:
    """What tries, for the gate, to recover what is protected in a release."""
    public = workspace.store.zone(Zone.PUBLIC)
    country = workspace.declarations.settings.country

    def attack(_release: ReleaseDescription, tables: Sequence[PublishedTable]) -> list[Finding]:
        known = list(known_tables(public, country))
        noise = None
        if any(is_perturbed(table.observations) for table in tables):
            noise = office_noise(workspace).table.largest_variance()
        return found_in(tables, known, country, noise)

    return attack


def found_in(
    tables: Sequence[PublishedTable], known: Sequence[Known], country: str, noise: float | None = None
) -> list[Finding]:
    """What the tables of a release tell beside each other and what is known.

    `noise` is the variance of the perturbation, where there is one.
    """
    drafts: list[tuple[PublicTable, int]] = []
    for table in tables:
        is_free = "none_because" in table.protection["rules"]
        minimum = 0 if is_free else table.protection["rules"].get("minimum_contributors") or _LEAST
        draft = counts_of(
            table.description, table.observations, country, f"{table.description.id} of this release"
        )
        if draft is not None and minimum:
            drafts.append((draft, max(int(minimum), _LEAST)))
    replaced = {table.description.id for table in tables}
    others = [each.table for each in known if each.is_current and each.description.id not in replaced]
    found: list[Finding] = []
    for subject in dict.fromkeys(draft.subject for draft, _ in drafts):
        mine = [(draft, minimum) for draft, minimum in drafts if draft.subject == subject]
        side = [*(draft for draft, _ in mine), *(other for other in others if other.subject == subject)]
        minimum = max(minimum for _, minimum in mine)
        found += _told(side, len(mine), differences(side, minimum=minimum), minimum)
        if noise is not None:
            found += _by_averages(side, len(mine), noise)
    for draft, minimum in drafts:
        found += _beside_earlier(draft, minimum, known)
    return found


def _told(
    side: Sequence[PublicTable], drafts: int, found: Sequence[Difference], minimum: int
) -> Iterator[Finding]:
    """What was found, one finding for each kind and pair of tables; what is public already is left out."""
    grouped: dict[tuple[str, int, int], list[Difference]] = defaultdict(list)
    for each in found:
        larger, smaller = each.larger[0], each.smaller[0][0]
        if larger < drafts or smaller < drafts:
            grouped[each.kind, larger, smaller].append(each)
    for (kind, larger, smaller), some in grouped.items():
        words = _SENTENCES[kind].format(larger=side[larger].name, smaller=side[smaller].name, few=minimum - 1)
        of_draft = larger if larger < drafts else smaller
        rows = [row for each in some for table, row in (each.larger, *each.smaller) if table == of_draft]
        name = side[of_draft].name.split(" ")[0]
        yield Finding(kind, Severity.DECIDE, name, words, _cells(side[of_draft], rows), len(some))


def _by_averages(side: Sequence[PublicTable], drafts: int, noise: float) -> Iterator[Finding]:
    """Perturbed figures of the release that the mean over all of their breakdowns tells too well."""
    perturbed = [table for table in side if math.isinf(table.step)]
    if not perturbed:
        return
    found = averaged(perturbed, variance=noise)
    for number, table in enumerate(perturbed):
        if table not in side[:drafts]:
            continue
        rows = found.row[(found.table == number) & (found.error < _TOO_WELL)]
        if len(rows):
            words = (
                "The mean over all published breakdowns tells these figures to less than one person, so that"
                " more than a third can be told exactly."
            )
            name = table.name.split(" ")[0]
            yield Finding("averaging", Severity.DECIDE, name, words, _cells(table, rows.tolist()), len(rows))


def _beside_earlier(draft: PublicTable, minimum: int, known: Sequence[Known]) -> Iterator[Finding]:
    """What earlier versions of the same table tell beside the new one."""
    name = draft.name.split(" ")[0]
    for earlier in known:
        if earlier.description.id != name:
            continue
        told = changes(draft, earlier.table, minimum=minimum)
        if told.shown_before:
            words = f"Figures that are withheld now were shown in {earlier.table.name}."
            yield Finding(
                "shown-before", Severity.DECIDE, name, words, _cells(draft, told.shown_before),
                len(told.shown_before),
            )  # fmt: skip
        if told.few:
            words = (
                f"Figures differ from {earlier.table.name} by {minimum - 1} persons or fewer: they tell who"
                " came in between."
            )
            yield Finding("few-changed", Severity.DECIDE, name, words, _cells(draft, told.few), len(told.few))


def _cells(table: PublicTable, rows: Sequence[int]) -> tuple[dict[str, str], ...]:
    chosen = list(dict.fromkeys(rows))[:MOST_CELLS]
    return tuple(table.observations.select([*table.dimensions, "TIME_PERIOD"]).take(chosen).to_pylist())
