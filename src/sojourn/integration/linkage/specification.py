"""What is compared, which pairs are looked at, and what a mistake costs: the declaration of a linkage."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

__all__ = ["BlockKey", "BlockRule", "Field", "Kind", "Part", "Specification"]


class Kind(IntEnum):
    """How a field is compared."""

    NAME = 0
    DATE = 1
    CODE = 2
    NUMBER = 3
    ENCODED = 4


class Part(StrEnum):
    """What of a field two records must share to be looked at as a pair."""

    VALUE = "value"
    SOUNDS = "sounds"
    JOINED = "joined"
    FIRST = "first"
    WORD = "word"
    START = "start"
    DAY = "day"
    YEAR = "year"
    DAY_OF_YEAR = "day_of_year"


@dataclass(frozen=True)
class Field:
    """One thing that both records say of a person.

    `columns` are the names under which files have it, best first. Agreement on a rare value tells more than
    on a common one; `within` names the field of codes inside which values are counted, as surnames are
    within a citizenship. `swaps_with` names the field into which clerks write this one by mistake.
    """

    name: str
    kind: Kind
    columns: tuple[str, ...]
    within: str | None = None
    swaps_with: str | None = None


@dataclass(frozen=True)
class BlockKey:
    """A part of a field."""

    field: str
    part: Part = Part.VALUE

    def __str__(self) -> str:
        return self.field if self.part is Part.VALUE else f"{self.field}.{self.part}"


@dataclass(frozen=True)
class BlockRule:
    """Records that share all keys are looked at as pairs.

    Where more than the allowed pairs share them, the keys of `narrow` are added one by one.
    """

    keys: tuple[BlockKey, ...]
    narrow: tuple[BlockKey, ...] = ()

    def __str__(self) -> str:
        return " + ".join(map(str, self.keys))


@dataclass(frozen=True)
class Specification:
    """A linkage: its fields, the rules that choose pairs, and what decides.

    A pair is linked when its probability is at least `cost_of_false_link / (cost_of_false_link +
    cost_of_missed_link)`. A rule gives at most `pairs_per_record` pairs for each record, or `pairs_anyway`.
    """

    fields: tuple[Field, ...]
    rules: tuple[BlockRule, ...]
    cost_of_false_link: float = 1.0
    cost_of_missed_link: float = 1.0
    one_to_one: bool = True
    pairs_per_record: float = 2.0
    pairs_anyway: int = 250_000
    seed: int = 20240

    @property
    def threshold(self) -> float:
        """The least probability of a link."""
        return self.cost_of_false_link / (self.cost_of_false_link + self.cost_of_missed_link)
