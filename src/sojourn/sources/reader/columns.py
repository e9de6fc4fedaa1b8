"""Columns: Arrow batches of text built straight from the bytes of a buffer."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.sources.reader import csv_kernel as kernel
from sojourn.sources.reader import csv_scan as scanning
from sojourn.sources.reader.compiled import Bytes, Integers, Spans
from sojourn.sources.reader.csv_bytes import column_totals, fill_columns, gather
from sojourn.sources.reader.csv_head import Head
from sojourn.sources.reader.frames import QUARANTINE_SCHEMA, RAW_LIMIT, loaded_schema
from sojourn.sources.reader.window import Window

__all__ = ["loaded_batch", "quarantined_batch"]

ALIGNMENT = 64
REASONS = {
    kernel.FIELD_COUNT: "field-count",
    kernel.NEVER_CLOSED: "quote-never-closed",
    kernel.TEXT_AFTER: "text-after-quote",
    kernel.NUL_BYTE: "nul-byte",
    kernel.UNDECODABLE: "undecodable-byte",
    kernel.FIELD_TOO_LONG: "field-too-long",
    kernel.RECORD_TOO_LONG: "record-too-long",
    kernel.UNNAMED_VALUE: "value-without-column",
    kernel.QUOTE_INSIDE: "quote-inside-field",
}
# Faults whose detail is the number of the column in which they stand.
WITH_COLUMN = (
    kernel.NEVER_CLOSED,
    kernel.TEXT_AFTER,
    kernel.FIELD_TOO_LONG,
    kernel.UNNAMED_VALUE,
    kernel.QUOTE_INSIDE,
)


def loaded_batch(buffer: Bytes, spans: Spans, head: Head, lines: Integers) -> pa.RecordBatch:
    """The wanted columns of the records whose fields lie in `spans`, one record per line number."""
    count, width = lines.size, 2 * head.fields
    totals = np.zeros(head.fields, np.int64)
    column_totals(spans, width, count, totals)
    wanted = totals[head.wanted]
    room = (wanted + 8 + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT
    bases = np.concatenate([np.zeros(1, np.int64), np.cumsum(room)])
    data = np.empty(int(bases[-1]) + ALIGNMENT, np.uint8)
    offsets = np.zeros((wanted.size, count + 1), np.int32)
    valid = np.zeros((wanted.size, (count + 7) // 8), np.uint8)
    cursors = bases[:-1].copy()
    fill_columns(buffer, spans, width, count, head.wanted, head.escapes, data, cursors, offsets, valid)
    cells = [
        pa.Array.from_buffers(
            pa.string(),
            count,
            [pa.py_buffer(valid[k]), pa.py_buffer(offsets[k]), pa.py_buffer(data[bases[k] : cursors[k]])],
        )
        for k in range(wanted.size)
    ]
    return pa.RecordBatch.from_arrays([pa.array(lines), *cells], schema=loaded_schema(wanted.size))


def quarantined_batch(window: Window, head: Head, bad: scanning.Records) -> pa.RecordBatch:
    """The faulty records as they stand in the file, each with its reason; never with its values."""
    status, detail = bad[:, scanning.STATUS], bad[:, scanning.DETAIL]
    is_count = pa.array(status == kernel.FIELD_COUNT)
    codes = pa.array([REASONS[code] for code in range(kernel.FAULT, kernel.FAULT + len(REASONS))])
    has_column = np.isin(status, WITH_COLUMN)
    found = pc.if_else(is_count, _counted(detail), pa.scalar(None, pa.string()))
    if window.transcoder is None:
        is_byte = pa.array(np.isin(status, (kernel.NUL_BYTE, kernel.UNDECODABLE)))
        offsets = pa.array(window.origin + bad[:, scanning.BEGIN] + detail).cast(pa.string())
        found = pc.if_else(is_byte, pc.binary_join_element_wise("offset", offsets, " "), found)
    expected = pc.if_else(is_count, f"{head.fields} fields", pa.scalar(None, pa.string()))
    lengths = bad[:, scanning.END] - bad[:, scanning.BEGIN]
    columns = [
        pa.array(bad[:, scanning.ON_LINE]),
        codes.take(pa.array(status - kernel.FAULT)),
        pa.array(detail.astype(np.int32), mask=~has_column),
        expected,
        found,
        _raw(window, bad, np.minimum(lengths, RAW_LIMIT)),
        pa.array(lengths > RAW_LIMIT),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=QUARANTINE_SCHEMA)


def _counted(detail: Integers) -> pa.Array:
    return pc.binary_join_element_wise(pa.array(detail).cast(pa.string()), "fields", " ")


def _raw(window: Window, bad: scanning.Records, lengths: Integers) -> pa.Array:
    data = np.empty(int(lengths.sum()), np.uint8)
    gather(window.buffer, np.ascontiguousarray(bad[:, scanning.BEGIN]), lengths, data)
    ends = np.cumsum(lengths)
    if window.transcoder is not None:
        # The few faulty records go back to their own encoding one by one.
        pieces = [
            window.transcoder.original(data[end - length : end].tobytes())
            for end, length in zip(ends, lengths, strict=True)
        ]
        return pa.array(pieces, pa.binary())
    offsets = np.concatenate([np.zeros(1, np.int32), ends.astype(np.int32)])
    return pa.Array.from_buffers(pa.binary(), len(bad), [None, pa.py_buffer(offsets), pa.py_buffer(data)])
