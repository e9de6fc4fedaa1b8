"""Encodings: which one could a file be in, and what speaks for it?

A byte order mark, NULs in a pattern, and strict UTF-8 are proof. Everything else is likelihood: a candidate
is better the more of its characters beyond ASCII are everyday letters of one script, in words whose
capitals stand where capitals stand. Likelihood is never acted on: a person looks at the sample and decides.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from sojourn.sources.reader.transcode import byte_order_mark, nul_pattern

__all__ = ["Candidate", "candidates"]

SAMPLE = 1 << 18
LEGACY = (
    *("cp1252", "cp1250", "cp1251", "koi8-r", "cp866", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257"),
    *("cp1258", "gb18030", "big5", "shift_jis", "euc_jp", "euc_kr", "tis-620", "mac-roman", "cp850"),
)
COMMON_LETTERS = {
    "CYRILLIC": "оеаинтсрвлкмдпуяыьгзбчйхёіїєўқғңөүәҳҷӣӯ",
    "GREEK": "αοιετσνηυρπκμλςωδγχθφβξζψάέήίόύώ",
    "ARABIC": "اليمنروتبةعدسفهكقحجشصطخضذثزءأإآىئؤظغپچگکی",
    "HEBREW": "יוהלאתרםבשנמדעקחפןטגצסכזךץף",
    "LATIN": "éèàçêâîôûëïöäüßñáíóúãõøåæœěščřžýąęłńśźżćőűțșăğışūāīēķļņģđşţºª",
}
WORD = re.compile(r"\w+")
# Words with a letter beyond ASCII, and symbols; the punctuation of print and of East Asia says nothing.
NEUTRAL = "\u00a0«»“”‘’„–—…№°·\u3000-\u3003\u3008-\u3011\uff00-\uff20،؛؟"
FOREIGN_WORD = re.compile(rf"[A-Za-z]*[^\x00-\x7f{NEUTRAL}][^\x00-\x40\[-`{{-\x7f{NEUTRAL}]*")
# Two candidates nearer than this are one doubt.
MARGIN = 0.05


@dataclass(frozen=True)
class Candidate:
    """An encoding, how likely it is (1 is proof), why, and what a piece of the file looks like in it."""

    encoding: str
    likelihood: float
    evidence: str
    sample: str = ""


def candidates(head: bytes) -> list[Candidate]:
    """Encodings that the first bytes of a file could be in, the likeliest first; never empty."""
    marked, _ = byte_order_mark(head)
    if marked:
        return [Candidate(marked, 1.0, f"The file begins with the byte order mark of {marked}.")]
    pattern = nul_pattern(head)
    if pattern:
        return [
            Candidate(pattern, 0.98, f"NUL bytes stand as in {pattern}, and there is no byte order mark.")
        ]
    if head.isascii():
        return [
            Candidate(
                "utf-8", 0.9, "All bytes looked at are ASCII, which is the same in nearly every encoding."
            )
        ]
    if _decodes(head, "utf-8"):
        count = sum(1 for byte in head if byte >= 0xC0)
        return [
            Candidate(
                "utf-8", 0.99, f"All {count} characters beyond ASCII that were looked at are strict UTF-8."
            )
        ]
    return _legacy(head)


def _decodes(head: bytes, encoding: str) -> bool:
    try:
        head.decode(encoding)
    except UnicodeDecodeError as fault:
        # The piece may end within a character.
        return fault.start >= len(head) - 3 and fault.end == len(head) and len(head) >= SAMPLE
    return True


def _legacy(head: bytes) -> list[Candidate]:
    foreign = b"\n".join([line for line in head.splitlines() if not line.isascii()][:400])
    found = []
    for encoding in LEGACY:
        try:
            text = foreign.decode(encoding)
        except UnicodeDecodeError:
            continue
        likelihood, script = _likelihood(text, encoding)
        sample = next((word for word in WORD.findall(text) if not word.isascii()), "")
        evidence = f"{likelihood:.0%} of the characters beyond ASCII are everyday {script.title()} letters."
        found.append(Candidate(encoding, round(0.9 * likelihood, 3), evidence, sample[:40]))
    found += _broken_utf8(head)
    found.sort(key=lambda candidate: -candidate.likelihood)
    if found:
        return found
    return [Candidate("utf-8", 0.1, "The bytes looked at fit none of the encodings that were tried.")]


def _broken_utf8(head: bytes) -> list[Candidate]:
    """UTF-8 as a candidate when some lines beyond ASCII are strict UTF-8 and others are not."""
    lines = [line for line in head.splitlines() if not line.isascii()]
    whole = sum(_decodes(line + b" ", "utf-8") for line in lines)
    if whole == 0:
        return []
    evidence = (
        f"{whole} of {len(lines)} lines beyond ASCII are strict UTF-8, the others are not: a mixed file?"
    )
    return [Candidate("utf-8", round(0.5 + 0.4 * whole / len(lines), 3), evidence)]


def _likelihood(text: str, encoding: str) -> tuple[float, str]:
    """The share of characters beyond ASCII that are everyday letters in proper words, and their script."""
    good = total = 0.0
    scripts: dict[str, int] = {}
    for word in FOREIGN_WORD.findall(text):
        foreign = [letter for letter in word if not letter.isascii()]
        script = _script(foreign[0])
        total += len(foreign)
        scripts[script] = scripts.get(script, 0) + len(foreign)
        if all(_script(letter) == script for letter in word) and _is_cased_well(word):
            good += sum(_weight(letter, script, encoding) for letter in foreign)
    script = max(scripts, key=lambda name: scripts[name], default="LATIN")
    return (good / total if total else 0.0), script


def _is_cased_well(word: str) -> bool:
    return word in (word.lower(), word.upper(), word.title(), word[:1].upper() + word[1:].lower())


def _script(letter: str) -> str:
    if letter.isascii():
        return "LATIN"
    name = unicodedata.name(letter, "").split(" ")[0]
    return "CJK" if name in ("CJK", "HIRAGANA", "KATAKANA") else name


def _weight(letter: str, script: str, encoding: str) -> float:
    if script == "CJK":
        return _ideograph_weight(letter, encoding)
    if script == "HANGUL":
        return 0.95
    common = COMMON_LETTERS.get(script)
    if common is None:
        return 0.7 if letter.isalpha() else 0.0
    if letter.lower() in common[:12]:
        return 1.0
    return 0.9 if letter.lower() in common else 0.3 * letter.isalpha()


def _ideograph_weight(letter: str, encoding: str) -> float:
    """Everyday ideographs stand in the first rows of each national set; kana speak for Japanese."""
    if unicodedata.name(letter, "").startswith(("HIRAGANA", "KATAKANA")):
        return 1.0 if encoding in ("shift_jis", "euc_jp") else 0.2
    try:
        lead = letter.encode("gb2312" if encoding == "gb18030" else encoding)[0]
    except UnicodeEncodeError:
        return 0.3
    everyday = {
        "gb18030": (0xB0, 0xD7),
        "big5": (0xA4, 0xC6),
        "shift_jis": (0x88, 0x97),
        "euc_jp": (0xB0, 0xCF),
    }
    first, last = everyday.get(encoding, (0, 0))
    return 0.95 if first <= lead <= last else 0.4
