"""Migration tables of a census, survey or register: the tabulations of the UN guidance, and the yearbook's.

Records become variables (`person_variables`), variables a cube, the cube tables (`table_figures`); what could
not be made (`table_availability`), what does not add up (`reconciled`) and what records contradict
(`checked_records`) is told beside them.
"""

from sojourn.statistics.migration_tables.availability import (
    answer_coverage,
    table_availability,
    tables_to_make,
)
from sojourn.statistics.migration_tables.figures import table_figures
from sojourn.statistics.migration_tables.reconciliation import reconciled
from sojourn.statistics.migration_tables.record_checks import checked_records
from sojourn.statistics.migration_tables.units import (
    UnitRecords,
    households_of,
    reported_emigrants,
    with_household_units,
)
from sojourn.statistics.migration_tables.variables import (
    UNIT_CONTRACTS,
    ArrivalPeriods,
    TableSettings,
    emigrant_variables,
    household_variables,
    person_variables,
)
from sojourn.statistics.migration_tables.yearbook import YearbookSource, yearbook_tables

__all__ = [
    "UNIT_CONTRACTS",
    "ArrivalPeriods",
    "TableSettings",
    "UnitRecords",
    "YearbookSource",
    "answer_coverage",
    "checked_records",
    "emigrant_variables",
    "household_variables",
    "households_of",
    "person_variables",
    "reconciled",
    "reported_emigrants",
    "table_availability",
    "table_figures",
    "tables_to_make",
    "with_household_units",
    "yearbook_tables",
]
