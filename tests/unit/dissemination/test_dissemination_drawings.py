"""Drawings: the numbers of the table, cautious marks hollow, withheld ones never zero."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from portal_publication import HOSTILE, inflow, survey
from sojourn.dissemination import shapes
from sojourn.dissemination.charts import BARS, LINES, chart, svg_of, theme
from sojourn.dissemination.fonts import FONT_PACKAGES, register_fonts
from sojourn.dissemination.grid import Grid, grid
from sojourn.dissemination.maps import (
    areas_off_map,
    has_marks,
    is_shaded,
    map_dimension,
    map_selection,
    world_map,
)
from sojourn.dissemination.publication import PublishedTable, observations_in_order
from sojourn.dissemination.selection import Cells, selection_asked
from sojourn.dissemination.wording import wording

# Three square countries on a lattice of one degree: Syria at 10-14 east, France at 20-22, Norway at 30-31.
SHAPES = """{"type": "Topology", "transform": {"scale": [1, 1], "translate": [0, 0]},
 "objects": {"countries": {"type": "GeometryCollection", "geometries": [
  {"type": "Polygon", "id": "760", "arcs": [[0]]},
  {"type": "MultiPolygon", "id": "250", "arcs": [[[1]], [[3]]]},
  {"type": "Polygon", "id": "578", "arcs": [[-3]]}]}},
 "arcs": [[[10, 0], [4, 0], [0, 4], [-4, 0], [0, -4]], [[20, 0], [2, 0], [0, 2], [-2, 0], [0, -2]],
          [[30, 0], [1, 0], [0, 1], [-1, 0], [0, -1]], [[40, 0], [1, 0], [0, 1], [-1, 0], [0, -1]]]}"""


def cells(table: PublishedTable) -> Cells:
    return Cells(table.description, observations_in_order(table.description, table.observations))


def laid_out(table: PublishedTable, *parts: tuple[str, str]) -> Grid:
    return grid(cells(table), selection_asked(table.description, parts, "en"))


def drawn(table: PublishedTable, *parts: tuple[str, str], language: str = "en") -> dict:
    words = wording(language)
    return chart(table.description, laid_out(table, *parts), words, title="T", summary="S").specification


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> shapes.Shapes:
    file = tmp_path / "shapes.json"
    file.write_text(SHAPES)
    monkeypatch.setenv("SOJOURN_SHAPES", str(file))
    found = shapes.installed_shapes()
    assert found is not None
    return found


def test_a_chart_holds_the_numbers_of_the_grid_and_no_others():
    table = survey("1")
    points = drawn(table, ("TIME_PERIOD", "2024"))["data"]["values"]
    assert [point["value"] for point in points] == laid_out(table, ("TIME_PERIOD", "2024")).numbers(
        "OBS_VALUE"
    ).ravel().tolist()


def test_an_interval_is_the_value_and_1_96_standard_errors_each_way():
    (point,) = drawn(survey("1"), ("REF_AREA", "R1"), ("TIME_PERIOD", "2023"))["data"]["values"]
    # 14.2 with a standard error of 0.71: 14.2 - 1.3916 and 14.2 + 1.3916.
    assert (round(point["low"], 4), round(point["high"], 4)) == (12.8084, 15.5916)


def test_an_unreliable_and_a_provisional_figure_are_hollow_and_a_sound_one_is_not():
    points = drawn(survey("1"), ("TIME_PERIOD", "2024"))["data"]["values"]
    assert [point["hollow"] for point in points] == [False, False, False, True]
    provisional = drawn(inflow("1"), ("CITIZENSHIP", "SYR"))["data"]["values"]
    assert [point["hollow"] for point in provisional] == [False, False, False, True]


def test_a_withheld_figure_is_a_mark_and_never_a_zero():
    points = drawn(inflow("1"), ("CITIZENSHIP", "STLS"), ("SEX", "F"))["data"]["values"]
    assert [(point["across"], point["value"], point["mark"]) for point in points][1] == ("2022", None, "[c]")


def test_more_rows_than_can_be_told_apart_are_said_to_be_left_out():
    table = inflow("1")
    found = chart(table.description, laid_out(table), wording("en"), title="T", summary="S")
    assert (found.shown, found.of) == (LINES, 9)
    # The smallest in 2024 is the one left out: stateless persons with 35.
    assert "Stateless" not in {point["row"] for point in found.specification["data"]["values"]}
    assert BARS > LINES


def test_an_interval_lies_across_the_middle_of_its_bar_in_a_group():
    table = survey("1")
    several = laid_out(table, ("SEX", "*"), ("TIME_PERIOD", "2024"))
    svg = svg_of(chart(table.description, several, wording("en"), title="T", summary="S"), wording("en"))
    svg = svg.decode()
    bars = re.findall(r'<path d="M[\d.]+,([\d.]+)h[\d.]+v([\d.]+)h', svg)
    intervals = re.findall(r'<line transform="translate\([\d.]+,([\d.]+)\)" [^>]*stroke-width="1.5"', svg)
    middles = sorted(float(top) + float(height) / 2 for top, height in bars)
    assert len(middles) == len(several.rows) * len(several.columns)
    assert sorted(map(float, intervals)) == pytest.approx(middles, abs=0.2)


def test_an_arabic_chart_is_mirrored():
    specification = drawn(inflow("1"), language="ar")
    x = specification["layer"][1]["encoding"]["x"]
    y = specification["layer"][1]["encoding"]["y"]
    assert x["scale"]["reverse"] is True
    assert y["axis"]["orient"] == "right"
    assert specification["title"]["anchor"] == "end"


def test_a_drawing_is_well_formed_and_says_its_title_and_summary_whatever_they_hold():
    table = inflow("1")
    found = chart(
        table.description, laid_out(table), wording("en"), title=HOSTILE, summary="<&>", inks=theme("dark")
    )
    svg = svg_of(found, wording("en"))
    root = ElementTree.fromstring(svg)
    assert root.attrib["role"] == "img"
    assert [child.text for child in root[:2]] == [HOSTILE, "<&>"]
    assert b"<script" not in svg
    assert not re.search(rb"""(?:href|src|url)\s*[=(]\s*["']?(?:https?:|data:|//)""", svg)


def test_a_hostile_name_in_a_chart_is_text(monkeypatch: pytest.MonkeyPatch):
    table = survey("1")
    dumped = table.description.model_dump()
    area = dumped["dimensions"][0]
    codes = tuple({**code, "name": {"en": HOSTILE + code["id"]}} for code in area["codes"])
    dumped["dimensions"] = ({**area, "codes": codes}, dumped["dimensions"][1])
    hostile = PublishedTable(type(table.description).model_validate(dumped), table.observations, "", {})
    found = chart(hostile.description, laid_out(hostile), wording("en"), title="T", summary="S")
    svg = svg_of(found, wording("en"))
    tags = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(svg).iter()}
    assert not tags & {"script", "image", "img", "foreignObject", "a", "use"}
    assert b"49" not in re.findall(rb"<text[^>]*>([^<]*)", svg)


def test_counts_are_circles_and_shares_are_shaded(world: shapes.Shapes):
    table = inflow("1")
    by = map_dimension(table.description)
    assert by is not None
    sliced = map_selection(table.description, selection_asked(table.description, [], "en"), by)
    found = world_map(cells(table), sliced, by, world, wording("en"), title="T", summary="S")
    assert found.specification["layer"][1]["mark"]["type"] == "circle"
    assert not is_shaded(table.description)
    assert is_shaded(survey("1").description)


def test_a_map_shows_the_latest_period_and_totals_and_leaves_the_total_area_out():
    table = inflow("1")
    by = map_dimension(table.description)
    assert by is not None
    sliced = map_selection(table.description, selection_asked(table.description, [("SEX", "*")], "en"), by)
    assert (sliced.periods, sliced.codes["SEX"]) == (("2024",), ("_T",))
    assert "_T" not in sliced.codes["CITIZENSHIP"]


def test_an_area_whose_figure_is_withheld_has_a_mark_on_the_map(world: shapes.Shapes):
    table, asked = inflow("1"), [("SEX", "F"), ("TIME_PERIOD", "2022")]
    by = map_dimension(table.description)
    assert by is not None
    sliced = map_selection(table.description, selection_asked(table.description, asked, "en"), by)
    laid = cells(table).chosen(sliced)[0].to_pylist()
    withheld = {cell["CITIZENSHIP"] for cell in laid if cell["CONF_STATUS"] != "F"}
    placed = {code.id for code in by.codes if code.m49 in world.middles}
    assert withheld & placed
    found = world_map(cells(table), sliced, by, world, wording("en"), title="T", summary="S")
    (marks,) = [layer for layer in found.specification["layer"] if layer["mark"]["type"] == "text"]
    numbers = {code.id: code.m49 for code in by.codes}
    shown = {(mark["m49"], mark["mark"]) for mark in marks["data"]["values"]}
    assert shown >= {(numbers[area], "[c]") for area in withheld & placed}
    circles = found.specification["layer"][1]["data"]["values"]
    assert not {mark["m49"] for mark in circles} & {numbers[area] for area in withheld}
    assert has_marks(cells(table), sliced, by, world, wording("en"))


def test_an_area_without_a_shape_is_named(world: shapes.Shapes):
    table = inflow("1")
    by = map_dimension(table.description)
    assert by is not None
    sliced = map_selection(table.description, selection_asked(table.description, [], "en"), by)
    assert areas_off_map(cells(table), sliced, by, world, wording("en")) == (
        "Ukraine",
        "Türkiye",
        "China",
        "Brazil",
        "Stateless",
    )


def test_the_middle_of_a_country_is_that_of_its_largest_part(world: shapes.Shapes):
    # Squares: 10..14 by 0..4; 20..22 by 0..2 is larger than 40..41 by 0..1; 30..31 drawn backwards.
    assert world.middles == {"760": (12.0, 2.0), "250": (21.0, 1.0), "578": (30.5, 0.5)}


def test_without_shapes_there_are_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("SOJOURN_SHAPES", str(tmp_path / "absent.json"))
    assert shapes.installed_shapes() is None


def test_a_table_of_regions_has_no_dimension_for_a_map_of_the_world():
    assert map_dimension(survey("1").description) is None


def test_fonts_of_installed_packages_are_found():
    pytest.importorskip(
        FONT_PACKAGES[0], reason="the package of Arabic fonts is not installed (extra 'fonts')"
    )
    assert any(FONT_PACKAGES[0] in str(folder) for folder in register_fonts())
