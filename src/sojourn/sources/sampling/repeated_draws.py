"""A kernel that draws a planned sample again and again, and estimates the figures each time."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sojourn.sources.reader.compiled import compiled
from sojourn.sources.sampling.kernel_parts import (
    add_unit,
    answering,
    chance,
    deviation,
    estimate,
    linearised,
    stream,
    to_front,
)

__all__ = ["draw_again"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def draw_again(
    seed: int,
    repetitions: Integers,
    layout: Any,
    response: float,
    figures: Any,
    results: Any,
) -> None:
    """Draw places within strata and units within places, and write down what is estimated.

    `layout` is the order of the places stratum by stratum, where each stratum begins, the places to draw in
    each, the chance of each place to be drawn, the order of the units place by place, where each place
    begins, the units to take from each place, the interviews that each unit means, and whether places are
    drawn by size. Both orders are left changed, and so go into the next call. A place that is sure to be
    drawn by size is a stratum of units: strata from which units are drawn straight are such places. Units
    that do not answer are made up for by the others of the place, and places where nobody answers by the
    others of the stratum. The results are rows of estimates, variances and members who answered, by figure,
    and of counts: places, visits, interviews; they come filled with zeros.
    """
    _, _, sizes, _, _, _, take, _, _ = layout
    places, number = int(sizes.sum()), results[0].shape[1]
    # What is drawn: places, where the answers of each end, where each stratum's places end, weights, answers.
    drawn = (
        np.zeros(places, np.int64),
        np.zeros(places + 1, np.int64),
        np.zeros(len(sizes) + 1, np.int64),
        np.zeros(places),
        np.zeros(places * int(take.max()), np.int64),
    )
    room = (np.zeros((number, 4)), *(np.zeros(number) for _ in range(4)), np.zeros(1, np.uint64))
    _repeated(seed, repetitions, layout, response, figures, results, drawn, room)


@compiled
def _repeated(
    seed: int,
    repetitions: Integers,
    layout: Any,
    response: float,
    figures: Any,
    results: Any,
    drawn: Any,
    room: Any,
) -> None:
    """The repetitions, with room for what is drawn and for sums; memory is not made in here."""
    _, _, _, _, _, _, _, interviews, _ = layout
    estimates, variances, members, counts = results
    _, ends, spans, _, answered = drawn
    totals, state = room[0], room[5]
    for row in range(len(repetitions)):
        stream(seed, repetitions[row], state)
        counts[row, 1] = _drawn(layout, response, drawn, state)
        counts[row, 0] = spans[len(spans) - 1]
        for unit in range(ends[spans[len(spans) - 1]]):
            counts[row, 2] += interviews[answered[unit]]
        _add_up(drawn, figures, totals, members, row)
        estimate(totals, figures, estimates, row)
        _variances(drawn, layout, figures, room, variances, row)


@compiled
def _add_up(drawn: Any, figures: Any, totals: Floats, members: Floats, row: int) -> None:
    """The weighted totals of the figures, and the members who answered."""
    _, ends, spans, weights, answered = drawn
    for number in range(len(totals)):
        for part in range(4):
            totals[number, part] = 0.0
    for at in range(spans[len(spans) - 1]):
        for unit in range(ends[at], ends[at + 1]):
            add_unit(answered[unit], weights[at], figures, totals, members, row)


@compiled
def _drawn(layout: Any, response: float, drawn: Any, state: Any) -> Any:
    """Draw places, units and answers of one repetition; return the number of visits."""
    places, first, sizes, chances, units, inside, take, _, by_size = layout
    chosen, ends, spans, weights, answered = drawn
    many, visits = 0, 0
    for stratum in range(len(sizes)):
        begin = spans[stratum]
        span = (first[stratum], first[stratum + 1], sizes[stratum], by_size)
        spans[stratum + 1] = _chosen(places, span, chances, chosen, begin, state)
        for at in range(begin, spans[stratum + 1]):
            place = chosen[at]
            wanted = min(take[place], inside[place + 1] - inside[place])
            to_front(units, inside[place], inside[place + 1], wanted, state)
            many = answering(units, inside[place], wanted, response, answered, many, state)
            ends[at + 1] = many
            visits += wanted
        _weigh(chosen, ends, begin, spans[stratum + 1], chances, inside, weights)
    return visits


@compiled
def _chosen(places: Integers, span: Any, chances: Floats, chosen: Integers, begin: int, state: Any) -> Any:
    """The places drawn in a stratum: so many at random, or systematically by size from a random order."""
    first, last, wanted, by_size = span
    if not by_size:
        to_front(places, first, last, wanted, state)
        for at in range(wanted):
            chosen[begin + at] = places[first + at]
        return begin + wanted
    to_front(places, first, last, last - first, state)
    reached, next_mark, at = 0.0, chance(state), begin
    for place in range(first, last):
        reached += chances[places[place]]
        if reached > next_mark and at - begin < wanted:
            chosen[at] = places[place]
            at += 1
            next_mark += 1.0
    return at


@compiled
def _weigh(
    chosen: Integers, ends: Integers, begin: int, end: int, chances: Floats, inside: Integers, weights: Floats
) -> None:
    """The weight of the units that answer in each place, with that of places where nobody does shared out."""
    lost, every = 0.0, 0.0
    for at in range(begin, end):
        every += 1.0 / chances[chosen[at]]
        if ends[at + 1] == ends[at]:
            lost += 1.0 / chances[chosen[at]]
    for at in range(begin, end):
        count = ends[at + 1] - ends[at]
        if count > 0:
            size = inside[chosen[at] + 1] - inside[chosen[at]]
            weights[at] = size / chances[chosen[at]] / count * every / (every - lost)


@compiled
def _variances(drawn: Any, layout: Any, figures: Any, room: Any, found: Floats, row: int) -> None:
    """Variances of figures: between places as if drawn with replacement, or, drawn alike, of both stages.

    A place that is sure to be drawn is a stratum of its own. Strata with one place add nothing.
    """
    chosen, ends, spans, weights, answered = drawn
    _, first, _, chances, _, inside, _, _, by_size = layout
    totals, once, twice, sums, squares, _ = room
    for stratum in range(len(spans) - 1):
        for number in range(len(once)):
            sums[number], squares[number] = 0.0, 0.0
        count, every = 0, float(first[stratum + 1] - first[stratum])
        for at in range(spans[stratum], spans[stratum + 1]):
            begin, end = ends[at], ends[at + 1]
            is_sure = chances[chosen[at]] >= 1.0
            if end - begin > 1 and (is_sure or not by_size):
                deviation(answered, begin, end, figures, totals, once, twice)
                size = float(inside[chosen[at] + 1] - inside[chosen[at]])
                scale = weights[at] ** 2 * (1.0 - (end - begin) / size) / (1.0 - 1.0 / (end - begin))
                # Within places drawn alike counts the share of places that were drawn.
                scale *= chances[chosen[at]]
                for number in range(len(once)):
                    found[row, number] += scale * max(twice[number] - once[number] ** 2 / (end - begin), 0.0)
            if end > begin and not is_sure:
                count += 1
                _add_place(answered, begin, end, figures, totals, once, weights[at])
                for number in range(len(once)):
                    sums[number] += once[number]
                    squares[number] += once[number] ** 2
        if count > 1:
            scale = count / (count - 1.0) * (1.0 if by_size else 1.0 - count / every)
            for number in range(len(once)):
                found[row, number] += scale * max(squares[number] - sums[number] ** 2 / count, 0.0)


@compiled
def _add_place(
    answered: Integers, begin: int, end: int, figures: Any, totals: Floats, once: Floats, weight: float
) -> None:
    """The weighted sums of linearised values over the units of one place that answered."""
    start, figure, _, _, _ = figures
    for number in range(len(once)):
        once[number] = 0.0
    for place in range(begin, end):
        for at in range(start[answered[place]], start[answered[place] + 1]):
            once[figure[at]] += weight * linearised(at, figures, totals)
