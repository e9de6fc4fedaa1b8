"""Messy cases: does every hostile file end as its manifest says, and does every CSV file add up?

    tar -xJf messy_files.tar.xz
    python benchmarks/messy_cases.py messy_files [--json result.json]

Three parts: the generated cases that concern reading, each judged against what its manifest expects; the
files of csv-spectrum, cell by cell against their JSON truth; and every CSV file of the other collections,
read under its proposed dialect, where loaded + quarantined + non-data must be the number of physical
records and nothing but a refusal may be raised. What belongs to receiving (values, conflicts, deliveries
seen before, names of files) is not judged here. Every case is read in a child process under limits, as an
office would; the other collections in this process.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sojourn.errors import DataRefused
from sojourn.sources.reader.dialect import Dialect
from sojourn.sources.reader.frames import Event, Header, Loaded, NonData, Quarantined, Summary
from sojourn.sources.reader.parent import read
from sojourn.sources.reader.proposal import propose
from sojourn.sources.reader.reading import events

COLUMNS = [
    *("record_id", "passport_no", "surname", "given", "sex", "birth_date", "citizenship", "country_of_birth"),
    *("direction", "crossing_time", "border_point", "visa_type", "purpose"),
]


@dataclass
class Told:
    """What a reading said, or why it was refused."""

    code: str = ""
    message: str = ""
    rows: list[list[str | None]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    faults: list[dict[str, Any]] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)
    warning_text: str = ""
    summary: Summary | None = None
    seconds: float = 0.0

    def counts(self) -> tuple[int, int]:
        """Loaded and quarantined records."""
        return (self.summary.loaded, self.summary.quarantined) if self.summary else (-1, -1)

    def hear(self, event: Event) -> None:
        """Keep what one event says."""
        if isinstance(event, Header):
            self.names = [column.name for column in event.columns]
            self._warn(event.warnings)
        elif isinstance(event, Loaded):
            columns = [column.to_pylist() for column in event.batch.columns[1:]]
            self.rows += [list(row) for row in zip(*columns, strict=True)]
        elif isinstance(event, Quarantined):
            self.faults += event.batch.to_pylist()
        elif isinstance(event, NonData):
            self.kinds[event.kind] += event.count
        elif isinstance(event, Summary):
            self.summary = event
            self._warn(event.warnings)

    def _warn(self, notices: tuple[Any, ...]) -> None:
        self.warnings += [notice.code for notice in notices]
        self.warning_text += " ".join(notice.message for notice in notices)


def told_by_child(path: Path, dialect: Dialect, expected: list[str]) -> Told:
    """Read as an office does."""
    told = Told()
    begun = time.monotonic()
    try:
        with read(path, dialect, expected) as reading:
            told.hear(reading.header)
            for frame in reading:
                told.hear(frame)
            for line in reading.non_data:
                told.hear(line)
            told.hear(reading.summary)
    except DataRefused as refused:
        told.code, told.message = getattr(refused, "code", "?"), str(refused)
    told.seconds = time.monotonic() - begun
    return told


def told_here(path: Path, dialect: Dialect) -> Told:
    """Read in this process."""
    told = Told()
    try:
        for event in events(path, dialect):
            told.hear(event)
    except DataRefused as refused:
        told.code, told.message = getattr(refused, "code", "?"), str(refused)
    return told


Judge = Callable[[Told], bool]


def loaded(count: int, quarantined: int = 0) -> Judge:
    """So many records loaded and quarantined."""
    return lambda told: told.counts() == (count, quarantined)


def refused(code: str, *words: str) -> Judge:
    """Refused under a code, with words that the message must hold."""
    return lambda told: told.code == code and all(word in told.message for word in words)


def both(*judges: Judge) -> Judge:
    """Every one of several judgements."""
    return lambda told: all(judge(told) for judge in judges)


def reason(code: str, line: int) -> Judge:
    """The first quarantined record stands on a line for a reason."""
    return lambda told: (
        bool(told.faults) and (told.faults[0]["reason"], told.faults[0]["line"]) == (code, line)
    )


def said(*words: str) -> Judge:
    """Warned with these words or codes."""
    return lambda told: all(word in told.warnings or word in told.warning_text for word in words)


def within(seconds: float) -> Judge:
    """Done in time, the start of the child process included."""
    return lambda told: told.seconds < seconds


FIRST_CELL = Dialect(format="excel", header_line=0, columns=("value",))
EXCEL = Dialect(format="excel")
UTF8, SEMICOLON = Dialect(), Dialect(separator=";")
Case = tuple[str, Dialect, list[str], Judge]

CASES: list[Case] = [
    ("csv/clean_200.csv", UTF8, COLUMNS, loaded(200)),
    ("csv/utf8_bom.csv", UTF8, COLUMNS, both(loaded(200), lambda told: told.names[0] == "record_id")),
    ("csv/utf16le_bom.csv", Dialect(encoding="utf-16"), COLUMNS, loaded(200)),
    ("csv/utf16le_bom.csv", UTF8, COLUMNS, refused("encoding-contradicted", "utf-16-le")),
    ("csv/utf16be_nobom.csv", Dialect(encoding="utf-16-be"), COLUMNS, loaded(200)),
    ("csv/utf16be_nobom.csv", UTF8, COLUMNS, refused("encoding-contradicted", "utf-16-be")),
    ("csv/cp1256_arabic.csv", Dialect(encoding="cp1256"), COLUMNS, loaded(50)),
    ("csv/cp1256_arabic.csv", UTF8, COLUMNS, refused("encoding-contradicted", "offset 152", "line 2")),
    ("csv/cp1251_cyrillic.csv", Dialect(encoding="cp1251"), COLUMNS, loaded(50)),
    ("csv/cp1251_cyrillic.csv", UTF8, COLUMNS, refused("encoding-contradicted", "offset 152", "line 2")),
    ("csv/gb18030_chinese.csv", Dialect(encoding="gb18030"), COLUMNS, loaded(50)),
    ("csv/gb18030_chinese.csv", UTF8, COLUMNS, refused("encoding-contradicted", "offset 152", "line 2")),
    (
        "csv/mixed_utf8_then_cp1252.csv",
        UTF8,
        COLUMNS,
        both(loaded(25, 25), reason("undecodable-byte", 27), said("first-undecodable-byte", "line 27")),
    ),
    ("csv/nul_bytes.csv", UTF8, COLUMNS, both(loaded(199, 1), reason("nul-byte", 37))),
    ("csv/overlong_utf8.csv", UTF8, COLUMNS, both(loaded(1, 1), reason("undecodable-byte", 3))),
    ("csv/lone_surrogate.csv", UTF8, COLUMNS, both(loaded(1, 1), reason("undecodable-byte", 3))),
    ("csv/mixed_newlines.csv", UTF8, COLUMNS, loaded(90)),
    ("csv/no_final_newline.csv", UTF8, COLUMNS, loaded(200)),
    ("csv/unclosed_quote_row3.csv", UTF8, COLUMNS, both(loaded(199, 1), reason("quote-never-closed", 4))),
    ("csv/embedded_newlines.csv", UTF8, COLUMNS, loaded(60)),
    (
        "csv/ragged.csv",
        UTF8,
        COLUMNS,
        both(
            loaded(90, 10),
            lambda told: (told.faults[0]["expected"], told.faults[0]["found"]) == ("13 fields", "15 fields"),
        ),
    ),
    ("csv/short_rows.csv", UTF8, COLUMNS, loaded(90, 10)),
    ("csv/dup_header.csv", UTF8, COLUMNS, refused("duplicate-header", "citizenship", "7 (G) and 8 (H)")),
    ("csv/header_case_space.csv", UTF8, COLUMNS, both(loaded(10), said("header-spelling"))),
    ("csv/header_homoglyph.csv", UTF8, COLUMNS, refused("deceptive-header", "U+0430", "passport_no")),
    ("csv/header_bidi.csv", UTF8, COLUMNS, refused("deceptive-header", "U+202E")),
    ("csv/header_sql.csv", UTF8, COLUMNS, refused("missing-column", "13 (M)")),
    ("csv/header_only.csv", UTF8, COLUMNS, both(loaded(0), said("header-only"))),
    ("csv/empty.csv", UTF8, COLUMNS, refused("empty-file")),
    (
        "csv/preamble_footer.csv",
        Dialect(header_line=4, non_data=("Total,.*", "Source:.*")),
        COLUMNS,
        both(
            loaded(200),
            lambda told: told.kinds["preamble"] == told.kinds["declared"] == told.kinds["blank"] == 2,
        ),
    ),
    ("csv/multi_header.csv", UTF8, [], refused("two-header-rows")),
    ("csv/semicolon_decimal_comma.csv", SEMICOLON, [], loaded(2)),
    ("csv/wide_20000_cols.csv", UTF8, [], both(refused("too-many-columns"), within(3))),
    ("csv/field_64mb.csv", UTF8, COLUMNS, both(loaded(1, 1), reason("field-too-long", 2))),
    ("csv/million_blank_lines.csv", UTF8, COLUMNS, both(loaded(1), within(5))),
    (
        "csv/excel_sep_line.csv",
        SEMICOLON,
        COLUMNS,
        both(loaded(200), lambda told: told.kinds["sep-line"] == 1),
    ),
    ("csv/trailing_commas.csv", UTF8, COLUMNS, both(loaded(20), said("blank-header"))),
    ("json/deep_500k.json", UTF8, COLUMNS, both(refused("not-the-format", "JSON"), within(1))),
    ("json/bigint.json", UTF8, COLUMNS, both(refused("not-the-format", "JSON"), within(1))),
    ("json/dupkeys.json", UTF8, COLUMNS, refused("not-the-format", "JSON")),
    ("json/nan.json", UTF8, COLUMNS, refused("not-the-format", "JSON")),
    ("spreadsheets/html_as_xls.xls", EXCEL, [], refused("not-the-format", "HTML")),
    ("spreadsheets/xlsx_billion_laughs.xlsx", EXCEL, [], both(refused("dangerous-xml"), within(3))),
    (
        "spreadsheets/xlsx_xxe.xlsx",
        EXCEL,
        [],
        both(refused("dangerous-xml"), lambda told: "root:" not in told.message),
    ),
    ("spreadsheets/xlsx_rowbomb.xlsx", EXCEL, [], both(refused("too-large-inside", "1048576"), within(6))),
    ("spreadsheets/xlsx_huge_dimension.xlsx", FIRST_CELL, [], both(loaded(1), within(5))),
    ("spreadsheets/xlsx_sharedstring_index.xlsx", FIRST_CELL, [], refused("damaged-file", "A1")),
    (
        "spreadsheets/xlsx_formula_cached.xlsx",
        FIRST_CELL,
        [],
        both(loaded(1), said("formula-cell"), lambda told: told.rows == [["5"]]),
    ),
    ("spreadsheets/xlsx_date1904.xlsx", FIRST_CELL, [], loaded(1)),
    ("spreadsheets/xlsx_hidden_sheet.xlsx", FIRST_CELL, [], both(loaded(1), said("hidden-sheet", "Data"))),
]


def judged_cases(folder: Path) -> list[dict[str, Any]]:
    """Every generated case that concerns reading."""
    expectations = {
        entry["file"]: entry["expect"]
        for entry in json.loads((folder / "MANIFEST.json").read_text(encoding="utf-8"))
    }
    results = []
    for name, dialect, expected, judge in CASES:
        told = told_by_child(folder / name, dialect, expected)
        results.append(
            {
                "file": name,
                "declared": dialect.encoding if dialect.format == "csv" else dialect.format,
                "expected": expectations[name],
                "passed": judge(told),
                "got": told.code or "+".join(str(count) for count in told.counts()),
                "seconds": round(told.seconds, 2),
            }
        )
    return results


def not_judged(folder: Path) -> list[str]:
    """Cases of the manifest that belong to receiving or to other formats."""
    here = {name for name, *_ in CASES}
    entries = json.loads((folder / "MANIFEST.json").read_text(encoding="utf-8"))
    return [entry["file"] for entry in entries if entry["file"] not in here]


def spectrum(folder: Path) -> list[dict[str, Any]]:
    """Files of csv-spectrum that do not give the cells of their truth."""
    wrong = []
    for path in sorted((folder / "csvs").glob("*.csv")):
        told = told_here(path, Dialect())
        truth = json.loads((folder / "json" / f"{path.stem}.json").read_text(encoding="utf-8"))
        found = [dict(zip(told.names, (cell or "" for cell in row), strict=True)) for row in told.rows]
        # The truth of this collection writes every line end within a cell as LF.
        plain = [{name: cell.replace("\r\n", "\n") for name, cell in row.items()} for row in found]
        if plain != truth and found != truth:
            wrong.append({"file": path.name, "got": found, "truth": truth})
    return wrong


def accounts(folder: Path) -> dict[str, Any]:
    """Read every file of a collection under its proposed dialect and add up."""
    outcomes: Counter[str] = Counter()
    broken = []
    for path in sorted(file for file in folder.rglob("*") if file.is_file()):
        try:
            dialect = propose(path).dialect
        except DataRefused as refused:
            outcomes[f"no proposal: {getattr(refused, 'code', '?')}"] += 1
            continue
        if dialect.encoding is None:
            outcomes["the encoding is left open"] += 1
            dialect = Dialect.from_json({**dialect.to_json(), "encoding": "utf-8"})
        told = told_here(path, dialect)
        if told.code:
            outcomes[f"refused: {told.code}"] += 1
        elif told.summary is None or told.counts() != (len(told.rows), len(told.faults)):
            broken.append(path.name)
        else:
            outcomes["read"] += 1
            outcomes["… with quarantined records"] += bool(told.faults)
    return {"outcomes": dict(outcomes.most_common()), "broken accounts": broken}


def main() -> None:
    """Print what was found, and write JSON when asked."""
    parser = argparse.ArgumentParser(description="Messy and hostile files against their manifest.")
    parser.add_argument("folder", type=Path, help="the unpacked messy files")
    parser.add_argument("--json", type=Path, help="also write the result here")
    arguments = parser.parse_args()
    cases = judged_cases(arguments.folder / "generated")
    for case in cases:
        mark = "ok  " if case["passed"] else "FAIL"
        print(f"{mark} {case['file']:<44} {case['declared']:<10} {case['got']:<24} {case['seconds']:>6} s")
    failed = [case for case in cases if not case["passed"]]
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    passed = len(cases) - len(failed)
    print(f"{passed} of {len(cases)} readings end as the manifest says; largest child {memory:.0f} MB")
    left = not_judged(arguments.folder / "generated")
    print(f"not judged here ({len(left)}): {', '.join(left)}")
    wrong = spectrum(arguments.folder / "csv" / "csv-spectrum")
    print(f"csv-spectrum: {len(wrong)} files differ from their truth {[entry['file'] for entry in wrong]}")
    collections = {
        name: accounts(arguments.folder / path)
        for name, path in (
            ("duckdb", "csv/duckdb"),
            ("csv-spectrum", "csv/csv-spectrum/csvs"),
            ("sheets", "spreadsheets"),
        )
    }
    for name, account in collections.items():
        print(f"{name}: broken accounts {account['broken accounts']}")
        for outcome, count in account["outcomes"].items():
            print(f"    {outcome:<40} {count:>6}")
    if arguments.json:
        result = {
            "cases": cases,
            "not judged": left,
            "csv-spectrum differs": wrong,
            "collections": collections,
        }
        arguments.json.write_text(json.dumps(result, indent=1, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
