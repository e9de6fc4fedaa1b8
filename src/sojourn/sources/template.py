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
_ENDINGS = {"csv": ".csv", "excel": ".xlsx"}


def write_template(source: SourceDeclaration, declarations: Declarations, file: Path) -> None:
    """Write the empty file in the form in which the source arrives, with its header where it is declared.

    In Excel it has a page of explanations and drop-downs for coded columns.

    Raises: ProjectError when the file exists, its ending is not that of the source's form, or the form has no
    template.
    """
    ending = _ENDINGS.get(source.arrives.format)
    if ending is None or source.arrives.header_line == 0:
        raise ProjectError(
            f"There is no template for the form in which {source.id} arrives.",
            "Templates are for sources in csv and excel whose files have a header.",
        )
    if file.suffix != ending:
        raise ProjectError(
            f"{source.id} arrives as {source.arrives.format}, so its template ends in {ending}.",
            f"Name it {file.with_suffix(ending).name}, or declare another format under `arrives:`.",
        )
    if file.exists():
        raise ProjectError(f"{file} exists.", "Name a file that does not: nothing is overwritten.")
    contract = CONTRACTS[source.gives]
    columns: dict[str, tuple[str, Column]] = {}
    for target, rule in source.columns.items():
        if rule.source is not None and rule.source not in columns:
            columns[rule.source] = (target, contract.columns.get(target) or Identity.columns[target])
    if ending == ".xlsx":
        _write_workbook(source, declarations, columns, file)
        return
    with file.open("w", encoding=source.arrives.encoding, newline="") as opened:
        opened.write("\r\n" * _header_row(source))
        csv.writer(opened, delimiter=source.arrives.separator[:1]).writerow(columns)


def _header_row(source: SourceDeclaration) -> int:
    """The row of the header, counted from 0."""
    return source.arrives.header_line - 1


def _write_workbook(
    source: SourceDeclaration, declarations: Declarations, columns: dict[str, tuple[str, Column]], file: Path
) -> None:
    with xlsxwriter.Workbook(file) as workbook:
        bold = workbook.add_format({"bold": True})
        text = workbook.add_format({"num_format": "@"})
        records = workbook.add_worksheet(source.arrives.sheet or "records")
        top = _header_row(source)
        meanings = workbook.add_worksheet("meanings")
        lists = workbook.add_worksheet("codes")
        for position, title in enumerate(("Column", "Meaning", "Needed", "Form or codes")):
            meanings.write(0, position, title, bold)
        for position, (header, (target, declared)) in enumerate(columns.items()):
            rule = source.columns[target]
            needed = declared.required or declared.key
            codes = _codes(source, declarations, target, declared)
            records.write(top, position, header, bold)
            records.set_column(position, position, max(12, len(header) + 2), text)
            form = (
                f"{len(codes)} codes: see the sheet codes"
                if codes
                else (rule.format or declared.python_type.__name__)
            )
            for column, value in enumerate((header, declared.meaning, "yes" if needed else "no", form)):
                meanings.write_string(position + 1, column, value)
            if codes:
                _add_list(records, lists, position, header, codes, top)
        records.freeze_panes(top + 1, 0)
        meanings.set_column(0, 3, 40)


def _add_list(
    records: xlsxwriter.worksheet.Worksheet,
    lists: xlsxwriter.worksheet.Worksheet,
    position: int,
    header: str,
    codes: list[str],
    top: int,
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
    records.data_validation(top + 1, position, top + _FILLABLE_ROWS, position, choice)


def _codes(source: SourceDeclaration, declarations: Declarations, target: str, declared: Column) -> list[str]:
    """The codes that a provider may write in a column: those of the map, else of the code list."""
    code_map = declarations.code_maps.get((source.id, target))
    if code_map is not None:
        return list(dict.fromkeys(code_map.written))
    if declared.codes is None or source.columns[target].codes is not None:
        return []
    return list(code_list(declared.codes).for_records)
