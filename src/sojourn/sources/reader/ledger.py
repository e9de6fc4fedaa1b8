"""The ledger: counts what became of every physical record, apart from the code that reads them.

The tokeniser says how many records it met; the ledger counts those that were handed on. The two meet in
`Summary`, which refuses to exist when they differ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pyarrow as pa

from sojourn.sources.reader.frames import Loaded, NonData, Notice, Quarantined, Summary

__all__ = ["Ledger"]

LISTED_BLANKS = 1_000
LISTED_OTHERS = 100_000
BLANK_KINDS = frozenset({"blank", "empty-record"})


@dataclass
class Ledger:
    """Records met and records handed on."""

    met: int = 0
    loaded: int = 0
    quarantined: int = 0
    warnings: list[Notice] = field(default_factory=list)
    _kinds: Counter[str] = field(default_factory=Counter)
    _listed: Counter[str] = field(default_factory=Counter)

    def load(self, batch: pa.RecordBatch) -> Loaded:
        """Count the records of a batch as loaded."""
        self.loaded += batch.num_rows
        return Loaded(batch)

    def quarantine(self, batch: pa.RecordBatch) -> Quarantined:
        """Count the records of a batch as quarantined."""
        self.quarantined += batch.num_rows
        return Quarantined(batch)

    def list_lines(self, kind: str, lines: Iterable[int], count: int) -> Iterator[NonData]:
        """Count lines as non-data and list them one by one as long as the list stays readable."""
        room = (LISTED_BLANKS if kind in BLANK_KINDS else LISTED_OTHERS) - self._listed[kind]
        self._kinds[kind] += count
        for line in lines:
            if room <= 0:
                return
            room -= 1
            self._listed[kind] += 1
            yield NonData(kind, line)

    def unlisted(self) -> Iterator[NonData]:
        """How many lines of each kind were counted and not listed."""
        for kind, count in self._kinds.items():
            if count > self._listed[kind]:
                yield NonData(kind, None, count - self._listed[kind])

    def summary(self, *, lines: int, newlines: dict[str, int], sha256: str, size: int) -> Summary:
        """The account of the whole file."""
        if self.loaded + self.quarantined == 0:
            self.warnings.append(Notice("header-only", "Header only, no records."))
        return Summary(
            physical_records=self.met,
            loaded=self.loaded,
            quarantined=self.quarantined,
            non_data=self._kinds.total(),
            lines=lines,
            newlines=newlines,
            sha256=sha256,
            size=size,
            warnings=tuple(self.warnings),
        )
