"""Whether texts look like names of persons: by their form, by common names, and by how family names end.

A place and a trade have the form of a name too. What tells them apart is how many of a column's different
values contain a name that is common somewhere, or end as family names do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

from anyascii import anyascii

from sojourn.concepts.package_data import rows

__all__ = ["holds_a_name", "is_of_form", "looks_known"]

_WORD = re.compile(r"[^\W\d_]+(?:['’`.-][^\W\d_]+)*\.?", re.UNICODE)
# In machine-readable zones a sign stands for the blank.
_FORM = re.compile(r"(?:[^\W\d_]|[ '’`.,<-])+", re.UNICODE)
_TITLE = re.compile(
    r"\b(?:Mr|Mrs|Ms|Miss|Dr|Sr|Sra|Herr|Frau|Mme|Mlle|M|Pan|Pani|Sig|Signora|г-н|г-жа|гр)\.? [A-ZА-ЯЁ]\w+"
)
_SAYS = re.compile(r"(?:name is|named|called|зовут|heisst|heißt|s'appelle|se llama) [A-ZА-ЯЁ]\w+")
_MOST_WORDS = 6


@cache
def _common() -> tuple[frozenset[str], frozenset[str]]:
    """Common given names and common family names, in Latin letters."""
    found: dict[str, set[str]] = {"given": set(), "family": set()}
    for row in rows("common_names.csv"):
        if row["kind"] in found:
            found[str(row["kind"])].update(str(row["names"]).split())
    return frozenset(found["given"]), frozenset(found["family"])


@cache
def _of_script(kind: str) -> frozenset[str]:
    words: set[str] = set()
    for row in rows("common_names.csv"):
        if row["kind"] == kind:
            names = str(row["names"])
            words.update(names.split() if kind in ("arabic", "ending") else names)
    return frozenset(words)


@cache
def _ending() -> re.Pattern[str]:
    longest_first = sorted(_of_script("ending"), key=lambda end: (-len(end), end))
    return re.compile(rf"\w{{3,}}(?:{'|'.join(longest_first)})$")


def is_of_form(text: str) -> bool:
    """Whether a text is one to six words of letters, each begun with a capital or in a script without."""
    if len(text) > 80 or _FORM.fullmatch(text) is None:
        return False
    words = _WORD.findall(text)
    begun = sum(not word[0].islower() or len(word) <= 3 or "ა" <= word[0] <= "ჿ" for word in words)
    return 0 < len(words) <= _MOST_WORDS and begun == len(words)


def looks_known(text: str) -> bool:
    """Whether a word of the text is a common name, or ends as family names do."""
    given, family = _common()
    for word in _WORD.findall(text):
        if _in_its_script(word):
            return True
        plain = _plain(word)
        parts = [plain, *re.split(r"[-' ]", plain)]
        if any(part in given or part in family for part in parts if len(part) > 1):
            return True
        if _ending().search(plain):
            return True
    return False


def _in_its_script(word: str) -> bool:
    first = ord(word[0])
    if 0x4E00 <= first <= 0x9FFF:
        return len(word) <= 4 and word[0] in _of_script("han")
    if 0xAC00 <= first <= 0xD7A3:
        return len(word) <= 4 and word[0] in _of_script("hangul")
    return 0x0600 <= first <= 0x06FF and word in _of_script("arabic")


def _plain(word: str) -> str:
    return anyascii(word).lower().strip(".'`")


def holds_a_name(text: str, names: Sequence[str] = ()) -> bool:
    """Whether a longer text holds the name of a person: after a title, or a common one before another word.

    `names` are further given names, in Latin letters and small.
    """
    if _TITLE.search(text) or _SAYS.search(text):
        return True
    given, family = _common()
    words = _WORD.findall(text)
    for one, other in pairwise(words):
        if not (one[0].isupper() and other[0].isupper()):
            continue
        plain = [_plain(word) for word in (one, other)]
        is_given = [word in given or word in names for word in plain]
        if any(is_given) and (
            all(is_given) or plain[1] in family or plain[0] in family or _ending().search(plain[1])
        ):
            return True
    return False
