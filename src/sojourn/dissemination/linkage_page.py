from dataclasses import dataclass
from typing import Any
@dataclass(frozen=True)
class LinkageFigures:
    quality: Any
    gaps: Any
    representativity: Any
    words: Any
def linkage_page(x: LinkageFigures) -> bytes:
    return b""
