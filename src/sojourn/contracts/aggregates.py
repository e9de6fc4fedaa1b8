"""Tables about cells: before protection (`Estimate`, secure) and after it (`Observation`, public).

A cell is named by its dimensions, which each table declares; they come first as code columns.
"""

from __future__ import annotations

from sojourn.contracts.table import Sensitivity, Table, Zone, column

__all__ = [
    "DraftObservation",
    "Estimate",
    "Observation",
    "PublishedFigure",
    "QualityMeasure",
    "SmallAreaEstimate",
    "SurveySums",
]

_PUBLIC = Sensitivity.PUBLIC


class Estimate(Table, zone=Zone.SECURE):
    """One cell of a table before protection."""

    time_period: str = column("Time to which the figure refers, SDMX notation", key=True)
    value: float = column("The estimate; null when it cannot be made", sensitivity=Sensitivity.SENSITIVE)
    contributors: int = column(
        "Number of distinct persons behind the figure", required=True, sensitivity=Sensitivity.SENSITIVE
    )
    variance: float = column(
        "Variance of the estimate; null where the figure has no sampling error",
        sensitivity=Sensitivity.SENSITIVE,
    )
    degrees_of_freedom: int = column("Degrees of freedom of the variance")
    method: str = column("Identifier of the method that made the figure", required=True)


class SurveySums(Table, zone=Zone.SECURE):
    """One cell of a survey in one sampling unit: what later tables add up.

    Dimensions, conditions, the columns of the design and the sums travel beside these.
    """

    time_period: str = column("Time of the survey, SDMX notation", key=True)
    contributors: int = column(
        "Number of records with a weight", required=True, sensitivity=Sensitivity.SENSITIVE
    )


class SmallAreaEstimate(Table, zone=Zone.SECURE):
    """One small area: what its own sample says, and what a model makes of it with other areas' help."""

    area: str = column("Code of the area", key=True)
    direct: float = column("Direct estimate; null without a sample", sensitivity=Sensitivity.SENSITIVE)
    direct_variance: float = column("Variance of the direct estimate, as it was given")
    direct_cv: float = column("Coefficient of variation of the direct estimate", unit="per cent")
    sample_size: float = column("Units in the sample of the area", sensitivity=Sensitivity.SENSITIVE)
    variance_used: float = column("Variance of the direct estimate that the model took")
    is_smoothed: bool = column(
        "Whether the variance used is that of a function of all areas, not the area's own", required=True
    )
    estimate: float = column("Estimate of the model", required=True, sensitivity=Sensitivity.SENSITIVE)
    mse: float = column("Mean-squared error of the estimate", required=True)
    cv: float = column("Root of the mean-squared error by the estimate; null of zero", unit="per cent")
    lower: float = column("Lower end of the interval of 95 per cent", required=True)
    upper: float = column("Upper end of the interval of 95 per cent", required=True)
    gamma: float = column(
        "Weight of the area's own sample in the estimate, from 0 to 1, on the scale of the model",
        required=True,
    )
    residual: float = column(
        "Distance of the area's sample from the regression, by its standard deviation; null without a sample"
    )
    is_modelled: bool = column("Whether a model made the estimate: it does in every row", required=True)
    is_synthetic: bool = column(
        "Whether nothing of the area's own sample is in the estimate, but for coefficients", required=True
    )
    method: str = column("What made the estimate", codes="CL_SMALL_AREA_METHOD", required=True)
    benchmarked: float = column(
        "Estimate after benchmarking; null where nothing was benchmarked", sensitivity=Sensitivity.SENSITIVE
    )
    benchmarked_mse: float = column("Mean-squared error after benchmarking")
    benchmarked_lower: float = column("Lower end of the interval after benchmarking")
    benchmarked_upper: float = column("Upper end of the interval after benchmarking")


class Observation(Table, zone=Zone.PUBLIC):
    """One published cell, in SDMX's words."""

    TIME_PERIOD: str = column("Time to which the figure refers, SDMX notation", key=True, sensitivity=_PUBLIC)
    OBS_VALUE: float = column(
        "The figure; null when missing or withheld: the status says which", sensitivity=_PUBLIC
    )
    OBS_STATUS: str = column(
        "Status of the figure", codes="CL_OBS_STATUS", required=True, sensitivity=_PUBLIC
    )
    CONF_STATUS: str = column(
        "Confidentiality of the figure", codes="CL_CONF_STATUS", required=True, sensitivity=_PUBLIC
    )
    SE: float = column("Standard error of the figure, in its unit", sensitivity=_PUBLIC)
    CV: float = column("Coefficient of variation of the figure", sensitivity=_PUBLIC, unit="per cent")
    LINKAGE_SE: float = column(
        "Standard error that not knowing which records are of one person adds to the figure, in its unit:"
        " the end of its class, so that it is at most this; SE does not contain it",
        sensitivity=_PUBLIC,
    )


class DraftObservation(Observation, zone=Zone.SECURE):
    """One protected cell that no release has published yet."""


class PublishedFigure(Table, zone=Zone.SECURE):
    """One figure that another body has published, as that body published it.

    The revision is part of the key: the same figure of two revisions is two rows.
    """

    record_id: str = column("Record within its delivery: source, delivery and line", key=True)
    series: str = column("Data set of the publisher", required=True)
    revision: str = column("Revision or edition of the data set", required=True)
    measure: str = column("What is measured, publisher's code", required=True)
    reference_area: str = column(
        "Area to which the figure belongs, standard code", codes="CL_AREA", required=True
    )
    counterpart_area: str = column("Other area of a pair: origin, birthplace or citizenship", codes="CL_AREA")
    publisher_area: str = column("Area or group as the publisher writes it, where it has no standard code")
    sex: str = column("Sex", codes="CL_SEX")
    age: str = column("Age group, publisher's code")
    time_period: str = column("Time to which the figure refers, SDMX notation", required=True)
    value: float = column("The figure; null when the publisher gives none")
    status: str = column("Status of the figure", codes="CL_OBS_STATUS")
    flag: str = column("Flag as the publisher wrote it")


class QualityMeasure(Table, zone=Zone.SECURE):
    """One share that tells how good records are, of all of them or of one category, with its verdict.

    The verdict is `met`, `not-met`, `no-target` or `not-computed`. Numbers that could not be computed, or are
    withheld, are empty and not zero.
    """

    measure: str = column("What is counted", key=True)
    breakdown: str = column("Columns by which records are grouped, `all` for the whole", key=True)
    category: str = column("Value of the first of these columns; _U not stated, _T the whole", key=True)
    subcategory: str = column("Value of the second of these columns; _Z where there is none", key=True)
    numerator: int = column("Records or persons for which the measure holds")
    denominator: int = column("Records or persons of which it could hold")
    numerator_people: int = column("Persons behind the numerator")
    denominator_people: int = column("Persons behind the denominator")
    share: float = column("Numerator divided by denominator")
    target: float = column("The share should be below this")
    verdict: str = column("What the target says of the share", required=True)
    withheld: bool = column("Whether numbers are left out since few people are behind them", required=True)
    reason: str = column("Why the share cannot be computed")
