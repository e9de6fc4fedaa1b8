"""Why a record was put in quarantine: what each reason means and what its sender can do.

The reasons of the reader (how the file is written) stand in `reader.reasons`; these are the reasons of
the contract (what the file says).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["REASONS", "RecordReason", "explained"]


@dataclass(frozen=True)
class RecordReason:
    """One reason: what happened and how to mend it."""

    code: str
    title: str
    remedy: str


REASONS: Mapping[str, RecordReason] = {
    reason.code: reason
    for reason in (
        RecordReason("missing", "The cell is empty, and the contract needs it.", "Fill the cell in."),
        RecordReason(
            "text-too-long",
            "The text is longer than 512 characters.",
            "Look whether two cells were joined.",
        ),
        RecordReason(
            "empty-record",
            "None of the columns that are read holds anything.",
            "Delete the line, or fill it in.",
        ),
        RecordReason(
            "born-after-event",
            "The person was born after the day of the record.",
            "Compare the date of birth with the document, and the day with the record.",
        ),
        RecordReason(
            "spreadsheet-damage",
            "The number was turned into powers of ten by a spreadsheet.",
            "Export it again with the column formatted as text; the digits that are lost cannot be guessed.",
        ),
        RecordReason(
            "document-number-unreadable",
            "The document number has characters that no document has.",
            "Write letters, the digits 0 to 9, blanks and hyphens.",
        ),
        RecordReason(
            "not-a-day",
            "The cell is not a day of the calendar in the declared form.",
            "Write the day in the declared form.",
        ),
        RecordReason(
            "not-a-time",
            "The cell is not a point in time in the declared form.",
            "Write date and time in the declared form.",
        ),
        RecordReason("not-a-whole-number", "The cell is not a whole number.", "Write digits only."),
        RecordReason(
            "not-a-number",
            "The cell is not a number with the declared decimal mark.",
            "Look at the decimal mark and at marks between thousands.",
        ),
        RecordReason(
            "unknown-code",
            "No line of the code map, or no code of the code list, is this code.",
            "Correct the code, or add a line to the code map.",
        ),
        RecordReason(
            "after-receipt",
            "The day lies after the day on which the file was received.",
            "Correct the year.",
        ),
        RecordReason(
            "repeated-record", "The same record stands in the file before.", "Nothing: it was counted once."
        ),
        RecordReason(
            "contradicted-record",
            "Another record of the file has the same identifier and says something else.",
            "Send the one that is right.",
        ),
    )
}


def explained(code: str) -> RecordReason:
    """The reason with that code; a failed check explains itself by its rule, which the declaration holds."""
    if code.startswith("check:"):
        name = code.removeprefix("check:")
        return RecordReason(
            code,
            f"The record does not keep the rule {name}.",
            "Look at the rule in the source's declaration.",
        )
    return REASONS[code]
