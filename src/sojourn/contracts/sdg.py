"""Tables of SDG indicators by migratory status: figures before disclosure control, and outcomes."""

from __future__ import annotations

from sojourn.contracts.table import Sensitivity, Table, Zone, column

__all__ = ["SdgFigure", "SdgOutcome"]

_PUBLIC = Sensitivity.PUBLIC


class SdgFigure(Table, zone=Zone.SECURE):
    """One figure of an SDG series for a group of people, judged by a publication profile.

    Numbers of figures that the profile does not show are empty. The profile asks whether a figure is
    reliable; whether it could tell something about a person is for disclosure control.
    """

    SERIES: str = column("Series, as declared", key=True)
    INDICATOR: str = column("Number of the SDG indicator", required=True)
    REF_AREA: str = column("Country or area", key=True)
    TIME_PERIOD: str = column("Time to which the figure refers, SDMX notation", key=True)
    STATUS_OF: str = column("Whose migratory status", key=True, codes="CL_STATUS_OF")
    MIG_STATUS: str = column(
        "Migratory status, or the comparison of two groups", key=True, codes="CL_MIG_STATUS"
    )
    DUR_STAY: str = column("Duration of stay of the foreign-born", key=True, codes="CL_DURATION_OF_STAY")
    SEX: str = column("Sex", key=True, codes="CL_SEX")
    AGE: str = column("Age group within the ages of the series", key=True, codes="CL_AGE")
    DETAIL: str = column("Code of the series' further variable", key=True)
    FIGURE: str = column("Value, difference or ratio", key=True, codes="CL_FIGURE")
    DETAIL_OF: str = column("The further variable; _Z where the series has none", required=True)
    OBS_VALUE: float = column("The figure in its unit; null where it is not shown", sensitivity=_PUBLIC)
    UNIT_MEASURE: str = column("Unit", codes="CL_UNIT", required=True)
    SE: float = column("Standard error, in the unit of the figure")
    CV: float = column("Coefficient of variation", unit="per cent")
    LOWER: float = column("Lower end of the interval of 95 per cent")
    UPPER: float = column("Upper end of the interval of 95 per cent")
    DEGREES_OF_FREEDOM: int = column("Degrees of freedom of the variance")
    CONTRIBUTORS: int = column("Records that count; of a comparison, those of the smaller group")
    MEETING: int = column("Records that meet the condition of a proportion, or are poor")
    NOT_STATED: int = column("Records that may belong and do not say what the figure needs")
    EFFECTIVE_SIZE: float = column("Effective sample size of the weights (Kish)")
    DESIGN_EFFECT: float = column("Variance over that of a simple random sample")
    ERROR_METHOD: str = column("How the variance was made")
    VERDICT: str = column("Verdict of the profile", codes="CL_VERDICT", required=True)
    REASON: str = column("Reason of the verdict", codes="CL_VERDICT_REASON", required=True)
    PROFILE: str = column("Publication profile and its version", required=True)
    OBS_STATUS: str = column("Status of the figure", codes="CL_OBS_STATUS", required=True)
    FITS: str = column("How near the series is to the indicator: exact, proxy or part", required=True)


class SdgOutcome(Table, zone=Zone.SECURE):
    """What became of one series of an SDG indicator, or of an indicator that has none; and why."""

    indicator: str = column("Number of the SDG indicator", key=True)
    series: str = column("Series; _Z where the indicator has none", key=True)
    full_title: str = column("Title of the series, or of the indicator", required=True)
    outcome: str = column("What became of it", codes="CL_SDG_OUTCOME", required=True)
    explanation: str = column("The outcome in words", required=True)
    missing: str = column("Variables that are wanting, separated by commas")
    not_broken_down: str = column("Variables for want of which breakdowns are left out")
    contributors: int = column("Records in the universe")
    published: int = column("Figures that may be published")
    caution: int = column("Figures to be used with caution")
    suppressed: int = column("Figures that are not shown")
    fits: str = column("How near the series is to the indicator: exact, proxy or part")
    note: str = column("What readers must know of the series")
    group: str = column("Group of the indicator: MIGRATION or DISAGGREGATED")
    disaggregation: str = column(
        "Who wants it by migratory status: prescribed, asked_for, inherent, proposed"
    )
    tier: str = column("Tier of the indicator, where it is known")
    gender: bool = column("Whether it is in the gender-responsive subset", required=True)
    child: bool = column("Whether it is in the child-sensitive subset", required=True)
    status: str = column("Standing of the line of the table: adopted, national or proposed", required=True)
    verified: bool = column("Whether the line was compared with its source", required=True)
