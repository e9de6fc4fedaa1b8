"""How to cite a table of a release, in a sentence and in BibTeX."""

from __future__ import annotations

import re

from sojourn.dissemination.descriptions import ReleaseEntry, TableDescription, text_in
from sojourn.portal.site import OpenRelease

__all__ = ["bibtex", "permanent_path"]

_SPECIAL = {"\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "%": r"\%", "#": r"\#", "&": r"\&", "$": r"\$",
            "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}  # fmt: skip


def permanent_path(table: str, entry: ReleaseEntry) -> str:
    """The address of a table that always shows the figures of one release."""
    return f"/data/{table}?release={entry.hash}"


def bibtex(release: OpenRelease, description: TableDescription, language: str, origin: str) -> str:
    """A BibTeX entry whose address names the release."""
    entry = release.entry
    fields = {
        "author": "{" + _escaped(text_in(release.description.agency.name, language)[0]) + "}",
        "title": "{" + _escaped(text_in(description.title, language)[0]) + "}",
        "year": str(entry.published_at.year),
        "version": _escaped(entry.version),
        "url": f"{origin}{permanent_path(description.id, entry)}",
        "note": f"Release sha256:{entry.hash}",
    }
    key = re.sub("[^A-Za-z0-9]", "", f"{release.description.agency.id}{description.id}{entry.version}")
    lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
    return f"@misc{{{key},\n{lines}\n}}"


def _escaped(text: str) -> str:
    return "".join(_SPECIAL.get(letter, letter) for letter in text)
