"""The wire between the child that reads and the parent that asked: one byte of tag, eight of length, then
the payload.

`H` header, `L` loaded and `Q` quarantined records (an Arrow stream of one batch), `N` non-data lines, `P`
progress, `E` the end with its summary, `X` a refusal. A child that says neither E nor X did not finish.
Only L and Q hold values.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa

from sojourn.sources.reader.frames import Event, Header, Loaded, NonData, Progress, Quarantined, Summary
from sojourn.sources.reader.reasons import FileRefused

__all__ = [
    "FRAME",
    "LONGEST_PAYLOAD",
    "batch_of",
    "bug_frame",
    "event_of",
    "frame",
    "frames",
    "refusal_frame",
]

FRAME = struct.Struct("<cQ")
LONGEST_PAYLOAD = 2 << 30
NON_DATA_TOGETHER = 10_000


def frames(events: Iterator[Event]) -> Iterator[bytes | pa.Buffer]:
    """The events as frames; non-data lines that follow each other share one."""
    waiting: list[NonData] = []
    for event in events:
        if isinstance(event, NonData):
            waiting.append(event)
            if len(waiting) < NON_DATA_TOGETHER:
                continue
        if waiting:
            yield frame(b"N", [vars(line) for line in waiting])
            waiting = []
        if not isinstance(event, NonData):
            yield from _frame_of(event)


def _frame_of(event: Header | Loaded | Quarantined | Progress | Summary) -> Iterator[bytes | pa.Buffer]:
    if isinstance(event, Loaded | Quarantined):
        payload = _batch_bytes(event.batch)
        yield FRAME.pack(b"L" if isinstance(event, Loaded) else b"Q", payload.size)
        yield payload
    elif isinstance(event, Header):
        yield frame(b"H", event.to_json())
    elif isinstance(event, Progress):
        yield frame(b"P", vars(event))
    else:
        yield frame(b"E", event.to_json())


def frame(tag: bytes, plain: Any) -> bytes:
    """A frame whose payload is JSON."""
    payload = json.dumps(plain).encode()
    return FRAME.pack(tag, len(payload)) + payload


def refusal_frame(refused: FileRefused) -> bytes:
    """The frame that ends a reading which was refused."""
    return frame(
        b"X",
        {
            "code": refused.code,
            "message": refused.message,
            "line": refused.line,
            "column": refused.column,
            "remedy": refused.remedy,
        },
    )


def bug_frame(kind: str, place: str) -> bytes:
    """The frame that ends a reading which our own mistake ended: what and where, never which value."""
    return frame(b"X", {"code": "bug", "message": f"{kind} at {place}"})


def event_of(tag: bytes, payload: pa.Buffer) -> list[Event]:
    """The events in a frame. Raises: FileRefused for a refusal, RuntimeError for a mistake of ours."""
    if tag in (b"L", b"Q"):
        return [(Loaded if tag == b"L" else Quarantined)(batch_of(payload))]
    plain = json.loads(payload.to_pybytes())
    if tag == b"X":
        if plain["code"] == "bug":
            raise RuntimeError(f"The reader failed: {plain['message']}.")
        raise FileRefused(
            plain["code"], plain["message"], plain["remedy"], "", plain["line"], plain["column"]
        )
    if tag == b"N":
        return [NonData(**line) for line in plain]
    known: dict[bytes, Callable[[], Event]] = {
        b"H": lambda: Header.from_json(plain),
        b"P": lambda: Progress(**plain),
        b"E": lambda: Summary.from_json(plain),
    }
    return [known[tag]()]


def _batch_bytes(batch: pa.RecordBatch) -> pa.Buffer:
    schema = batch.schema.serialize()
    end_of_stream = 8
    buffer = pa.allocate_buffer(schema.size + pa.ipc.get_record_batch_size(batch) + end_of_stream)
    sink = pa.FixedSizeBufferWriter(buffer)
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return buffer.slice(0, sink.tell())


def batch_of(payload: pa.Buffer) -> pa.RecordBatch:
    """The batch in the payload of an L or Q frame, without a copy."""
    batch = pa.ipc.open_stream(payload).read_next_batch()
    batch.validate()
    return batch
