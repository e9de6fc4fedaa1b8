"""Example partners: figures of other bodies are published as those bodies gave them, with their status."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections import Counter
from contextlib import closing

import pyarrow as pa
import pyarrow.parquet as pq
import pycountry
import pytest
from litestar.testing import TestClient
from openpyxl import load_workbook

from sojourn.concepts import code_list
from sojourn.portal import application
from sojourn.production.counted import record_versions
from sojourn.production.receive import receive
from sojourn.production.source_steps import counted_versions
from sojourn.production.tables import run_tables
from sojourn.production.workspace import open_workspace

from .conftest import REPOSITORY

pytestmark = pytest.mark.oracle

# The publishers' codes in standard ones, taken from elsewhere than the example's code maps.
OF_NUMBER = {int(it.numeric): it.alpha_3 for it in pycountry.countries} | {830: "XCX", 900: "_T"}
OF_LETTERS = {it.alpha_2: it.alpha_3 for it in pycountry.countries} | {"EL": "GRC", "UK": "GBR"}
OF_UNHCR = {"XXA": "STLS", "UNK": "_U", "TIB": "_O"}  # beside ISO codes, in UNHCR's own columns of those
SEXES = {"T": "_T", "male": "M", "female": "F"}
LABOUR = "ESTAT_population_by_sex_age_labour_status_foreigners.csv"
PROTECTION = "ESTAT_temporary_protection_beneficiaries_monthly.csv"
MISSING = {it.code for it in code_list("CL_OBS_STATUS") if it.attributes["has_value"] == "no"}


@pytest.fixture(scope="module")
def partners(run_example):
    return run_example("partners", "undesa_ims", "unhcr", "sdmx_csv")


@pytest.fixture(scope="module")
def published(partners):
    """The cells of the published release: for each table, of each cell's codes its figure and status."""
    found = {}
    for file in partners.project.glob("local/public/releases/*/tables/*/observations.parquet"):
        table = pq.read_table(file)
        assert set(table["CONF_STATUS"].to_pylist()) == {"F"}
        measures = [table.column_names.index(name) for name in ("OBS_VALUE", "OBS_STATUS")]
        codes = table.column_names[: table.column_names.index("OBS_VALUE")]
        cells = zip(*(table[name].to_pylist() for name in codes), strict=True)
        figures = zip(*(table.column(place).to_pylist() for place in measures), strict=True)
        found[file.parent.name] = dict(zip(cells, figures, strict=True))
        assert len(found[file.parent.name]) == table.num_rows
    return found


@pytest.fixture(scope="module")
def portal(partners):
    with TestClient(application(partners.project / "local/public")) as reader:
        yield reader


@pytest.fixture(scope="module")
def workbook(partners):
    """The first table of 2020: code, sex and year of each figure, the figure, and whether it is imputed."""
    file = partners.data / "undesa_ims/undesa_pd_2020_ims_stock_by_sex_and_destination.xlsx"
    with closing(load_workbook(file, read_only=True)) as opened:
        rows = list(opened["Table 1"].iter_rows(min_row=11, values_only=True))
    years = rows[0][5:12]
    assert years == (1990, 1995, 2000, 2005, 2010, 2015, 2020)
    return [
        ((row[3], sex, str(year)), None if figure == ".." else figure, "I" in row[4].split())
        for row in rows[1:]
        for sex, first in (("_T", 5), ("M", 12), ("F", 19))
        for year, figure in zip(years, row[first : first + 7], strict=True)
    ]


@pytest.fixture(scope="module")
def pairs(partners):
    return pq.read_table(partners.data / "undesa_ims/ims2024_origin_destination_sex.parquet").to_pylist()


@pytest.fixture(scope="module")
def unhcr(partners):
    return pq.read_table(partners.data / "unhcr/population.parquet").to_pylist()


def _lines(partners, name):
    with (partners.data / "sdmx_csv" / name).open(encoding="utf-8-sig", newline="") as opened:
        return list(csv.DictReader(opened))


def _figure(text):
    return float(text) if text else None


def _closest(flag):
    """The status for a publisher's letters: what bears most on the figure comes first."""
    return next((letter.upper() for letter in "uepbd" if letter in flag), "A")


def _figures(cells):
    return {cell: figure for cell, (figure, _) in cells.items()}


def _groups(partners, source):
    """How often a source's records name each group that has no standard code of its own."""
    with open_workspace(partners.project) as workspace:
        of_source = (one for one in workspace.declarations.indicators.values() if one.source == source)
        versions, _ = counted_versions(record_versions(workspace, next(of_source), source))
    records = pa.concat_tables([pq.read_table(file) for version in versions for file in version.files])
    listed = zip(records["reference_area"].to_pylist(), records["publisher_area"].to_pylist(), strict=True)
    return Counter(name for code, name in listed if code == "_O")


def test_every_record_is_loaded_and_published_or_of_a_group_that_is_not_taken(
    partners, published, workbook, pairs, unhcr
):
    receipt = r"\(([\w-]+), \w+\) was taken in\.\n.* = (\d+) loaded \+ (\d+) quarantined"
    loaded: Counter[str] = Counter()
    for source, records, quarantined in re.findall(receipt, partners.printed):
        assert quarantined == "0"
        loaded[source] += int(records)
    destinations = len({row["geo"] for row in pairs})
    assert loaded == {
        "un-stock": len(workbook) + (destinations + 1) * 3 * 8,  # with the world; sexes and both; years
        "un-pairs": len(pairs),
        "unhcr": len(unhcr),
        "oecd-inflows": len(_lines(partners, "OECD_DF_MIG.csv")),
        "eurostat-labour": len(_lines(partners, LABOUR)),
        "eurostat-protection": len(_lines(partners, PROTECTION)),
    }
    tables = {
        "un-stock": "MIGRANT_STOCK",
        "un-pairs": "MIGRANT_PAIRS",
        "unhcr": "REFUGEES",
        "oecd-inflows": "INFLOWS",
        "eurostat-labour": "LABOUR_STATUS",
        "eurostat-protection": "TEMPORARY_PROTECTION",
    }
    not_taken = {source: loaded[source] - len(published[table]) for source, table in tables.items()}
    groups = _groups(partners, "un-stock")
    assert not_taken == dict.fromkeys(tables, 0) | {"un-stock": groups.total()}
    assert {"EUROPE", "Low-income countries", "Western Africa"} < set(groups)
    assert groups.total() == sum(code not in OF_NUMBER for (code, _, _), *_ in workbook)


def test_the_same_year_of_two_revisions_stands_twice(published):
    world = {
        revision: published["MIGRANT_STOCK"][revision, "_T", "_T", "2020"][0] for revision in ("2020", "2024")
    }
    assert world == {"2020": 280_598_105, "2024": 275_284_032}


def test_the_revision_of_2020_has_every_figure_of_the_workbook(published, workbook):
    expected = {
        ("2020", OF_NUMBER[code], sex, year): figure
        for (code, sex, year), figure, _ in workbook
        if code in OF_NUMBER
    }
    assert None in expected.values()
    stock = _figures(published["MIGRANT_STOCK"])
    assert {cell: figure for cell, figure in stock.items() if cell[0] == "2020"} == expected


def test_figures_of_the_workbook_that_the_united_nations_imputed_say_so(published, workbook):
    expected = {
        OF_NUMBER[code] for (code, *_), figure, is_imputed in workbook if is_imputed and figure is not None
    }
    found = {
        cell[1]
        for cell, (_, status) in published["MIGRANT_STOCK"].items()
        if (cell[0], status) == ("2020", "I")
    }
    assert found
    assert found == expected


def test_the_revision_of_2024_has_the_sums_of_its_pairs_by_destination(published, pairs):
    expected: Counter[tuple[str, ...]] = Counter()
    for row in pairs:
        for area in (row["geo"], "_T"):
            for sex in (SEXES[row["sex"]], "_T"):
                expected["2024", area, sex, str(row["t"])] += row["n"]
    stock = _figures(published["MIGRANT_STOCK"])
    assert {cell: figure for cell, figure in stock.items() if cell[0] == "2024"} == expected


def test_every_pair_of_origin_and_destination_is_published_with_what_was_imputed(published, pairs):
    assert published["MIGRANT_PAIRS"] == {
        (row["from"].replace("OOO", "_O"), row["geo"], SEXES[row["sex"]], str(row["t"])): (
            row["n"],
            "I" if row["type_i"] else "A",
        )
        for row in pairs
    }


def test_migrants_of_another_origin_are_kept(published, pairs):
    other = sum(row["n"] for row in pairs if (row["from"], row["t"]) == ("OOO", 2024))
    assert round(other, -4) == 22_070_000  # of 304 million
    cells = _figures(published["MIGRANT_PAIRS"]).items()
    assert sum(figure for (origin, *_, year), figure in cells if (origin, year) == ("_O", "2024")) == other


def test_refugees_stand_under_iso_codes_though_unhcr_has_its_own(published, unhcr):
    def iso(code):
        return OF_UNHCR.get(code, code)

    expected = {
        (iso(row["coa_iso"]), iso(row["coo_iso"]), str(row["year"])): row["refugees"] for row in unhcr
    }
    assert len(expected) == len(unhcr)
    assert _figures(published["REFUGEES"]) == expected


def test_refugees_in_germany_are_those_under_unhcrs_code_for_it(published, unhcr):
    expected = sum(row["refugees"] for row in unhcr if (row["coa"], row["year"]) == ("GFR", 2024))
    assert expected > 2_000_000
    cells = _figures(published["REFUGEES"]).items()
    assert sum(figure for (at, _, year), figure in cells if (at, year) == ("DEU", "2024")) == expected


def test_stateless_and_unknown_origins_stay_apart(published, unhcr):
    for written, code in (("STA", "STLS"), ("UKN", "_U")):
        expected = sum(row["refugees"] for row in unhcr if (row["coo"], row["year"]) == (written, 2024))
        assert expected > 0
        cells = _figures(published["REFUGEES"]).items()
        assert sum(figure for (_, of, year), figure in cells if (of, year) == (code, "2024")) == expected


def test_every_figure_of_the_oecd_is_published_with_its_status(partners, published):
    assert published["INFLOWS"] == {
        (line["REF_AREA"], line["CITIZENSHIP"].replace("W", "_T"), line["TIME_PERIOD"]): (
            float(line["OBS_VALUE"]),
            line["OBS_STATUS"],
        )
        for line in _lines(partners, "OECD_DF_MIG.csv")
    }


def _of_eurostat(partners, name, table):
    """Every line of a file under the codes of its table: figure and flag."""
    lines = _lines(partners, name)
    if table == "LABOUR_STATUS":
        cells = [(OF_LETTERS[it["geo"]], it["wstatus"], SEXES.get(it["sex"], it["sex"])) for it in lines]
    else:
        cells = [(OF_LETTERS[it["geo"]], OF_LETTERS[it["citizen"]]) for it in lines]
    return {
        (*cell, line["TIME_PERIOD"]): (_figure(line["OBS_VALUE"]), line["OBS_FLAG"])
        for cell, line in zip(cells, lines, strict=True)
    }


@pytest.mark.parametrize(
    ("name", "table", "flags"),
    [
        (LABOUR, "LABOUR_STATUS", {"", "b", "d", "u", "bd", "bu"}),
        (PROTECTION, "TEMPORARY_PROTECTION", {"", "b", "d", "e"}),
    ],
)
def test_every_figure_of_eurostat_is_published_with_its_flag(partners, published, name, table, flags):
    raw = _of_eurostat(partners, name, table)
    assert {flag for _, flag in raw.values()} == flags
    given = {cell: (figure, _closest(flag)) for cell, (figure, flag) in raw.items() if figure is not None}
    missing = raw.keys() - given.keys()
    assert missing
    found = published[table]
    assert found.keys() == raw.keys()
    assert {cell: found[cell] for cell in given} == given
    assert {found[cell][0] for cell in missing} == {None}
    assert {found[cell][1] for cell in missing} <= MISSING


FLAGS = (
    {"": "A", "b": "B", "d": "D", "e": "E", "f": "F", "i": "I", "n": "N", "p": "P", "u": "U"}
    | {"bd": "B", "be": "E", "bp": "P", "bu": "U", "de": "E", "dp": "P", "du": "U", "ep": "E", "eu": "U"}
    | {"pu": "U", "bde": "E", "bep": "E", "dep": "E", "bdepu": "U"}
)


def test_flags_that_eurostat_combines_have_a_status_and_a_colon_is_missing(tmp_path):
    project = tmp_path / "partners"
    shutil.copytree(REPOSITORY / "examples/partners", project)
    settings = (project / "sojourn.yaml").read_text(encoding="utf-8")
    settings = re.sub("(?m)^keys:.*$", f"keys: {tmp_path / 'keys'}", settings)
    (project / "sojourn.yaml").write_text(settings, encoding="utf-8")
    cells = [*zip(sorted(OF_LETTERS), ["7.5"] * len(FLAGS), FLAGS, strict=False)]
    odd = [("UK", ":", "u"), ("EU27_2020", "99", "")]
    delivery = tmp_path / "delivery.csv"
    delivery.write_text(
        "STRUCTURE_ID,citizen,sex,age,geo,TIME_PERIOD,OBS_VALUE,OBS_FLAG\n"
        + "".join(f"X,UA,T,TOTAL,{geo},2024-01,{figure},{flag}\n" for geo, figure, flag in [*cells, *odd]),
        encoding="utf-8",
    )
    with open_workspace(project) as workspace:
        receipt = receive(workspace, "eurostat-protection", delivery)
        made = run_tables(workspace, ["TEMPORARY_PROTECTION"]).tables["TEMPORARY_PROTECTION"]
    assert (receipt.loaded, receipt.quarantined) == (len(FLAGS) + 2, 0)
    rows = pa.concat_tables([pq.read_table(file) for file in made.observations.files]).to_pylist()
    found = {row["REFERENCE_AREA"]: (row["OBS_VALUE"], row["OBS_STATUS"]) for row in rows}
    figure, status = found.pop("GBR")
    assert figure is None
    assert status in MISSING
    assert found == {
        OF_LETTERS[geo]: (7.5, FLAGS[flag]) for geo, _, flag in cells
    }  # and no group of countries


def test_each_table_names_the_body_that_published_its_figures(partners, published):
    found = {}
    for file in partners.project.glob("local/public/releases/*/tables/*/table.json"):
        described = json.loads(file.read_text(encoding="utf-8"))
        found[described["id"]] = (
            described["sources"][0]["provider"]["en"].partition(",")[0],
            described["protection"]["rules"][0]["en"].partition(",")[0],
        )
    united_nations = ("United Nations", "Published by the United Nations")
    assert found == {
        "MIGRANT_STOCK": united_nations,
        "MIGRANT_PAIRS": united_nations,
        "REFUGEES": ("Office of the United Nations High Commissioner for Refugees", "Published by UNHCR."),
        "INFLOWS": ("Organisation for Economic Co-operation and Development", "Published by the OECD."),
        "LABOUR_STATUS": ("Eurostat", "Published by Eurostat."),
        "TEMPORARY_PROTECTION": ("Eurostat", "Published by Eurostat."),
    }
    assert found.keys() == published.keys()


def test_the_portal_shows_every_table(portal, published):
    addresses = ["/", "/data", *(f"/data/{table}" for table in published)]
    assert {address: portal.get(address).status_code for address in addresses} == dict.fromkeys(
        addresses, 200
    )


def test_the_portal_shows_both_revisions_of_a_year(portal):
    page = portal.get("/data/MIGRANT_STOCK?REFERENCE_AREA=_T&SEX=_T&TIME_PERIOD=2020").text
    assert "280,598,105" in page
    assert "275,284,032" in page


def test_the_portal_shows_a_figure_with_the_decimals_of_its_publisher(partners, portal):
    raw = _of_eurostat(partners, LABOUR, "LABOUR_STATUS")
    figure, _ = raw["GRC", "EMP", "_T", "2014"]
    assert figure % 1
    address = "/data/LABOUR_STATUS{}?REFERENCE_AREA=GRC&MEASURE=EMP&SEX=_T&TIME_PERIOD=2014"
    assert f"{figure:.1f}" in portal.get(address.format("")).text
    (line,) = csv.DictReader(portal.get(address.format("/download.csv")).text.splitlines())
    assert (float(line["OBS_VALUE"]), line["OBS_STATUS"]) == (figure, "A")
