"""Samples from several frames that overlap, such as a register of foreigners and areas of the whole country.

Each frame is sampled independently. Together they hold the population; a unit of several frames could be
drawn from each, so its weights are shared out between the samples. How, is the estimator:

- `hartley`: of two frames the first sample stands for a share of the overlap and the second for the rest.
- `fuller-burmeister`: the same, and the two samples' different numbers of units in the overlap help.
- `single-frame`: as if all had been drawn at once, with the sum of the probabilities (Kalton and Anderson).
- `multiplicity`: each weight divided by the number of frames that the unit is in (Mecatti).

Source: H. Hartley, Sankhya C 36 (1974); W. Fuller and L. Burmeister, Proceedings of the Social Statistics
Section of the ASA (1972); G. Kalton and D. Anderson, Sampling rare populations, JRSS A 149 (1986); F.
Mecatti, A single frame multiplicity estimator for multiple frame surveys, Survey Methodology 33 (2007).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.errors import DataRefused, ProjectError
from sojourn.sources.sampling.sample_columns import (
    Claims,
    Floats,
    claims,
    known_codes,
    known_numbers,
    require_columns,
)
from sojourn.sources.sampling.staged_designs import Draw, StagedDesign, staged_draw
from sojourn.sources.sampling.targets import (
    Question,
    Spread,
    Target,
    answer,
    estimate_table,
    questions,
)

__all__ = ["FramesDesign", "frames_estimates", "frames_weights"]

Estimator = Literal["hartley", "fuller-burmeister", "single-frame", "multiplicity"]


@dataclass(frozen=True)
class FramesDesign:
    """Columns of a table of all samples, one below the other.

    `frame` names the frame from which a row was drawn. `members` gives for each frame the column that is true
    for units that are in it; the first frame is the one that `share` speaks of. `draw` is how each frame was
    sampled, within its own strata.

    `share` is for `hartley`: a number between 0 and 1; `effective`, the first sample's part of the effective
    sample sizes in the overlap; or `optimal`, for each figure the number that makes its variance least.
    `probabilities` are for `single-frame`: for each frame the column of a unit's probability to be drawn from
    it, which must be known also of units that were drawn from another.
    """

    frame: str
    members: Mapping[str, str]
    draw: StagedDesign
    estimator: Estimator = "multiplicity"
    share: float | Literal["effective", "optimal"] = "effective"
    probabilities: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.members) < 2:
            raise ProjectError("There are not several frames.", "Name the members of each frame.")
        if self.estimator in ("hartley", "fuller-burmeister") and len(self.members) > 2:
            raise ProjectError(
                f"The estimator {self.estimator} is for two frames, not for {len(self.members)}.",
                "Take `multiplicity`, or `single-frame` where probabilities are known.",
            )
        if isinstance(self.share, float | int) and not 0 <= self.share <= 1:
            raise ProjectError(
                f"A share of {self.share} of the overlap is not one.", "Give a number between 0 and 1."
            )
        if self.estimator == "single-frame" and set(self.probabilities) != set(self.members):
            raise ProjectError(
                "The single-frame estimator needs the probability of every unit in every frame.",
                "Name a column in `probabilities` for each frame, or take `multiplicity`.",
            )


@dataclass(frozen=True)
class _Samples:
    """All samples: how they were drawn, which row is of which frame, and in how many frames it is."""

    draw: Draw
    is_of: Mapping[str, Claims]
    is_in: Mapping[str, Claims]
    method: str

    @property
    def overlap(self) -> Claims:
        """The rows whose units are in several frames."""
        found: Claims = np.sum(list(self.is_in.values()), axis=0) > 1
        return found


def frames_estimates(
    table: pa.Table, design: FramesDesign, targets: Sequence[Target], *, confidence: float = 0.95
) -> pa.Table:
    """Estimates (`SampledEstimate`) from the samples of all frames.

    The variance is the sum of the frames', each by its own design, of values as they are weighted. Where the
    share is estimated (`optimal`, `fuller-burmeister`) it is taken as if it had been known, which for small
    samples makes the variance a little too small. `overlap_share` is the first sample's part of the overlap.

    Raises: DataRefused, ProjectError for a table or a design that allows no estimate.
    """
    samples = _samples(table, design)
    asked = questions(table, targets)
    return estimate_table(_answers(table, design, samples, asked, confidence))


def frames_weights(table: pa.Table, design: FramesDesign, *, unit: str) -> pa.Table:
    """The weights of all rows: `unit`, `frame`, `frame_weight`, `weight`.

    Raises: ProjectError for estimators that weigh each figure in another way; else as `frames_estimates`.
    """
    require_columns(table, [unit])
    if _is_by_figure(design):
        raise ProjectError(
            "This estimator has weights of their own for each figure.",
            "For one set of weights take `share: effective`, a number, `single-frame` or `multiplicity`.",
        )
    samples = _samples(table, design)
    return pa.table(
        {
            "unit": table[unit],
            "frame": table[design.frame],
            "frame_weight": samples.draw.weights,
            "weight": _weights(table, design, samples),
        }
    )


def _is_by_figure(design: FramesDesign) -> bool:
    is_optimal = design.estimator == "hartley" and design.share == "optimal"
    return is_optimal or design.estimator == "fuller-burmeister"


def _samples(table: pa.Table, design: FramesDesign) -> _Samples:
    known_codes(table, (design.frame,))
    column = table[design.frame].cast(pa.string())
    strange = set(pc.unique(column).to_pylist()) - set(design.members)
    if strange:
        raise DataRefused(
            f"Rows are drawn from {len(strange)} frames that are not declared.",
            f"The column {design.frame} may hold {', '.join(design.members)}.",
        )
    is_of = {name: pc.equal(column, name).to_numpy() for name in design.members}
    is_in = {name: claims(table, member) for name, member in design.members.items()}
    for name, own in is_of.items():
        if not own.any():
            raise DataRefused(f"There is no row drawn from {name}.", "Add its sample, or leave it out.")
    for name in design.members:
        if (is_of[name] & ~is_in[name]).any():
            raise DataRefused(
                f"Rows were drawn from {name} and are not in it.", f"Look at {design.members[name]}."
            )
    draw = staged_draw(table, design.draw, within=(design.frame,))
    return _Samples(draw, is_of, is_in, f"multiple frames, {design.estimator}")


def _answers(
    table: pa.Table,
    design: FramesDesign,
    samples: _Samples,
    asked: Sequence[Question],
    confidence: float,
) -> Iterator[dict[str, Any]]:
    told = partial(
        answer,
        method=f"{samples.method}; variance of each frame's design",
        confidence=confidence,
        freedom=samples.draw.degrees_of_freedom,
    )
    if _is_by_figure(design):
        for question in asked:
            yield told(question, *_best(design, samples, question))
        return
    weights = _weights(table, design, samples)
    details = {"overlap_share": _share(design, samples)} if design.estimator == "hartley" else {}
    for question in asked:
        value, values = question.linearised(weights)
        variance = None if values is None else _variance(samples, weights * values)
        yield told(question, value, Spread(variance, None, details))


def _variance(samples: _Samples, weighted: Floats) -> float:
    return float(samples.draw.covariance(weighted[:, None])[0, 0])


def _weights(table: pa.Table, design: FramesDesign, samples: _Samples) -> Floats:
    """Weights that do not depend on the figure."""
    if design.estimator == "multiplicity":
        frames = np.sum([samples.is_in[name] for name in design.members], axis=0)
        shared: Floats = samples.draw.weights / frames
        return shared
    if design.estimator == "single-frame":
        chances, drawn = np.zeros(len(table)), np.zeros(len(table))
        for name, column in design.probabilities.items():
            own = known_numbers(table, column)
            if np.any((own[samples.is_in[name]] <= 0) | (own[samples.is_in[name]] > 1)):
                raise DataRefused(
                    f"The column {column} is not a probability for units of {name}.",
                    "A unit of a frame is drawn from it with a probability above 0 and up to 1.",
                )
            chances += np.where(samples.is_in[name], own, 0.0)
            drawn = np.where(samples.is_of[name], own, drawn)
        # A weight that is one divided by its probability becomes one divided by the sum of them.
        return samples.draw.weights * drawn / chances
    return _by_share(samples, _share(design, samples))


def _by_share(samples: _Samples, share: float) -> Floats:
    """Weights of which in the overlap the first frame's sample takes the share, and the second the rest."""
    first = next(iter(samples.is_of.values()))
    part = np.where(samples.overlap, np.where(first, share, 1 - share), 1.0)
    found: Floats = samples.draw.weights * part
    return found


def _share(design: FramesDesign, samples: _Samples) -> float:
    """The first sample's share of the overlap, as declared or by effective sample sizes."""
    if isinstance(design.share, float | int):
        return float(design.share)
    sizes = []
    for name, own in samples.is_of.items():
        weights = samples.draw.weights[own & samples.overlap]
        if not len(weights):
            raise DataRefused(
                f"The sample of {name} has nobody of the overlap.",
                "Declare the `share`, or take the `multiplicity` estimator.",
            )
        sizes.append(weights.sum() ** 2 / (weights**2).sum())
    return float(sizes[0] / sum(sizes))


def _best(design: FramesDesign, samples: _Samples, question: Question) -> tuple[float, Spread]:
    """The figure with the share that makes its variance least, estimated from the samples.

    Overlap that the first sample tells, less that which the second tells, has expectation zero, and so has
    the difference of their numbers of units; multiples of both are added so that the variance is least.
    """
    share = _share(FramesDesign(design.frame, design.members, design.draw, "hartley"), samples)
    weights = _by_share(samples, share)
    _, values = question.linearised(weights)
    if values is None:
        return np.nan, Spread(None)
    first = next(iter(samples.is_of.values()))
    sign = np.where(samples.overlap, np.where(first, 1.0, -1.0), 0.0)
    differences = [sign * samples.draw.weights * values]
    if design.estimator == "fuller-burmeister":
        differences.append(sign * samples.draw.weights)
    spread = samples.draw.covariance(np.stack([weights * values, *differences], axis=1))
    multiples = -np.linalg.lstsq(spread[1:, 1:], spread[1:, 0], rcond=1e-10)[0]
    share += float(multiples[0])
    if design.estimator == "hartley":
        share = min(max(share, 0.0), 1.0)
    # What the numbers of units add, in the unit of what is divided.
    added = float(multiples[1]) * differences[1] if len(multiples) > 1 else np.zeros(len(values))
    weights = _by_share(samples, share)
    below = 1.0 if question.divisors is None else float(weights @ question.divisors)
    value, values = question.linearised(weights, float(added.sum()) * below)
    if values is None:
        return np.nan, Spread(None)
    return value, Spread(_variance(samples, weights * values + added), None, {"overlap_share": share})
