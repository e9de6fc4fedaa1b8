"""Rules of protection and of publication: the settings under which a table may leave the office.

A rule of protection says how few persons are too few. A rule of publication says how imprecise is too
imprecise: it is data, so that an office can have its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sojourn.errors import ProjectError

__all__ = ["PUBLICATION_RULES", "ProtectionRules", "PublicationRule"]


@dataclass(frozen=True)
class PublicationRule:
    """Up to which coefficient of variation, in per cent, a figure stands without and with a warning.

    A figure above `caution` keeps its value and has the status `unreliable_status`.
    """

    id: str
    publish: float
    caution: float
    caution_status: str = "U"
    unreliable_status: str = "N"


PUBLICATION_RULES: Mapping[str, PublicationRule] = MappingProxyType(
    {
        rule.id: rule
        for rule in (
            # Methods reference, section 5: limits that several statistical offices use.
            PublicationRule("un-default", publish=16.6, caution=33.3),
            PublicationRule("none", publish=float("inf"), caution=float("inf")),
        )
    }
)


@dataclass(frozen=True)
class ProtectionRules:
    """How a table is protected before it is published.

    Figures with fewer than `minimum_contributors` persons behind them are withheld, and with `secondary`
    so are further figures, until totals give none of them away. Without it a table is refused where
    totals would. Counts are rounded to the nearest multiple of `round_to`, halves to the even multiple.
    `publication` names the rule by which imprecise figures are marked.
    """

    minimum_contributors: int = 10
    secondary: bool = True
    round_to: int | None = None
    publication: str = "un-default"

    def __post_init__(self) -> None:
        if self.minimum_contributors < 1:
            raise ProjectError("Fewer than one contributor cannot be asked for.", "Ask for 1 or more.")
        if self.round_to is not None and self.round_to < 2:
            raise ProjectError(
                f"Figures cannot be rounded to multiples of {self.round_to}.", "Use 2 or more."
            )
        if self.publication not in PUBLICATION_RULES:
            raise ProjectError(
                f"There is no publication rule {self.publication!r}.",
                f"The rules are {', '.join(PUBLICATION_RULES)}.",
            )
