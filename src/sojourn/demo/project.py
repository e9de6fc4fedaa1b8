"""The project of Ruritania as an analyst would have written it, copied from the package's own folder.

The declarations lie in `ruritania/` as they are read. Only what depends on the generator's tables is made
here: the code maps of countries, and the place of the keys.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from importlib.resources import as_file, files
from pathlib import Path
from shutil import copytree

from sojourn.demo.country import areas
from sojourn.demo.survey import NO_ANSWER

__all__ = ["write_project"]

_LETTERS_SINCE, _NUMBERS_UNTIL = "2024-01-01", "2023-12-31"


def write_project(folder: Path, keys: Path) -> None:
    """Write the declarations of Ruritania's project into a folder; `keys` lies outside of it."""
    with as_file(files("sojourn.demo").joinpath("ruritania")) as written:
        copytree(written, folder, dirs_exist_ok=True)
    settings = folder / "sojourn.yaml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(
        text.replace("KEYS_FOLDER", json.dumps(str(keys), ensure_ascii=False)), encoding="utf-8"
    )
    table = areas()
    numbers = [*zip(table.number, table.code, strict=True), ("998", "STLS")]
    letters = [*zip(table.alpha_2, table.code, strict=True), ("XA", "STLS")]
    (folder / "codes").mkdir(exist_ok=True)
    _write_map(
        folder / "codes" / "country.csv",
        ("from", "to", "valid_from", "valid_to"),
        [(*pair, "", _NUMBERS_UNTIL) for pair in numbers] + [(*pair, _LETTERS_SINCE, "") for pair in letters],
    )
    plain = [(str(int(number)), code) for number, code in numbers]
    _write_map(
        folder / "sources" / "survey" / "country.csv", ("from", "to"), [*plain, (str(NO_ANSWER), "_U")]
    )
    names = [*zip(table.name, table.code, strict=True), ("Stateless", "STLS")]
    _write_map(folder / "sources" / "students" / "country.csv", ("from", "to"), names)


def _write_map(file: Path, header: tuple[str, ...], lines: Iterable[tuple[str, ...]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(lines)
