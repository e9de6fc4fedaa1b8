"""Receiving at national volume: `sojourn receive` with full checks beside DuckDB's bare CSV read, in one run.

    python benchmarks/receive.py [--records 10000000] [--json FILE]

One generated file of 13 columns, one of them quoted, in which one record in a thousand is bad in one of
five ways. Sojourn receives it as an office does, by its command: it keeps the file, reads it strictly in a
limited child process, maps codes, checks every record by eight rules, splits names and documents off into the
vault, makes keyed pseudonyms, looks for repeated records, and takes the delivery in. DuckDB reads the same
file into a table of text and does nothing else; counting its lines, which needs no cell, is shown too.

CPU seconds are those of all threads and child processes; memory is the most that all processes of a side
held together, looked at every fiftieth of a second.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

import duckdb
from costs import cost

# Records are made from their number alone, so that a file of any length is the same every time.
MADE = """
COPY (
  WITH numbered AS (SELECT range AS n, hash(range) AS h, hash(range, 1) AS g FROM range({records})),
  drawn AS (SELECT *, CASE WHEN h % 1000 = 0 THEN g % 5 END AS fault, hash(n // 5) AS q FROM numbered)
  SELECT
    'B' || lpad(n::VARCHAR, 9, '0') AS "ID",
    strftime(TIMESTAMP '2024-01-01' + to_minutes((h % 527040)::BIGINT), '%Y-%m-%dT%H:%M:%SZ') AS "CROSSED_AT",
    CASE WHEN fault = 3 THEN '' ELSE substr('AD', 1 + (g % 2)::INT, 1) END AS "DIR",
    CASE WHEN fault = 2 THEN '1.23457E+11'
      ELSE chr(65 + (q % 26)::INT) || lpad((q % 10000019)::VARCHAR, 8, '0') END AS "PASSPORT",
    'SURNAME' || (q % 50021)::VARCHAR AS "SURNAME",
    'Given ' || (q % 9001)::VARCHAR AS "GIVEN",
    CASE WHEN fault = 1 THEN '1980-02-30' WHEN fault = 4 THEN '2024-12-31'
      ELSE strftime(DATE '1935-01-01' + (q % 29000)::INT, '%Y-%m-%d') END AS "BORN",
    substr('MF', 1 + (q % 2)::INT, 1) AS "SEX",
    CASE WHEN fault = 0 THEN 'QQQ' ELSE list_extract({countries}, 1 + (q % 12)::INT) END AS "CITIZEN_OF",
    list_extract({countries}, 1 + (q % 11)::INT) AS "BORN_IN",
    'BP' || lpad((g % 60)::VARCHAR, 2, '0') AS "POST",
    list_extract(['T', 'W', 'S', 'R', ''], 1 + (g % 5)::INT) AS "VISA",
    'Line ' || (g % 300)::VARCHAR AS "CARRIER"
  FROM drawn
) TO '{path}' (FORMAT csv, HEADER, FORCE_QUOTE ("GIVEN"))
"""
COUNTRIES = ["NAM", "NOR", "FRA", "KEN", "IND", "SYR", "UKR", "POL", "BRA", "CHN", "EGY", "XRT"]
SOURCE = """\
id: border
title: {en: Border crossings}
kind: border_crossings
provider: border_guard
agreement: border-2023
arrives: {every: year}
identifies_by: [document_no, surname, given_names, birth_date]
gives: movement
ignore: [CARRIER]
columns:
  movement_id: ID
  event_date: {from: CROSSED_AT, part: day}
  event_time: CROSSED_AT
  direction: DIR
  document_no: PASSPORT
  surname: SURNAME
  given_names: GIVEN
  birth_date: BORN
  birth_year: {from: BORN, part: year}
  sex: SEX
  citizenship: CITIZEN_OF
  birthplace: BORN_IN
  border_point: POST
  visa: VISA
checks:
  - {id: known-direction, rule: "direction in ('A', 'D')"}
  - {id: born-before-crossing, rule: birth_year < year(event_date)}
  - {id: plausible-birth, rule: birth_year >= 1900}
  - {id: within-the-year, rule: event_date >= '2024-01-01' and event_date <= '2024-12-31'}
  - {id: post-named, rule: border_point is not null}
  - {id: sex-stated, severity: warning, rule: sex is not null, at_least: 0.98}
  - {id: citizenship-stated, severity: warning, rule: citizenship is not null, at_least: 0.98}
  - {id: visa-stated, severity: warning, rule: "citizenship = 'XRT' or visa is not null", at_least: 0.5}
"""


def write_crossings(path: Path, records: int) -> None:
    """Write a file of made-up crossings."""
    countries = "[" + ", ".join(f"'{code}'" for code in COUNTRIES) + "]"
    duckdb.sql(MADE.format(records=records, path=path, countries=countries))


def write_project(folder: Path) -> None:
    """Write the declarations of a project with one source."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    import small_project as small

    files = {
        "sojourn.yaml": small.SETTINGS.format(keys=folder / "keys"),
        "strategy/organisations.yaml": small.ORGANISATIONS,
        "strategy/agreements.yaml": small.AGREEMENTS,
        "sources/border/source.yaml": SOURCE,
    }
    for name, text in files.items():
        (folder / "project" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "project" / name).write_text(text, encoding="utf-8")


def bare_read(path: Path, statement: str) -> list[str]:
    """A process in which DuckDB reads the file, every cell as text, and does nothing with it."""
    settings = (
        "set enable_progress_bar = false; set preserve_insertion_order = false; set memory_limit = '2GB'"
    )
    code = (
        f"import duckdb; c = duckdb.connect(); c.execute({settings!r});"
        f"c.execute({statement.format(path=path)!r}).fetchall()"
    )
    return [sys.executable, "-c", code]


def main() -> None:
    """Print the table, and write JSON when asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=10_000_000)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sojourn-receive-") as place:
        folder = Path(place)
        os.environ["TMPDIR"] = place
        path = folder / "crossings.csv"
        write_crossings(path, arguments.records)
        write_project(folder)
        size = path.stat().st_size
        command = [
            sys.executable,
            "-m",
            "sojourn",
            "-p",
            str(folder / "project"),
            "--json",
            "receive",
            "border",
        ]
        bare = "from read_csv('{path}', all_varchar = true)"
        table = f"create temp table records as {bare}"
        costs = [
            cost("duckdb: every cell read into a table of text", bare_read(path, table)),
            cost("sojourn receive, with full checks", [*command, str(path), "--period", "2024"]),
            cost("duckdb: lines counted", bare_read(path, f"select count(*) {bare}")),
        ]
    (receipt,) = json.loads(costs[1].said)
    print(f"{arguments.records:,} records of 13 columns, {size / 1e6:,.0f} MB")
    for each in costs:
        print(each)
    ratio = costs[1].cpu / costs[0].cpu
    print(f"loaded {receipt['loaded']:,}, quarantined {receipt['quarantined']:,}: {receipt['state']}")
    print(f"sojourn took {ratio:.2f} times the CPU of the bare read and at most {costs[1].megabytes:,.0f} MB")
    if arguments.json:
        rows = [{name: value for name, value in vars(each).items() if name != "said"} for each in costs]
        arguments.json.write_text(json.dumps({"costs": rows, "ratio": ratio, "file bytes": size}, indent=1))


if __name__ == "__main__":
    main()
