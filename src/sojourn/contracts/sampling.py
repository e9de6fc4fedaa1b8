"""Tables about what samples of rare and hidden groups say: figures before protection (secure)."""

from __future__ import annotations

from sojourn.contracts.table import Sensitivity, Table, Zone, column

__all__ = ["SampledEstimate"]

_SENSITIVE = Sensitivity.SENSITIVE


class SampledEstimate(Table, zone=Zone.SECURE):
    """One figure of a rare or hidden group, estimated from a sample that was drawn to reach it.

    Of a group without an answer the value is null; where a variance cannot be told so are standard error and
    interval. `basis` says what the figure rests on: `design-based`, or
    `model-based, not a probability sample`.
    """

    target: str = column("Identifier of what is estimated, as declared", key=True)
    breakdown: str = column("Column by which the sample is broken down, `_T` for the whole", key=True)
    group: str = column("Value of that column; _T the whole", key=True)
    statistic: str = column("Total, mean, share or ratio", required=True)
    value: float = column("The estimate", sensitivity=_SENSITIVE)
    standard_error: float = column("Standard error of the estimate", sensitivity=_SENSITIVE)
    lower: float = column("Lower end of the interval", sensitivity=_SENSITIVE)
    upper: float = column("Upper end of the interval", sensitivity=_SENSITIVE)
    confidence: float = column("Share of such intervals that should hold the truth", required=True)
    degrees_of_freedom: int = column("Degrees of freedom of the variance; null where none are counted")
    respondents: int = column("Sampled units behind the figure", required=True, sensitivity=_SENSITIVE)
    unanswered: int = column("Sampled units of the group whose answer is missing", required=True)
    first_phase_variance: float = column("Variance by the first phase of a two-phase sample")
    second_phase_variance: float = column("Variance by the second phase of a two-phase sample")
    overlap_share: float = column("Part of the overlap of two frames that its first sample stands for")
    method: str = column("Estimator, and how its variance was estimated", required=True)
    basis: str = column("What the figure rests on: the design, or a model", required=True)
