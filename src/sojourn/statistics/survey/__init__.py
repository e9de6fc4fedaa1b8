"""Survey estimation: figures of a sample with their standard errors, by design.

Records become a survey cube (`survey_cube`); every table of it costs milliseconds (`survey_table`).
"""

from sojourn.statistics.survey.cube import SurveyCube, SurveyDesign, survey_cube
from sojourn.statistics.survey.measures import Measure
from sojourn.statistics.survey.tables import Gap, survey_table
from sojourn.statistics.survey.taylor_design import Stage, TaylorDesign

__all__ = [
    "Gap",
    "Measure",
    "Stage",
    "SurveyCube",
    "SurveyDesign",
    "TaylorDesign",
    "survey_cube",
    "survey_table",
]
