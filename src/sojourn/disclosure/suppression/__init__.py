"""Suppression: which cells of linked and hierarchical tables are withheld, with proof and audit.

`linked_cells` makes one set of cells of several tables, `contributions` say who is behind each, a `Policy`
declares what is unsafe and what readers know, `suppress` withholds, and `audit` measures what readers can
find out. `protect_tables` does all of it for tables of persons.
"""

from sojourn.disclosure.suppression.audit import Audit, audit
from sojourn.disclosure.suppression.cells import Cells, linked_cells
from sojourn.disclosure.suppression.contributions import Contributions, Records, contributions
from sojourn.disclosure.suppression.hierarchies import (
    CodeSum,
    Hierarchy,
    flat,
    hierarchy_of,
    hierarchy_of_code_list,
)
from sojourn.disclosure.suppression.pattern import Readers
from sojourn.disclosure.suppression.prior import Prior
from sojourn.disclosure.suppression.rules import (
    Dominance,
    GroupAttributes,
    MinimumContributors,
    Needs,
    PqRule,
    Zeros,
    p_percent_rule,
)
from sojourn.disclosure.suppression.secondary import Search
from sojourn.disclosure.suppression.suppress import Policy, Suppression, suppress, suppress_needs
from sojourn.disclosure.suppression.tables import LinkedTable, protect_tables

__all__ = [
    "Audit",
    "Cells",
    "CodeSum",
    "Contributions",
    "Dominance",
    "GroupAttributes",
    "Hierarchy",
    "LinkedTable",
    "MinimumContributors",
    "Needs",
    "Policy",
    "PqRule",
    "Prior",
    "Readers",
    "Records",
    "Search",
    "Suppression",
    "Zeros",
    "audit",
    "contributions",
    "flat",
    "hierarchy_of",
    "hierarchy_of_code_list",
    "linked_cells",
    "p_percent_rule",
    "protect_tables",
    "suppress",
    "suppress_needs",
]
