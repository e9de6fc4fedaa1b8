"""Attacks: what a reader could work out of protected figures, tried before they are published.

The attacker knows everything that is public: the tables of a release, of all others, and of earlier versions.
None of the attacks knows what was withheld, or the records.
"""

from sojourn.disclosure.attacks.averaging import Averaged, averaged
from sojourn.disclosure.attacks.differencing import Difference, differences
from sojourn.disclosure.attacks.public_cells import PublicTable
from sojourn.disclosure.attacks.vintages import Changed, changes

__all__ = ["Averaged", "Changed", "Difference", "PublicTable", "averaged", "changes", "differences"]
