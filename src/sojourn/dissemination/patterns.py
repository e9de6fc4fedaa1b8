"""Areas told apart by a pattern and not by colour alone: Vega knows none, so they come into the finished SVG.

What a specification fills with HATCHED is hatched by `with_patterns`.
"""

from __future__ import annotations

__all__ = ["HATCHED", "with_patterns"]

HATCHED = "#010203"  # nobody chooses this colour by chance


def with_patterns(svg: str, *, ground: str, line: str, name: str = "") -> str:
    """The drawing with hatched areas; `name` keeps the pattern's identifier apart from others on a page."""
    if f'fill="{HATCHED}"' not in svg:
        return svg
    pattern = (
        f'<defs><pattern id="hatch{name}" width="5" height="5" patternUnits="userSpaceOnUse"'
        f' patternTransform="rotate(45)"><rect width="5" height="5" fill="{ground}"/>'
        f'<rect width="1.6" height="5" fill="{line}"/></pattern></defs>'
    )
    head = svg.index(">") + 1
    return svg[:head] + pattern + svg[head:].replace(f'fill="{HATCHED}"', f'fill="url(#hatch{name})"')
