"""From a source's declaration to the dialect that the reader obeys."""

from __future__ import annotations

from pathlib import Path

from sojourn.errors import ProjectError
from sojourn.project.declarations import Arrival
from sojourn.sources.reader.dialect import Dialect, FixedColumn, Format

__all__ = ["HANDED_OUT", "declared_dialect", "mended_dialect"]

# How the columns begin that are added to quarantined records when they are handed out.
HANDED_OUT = "sojourn_"
_LONGEST_HEADER = 1 << 16


def mended_dialect(arrives: Arrival, content: Path) -> Dialect | None:
    """How a file is written that holds quarantined records as they were handed out; none for other files.

    Such a file is CSV in the source's encoding, whatever the source's format, with its header on line 1.
    """
    with content.open("rb") as opened:
        first = opened.readline(_LONGEST_HEADER).decode(arrives.encoding, errors="replace")
    if HANDED_OUT not in first:
        return None
    return Dialect(encoding=arrives.encoding, separator=arrives.separator[:1])


def declared_dialect(arrives: Arrival) -> Dialect:
    """How files of the source are written. A database's table is kept as comma-separated UTF-8.

    Raises: ProjectError if the declaration contradicts itself.
    """
    if arrives.format == "database":
        return Dialect()
    form: Format = arrives.format
    try:
        return Dialect(
            format=form,
            encoding=arrives.encoding,
            separator=arrives.separator,
            quote=arrives.quote or None,
            escape=arrives.escape,
            header_line=arrives.header_line,
            columns=tuple(FixedColumn(c.name, c.first, c.last) for c in arrives.fixed_columns)
            or arrives.names,
            # The reader matches whole lines; a declaration names what stands anywhere on them.
            non_data=tuple(f".*(?:{pattern}).*" for pattern in arrives.non_data),
            sheet=arrives.sheet,
        )
    except ValueError as error:
        raise ProjectError(f"arrives: {error}") from error
