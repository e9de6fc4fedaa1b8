"""Fonts for scripts that a bare machine lacks: found among installed packages, never shipped with us."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path

import vl_convert

__all__ = ["FONT_PACKAGES", "FONT_STACK", "register_fonts"]

_FAMILIES = ("Noto Sans", "Noto Sans Arabic", "Noto Sans CJK SC", "Noto Sans SC", "DejaVu Sans")
FONT_STACK = ", ".join(f"'{family}'" for family in _FAMILIES) + ", system-ui, sans-serif"
FONT_PACKAGES = ("fontpkg_noto_sans_arabic", "noto_cjk_sans_sc_regular")


@cache
def register_fonts() -> tuple[Path, ...]:
    """Make the fonts of installed font packages known to the drawing engine, and say where they lie."""
    folders: set[Path] = set()
    for package in FONT_PACKAGES:
        found = importlib.util.find_spec(package)
        if found is None or found.origin is None:
            continue
        files = [*Path(found.origin).parent.rglob("*.ttf"), *Path(found.origin).parent.rglob("*.otf")]
        folders.update(file.parent for file in files)
    for folder in sorted(folders):
        vl_convert.register_font_directory(str(folder))
    return tuple(sorted(folders))
