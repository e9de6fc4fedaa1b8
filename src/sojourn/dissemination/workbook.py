"""Cells as an accessible workbook: a cover, the notes, and one marked-up table on a sheet of its own.

Layout follows the practice of statistical offices for readers who use a screen reader: no merged or
empty cells inside the table, the title in the first cell, every note a line of its own. Numbers are
numbers; text is text that no spreadsheet program will run.
"""

from __future__ import annotations

import io

import pyarrow as pa
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from sojourn.dissemination.descriptions import ReleaseDescription, TableDescription, text_in
from sojourn.dissemination.flags import flags_present
from sojourn.dissemination.formats import labelled
from sojourn.dissemination.wording import Wording, wording

__all__ = ["WORKBOOK_ROWS", "workbook_bytes"]

WORKBOOK_ROWS = 100_000


def workbook_bytes(
    release: ReleaseDescription, description: TableDescription, observations: pa.Table, language: str
) -> bytes:
    """The cells as XLSX in a language.

    Raises: ValueError for more than `WORKBOOK_ROWS` rows, which is for the caller to prevent.
    """
    if observations.num_rows > WORKBOOK_ROWS:
        raise ValueError(f"A workbook holds at most {WORKBOOK_ROWS} rows.")
    words = wording(language)
    held = io.BytesIO()
    book = xlsxwriter.Workbook(
        held,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    title = text_in(description.title, language)[0]
    book.set_properties({"title": title, "author": text_in(release.agency.name, language)[0],
                         "created": release.prepared_at.replace(tzinfo=None)})  # fmt: skip
    styles = {
        "title": book.add_format({"bold": True, "font_size": 15, "quote_prefix": True}),
        "text": book.add_format({"quote_prefix": True, "text_wrap": True, "valign": "top"}),
        "code": book.add_format({"quote_prefix": True}),
        "head": book.add_format({"bold": True, "quote_prefix": True, "text_wrap": True, "valign": "top"}),
        "number": book.add_format({"num_format": _number_format(description.unit.decimals)}),
    }
    _write_cover(book, styles, _cover_lines(release, description, observations, words, title), words)
    _write_notes(book, styles, _note_lines(description, observations, words), words)
    _write_data(book, styles, description, observations, words, title)
    book.close()
    return held.getvalue()


def _number_format(decimals: int) -> str:
    return "#,##0" + ("." + "0" * decimals if decimals else "")


def _sheet(book: Workbook, name: str, words: Wording) -> Worksheet:
    sheet: Worksheet = book.add_worksheet(name)
    if words.is_rtl:
        sheet.right_to_left()
    return sheet


def _cover_lines(
    release: ReleaseDescription,
    description: TableDescription,
    observations: pa.Table,
    words: Wording,
    title: str,
) -> list[tuple[str, str]]:
    language = words.language
    return [
        (title, ""),
        (text_in(description.description, language)[0], ""),
        (words("workbook.publisher"), text_in(release.agency.name, language)[0]),
        (words("workbook.release"), f"{text_in(release.title, language)[0]} ({release.version})"),
        (words("workbook.unit"), text_in(description.unit.name, language)[0]),
        (words("workbook.rows"), str(observations.num_rows)),
        (words("workbook.licence"), f"{description.licence.id} {description.licence.url}"),
        (words("workbook.citation"), text_in(description.citation, language)[0]),
        (words("workbook.contact"), text_in(description.contact.name, language)[0]),
        (words("workbook.contents"), f"{words('workbook.notes')}; {words('workbook.data')}"),
    ]


def _write_cover(
    book: Workbook, styles: dict[str, Format], lines: list[tuple[str, str]], words: Wording
) -> None:
    sheet = _sheet(book, words("workbook.cover"), words)
    sheet.set_column(0, 0, 60)
    sheet.set_column(1, 1, 90)
    sheet.write_string(0, 0, lines[0][0], styles["title"])
    for row, (left, right) in enumerate(lines[1:], start=1):
        sheet.write_string(row, 0, left, styles["text"])
        if right:
            sheet.write_string(row, 1, right, styles["text"])


def _note_lines(
    description: TableDescription, observations: pa.Table, words: Wording
) -> list[tuple[str, str]]:
    language = words.language
    lines = [(words("dataset.definition"), text_in(description.definition, language)[0])]
    lines += [(words("dataset.source"), text_in(source.title, language)[0]) for source in description.sources]
    lines += [(words("dataset.uncertainty"), text_in(description.uncertainty, language)[0])]
    lines += [
        (words("dataset.protection"), text_in(rule, language)[0]) for rule in description.protection.rules
    ]
    lines += [(words("dataset.quality"), text_in(note, language)[0]) for note in description.quality_notes]
    lines += [(flag.symbol, f"{flag.code}: {flag.meaning}") for flag in flags_present(observations, words)]
    return [(name, text) for name, text in lines if text]


def _write_notes(
    book: Workbook, styles: dict[str, Format], lines: list[tuple[str, str]], words: Wording
) -> None:
    sheet = _sheet(book, words("workbook.notes"), words)
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 110)
    sheet.write_string(0, 0, words("workbook.notes"), styles["title"])
    for row, (name, text) in enumerate(lines, start=1):
        sheet.write_string(row, 0, name, styles["text"])
        sheet.write_string(row, 1, text, styles["text"])


def _write_data(
    book: Workbook,
    styles: dict[str, Format],
    description: TableDescription,
    observations: pa.Table,
    words: Wording,
    title: str,
) -> None:
    sheet = _sheet(book, words("workbook.data"), words)
    sheet.write_string(0, 0, title, styles["title"])
    sheet.write_string(1, 0, words("workbook.one_table"), styles["code"])
    heads: list[str] = []
    columns: list[tuple[pa.ChunkedArray, str]] = []
    for dimension in description.dimensions:
        name = text_in(dimension.name, words.language)[0]
        names = {code.id: text_in(code.name, words.language)[0] for code in dimension.codes}
        codes = observations[dimension.id].cast(pa.string())
        heads += [f"{name} ({dimension.id})", f"{name}: {words('workbook.name')}"]
        columns += [(codes, "code"), (labelled(codes, names), "code")]
    for measure in ("TIME_PERIOD", "OBS_VALUE", "SE", "CV", "LINKAGE_SE", "OBS_STATUS", "CONF_STATUS"):
        column = observations[measure]
        heads.append(measure)
        columns.append((column, "number" if pa.types.is_floating(column.type) else "code"))
    first, last = 2, 2 + max(observations.num_rows, 1)
    settings = {
        "name": f"table_{description.id}",
        "style": "Table Style Light 1",
        "columns": [{"header": head, "header_format": styles["head"]} for head in _distinct(heads)],
    }
    sheet.add_table(first, 0, last, len(columns) - 1, settings)
    for number, (column, style) in enumerate(columns):
        sheet.write_column(first + 1, number, column.to_pylist(), styles[style])
    sheet.set_column(0, len(columns) - 1, 18)
    sheet.freeze_panes(first + 1, 0)


def _distinct(heads: list[str]) -> list[str]:
    """Column heads that differ even when case does not count, as a workbook's table demands."""
    seen: dict[str, int] = {}
    found = []
    for head in heads:
        count = seen.get(head.casefold(), 0)
        seen[head.casefold()] = count + 1
        found.append(head if not count else f"{head} [{count + 1}]")
    return found
