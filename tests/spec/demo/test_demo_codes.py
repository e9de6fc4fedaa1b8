"""Every code that a ministry writes is one that the project understands, but for the planted ones."""

from __future__ import annotations

import csv

import pyarrow.parquet as pq
import pyreadstat
import pytest
from python_calamine import CalamineWorkbook

from sojourn.concepts import code_list
from sojourn.demo import DeliveredFile, Generated
from sojourn.project.contracts import CONTRACTS
from sojourn.project.load import load

PLANTED = {"000", "QQ", "X"}


def columns(file: DeliveredFile) -> dict[str, list[object]]:
    """The columns of a delivered file by the names in its header."""
    if file.path.suffix == ".parquet":
        found: dict[str, list[object]] = pq.read_table(file.path).to_pydict()
        return found
    if file.path.suffix == ".sav":
        answers, _ = pyreadstat.read_sav(str(file.path), output_format="dict")
        return {
            name: [None if value is None else f"{value:g}" for value in values]
            for name, values in answers.items()
        }
    if file.path.suffix == ".xlsx":
        rows = CalamineWorkbook.from_path(str(file.path)).get_sheet_by_index(0).to_python()
        header, lines = [str(name) for name in rows[3]], rows[4:-2]
    else:
        is_border = file.source == "border"
        text = file.path.read_text(encoding="windows-1251" if is_border else "utf-8-sig")
        cells = list(csv.reader(text.splitlines(), delimiter=";" if is_border else ","))
        header, lines = (cells[1], cells[2:-2]) if is_border else (cells[0], cells[1:])
    return {name: [line[at] for line in lines] for at, name in enumerate(header)}


@pytest.mark.parametrize("source", ["border", "permits", "students", "register", "survey"])
def test_delivered_codes_are_known(ruritania: Generated, source: str) -> None:
    project = load(ruritania.folder)
    declaration = project.sources[source]
    contract = CONTRACTS[declaration.gives]
    checked = 0
    for file in (file for file in ruritania.deliveries if file.source == source):
        delivered = columns(file)
        for name, rule in declaration.columns.items():
            if rule.source is None:
                continue
            values = {
                str(value) for value in delivered[rule.source] if value not in (None, "", "nan")
            } - PLANTED
            assert values, f"{name} is empty"
            code_map = project.code_maps.get((source, name))
            standard = dict(zip(code_map.written, code_map.standard, strict=True)) if code_map else {}
            assert not code_map or values <= set(standard), f"{name} has codes without a line in its map"
            codes = contract.columns[name].codes if name in contract.columns else None
            if codes is not None:
                known = {*code_list(codes).for_records, "XRT"}
                assert {standard.get(value, value) for value in values} <= known, name
                checked += 1
    assert checked > 0


def test_the_header_of_every_file_has_the_columns_that_its_source_declares(ruritania: Generated) -> None:
    project = load(ruritania.folder)
    for file in ruritania.deliveries:
        declaration = project.sources[file.source]
        wanted = {rule.source for rule in declaration.columns.values() if rule.source is not None}
        assert wanted | set(declaration.ignore) <= set(columns(file))
