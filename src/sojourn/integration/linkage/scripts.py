"""In which writing system is a text? The script of most of its letters, by ISO 15924 in capitals.

Names that two sources write in two scripts are found less often; whoever judges a linkage must see by how
much. Marks, digits and signs belong to every script and do not count.
"""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.integration.linkage.letters import text_buffers
from sojourn.sources.reader.compiled import Bytes, Integers, compiled

__all__ = ["NO_LETTERS", "SCRIPTS", "SEVERAL", "script_of", "script_of_names"]

SEVERAL, NO_LETTERS = "_O", "_U"
# What the names of a script's letters begin with in Unicode.
_BEGINNINGS = {
    "LATN": ("LATIN", "FULLWIDTH LATIN"),
    "CYRL": ("CYRILLIC",),
    "ARAB": ("ARABIC",),
    "HANI": ("CJK UNIFIED", "CJK COMPATIBILITY"),
    "GREK": ("GREEK",),
    "HEBR": ("HEBREW",),
    "GEOR": ("GEORGIAN",),
    "ARMN": ("ARMENIAN",),
    "DEVA": ("DEVANAGARI",),
    "BENG": ("BENGALI",),
    "HANG": ("HANGUL", "HALFWIDTH HANGUL"),
    "THAI": ("THAI",),
    "ETHI": ("ETHIOPIC",),
}
SCRIPTS = tuple(_BEGINNINGS)
_NONE, _OTHER = 255, len(SCRIPTS)
_PLANE, _PLANES = 1 << 16, 4
Places = npt.NDArray[np.uint8]


@cache
def _script_of_letter() -> Places:
    """The place of each letter's script among `SCRIPTS`, one more for another, `_NONE` for what is no letter.

    The planes of historic scripts and of rare Han characters are included, those behind them hold no letters.
    """
    found = np.full(_PLANE * _PLANES, _NONE, dtype=np.uint8)
    for code in range(len(found)):
        letter = chr(code)
        if unicodedata.category(letter) in ("Lu", "Ll", "Lt", "Lo"):
            name = unicodedata.name(letter, "")
            of_it = (place for place, script in enumerate(SCRIPTS) if name.startswith(_BEGINNINGS[script]))
            found[code] = next(of_it, _OTHER)
    return found


def script_of(texts: pa.Array) -> pa.Array:
    """The script of each text, a code of CL_SCRIPT: that of more than half of its letters.

    `_O` where no script has more than half of them, or one that the list does not have; `_U` for a text
    without a letter, and for null.
    """
    starts, data = text_buffers(pc.utf8_normalize(texts.cast(pa.string()).fill_null(""), "NFC"))
    places = _majority(starts, data, _script_of_letter(), len(SCRIPTS))
    codes = pa.array([*SCRIPTS, SEVERAL, NO_LETTERS], pa.string())
    return codes.take(pa.array(places))


def script_of_names(*names: pa.Array) -> pa.Array:
    """The script of each record's names taken together; `_U` for a record without any."""
    # Nulls are replaced: when they are to be skipped, Arrow skips whole rows of nothing else.
    return script_of(pc.binary_join_element_wise(*names, " ", null_handling="replace", null_replacement=""))


@compiled
def _majority(starts: Integers, data: Bytes, script: Places, other: int) -> npt.NDArray[np.int64]:
    """The place of the script of each text; one more than the last is `_O`, two more `_U`."""
    found = np.empty(len(starts) - 1, dtype=np.int64)
    counts = np.zeros(other + 1, dtype=np.int64)
    for text in range(len(found)):
        counts[:] = 0
        letters, most = 0, 0
        code = 0
        for at in range(starts[text], starts[text + 1]):
            byte = int(data[at])
            if byte < 0x80:
                code = byte
            elif byte >= 0xF0:
                code = byte & 0x07
            elif byte >= 0xE0:
                code = byte & 0x0F
            elif byte >= 0xC0:
                code = byte & 0x1F
            else:
                code = code << 6 | (byte & 0x3F)
            # A letter is whole when no byte that continues it follows.
            is_whole = at + 1 == starts[text + 1] or (int(data[at + 1]) & 0xC0) != 0x80
            if is_whole and code < len(script) and script[code] != 255:
                counts[script[code]] += 1
                letters += 1
        for place in range(other + 1):
            if counts[place] > counts[most]:
                most = place
        if letters == 0:
            found[text] = other + 1
        else:
            found[text] = most if 2 * counts[most] > letters else other
    return found
