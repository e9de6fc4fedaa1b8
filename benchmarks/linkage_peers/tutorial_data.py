"""The public files that Splink's tutorials link, with the pairs that are known to be one person.

They lie in the folder that SOJOURN_SHARED_DATA names, or beside the repository; nothing is downloaded.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

__all__ = ["FILES", "TutorialData", "tutorial_data"]

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data"
FOLDER = Path(os.environ.get("SOJOURN_SHARED_DATA", BESIDE)) / "linkage"
FILES = {
    "febrl3": ["dataset3.csv"],
    "febrl4": ["dataset4a.csv", "dataset4b.csv"],
    # fake_1000_labels.csv beside it lists 3,176 pairs with a clerical score; truth here is `cluster`.
    "fake_1000": ["fake_1000.csv"],
    "historical_50k": ["historical_figures_with_errors_50k.parquet"],
}


@dataclass(frozen=True)
class TutorialData:
    """The tables of one set, and the person that each record is known to belong to.

    Where there are two tables, records are linked between them one to one. Where there is one,
    any number of its records may be one person.
    """

    tables: list[pa.Table]
    identifier: str

    def persons(self) -> list[pa.Table]:
        """For each table its records as `record_id` (text) and `cluster` (text)."""
        return [
            pa.table(
                {
                    "record_id": table[self.identifier].cast(pa.string()),
                    "cluster": table["cluster"].cast(pa.string()),
                }
            )
            for table in self.tables
        ]


def tutorial_data(name: str, *, blanks_are_missing: bool = False) -> TutorialData:
    """The tables of a set as the tutorials prepare them.

    The FEBRL files write a gap as a blank, and the tutorials leave it so: two records without a surname
    then have the same surname. `blanks_are_missing` trims text and makes blanks null.
    """
    tables = [_read(FOLDER / file) for file in FILES[name]]
    if name.startswith("febrl"):
        prepared = [_febrl(table, blanks_are_missing) for table in tables]
        return TutorialData(prepared, "rec_id")
    return TutorialData(tables, "unique_id")


def _read(file: Path) -> pa.Table:
    if not file.exists():
        raise SystemExit(f"{file} is not here. Set SOJOURN_SHARED_DATA to the folder of public data files.")
    if file.suffix == ".parquet":
        return pq.read_table(file)
    return pa_csv.read_csv(file, convert_options=pa_csv.ConvertOptions(strings_can_be_null=True))


def _febrl(records: pa.Table, blanks_are_missing: bool) -> pa.Table:
    """Names of columns without blanks, numbers that are compared by letters as text, and the cluster."""
    records = records.rename_columns([name.strip() for name in records.column_names])
    if blanks_are_missing:
        trimmed = [pc.utf8_trim_whitespace(column.cast(pa.string())) for column in records.columns]
        columns = [pc.if_else(pc.equal(column, ""), None, column) for column in trimmed]
        records = pa.table(dict(zip(records.column_names, columns, strict=True)))
    return duckdb.sql(
        "SELECT * REPLACE (trim(date_of_birth::VARCHAR) AS date_of_birth,"
        " trim(soc_sec_id::VARCHAR) AS soc_sec_id, trim(postcode::VARCHAR) AS postcode),"
        " regexp_extract(rec_id, '^([^-]+-[^-]+)', 1) AS cluster FROM records"
    ).to_arrow_table()
