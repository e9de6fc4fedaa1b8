"""How a text file seems to be written, as the lines of a declaration that a person can look at and take."""

from __future__ import annotations

from pathlib import Path

from sojourn.project.declarations import Arrival
from sojourn.sources.reader.dialect import TEXT_FORMATS, canonical_encoding
from sojourn.sources.reader.proposal import Proposal, propose
from sojourn.sources.reader.reasons import FileRefused

__all__ = ["seems_written"]

_DOUBTED = 3


def seems_written(file: Path, arrives: Arrival) -> str | None:
    """What to declare where a file seems to be written otherwise than declared; None where it does not.

    It is advice: nothing is read by it.
    """
    if arrives.format not in TEXT_FORMATS or arrives.format == "fixed_width":
        return None
    try:
        proposal = propose(file)
    except FileRefused:
        return None
    found = proposal.dialect
    if found.format != "csv":
        return f"It seems to be a file of {found.format}: declare `arrives: {{format: {found.format}}}`."
    said: dict[str, str] = {}
    likely = _encodings(proposal)
    if canonical_encoding(arrives.encoding) not in likely:
        said["encoding"] = likely[0]
    if found.separator != arrives.separator:
        said["separator"] = _yaml_text(found.separator)
    if found.header_line != arrives.header_line and found.header_line > 1:
        said["header_line"] = str(found.header_line)
    if not said:
        return None
    listed = ", ".join(f"{key}: {value}" for key, value in said.items())
    doubt = ""
    if "encoding" in said and len(likely) > 1:
        doubt = f" (the encoding may also be {' or '.join(likely[1:])}: look at letters with accents)"
    return f"The file seems to be written otherwise: declare `arrives: {{{listed}}}`{doubt}."


def _encodings(proposal: Proposal) -> list[str]:
    """The likely encodings, the likeliest first; one where there is no doubt."""
    if proposal.dialect.encoding is not None:
        return [proposal.dialect.encoding]
    return [candidate.encoding for candidate in proposal.encodings[:_DOUBTED]]


def _yaml_text(separator: str) -> str:
    return '"\\t"' if separator == "\t" else f'"{separator}"'
