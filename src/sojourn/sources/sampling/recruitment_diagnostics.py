"""What chains of recruitment show of whether their estimates can be believed.

Four looks, in one table: who recruited whom (`recruitment`), whether a group keeps to itself (`homophily`),
whether estimates settle as waves are added (`convergence`), and whether the trees of different seeds agree
(`bottleneck`). None of them proves an estimate right; each can show it wrong.

Source: D. Heckathorn, Respondent-driven sampling II, Social Problems 49 (2002); K. Gile, L. Johnston and
M. Salganik, Diagnostics for respondent-driven sampling, JRSS A 178 (2015).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from sojourn.sources.sampling.recruitment import Chains, group_codes, recruitment_chains
from sojourn.sources.sampling.respondent_driven import RespondentDrivenDesign, recruitment_weights
from sojourn.sources.sampling.sample_columns import Codes, Floats
from sojourn.sources.sampling.targets import ALL, MODEL_BASED, Target, questions

__all__ = ["recruitment_diagnostics"]

_SCHEMA = pa.schema(
    [
        pa.field("diagnostic", pa.string(), nullable=False),
        pa.field("about", pa.string(), nullable=False),
        pa.field("group", pa.string(), nullable=False),
        pa.field("other", pa.string(), nullable=False),
        pa.field("people", pa.int64(), nullable=False),
        pa.field("value", pa.float64()),
        pa.field("basis", pa.string(), nullable=False),
    ]
)


def recruitment_diagnostics(
    table: pa.Table, design: RespondentDrivenDesign, targets: Sequence[Target]
) -> pa.Table:
    """Diagnostics of a respondent-driven sample, for the traits and targets that are estimated from it.

    | diagnostic | about | group | other | people | value |
    | --- | --- | --- | --- | --- | --- |
    | recruitment | trait | group of recruiters | group of recruits | recruits | their part of the first's |
    | homophily | trait | group | `_T` | recruits of the group | Heckathorn's index, -1 to 1 |
    | convergence | target | `_T` | last wave | people until then | estimate from them |
    | bottleneck | target | `_T` | number of the tree | people of the tree | estimate from them |

    Homophily is 0 where a group recruits as its estimated share says, 1 where it recruits only its own, -1
    where never. For all groups together (`_T`) its value is the number of recruits of the recruiter's own
    group divided by the number that is expected when recruiting knows no groups. Trees are numbered by size.

    Raises: as `respondent_driven_estimates`.
    """
    chains = recruitment_chains(table, person=design.person, recruiter=design.recruiter, degree=design.degree)
    own = None if design.trait is None else group_codes(table, design.trait)[0]
    groups = np.zeros(len(table), np.int64) if own is None else own
    weights = recruitment_weights(chains, design, groups, np.ones((1, len(table))))[0]
    rows: list[dict[str, Any]] = []
    traits = dict.fromkeys([design.trait, *(one.of for one in targets if one.statistic == "share")])
    for trait in traits:
        if trait is not None:
            rows.extend(_mixing(table, chains, weights, trait))
    for target in targets:
        whole = replace(target, by=None)
        for kind, names, times in (_by_wave(chains), _by_tree(chains)):
            parts = recruitment_weights(chains, design, groups, times)
            rows.extend(_developing(table, whole, kind, names, times, parts))
    return pa.Table.from_pylist([{**row, "basis": MODEL_BASED} for row in rows], schema=_SCHEMA)


def _mixing(table: pa.Table, chains: Chains, weights: Floats, trait: str) -> Iterator[dict[str, Any]]:
    """Who recruited whom, and homophily by group and together."""
    code, names = group_codes(table, trait)
    own = np.flatnonzero(chains.recruiter >= 0)
    moves = np.zeros((len(names), len(names)))
    np.add.at(moves, (code[chains.recruiter[own]], code[own]), 1)
    made = moves.sum(axis=1)
    shares = np.bincount(code, weights, len(names)) / weights.sum()
    for one, name in enumerate(names):
        for other, recruit in enumerate(names):
            part = moves[one, other] / made[one] if made[one] else None
            yield _row("recruitment", trait, name, recruit, moves[one, other], part)
        yield _row(
            "homophily", trait, name, ALL, made[one], _homophily(moves[one, one], made[one], shares[one])
        )
    expected = made @ moves.sum(axis=0) / moves.sum()
    value = np.trace(moves) / expected if expected else None
    yield _row("homophily", trait, ALL, ALL, moves.sum(), value)


def _homophily(same: float, made: float, share: float) -> float | None:
    if not made or not 0 < share < 1:
        return None
    part = same / made
    return float((part - share) / (1 - share if part >= share else share))


def _by_wave(chains: Chains) -> tuple[str, list[str], Floats]:
    waves = np.arange(int(chains.wave.max()) + 1)
    until = (chains.wave[None, :] <= waves[:, None]).astype(float)
    return "convergence", [str(wave) for wave in waves], until


def _by_tree(chains: Chains) -> tuple[str, list[str], Floats]:
    seeds, place, sizes = np.unique(chains.tree, return_inverse=True, return_counts=True)
    order = np.argsort(-sizes, kind="stable")
    of_tree: Codes = place
    inside = (of_tree[None, :] == order[:, None]).astype(float)
    return "bottleneck", [str(number + 1) for number in range(len(seeds))], inside


def _developing(
    table: pa.Table, target: Target, kind: str, names: Sequence[str], times: Floats, weights: Floats
) -> Iterator[dict[str, Any]]:
    """The estimate from each part of the sample."""
    whole = questions(table, [target])[0]
    for name, within, own in zip(names, times, weights, strict=True):
        value, _ = whole.linearised(own)
        people = int((whole.counted & (within > 0)).sum())
        yield _row(kind, target.id, ALL, name, people, None if np.isnan(value) else value)


def _row(kind: str, about: str, group: str, other: str, people: float, value: float | None) -> dict[str, Any]:
    return {
        "diagnostic": kind,
        "about": about,
        "group": group,
        "other": other,
        "people": int(people),
        "value": value,
    }
