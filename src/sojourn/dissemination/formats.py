"""Cells as files: CSV with labels, SDMX-CSV 2.0, Parquet and the metadata beside them, made from columns.

CSV is for people and spreadsheets: text that a spreadsheet would run as a formula gets an apostrophe in
front. SDMX-CSV and Parquet are for machines: every value stays exact. Data lines hold data and nothing
else; title, source, licence and citation stand in a CSVW document beside the file, and the number of
rows and the digest there and in the HTTP header prove that a file is whole.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sojourn.dissemination.descriptions import Agency, ReleaseDescription, TableDescription, text_in

__all__ = [
    "MEDIA_TYPES",
    "SUFFIXES",
    "csv_bytes",
    "csv_columns",
    "csv_pieces",
    "csvw_metadata",
    "labelled",
    "number_text",
    "parquet_bytes",
    "sdmx_csv_bytes",
    "sdmx_csv_pieces",
    "without_formulas",
]

MEDIA_TYPES = {
    "csv": "text/csv; header=present",
    "csvw": "application/csvm+json",
    "sdmx-csv": "application/vnd.sdmx.data+csv; version=2.0.0",
    "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
SUFFIXES = {
    "csv": "csv",
    "csvw": "csv-metadata.json",
    "sdmx-csv": "sdmx.csv",
    "parquet": "parquet",
    "xlsx": "xlsx",
}
_FORMULA_START = r"^[=+\-@\t\r\n\x00＝＋－＠]"
_WHOLE_LIMIT = 2.0**53
_ROWS_AT_ONCE = 500_000
_MEASURES = ("TIME_PERIOD", "OBS_VALUE", "SE", "CV", "LINKAGE_SE", "OBS_STATUS", "CONF_STATUS")
_SDMX_MEASURES = ("TIME_PERIOD", "OBS_VALUE", "OBS_STATUS", "CONF_STATUS", "SE", "CV", "LINKAGE_SE")


def without_formulas(texts: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Texts that no spreadsheet takes for a formula: those that begin like one get an apostrophe in front."""
    risky = pc.match_substring_regex(texts, _FORMULA_START)
    return pc.if_else(risky, pc.binary_join_element_wise("'", texts, ""), texts)


def number_text(numbers: pa.ChunkedArray) -> pa.ChunkedArray:
    """Numbers as the shortest text that reads back as the same number; whole ones without an exponent."""
    is_whole = pc.and_(pc.equal(numbers, pc.floor(numbers)), pc.less(pc.abs(numbers), _WHOLE_LIMIT))
    whole = pc.cast(pc.if_else(is_whole, numbers, 0.0), pa.int64())
    return pc.if_else(is_whole, pc.cast(whole, pa.string()), pc.cast(numbers, pa.string()))


def labelled(codes: pa.ChunkedArray, names: Mapping[str, str]) -> pa.ChunkedArray:
    """The name of each code."""
    position = pc.index_in(codes, value_set=pa.array(list(names), pa.string()))
    return pa.chunked_array([pa.array(list(names.values()), pa.string()).take(position.combine_chunks())])


def csv_columns(description: TableDescription) -> tuple[str, ...]:
    """The columns of the CSV file: each dimension's code and name, then time, figure and flags."""
    pairs = [column for dimension in description.dimension_ids for column in (dimension, f"{dimension}_NAME")]
    return (*pairs, *_MEASURES)


def csv_bytes(description: TableDescription, observations: pa.Table, language: str) -> bytes:
    """The cells as CSV in UTF-8 with codes, names in a language, figures and flags."""
    return b"".join(csv_pieces(description, observations, language))


def csv_pieces(description: TableDescription, observations: pa.Table, language: str) -> Iterator[bytes]:
    """The same piece by piece, so that a long table is never all text in memory."""
    yield _header(csv_columns(description))
    for part in _parts(observations):
        columns: list[pa.ChunkedArray] = []
        for dimension in description.dimensions:
            names = {code.id: text_in(code.name, language)[0] for code in dimension.codes}
            codes = _text(part[dimension.id])
            columns += [without_formulas(codes), without_formulas(labelled(codes, names))]
        for name in _MEASURES:
            column = part[name]
            is_number = pa.types.is_floating(column.type)
            columns.append(number_text(column) if is_number else without_formulas(column))
        yield _lines(columns)


def sdmx_csv_bytes(agency: Agency, description: TableDescription, observations: pa.Table) -> bytes:
    """The cells as SDMX-CSV 2.0; the action is to replace what a receiver holds."""
    return b"".join(sdmx_csv_pieces(agency, description, observations))


def sdmx_csv_pieces(agency: Agency, description: TableDescription, observations: pa.Table) -> Iterator[bytes]:
    """The same piece by piece."""
    components = (*description.dimension_ids, *_SDMX_MEASURES)
    yield _header(("STRUCTURE", "STRUCTURE_ID", "ACTION", *components))
    flow = f"{agency.id}:{description.id}({description.version})"
    for part in _parts(observations):
        columns = [_repeated(text, part.num_rows) for text in ("dataflow", flow, "R")]
        for name in components:
            column = part[name]
            columns.append(number_text(column) if pa.types.is_floating(column.type) else _text(column))
        yield _lines(columns)


def parquet_bytes(observations: pa.Table) -> bytes:
    """The cells as Parquet, exactly as they were released."""
    held = io.BytesIO()
    pq.write_table(observations, held, compression="zstd")
    return held.getvalue()


def csvw_metadata(
    release: ReleaseDescription,
    description: TableDescription,
    *,
    file: str,
    rows: int,
    sha256: str,
    language: str,
    published: datetime | None = None,
) -> bytes:
    """The CSVW document that belongs beside a CSV file: what it is, from whom, on what terms, how long."""
    title, tag = text_in(description.title, language)
    document = {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": tag}],
        "url": file,
        "dc:title": title,
        "dc:description": text_in(description.definition, language)[0],
        "dc:publisher": text_in(release.agency.name, language)[0],
        "dc:source": [text_in(source.title, language)[0] for source in description.sources],
        "dc:license": {"@id": description.licence.url},
        "dc:bibliographicCitation": text_in(description.citation, language)[0],
        "dc:issued": (published or release.prepared_at).date().isoformat(),
        "dc:isVersionOf": f"{release.agency.id}:{description.id}({description.version})",
        "schema:version": release.version,
        "schema:sha256": sha256,
        "notes": _notes(description, rows, language),
        "tableSchema": {
            "columns": [_csvw_column(description, name, language) for name in csv_columns(description)],
            "primaryKey": [*description.dimension_ids, "TIME_PERIOD"],
        },
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def _notes(description: TableDescription, rows: int, language: str) -> list[str]:
    texts = [*description.quality_notes, description.uncertainty, *description.protection.rules]
    unit = text_in(description.unit.name, language)[0]
    return [f"{rows} rows", unit, *(note for text in texts if (note := text_in(text, language)[0]))]


def _csvw_column(description: TableDescription, name: str, language: str) -> dict[str, object]:
    titles = {dimension.id: text_in(dimension.name, language)[0] for dimension in description.dimensions}
    is_number = name in ("OBS_VALUE", "SE", "CV", "LINKAGE_SE")
    return {
        "name": name,
        "titles": name,
        "dc:description": titles.get(name.removesuffix("_NAME"), name),
        "datatype": "number" if is_number else "string",
        **({"null": ""} if is_number else {"required": True}),
    }


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column if pa.types.is_string(column.type) else column.cast(pa.string())


def _repeated(text: str, rows: int) -> pa.ChunkedArray:
    return pa.chunked_array([pa.repeat(pa.scalar(text, pa.string()), rows)])


def _header(names: Sequence[str]) -> bytes:
    return (",".join(names) + "\n").encode()


def _parts(observations: pa.Table) -> Iterator[pa.Table]:
    for first in range(0, observations.num_rows, _ROWS_AT_ONCE):
        yield observations.slice(first, _ROWS_AT_ONCE).combine_chunks()


def _lines(columns: Sequence[pa.ChunkedArray]) -> bytes:
    """Columns as lines of CSV: a text is quoted where it must be, and nowhere else."""
    cells = [
        _quoted_as_needed(pc.fill_null(column.cast(pa.large_string()).combine_chunks(), ""))
        for column in columns
    ]
    return _characters(_joined([_joined(cells, ","), pa.scalar("", pa.large_string())], "\n"))


def _quoted_as_needed(texts: pa.Array) -> pa.Array:
    needs = pc.match_substring_regex(texts, r'[",\r\n]|^\s|\s$')
    doubled = pc.replace_substring(texts, '"', '""')
    mark = pa.scalar('"', pa.large_string())
    return pc.if_else(needs, _joined([mark, doubled, mark], ""), texts)


def _joined(parts: list[pa.Array], between: str) -> pa.Array:
    return pc.binary_join_element_wise(*parts, pa.scalar(between, pa.large_string()))


def _characters(lines: pa.Array) -> bytes:
    """All texts of an array one after the other; they already lie so in its buffer."""
    offsets = pa.Array.from_buffers(
        pa.int64(), len(lines) + 1, [None, lines.buffers()[1]], offset=lines.offset
    )
    content: bytes = lines.buffers()[2].slice(offsets[0].as_py(), offsets[-1].as_py()).to_pybytes()
    return content
