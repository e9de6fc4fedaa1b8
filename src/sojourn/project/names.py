"""Names of national codes: what readers see instead of `R01`.

`codes/names/<column>.csv` has the column `code` and a column `name_<language>` for each language.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

from sojourn.errors import Problem
from sojourn.project.text_file import text_of

__all__ = ["read_names"]


def read_names(file: Path, shown_as: str) -> tuple[dict[str, dict[str, str]], list[Problem]]:
    """The names of each code by language, and all that is wrong with the file."""
    found: dict[str, dict[str, str]] = {}
    problems: list[Problem] = []
    text = text_of(file, shown_as)
    if isinstance(text, Problem):
        return {}, [text]
    reader = csv.DictReader(io.StringIO(text, newline=""))
    header = tuple(reader.fieldnames or ())
    languages = {name: name.removeprefix("name_") for name in header if name.startswith("name_")}
    if "code" not in header or not languages or len(header) != len(languages) + 1:
        what = f"the columns are {', '.join(header) or 'absent'}."
        return {}, [Problem(shown_as, 1, what, "They must be: code, name_en, and so on by language.")]
    for row in reader:
        code = row["code"] or ""
        if not code or code in found:
            told = f"the code {code!r} stands twice." if code else "the column `code` is empty."
            problems.append(Problem(shown_as, reader.line_num, told, "Give each code one line."))
            continue
        found[code] = {language: row[name] for name, language in languages.items() if row[name]}
    return found, problems
