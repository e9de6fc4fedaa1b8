"""The text of a small file of a project, or the problem that it is not written in UTF-8."""

from __future__ import annotations

from pathlib import Path

from sojourn.errors import Problem

__all__ = ["text_of"]


def text_of(file: Path, shown_as: str) -> str | Problem:
    """The text of a file, its line ends as they stand."""
    if not file.is_file():
        return Problem(shown_as, None, "the file is not there.", "Put it there, or correct its name.")
    content = file.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        remedy = "Save it as UTF-8; spreadsheets call that `CSV UTF-8`."
        return Problem(shown_as, line, "the file is not written in UTF-8.", remedy)
