"""Cell keys: counts, shares, totals and means changed a little at random, the same cell always alike.

Secret record keys add up to the key of a cell; the key and the count choose a change from a perturbation
table, which holds the most random noise that keeps what an office declares of it. Keys, table and its
settings are secret: functions return what may be said of the method apart from them.
"""

from sojourn.disclosure.cell_keys.cells import Perturbed, keyed_cells, perturbed_counts, perturbed_table
from sojourn.disclosure.cell_keys.figures import CHANGED, CellKeys, cell_key_table, perturbed_estimates
from sojourn.disclosure.cell_keys.magnitudes import MagnitudeNoise
from sojourn.disclosure.cell_keys.noise import NoiseSettings
from sojourn.disclosure.cell_keys.record_keys import HOUSEHOLD, PERSON, record_keys, with_record_keys
from sojourn.disclosure.cell_keys.secrets import Epoch, SecretRecord
from sojourn.disclosure.cell_keys.tables import PerturbationTable, perturbation_table, table_of_columns

__all__ = [
    "CHANGED",
    "HOUSEHOLD",
    "PERSON",
    "CellKeys",
    "Epoch",
    "MagnitudeNoise",
    "NoiseSettings",
    "PerturbationTable",
    "Perturbed",
    "SecretRecord",
    "cell_key_table",
    "keyed_cells",
    "perturbation_table",
    "perturbed_counts",
    "perturbed_estimates",
    "perturbed_table",
    "record_keys",
    "table_of_columns",
    "with_record_keys",
]
