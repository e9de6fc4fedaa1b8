"""The page of the reasons: why a record is quarantined, a line listed, a file refused, a warning given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from layout import table

from sojourn.sources import reasons
from sojourn.sources.reader import reasons as reader

__all__ = ["reason_page"]


class Explained(Protocol):
    """A code with its two sentences."""

    @property
    def code(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def remedy(self) -> str: ...


def reason_page() -> Iterator[str]:
    """The lines of the page."""
    yield from ["# Reasons", ""]
    yield "Every physical record of a delivery ends in one of three places: loaded, in quarantine with a"
    yield "reason, or listed as a line that is no record. The codes below do not change: receipts, files of"
    yield from ["quarantined records and senders' own scripts rely on them.", ""]
    yield from _section(
        "Quarantine: what the file says",
        "The record could be read, but its content does not fit the contract or a rule. `check:` followed by"
        " the rule's identifier stands for a rule of the source's own declaration.",
        reasons.REASONS.values(),
    )
    yield from _section(
        "Quarantine: how the file is written",
        "The record could not be cut into cells beyond doubt.",
        reader.QUARANTINE.values(),
    )
    yield from _section("Lines that are no records", "", reader.NON_DATA.values())
    yield from _section(
        "Refusals", "The file as a whole is not read; nothing of it is taken in.", reader.REFUSALS.values()
    )
    yield from _section(
        "Warnings", "The delivery is taken in, and its receipt says what was seen.", reader.WARNINGS.values()
    )


def _section(title: str, about: str, found: Iterable[Explained]) -> Iterator[str]:
    yield from [f"## {title}", ""]
    if about:
        yield from [about, ""]
    yield from table(
        ["Code", "What happened", "What to do"], ([f"`{r.code}`", r.title, r.remedy] for r in found)
    )
