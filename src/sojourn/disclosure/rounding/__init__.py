"""Rounding: conventional, keyed random, and controlled so that margins add."""

from sojourn.disclosure.rounding.controlled import Controlled, Outcome, RoundingSearch, controlled
from sojourn.disclosure.rounding.single import by_cell_key, by_name, conventional

__all__ = ["Controlled", "Outcome", "RoundingSearch", "by_cell_key", "by_name", "controlled", "conventional"]
