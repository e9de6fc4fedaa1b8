"""Transcoding: other encodings become UTF-8 on the way in, and bytes that do not exist in them stay visible.

A byte that the declared encoding does not have becomes the lone surrogate U+DC00 + byte, which UTF-8 does
not have either: the tokeniser then quarantines exactly the records that hold one, and their raw bytes can
be given back. Nothing is replaced and nothing is guessed. UTF-8 and ASCII are not transcoded: the tokeniser
checks them itself.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field

from sojourn.sources.reader.reasons import refusal

__all__ = ["Transcoder", "byte_order_mark", "nul_pattern", "refuse_contradiction"]

MARKING = "sojourn-mark-undecodable"
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
UNICODE_FAMILY = {"utf-8-sig": "utf-8", "utf-16": "", "utf-32": ""}
# Fewer NULs than this are damage, not an encoding.
FEWEST_NULS = 8
# A head with fewer broken lines says too little about the whole file.
BROKEN_LINES = 10


def _mark(fault: UnicodeError) -> tuple[str | bytes, int]:
    if isinstance(fault, UnicodeDecodeError):
        return "".join(chr(0xDC00 + byte) for byte in fault.object[fault.start : fault.end]), fault.end
    if isinstance(fault, UnicodeEncodeError):
        letters = fault.object[fault.start : fault.end]
        if all(0xDC00 <= ord(letter) <= 0xDCFF for letter in letters):
            return bytes(ord(letter) - 0xDC00 for letter in letters), fault.end
    raise fault


codecs.register_error(MARKING, _mark)


@dataclass
class Transcoder:
    """Turns the bytes of one encoding into UTF-8, piece by piece."""

    encoding: str
    _decoder: codecs.IncrementalDecoder = field(init=False)

    def __post_init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder(self.encoding)(MARKING)

    def utf8(self, piece: bytes, at_end: bool) -> bytes:
        """The next bytes as UTF-8; a character cut in two waits for its rest."""
        return self._decoder.decode(piece, at_end).encode("utf-8", "surrogatepass")

    def original(self, utf8: bytes) -> bytes:
        """The bytes that became this UTF-8."""
        # A cut piece may end within a character; that character is left out.
        text = codecs.getincrementaldecoder("utf-8")("surrogatepass").decode(utf8)
        return text.encode(self.encoding, MARKING)


def byte_order_mark(head: bytes) -> tuple[str | None, int]:
    """The encoding that the first bytes name, and how many bytes the mark takes."""
    for mark, encoding in BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return encoding, len(mark)
    return None, 0


def nul_pattern(head: bytes) -> str | None:
    """The two- or four-byte encoding in which the NULs among the first bytes would belong, if there is one.

    Separators, digits and line ends of UTF-16 have their NUL on one side only, whatever the script of the
    words.
    """
    sample = head[: len(head) // 4 * 4][:65536]
    if sample.count(0) < FEWEST_NULS:
        return None
    quarter = len(sample) // 4
    nuls = [sample[place::4].count(0) / quarter for place in range(4)]
    if min(nuls[2:]) > 0.9 and nuls[0] < 0.1:
        return "utf-32-le"
    if min(nuls[:2]) > 0.9 and nuls[3] < 0.1:
        return "utf-32-be"
    first, second = nuls[0] + nuls[2], nuls[1] + nuls[3]
    if max(first, second) < 0.04 or min(first, second) > 0.1 * max(first, second):
        return None
    encoding = "utf-16-be" if first > second else "utf-16-le"
    text = sample.decode(encoding, "replace")
    return encoding if "\ufffd" not in text[:-1] and set(text) & set("\r\n,;\t|") else None


def refuse_contradiction(declared: str, head: bytes) -> tuple[str, int]:
    """The encoding to read in and the length of the mark to skip; refuses a file that says otherwise.

    Raises: FileRefused when a byte order mark, NULs or the bytes themselves contradict the declared encoding.
    """
    marked, length = byte_order_mark(head)
    shown = marked or nul_pattern(head)
    encoding = UNICODE_FAMILY.get(declared, declared) or shown or ""
    family = declared.replace("-sig", "")
    agrees = (
        shown is None or shown == encoding or (family in ("utf-16", "utf-32") and shown.startswith(family))
    )
    if marked and not agrees:
        raise refusal("encoding-contradicted", f"It begins with the mark of {marked}, not of {declared}.")
    if not agrees:
        raise refusal(
            "encoding-contradicted", f"Its NUL bytes stand as in {shown}; declared is {declared}.", line=1
        )
    if not encoding:
        raise refusal("encoding-contradicted", f"It has no byte order mark, so {declared} does not say which "
                      "byte comes first.", remedy=f"Declare {declared}-le or {declared}-be.")  # fmt: skip
    if encoding in ("utf-8", "ascii"):
        _refuse_foreign_bytes(encoding, head[length:], length)
    return encoding, length


def _refuse_foreign_bytes(encoding: str, head: bytes, offset: int) -> None:
    """Refuse a file in whose first part nearly every line beyond ASCII is not in the encoding."""
    lines = head.splitlines(keepends=True)[:4000]
    foreign = broken = 0
    first: tuple[int, int] | None = None
    for number, line in enumerate(lines[:-1] or lines, start=1):
        if not line.isascii():
            foreign += 1
            try:
                line.decode(encoding)
            except UnicodeDecodeError as fault:
                broken += 1
                first = first or (offset + fault.start, number)
        offset += len(line)
    if first and broken >= BROKEN_LINES and broken >= 0.9 * foreign:
        where = f"The first byte that is not {encoding} has offset {first[0]}, on line {first[1]}; "
        share = f"{broken} of the first {foreign} lines beyond ASCII hold such bytes."
        raise refusal("encoding-contradicted", where + share, line=first[1])
