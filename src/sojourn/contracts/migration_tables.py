"""Tables of international migration before protection, and what is known of how they were filled."""

from __future__ import annotations

from sojourn.contracts.table import Table, Zone, column

__all__ = [
    "AnswerCoverage",
    "MigrationFigure",
    "RecordCheckCount",
    "TableAvailability",
    "TableReconciliation",
    "YearbookFigure",
]


class MigrationFigure(Table, zone=Zone.SECURE):
    """One cell of a migration table before protection.

    Figures of a census or register have no sampling error: what tells it is then empty, not zero.
    """

    table_id: str = column("Identifier of the table", key=True)
    statistic: str = column("What the figure is: count or proportion", required=True)
    value: float = column("The figure; null where it cannot be formed")
    standard_error: float = column("Standard error; null for a census or register")
    cv: float = column("Coefficient of variation", unit="per cent")
    lower: float = column("Lower end of the interval")
    upper: float = column("Upper end of the interval")
    degrees_of_freedom: int = column("Degrees of freedom of the standard error")
    contributors: int = column("Records behind the figure", required=True)
    not_stated: int = column("Records of which it is not known whether they belong to it", required=True)


class YearbookFigure(Table, zone=Zone.SECURE):
    """One cell of a table as the Demographic Yearbook asks for it, before protection."""

    table_id: str = column("Number of the table in the Demographic Yearbook", key=True)
    ref_year: int = column("Year for which the figure holds", key=True)
    source: str = column("Source of the figure", required=True)
    status: str = column("P provisional or F final", required=True)
    origin_code: str = column(
        "Country of birth or citizenship, M49 number, or place of birth or citizenship status; _T total",
        key=True,
    )
    sex: str = column("Sex", codes="CL_SEX", key=True)
    age_group: str = column("Age group", codes="CL_AGE", key=True)
    education: str = column("Educational attainment, ISCED 2011; _T where it is not told", key=True)
    value: float = column("The figure", required=True)
    footnote: str = column("What the reader should know of the figure")


class TableAvailability(Table, zone=Zone.SECURE):
    """One migration table: whether the source can fill it, and else which variables are missing."""

    table_id: str = column("Identifier of the table", key=True)
    part_of: str = column("Tabulation of the guidance, or table of the Demographic Yearbook", required=True)
    table_title: str = column("Title of the table", required=True)
    unit: str = column("What is counted: person, household or emigrant", required=True)
    available: bool = column("Whether the table was made", required=True)
    missing: str = column("Variables that are missing; alternatives are joined by `or`")
    cells: int = column("Cells of the table")
    not_stated: int = column("Records of which it is not known whether the table is about them")
    note: str = column("What the table can tell, and what not")


class TableReconciliation(Table, zone=Zone.SECURE):
    """One thing that must hold within a table or between tables, and whether it does."""

    check_id: str = column("Identifier: the identity, or `totals` for the codes and total of a dimension")
    tables: str = column("Tables that are compared", required=True)
    dimension: str = column("Dimension whose codes must add up to its total; null for an identity")
    compared: int = column("Figures that were compared", required=True)
    differing: int = column("Of these, how many differ", required=True)
    largest_difference: float = column("Largest difference; null where nothing was compared")
    holds: bool = column("Whether it holds; null where nothing was compared")


class RecordCheckCount(Table, zone=Zone.SECURE):
    """How many records say what no record may say. Counts of records, never records."""

    check_id: str = column("Identifier of the check", key=True)
    unit: str = column("What was checked: person, household or emigrant", required=True)
    severity: str = column("error, warning, or query: to be looked at", required=True)
    meaning: str = column("What the records say", required=True)
    records: int = column("Records that were checked; null where a variable is missing")
    failing: int = column("Records that say it")
    undecided: int = column("Records of which that is not known")


class AnswerCoverage(Table, zone=Zone.SECURE):
    """How far one variable of a source is answered."""

    unit: str = column("Whose variable it is: person, household or emigrant", key=True)
    variable: str = column("Name of the variable", key=True)
    records: int = column("Records", required=True)
    stated: int = column("Records that state it", required=True)
    not_applicable: int = column("Records to which the question does not apply", required=True)
    not_known: int = column("Records whose answer is not known", required=True)
    missing: int = column("Records that say nothing", required=True)
