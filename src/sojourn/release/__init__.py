"""The gate: the only door from the secure to the public zone.

What disclosure has protected is prepared, checked, approved by two people other than its author, published
now or at a moment, and later superseded or withdrawn. A decision is for the bytes that were looked at.
"""

from sojourn.release.gate import Gate
from sojourn.release.states import State

__all__ = ["Gate", "State"]
