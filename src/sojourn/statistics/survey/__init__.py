"""Survey estimation: figures of a sample with their standard errors, by design.

Records become a survey cube (`survey_cube`); every table of it costs milliseconds (`survey_table`).
"""

from sojourn.statistics.survey.combined import combined
from sojourn.statistics.survey.cube import SurveyCube, SurveyDesign, survey_cube, survey_cube_sql
from sojourn.statistics.survey.measures import DISTRIBUTED, LINEAR, Measure
from sojourn.statistics.survey.replication import Replication, with_replicates
from sojourn.statistics.survey.tables import Gap, survey_table
from sojourn.statistics.survey.taylor_design import (
    CalibratedTo,
    CensusDesign,
    SecondPhase,
    Stage,
    TaylorDesign,
)

__all__ = [
    "DISTRIBUTED",
    "LINEAR",
    "CalibratedTo",
    "CensusDesign",
    "Gap",
    "Measure",
    "Replication",
    "SecondPhase",
    "Stage",
    "SurveyCube",
    "SurveyDesign",
    "TaylorDesign",
    "combined",
    "survey_cube",
    "survey_cube_sql",
    "survey_table",
    "with_replicates",
]
