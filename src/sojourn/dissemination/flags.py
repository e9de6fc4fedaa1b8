"""Flags as readers meet them: a short mark beside a figure and its meaning in the reader's language.

A withheld figure is never shown as zero or as nothing: its mark says that it exists and why it is not
here. Only the flags that a table really holds are explained.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from sojourn.concepts import code_list
from sojourn.dissemination.wording import Wording

__all__ = ["Flag", "flag_symbol", "flags_present", "is_hollow"]

NORMAL = "A"
FREE = "F"
# Marks in brackets read well aloud and survive copying into a spreadsheet.
_MISSING, _WITHHELD, _IMPOSSIBLE = "[x]", "[c]", "[z]"
_STATUS_SYMBOLS = {
    **{status: f"[{status.lower()}]" for status in "BDEFGIJKNPSTUVW"},
    **dict.fromkeys("HLO", _MISSING),
    "M": _IMPOSSIBLE,
    "Q": _WITHHELD,
}


@dataclass(frozen=True)
class Flag:
    """One mark that a table holds: its symbol, code, list and meaning."""

    symbol: str
    code: str
    codelist: str
    meaning: str


def flag_symbol(status: str, confidentiality: str) -> str:
    """The mark beside a figure; empty where nothing need be said."""
    if confidentiality != FREE:
        return _WITHHELD
    return _STATUS_SYMBOLS.get(status, "" if status == NORMAL else f"[{status.lower()}]")


def is_hollow(status: str) -> bool:
    """Whether a chart shows the figure as a hollow mark: unreliable, provisional, estimated or unchecked."""
    return status in ("U", "P", "E", "F", "G", "V", "N")


def flags_present(observations: pa.Table, words: Wording) -> tuple[Flag, ...]:
    """The flags that the cells hold, each with its meaning; reasons for withholding last."""
    statuses = sorted(set(pc.unique(observations["OBS_STATUS"]).to_pylist()) - {NORMAL})
    reasons = sorted(set(pc.unique(observations["CONF_STATUS"]).to_pylist()) - {FREE})
    found = [
        Flag(flag_symbol(status, FREE), status, "CL_OBS_STATUS", _meaning("CL_OBS_STATUS", status, words))
        for status in statuses
    ]
    found += [
        Flag(_WITHHELD, reason, "CL_CONF_STATUS", _meaning("CL_CONF_STATUS", reason, words))
        for reason in reasons
    ]
    return tuple(found)


def _meaning(list_id: str, code: str, words: Wording) -> str:
    codes = code_list(list_id)
    return codes.code(code).name(words.language) if code in codes else code
