"""From a source's declaration to the dialect that the reader obeys."""

from __future__ import annotations

from sojourn.errors import ProjectError
from sojourn.project.declarations import Arrival
from sojourn.sources.reader.dialect import Dialect, FixedColumn, Format

__all__ = ["declared_dialect"]


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
