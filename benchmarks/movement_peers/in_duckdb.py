"""The rule by window SQL: FILE TARGET."""

import sys
from pathlib import Path

import duckdb

_, file, target = sys.argv
statement = Path(__file__).with_name("windows.sql").read_text().replace("FROM crossings", f"FROM '{file}'")
engine = duckdb.connect()
engine.execute(f"SET temp_directory = '{Path(target).parent}'")
engine.execute(f"COPY ({statement}) TO '{target}' (FORMAT parquet)")
