"""What a page of a quality report consists of: sections with texts, pictures and tables, all written out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sojourn.dissemination.charts import Chart

__all__ = ["Drawing", "Head", "PageTable", "Row", "Section"]


@dataclass(frozen=True)
class Head:
    """The head of a column."""

    text: str
    is_number: bool = True


@dataclass(frozen=True)
class Row:
    """A row of a table; `mark` tells how its cells of text are shown."""

    name: str
    cells: Sequence[str]
    about: str = ""
    mark: str = ""


@dataclass(frozen=True)
class PageTable:
    """A table with its caption; the first head is that of the rows' names."""

    caption: str
    heads: Sequence[Head]
    rows: Sequence[Row]


@dataclass(frozen=True)
class Drawing:
    """A picture that is drawn for a wide or, when asked with true, for a narrow page."""

    caption: str
    draw: Callable[[bool], Chart]


@dataclass(frozen=True)
class Section:
    """A part of the page with a heading that can be linked to."""

    id: str
    title: str
    texts: Sequence[str] = ()
    drawings: Sequence[Drawing] = ()
    tables: Sequence[PageTable] = ()
