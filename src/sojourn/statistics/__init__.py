"""Statistics: weighted tables with their sampling errors.

Records become a cube of exact sums (`cube`); figures of any fewer dimensions, with variances from
replicate weights, are read from it (`estimates`). Dimensions that records do not state but imply, such as
the age group, are added first (`with_dimensions`). The SQL of each step can be shown.
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
