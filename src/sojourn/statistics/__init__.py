"""Statistics: tables of records, and of samples with their sampling errors.

Records become a cube of exact sums (`cube`), from which figures of any fewer dimensions are read
(`estimates`); those of samples, with their errors, are made in `survey`. Dimensions that records do not
state but imply, such as the age group, are added first (`with_dimensions`). The SQL of each step can be
shown.
"""

from sojourn.statistics.cube import cube, cube_sql
from sojourn.statistics.design import ReplicateDesign
from sojourn.statistics.dimensions import DERIVED, dimension_sql, with_dimensions
from sojourn.statistics.estimates import estimates, estimates_sql

__all__ = [
    "DERIVED",
    "ReplicateDesign",
    "cube",
    "cube_sql",
    "dimension_sql",
    "estimates",
    "estimates_sql",
    "with_dimensions",
]
