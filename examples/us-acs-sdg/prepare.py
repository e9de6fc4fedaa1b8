"""Join the persons and households of the American Community Survey's public files into one file of persons.

    python prepare.py FOLDER TARGET.parquet

FOLDER holds p_XX.parquet and h_XX.parquet as the Census Bureau's files are often kept, one a state. Added
are the household's columns, the stratum (state and PUMA), and what the first person of the household says
of birth and citizenship: that person is the one in whose name the home is owned or rented.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

PERSON = (
    *(
        "SERIALNO",
        "SPORDER",
        "STATE",
        "PUMA",
        "PWGTP",
        "AGEP",
        "SEX",
        "NATIVITY",
        "CIT",
        "ESR",
        "COW",
        "OCCP",
    ),
    *("INDP", "SCHL", "FER", "WAGP", "WKHP", "WKWN", "POVPIP", "HICOV"),
)
HOUSEHOLD = ("SERIALNO", "HINCP", "NP", "RMSP", "TYPEHUGQ")


def main(arguments: list[str]) -> int:
    """Write the joined file; the exit code tells the shell."""
    if len(arguments) != 2:
        print("Usage: python prepare.py FOLDER TARGET.parquet", file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    persons, households = (
        pa.concat_tables(
            [pq.read_table(file, columns=list(columns)) for file in sorted(folder.glob(pattern))]
        )
        for pattern, columns in (("p_*.parquet", PERSON), ("h_*.parquet", HOUSEHOLD))
    )
    first = persons.filter(pc.equal(persons["SPORDER"], 1)).select(["SERIALNO", "NATIVITY", "CIT"])
    heads = first.rename_columns(["SERIALNO", "HEAD_NATIVITY", "HEAD_CIT"])
    joined = persons.join(households, "SERIALNO").join(heads, "SERIALNO")
    stratum = pc.binary_join_element_wise(joined["STATE"], joined["PUMA"], "-")
    joined = joined.append_column("STRATUM", stratum).sort_by(
        [("SERIALNO", "ascending"), ("SPORDER", "ascending")]
    )
    pq.write_table(joined.replace_schema_metadata(None), arguments[1])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
