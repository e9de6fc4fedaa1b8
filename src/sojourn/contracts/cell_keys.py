"""What cell-key perturbation needs of each cell of a table, beside its figure: secret, as records are."""

from __future__ import annotations

from sojourn.contracts.table import Sensitivity, Table, Zone, column

__all__ = ["CellKey"]


class CellKey(Table, zone=Zone.SECURE):
    """One cell of a table with the sum of its records' keys; dimensions come first."""

    time_period: str = column("Time to which the figure refers, SDMX notation", key=True)
    cell_key: int = column(
        "Sum of the record keys, modulo 2**32", required=True, sensitivity=Sensitivity.SENSITIVE
    )
    amount: float = column(
        "Sum of the weights of the records; their number without weights",
        required=True,
        sensitivity=Sensitivity.SENSITIVE,
    )
    largest: float = column(
        "Largest absolute value of the measure; null of counts", sensitivity=Sensitivity.SENSITIVE
    )
    second_largest: float = column("Second largest", sensitivity=Sensitivity.SENSITIVE)
    third_largest: float = column("Third largest", sensitivity=Sensitivity.SENSITIVE)
