"""The gate: the only door from the secure to the public zone.

What disclosure has protected is prepared, approved by two people other than its author, published and
later superseded or withdrawn. An approval is for exactly the bytes that were looked at.
"""

from sojourn.release.gate import Gate
from sojourn.release.states import State

__all__ = ["Gate", "State"]
