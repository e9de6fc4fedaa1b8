"""Microdata: the risk of a file of persons, its protection, and what protection costs.

Keys are the columns that an intruder may know of somebody. Risk is measured on their patterns, protection is
a row of methods that each take and return columns, and loss compares before and after. Nothing here reads or
writes a file, and what is left to chance follows from a secret key that the caller hands in.
"""

from sojourn.disclosure.microdata.chances import Secret
from sojourn.disclosure.microdata.file_risk import LEVELS, Diversity, FileRisk, TooFew, file_risk
from sojourn.disclosure.microdata.identifiers import IdentifierFound, identifiers_in
from sojourn.disclosure.microdata.individual_risk import (
    household_risk,
    individual_risk,
    unique_in_population,
)
from sojourn.disclosure.microdata.information_loss import (
    Changed,
    NumberLoss,
    TableLoss,
    changed_cells,
    coarsened,
    number_losses,
    table_losses,
)
from sojourn.disclosure.microdata.key_codes import MISSING, KeyCodes, Patterns, key_codes, patterns_of
from sojourn.disclosure.microdata.matching import Missing, agreeing_sums
from sojourn.disclosure.microdata.microaggregation import group_means, mdav_groups
from sojourn.disclosure.microdata.models import Coefficient, Propensity, coefficients, propensity
from sojourn.disclosure.microdata.noise import with_noise
from sojourn.disclosure.microdata.population import Uniques, correct_given_unique, uniques
from sojourn.disclosure.microdata.randomisation import (
    Transitions,
    corrected_counts,
    declared_transitions,
    invariant_transitions,
    randomised,
)
from sojourn.disclosure.microdata.recoding import banded, cut_to_period, end_coded, mapped, rounded
from sojourn.disclosure.microdata.special_uniques import SpecialUniques, intrusion_scores, special_uniques
from sojourn.disclosure.microdata.suppression import Suppressed, locally_suppressed
from sojourn.disclosure.microdata.swapping import Swapped, swapped_households
from sojourn.disclosure.microdata.synthesis import Replicas, disclosure_of, synthesised, without_replicas

__all__ = [
    "LEVELS",
    "MISSING",
    "Changed",
    "Coefficient",
    "Diversity",
    "FileRisk",
    "IdentifierFound",
    "KeyCodes",
    "Missing",
    "NumberLoss",
    "Patterns",
    "Propensity",
    "Replicas",
    "Secret",
    "SpecialUniques",
    "Suppressed",
    "Swapped",
    "TableLoss",
    "TooFew",
    "Transitions",
    "Uniques",
    "agreeing_sums",
    "banded",
    "changed_cells",
    "coarsened",
    "coefficients",
    "correct_given_unique",
    "corrected_counts",
    "cut_to_period",
    "declared_transitions",
    "disclosure_of",
    "end_coded",
    "file_risk",
    "group_means",
    "household_risk",
    "identifiers_in",
    "individual_risk",
    "intrusion_scores",
    "invariant_transitions",
    "key_codes",
    "locally_suppressed",
    "mapped",
    "mdav_groups",
    "number_losses",
    "patterns_of",
    "propensity",
    "randomised",
    "rounded",
    "special_uniques",
    "swapped_households",
    "synthesised",
    "table_losses",
    "unique_in_population",
    "uniques",
    "with_noise",
    "without_replicas",
]
