"""What is compared, which pairs are looked at, and what a mistake costs: the declaration of a linkage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum

__all__ = ["BlockKey", "BlockRule", "Field", "Kind", "Part", "Specification", "fields_of", "names_of"]


class Kind(IntEnum):
    """How a field is compared."""

    NAME = 0
    DATE = 1
    CODE = 2
    NUMBER = 3
    ENCODED = 4


class Part(StrEnum):
    """What of a field two records must share to be looked at as a pair.

    `EITHER` is a word of this field or of the one that it swaps with, `TWO_WORDS` two of them: records whose
    names stand in each other's place share them too.
    """

    VALUE = "value"
    SOUNDS = "sounds"
    JOINED = "joined"
    FIRST = "first"
    WORD = "word"
    EITHER = "either"
    TWO_WORDS = "two_words"
    START = "start"
    DAY = "day"
    YEAR = "year"
    DAY_OF_YEAR = "day_of_year"


@dataclass(frozen=True)
class Field:
    """One thing that both records say of a person.

    `columns` are the names under which files have it, best first. Agreement on a rare value tells more than
    on a common one; `within` names the field of codes inside which values are counted, as surnames are
    within a citizenship. `swaps_with` names the field into which clerks write this one by mistake,
    `goes_with` the field of codes that this one mostly tells, as given names tell the sex: chance agreement
    is counted among records that agree on it, or it would count twice.
    """

    name: str
    kind: Kind
    columns: tuple[str, ...]
    within: str | None = None
    swaps_with: str | None = None
    goes_with: str | None = None


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


def names_of(key: BlockKey, fields: Sequence[Field]) -> tuple[str, ...]:
    """The fields of which a key takes words: its own, and for words of either the one that it swaps with."""
    if key.part not in (Part.EITHER, Part.TWO_WORDS):
        return (key.field,)
    partner = next((field.swaps_with for field in fields if field.name == key.field), None)
    return (key.field, *(field.name for field in fields if field.name == partner))


def fields_of(rule: BlockRule, fields: Sequence[Field]) -> tuple[str, ...]:
    """The fields of which a rule asks something, each once."""
    return tuple(dict.fromkeys(name for key in rule.keys for name in names_of(key, fields)))


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
