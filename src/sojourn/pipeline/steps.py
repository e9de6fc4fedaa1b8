"""Run steps so that each is made once for the same code, settings and inputs.

A step's fingerprint covers the code of the methods, its own settings and the fingerprints of the steps
before it. A step whose result is already there under that fingerprint is not run: that is the cache,
the way to resume after an interruption, and the proof of what a result was made from.
"""

from __future__ import annotations

import graphlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sojourn.errors import ProjectError

__all__ = ["Made", "Step", "run"]

Result = TypeVar("Result")


@dataclass(frozen=True)
class Step(Generic[Result]):
    """One thing to make: its name, the steps it needs, its settings, and how it is found or made.

    `find` returns the result that is already there under a fingerprint, or none; `make` makes it from the
    results of the inputs.
    """

    name: str
    inputs: tuple[str, ...]
    settings: Mapping[str, Any]
    find: Callable[[str], Result | None]
    make: Callable[[str, Mapping[str, Made[Result]]], Result]


@dataclass(frozen=True)
class Made(Generic[Result]):
    """The result of one step, and whether this run made it or found it."""

    name: str
    fingerprint: str
    result: Result
    was_found: bool
    inputs: Mapping[str, str] = field(default_factory=dict)


def run(
    steps: Sequence[Step[Result]],
    fingerprint: Callable[..., str],
    *,
    code: str,
    on_step: Callable[[str, int, int, bool], None] | None = None,
    is_dry: bool = False,
) -> dict[str, Made[Result]]:
    """Make every step in an order in which inputs come first.

    `on_step(name, position, of, was_found)` is told before each step. With `is_dry` nothing is made, and
    the returned results end where the first thing would have to be made.

    Raises: ProjectError when steps need one another in a circle.
    """
    by_name = {step.name: step for step in steps}
    order = _ordered(by_name)
    made: dict[str, Made[Result]] = {}
    for position, name in enumerate(order, start=1):
        step = by_name[name]
        if any(needed not in made for needed in step.inputs):
            continue
        inputs = {needed: made[needed].fingerprint for needed in step.inputs}
        mark = fingerprint(code, step.name, step.settings, sorted(inputs.items()))
        found = step.find(mark)
        if on_step is not None:
            on_step(name, position, len(order), found is not None)
        if found is not None:
            made[name] = Made(name, mark, found, was_found=True, inputs=inputs)
        elif not is_dry:
            made[name] = Made(name, mark, step.make(mark, made), was_found=False, inputs=inputs)
    return made


def _ordered(steps: Mapping[str, Step[Any]]) -> list[str]:
    sorter = graphlib.TopologicalSorter({name: sorted(step.inputs) for name, step in sorted(steps.items())})
    try:
        return list(sorter.static_order())
    except graphlib.CycleError as error:
        circle = " → ".join(str(name) for name in error.args[1])
        raise ProjectError(
            f"These steps need one another: {circle}.", "Break the circle in the declarations."
        ) from error
