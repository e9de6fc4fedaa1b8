"""The template that a provider fills in, made from the contract and the source's declaration."""

from __future__ import annotations

import csv
from pathlib import Path

import xlsxwriter

from sojourn.concepts import code_list
from sojourn.contracts.microdata import Identity
from sojourn.contracts.table import Column
from sojourn.errors import ProjectError
from sojourn.project.contracts import CONTRACTS
from sojourn.project.declarations import SourceDeclaration
from sojourn.project.load import Declarations

__all__ = ["write_template"]

_FILLABLE_ROWS = 10_000


def write_template(source: SourceDeclaration, declarations: Declarations, file: Path) -> None:
    """Write the empty file: in Excel with a page of explanations and drop-downs for coded columns.

    Raises: ProjectError for another ending than .csv or .xlsx.
    """
    contract = CONTRACTS[source.gives]
    columns: dict[str, tuple[str, Column]] = {}
    for target, rule in source.columns.items():
        if rule.source is not None and rule.source not in columns:
            columns[rule.source] = (target, contract.columns.get(target) or Identity.columns[target])
    if file.suffix == ".csv":
        with file.open("w", encoding=source.arrives.encoding, newline="") as opened:
            csv.writer(opened, delimiter=source.arrives.separator[:1]).writerow(columns)
    elif file.suffix == ".xlsx":
        _write_workbook(source, declarations, columns, file)
    else:
        raise ProjectError(f"A template ends in .csv or .xlsx, not {file.suffix or 'nothing'}.")


def _write_workbook(
    source: SourceDeclaration, declarations: Declarations, columns: dict[str, tuple[str, Column]], file: Path
) -> None:
    with xlsxwriter.Workbook(file) as workbook:
        bold = workbook.add_format({"bold": True})
        text = workbook.add_format({"num_format": "@"})
        records = workbook.add_worksheet("records")
        meanings = workbook.add_worksheet("meanings")
        lists = workbook.add_worksheet("codes")
        for position, title in enumerate(("Column", "Meaning", "Needed", "Form or codes")):
            meanings.write(0, position, title, bold)
        for position, (header, (target, declared)) in enumerate(columns.items()):
            rule = source.columns[target]
            needed = declared.required or declared.key
            codes = _codes(source, declarations, target, declared)
            records.write(0, position, header, bold)
            records.set_column(position, position, max(12, len(header) + 2), text)
            form = (
                f"{len(codes)} codes: see the sheet codes"
                if codes
                else (rule.format or declared.python_type.__name__)
            )
            for column, value in enumerate((header, declared.meaning, "yes" if needed else "no", form)):
                meanings.write_string(position + 1, column, value)
            if codes:
                _add_list(records, lists, position, header, codes)
        records.freeze_panes(1, 0)
        meanings.set_column(0, 3, 40)


def _add_list(
    records: xlsxwriter.worksheet.Worksheet,
    lists: xlsxwriter.worksheet.Worksheet,
    position: int,
    header: str,
    codes: list[str],
) -> None:
    lists.write(0, position, header)
    lists.write_column(1, position, codes)
    letter = xlsxwriter.utility.xl_col_to_name(position)
    choice = {
        "validate": "list",
        "source": f"=codes!${letter}$2:${letter}${len(codes) + 1}",
        "error_title": "Unknown code",
        "error_message": f"Choose one of the {len(codes)} codes of the list.",
    }
    records.data_validation(1, position, _FILLABLE_ROWS, position, choice)


def _codes(source: SourceDeclaration, declarations: Declarations, target: str, declared: Column) -> list[str]:
    """The codes that a provider may write in a column: those of the map, else of the code list."""
    code_map = declarations.code_maps.get((source.id, target))
    if code_map is not None:
        return list(dict.fromkeys(code_map.written))
    if declared.codes is None or source.columns[target].codes is not None:
        return []
    return list(code_list(declared.codes).for_records)
