"""Weights: calibrated to known totals, adjusted for non-response, trimmed; and what follows for variances.

`calibrated` makes weights reproduce the totals of a register or census, `raked` and `post_stratified` are
its simpler relatives. `adjusted_for_nonresponse` and `adjusted_by_propensity` let respondents stand for those
who did not answer, `trimmed` bounds weights. Each tells what it did. `calibration_residuals` and
`calibrated_replicates` carry a calibration into standard errors.

Beside a register or census, `model_assisted` and `composite_estimates` say more of small groups than a survey
alone, and `estimates_by_kind` says of each figure what it rests on. `matched` joins files without common
persons, `joint_bounds` says what no matching can know, `distributions` and `joint_shares` what it made.
"""

from sojourn.statistics.weighting.auxiliaries import Auxiliaries, Household, auxiliaries
from sojourn.statistics.weighting.calibration import Calibration, calibrated, post_stratified
from sojourn.statistics.weighting.classes import Nonresponse, adjusted_replicates
from sojourn.statistics.weighting.composite import CompositeRule, composite_estimates
from sojourn.statistics.weighting.distances import Distance
from sojourn.statistics.weighting.estimators import estimates_by_kind
from sojourn.statistics.weighting.frechet import JointBounds, joint_bounds
from sojourn.statistics.weighting.given_values import classes_of_numbers, distributions, joint_shares
from sojourn.statistics.weighting.margins import Margin, margin_of_table, scaled_to
from sojourn.statistics.weighting.matching import Matched, MatchingRule, matched
from sojourn.statistics.weighting.model_assisted import WorkingModel, model_assisted
from sojourn.statistics.weighting.nonresponse import (
    CollapseStep,
    WeightingClasses,
    adjusted_for_nonresponse,
)
from sojourn.statistics.weighting.outcomes import Outcomes
from sojourn.statistics.weighting.propensity import (
    Propensity,
    adjusted_by_propensity,
    propensity_replicates,
)
from sojourn.statistics.weighting.raking import raked
from sojourn.statistics.weighting.replicates import calibrated_replicates
from sojourn.statistics.weighting.residuals import calibration_residuals
from sojourn.statistics.weighting.trimming import Limit, TrimmingRule, trimmed, weight_effect

__all__ = [
    "Auxiliaries",
    "Calibration",
    "CollapseStep",
    "CompositeRule",
    "Distance",
    "Household",
    "JointBounds",
    "Limit",
    "Margin",
    "Matched",
    "MatchingRule",
    "Nonresponse",
    "Outcomes",
    "Propensity",
    "TrimmingRule",
    "WeightingClasses",
    "WorkingModel",
    "adjusted_by_propensity",
    "adjusted_for_nonresponse",
    "adjusted_replicates",
    "auxiliaries",
    "calibrated",
    "calibrated_replicates",
    "calibration_residuals",
    "classes_of_numbers",
    "composite_estimates",
    "distributions",
    "estimates_by_kind",
    "joint_bounds",
    "joint_shares",
    "margin_of_table",
    "matched",
    "model_assisted",
    "post_stratified",
    "propensity_replicates",
    "raked",
    "scaled_to",
    "trimmed",
    "weight_effect",
]
