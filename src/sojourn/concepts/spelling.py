"""Which known word did the writer mean?

Case, accents, punctuation and spacing never count. Likeness is that of `difflib`: good at slips of the
finger, blind to meaning, and never acted on: a suggestion is for a person to confirm.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable

__all__ = ["folded", "nearest"]


def folded(text: str) -> str:
    """A text reduced to what spelling variants share: letters and digits without case or marks.

    A leading `_` stays, since it sets `_T` apart from `T`.
    """
    # A letter in a special form is a plain capital once decomposed, and small only then.
    small = unicodedata.normalize("NFKD", text.casefold()).casefold()
    letters = unicodedata.normalize("NFKD", small)
    words = "".join(" " if not letter.isalnum() else letter for letter in letters if not _is_mark(letter))
    return ("_" if text.startswith("_") else "") + " ".join(words.split())


def _is_mark(letter: str) -> bool:
    return unicodedata.category(letter) == "Mn"


def nearest(text: str, folded_words: Iterable[str], limit: int) -> list[str]:
    """Up to `limit` of the folded words that look most like a text.

    The word itself comes first, then those that begin with it, shortest first, then those most alike.
    """
    sought, words = folded(text), list(folded_words)
    longer = sorted((word for word in words if sought and word.startswith(f"{sought} ")), key=len)
    alike = difflib.get_close_matches(sought, words, n=limit, cutoff=0.6)
    exact = [sought] if sought in words else []
    return list(dict.fromkeys([*exact, *longer, *alike]))[:limit]
