"""Bring published files into a form that a source can declare: a line a figure, a name for each column.

The United Nations' workbook of 2020 has a column for each year, once for each sex. Their file of 2024 has
pairs of origin and destination, complete and without overlap, and no totals: those by destination and of the
world are summed here. Both become tables of one form.

SDMX-CSV with labels has columns such as `sex` and `Sex`, which hold the codes and their words. Names that
differ by case alone are refused on receipt, so the first of them is kept; no figure is touched.

Use: prepare.py FOLDER WORKBOOK_2020 PAIRS_2024 SDMX_CSV…
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow.parquet as pq
from python_calamine import CalamineWorkbook

COLUMNS = ("REVISION", "AREA", "NAME", "SEX", "YEAR", "PERSONS", "IMPUTED")
ROW_OF_SEXES, ROW_OF_YEARS = 7, 10
WORLD, BOTH = "900", "both sexes combined"


def of_2020(workbook: Path) -> Iterator[tuple[object, ...]]:
    """The figures of the workbook's first table: areas, groups of them, and the world."""
    sheet = CalamineWorkbook.from_path(workbook).get_sheet_by_name("Table 1")
    rows = [[_whole(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
    sexes, years = rows[ROW_OF_SEXES], rows[ROW_OF_YEARS]
    name = years.index("Region, development group, country or area")
    code, data_type = years.index("Location code"), years.index("Type of data")
    for row in rows[ROW_OF_YEARS + 1 :]:
        is_imputed = "I" in str(row[data_type]).split()
        sex = ""
        for title, year, persons in zip(sexes, years, row, strict=True):
            sex = str(title).rpartition(", ")[2] or sex  # a title stands over its first year
            if isinstance(year, int):
                yield "2020", row[code], str(row[name]).strip(" *"), sex, year, persons, is_imputed


def _whole(cell: object) -> object:
    return int(cell) if isinstance(cell, float) else cell


def of_2024(pairs: Path) -> Iterator[tuple[object, ...]]:
    """Sums of the pairs by destination and for the world, each for women, men and both."""
    stock: Counter[tuple[str, str, int]] = Counter()
    imputed = set()
    for row in pq.read_table(pairs).to_pylist():
        for area in (row["geo"], WORLD):
            for sex in (f"{row['sex']}s", BOTH):
                stock[area, sex, row["t"]] += row["n"]
        if row["type_i"]:
            imputed.add((row["geo"], row["t"]))
    for (area, sex, year), persons in stock.items():
        yield "2024", area, area, sex, year, persons, (area, year) in imputed


def without_labels(file: Path) -> Iterator[list[str]]:
    """The lines of an SDMX-CSV file without the columns whose name stood before, but for case."""
    with file.open(encoding="utf-8-sig", newline="") as opened:
        lines = csv.reader(opened)
        header = next(lines)
        folded = [name.casefold() for name in header]
        kept = [position for position, name in enumerate(folded) if name not in folded[:position]]
        yield [header[position] for position in kept]
        for line in lines:
            yield [line[position] for position in kept]


def write(file: Path, lines: Iterable[Sequence[object]]) -> None:
    """Write lines as a CSV file."""
    with file.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened, lineterminator="\n").writerows(lines)


def main(folder: Path, workbook: Path, pairs: Path, *sdmx: Path) -> None:
    """Write `stock_2020.csv`, `stock_2024.csv` and each SDMX-CSV file under its own name into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "stock_2020.csv", [COLUMNS, *of_2020(workbook)])
    write(folder / "stock_2024.csv", [COLUMNS, *of_2024(pairs)])
    for file in sdmx:
        write(folder / file.name, without_labels(file))


if __name__ == "__main__":
    main(*(Path(given) for given in sys.argv[1:]))
