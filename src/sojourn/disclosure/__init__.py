"""Disclosure: what may be published without telling of a person.

`protect` is the only way from estimates to observations. It withholds, proves that what is withheld cannot
be worked out from what is published, rounds, and reports; or, given cell keys, changes every figure a little
at random (`cell_keys`).
"""

from sojourn.disclosure.cell_keys.figures import CellKeys
from sojourn.disclosure.differences import with_gap, with_net
from sojourn.disclosure.protect import Protected, ProtectedAs, already_published, protect
from sojourn.disclosure.rules import PUBLICATION_RULES, ProtectionRules, PublicationRule

__all__ = [
    "PUBLICATION_RULES",
    "CellKeys",
    "Protected",
    "ProtectedAs",
    "ProtectionRules",
    "PublicationRule",
    "already_published",
    "protect",
    "with_gap",
    "with_net",
]
