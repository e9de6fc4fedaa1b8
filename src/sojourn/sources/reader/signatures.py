"""Signatures: what a file says by its first bytes that it is, whatever its name or its declaration says.

Only kinds that a clerk may send by mistake are told apart. Text that is a table has no signature.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from sojourn.sources.reader.dialect import Format
from sojourn.sources.reader.reasons import FileRefused, refusal

__all__ = ["LONGEST", "Signature", "other_format", "signature_of"]

LONGEST = 512
_BLANK = b"\xef\xbb\xbf \r\n\t"
_MARKUP = (b"<html", b"<!doctype html", b"<table", b"mime-version", b"<meta", b"<head")
_JSON = re.compile(rb'[\[{]\s*(["{\[\]}]|\d|-\d|null|true|false|$)')


class Signature(NamedTuple):
    """What a kind of file is called, and the format to declare for it where it can be read."""

    name: str
    format: Format | None


_MAGIC: tuple[tuple[bytes, Signature], ...] = (
    (b"PK\x03\x04", Signature("a workbook or another zipped file", "excel")),
    (b"\xd0\xcf\x11\xe0", Signature("a workbook or another office file", "excel")),
    (b"PAR1", Signature("Parquet", "parquet")),
    (b"$FL", Signature("SPSS", "spss")),
    (b"<stata_dta>", Signature("Stata", "stata")),
    (b"HEADER RECORD***", Signature("SAS", "sas")),
    (b"\x1f\x8b", Signature("a compressed file (gzip)", None)),
    (b"%PDF-", Signature("PDF", None)),
    (b"SQLite format 3\0", Signature("an SQLite database", None)),
)
_SAS = b"\xc2\xea\x81\x60"


def signature_of(head: bytes) -> Signature | None:
    """The kind of file that begins with these bytes; none for text that may be a table."""
    for magic, signature in _MAGIC:
        if head.startswith(magic):
            return signature
    if _SAS in head[:32]:
        return Signature("SAS", "sas")
    start = head[:LONGEST].lstrip(_BLANK).lower()
    if start.startswith(_MARKUP) or (start.startswith(b"<?xml") and b"<html" in start):
        return Signature("HTML", None)
    if start.startswith(b"<?xml"):
        return Signature("XML", None)
    return Signature("JSON", None) if _JSON.match(start) else None


def other_format(head: bytes, declared: Format) -> FileRefused | None:
    """The refusal of a file that is declared as text and begins as something else, or none."""
    found = signature_of(head) if declared in ("csv", "fixed_width") else None
    if found is None:
        return None
    remedy = "Ask the sender for CSV."
    if found.format is not None:
        remedy = f"Declare `format: {found.format}`, or ask the sender for CSV."
    return refusal("not-the-format", f"This is {found.name}; declared is {declared}.", remedy=remedy)
