"""Figures of other bodies: shown as they were published, with their status, and never added up."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sojourn.errors import DisclosureRisk, ProjectError
from sojourn.production.describe import describe_table
from sojourn.production.figures import method_sql
from sojourn.production.published_figures import decimals_of
from sojourn.production.quality import RecordsBehind
from sojourn.production.receive import receive
from sojourn.production.tables import run_tables
from sojourn.production.workspace import open_workspace

STOCK = """\
id: stock
title: {en: Migrant stock}
kind: published_statistics
provider: nso
agreement: publications
arrives: {every: year}
gives: published_figure
columns:
  series: {value: Migrant stock}
  revision: EDITION
  measure: {value: STOCK}
  reference_area: AREA
  sex: {from: SEX, codes: sex.csv}
  time_period: YEAR
  value: FIGURE
  status: STATUS
"""
AGREEMENT = "- {id: publications, provider: nso, sources: [stock], from: 2000-01-01}\n"
INDICATOR = """\
id: stock
title: {en: Migrant stock}
definition: {en: Persons living outside the country of their birth.}
source: stock
statistic: value
of: value
time: time_period
"""
TABLE = """\
id: STOCK
title: {en: Migrant stock}
indicator: stock
by: [revision, reference_area, sex]
totals: none
protect: {none_because: Published by the office of the United Nations.}
"""
LINES = [
    "EDITION,AREA,SEX,YEAR,FIGURE,STATUS",
    "2020,NOR,T,2020,852238,",
    "2024,NOR,T,2020,851000,E",
    "2024,NOR,F,2020,3,A",  # few persons: another body's figure all the same
    "2024,SWE,T,2020,,Q",
]


@pytest.fixture
def publisher(project, tmp_path):
    """A project with one source of published figures; a function that makes its table from lines."""
    (project / "sources/stock").mkdir()
    (project / "sources/stock/source.yaml").write_text(STOCK, encoding="utf-8")
    (project / "sources/stock/sex.csv").write_text("from,to\nT,_T\nF,F\nM,M\n", encoding="utf-8")
    with (project / "strategy/agreements.yaml").open("a", encoding="utf-8") as agreements:
        agreements.write(AGREEMENT)
    (project / "indicators/stock.yaml").write_text(INDICATOR, encoding="utf-8")
    (project / "tables/stock.yaml").write_text(TABLE, encoding="utf-8")

    def made(lines, *changes):
        file = project / "tables/stock.yaml"
        for old, new in changes:
            file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
        delivery = tmp_path / "stock.csv"
        delivery.write_text("\n".join(lines) + "\n", encoding="utf-8")
        with open_workspace(project) as workspace:
            assert receive(workspace, "stock", delivery, period="2024").quarantined == 0
            table = run_tables(workspace, ["STOCK"]).tables["STOCK"]
            sql = method_sql(workspace, workspace.declarations.tables["STOCK"])
        return pa.concat_tables([pq.read_table(f) for f in table.observations.files]).to_pylist(), table, sql

    return made


def test_a_published_figure_is_shown_as_it_is_with_its_status(publisher):
    rows, table, _ = publisher(LINES)
    found = {
        (r["REVISION"], r["REFERENCE_AREA"], r["SEX"]): (r["OBS_VALUE"], r["OBS_STATUS"], r["CONF_STATUS"])
        for r in rows
    }
    assert found == {
        ("2020", "NOR", "_T"): (852238.0, "A", "F"),
        ("2024", "NOR", "_T"): (851000.0, "E", "F"),
        ("2024", "NOR", "F"): (3.0, "A", "F"),
        ("2024", "SWE", "_T"): (None, "Q", "F"),
    }
    assert table.report["rules"] == {"none_because": "Published by the office of the United Nations."}


@pytest.mark.parametrize(("status", "published"), [("Q", "Q"), ("L", "L"), ("M", "M"), ("P", "O"), ("", "O")])
def test_a_missing_figure_keeps_the_reason_that_its_publisher_gives(publisher, status, published):
    rows, _, _ = publisher([*LINES[:-1], LINES[-1].rsplit(",", 1)[0] + f",{status}"])
    (missing,) = (row for row in rows if row["OBS_VALUE"] is None)
    assert missing["OBS_STATUS"] == published


def test_the_method_of_a_published_figure_is_the_choice_of_records_alone(publisher):
    assert "GROUP BY" not in publisher(LINES)[2]


def test_two_figures_in_one_cell_are_refused_and_not_added_up(publisher):
    with pytest.raises(ProjectError, match="1 cells of STOCK hold several published figures"):
        publisher(LINES, ("by: [revision, reference_area, sex]", "by: [reference_area, sex]"))


def test_totals_of_published_figures_are_refused(publisher):
    with pytest.raises(ProjectError, match="not added up to totals"):
        publisher(LINES, ("totals: none", "totals: all"))


def test_without_a_reason_a_published_figure_does_not_pass(publisher):
    with pytest.raises(DisclosureRisk, match="without a reason"):
        publisher(LINES, ("protect: {none_because: Published by the office of the United Nations.}", ""))


@pytest.mark.parametrize(
    ("figures", "decimals"),
    [
        ([852238.0, 3.0, None], 0),
        ([267.6, 240.9, 225.0], 1),
        ([0.25, 0.5, 12.75], 2),
        ([*range(99), 248350.1526], 0),  # one figure of a hundred has a fraction
        ([], 0),
    ],
)
def test_published_figures_are_shown_with_the_decimals_that_nine_in_ten_of_them_have(figures, decimals):
    assert decimals_of(pa.chunked_array([pa.array(figures, pa.float64())])) == decimals


def test_the_newest_revision_comes_first(publisher, project):
    publisher(LINES)
    with open_workspace(project) as workspace:
        table = workspace.declarations.tables["STOCK"]
        described = describe_table(
            workspace.declarations,
            table,
            codes={"REVISION": ["2020", "2024"], "REFERENCE_AREA": ["NOR"], "SEX": ["_T"]},
            periods=["2020"],
            report={"cells": {"all": 2}},
            deliveries=[],
            behind=RecordsBehind(0, 0),
            has_errors=False,
            version=1,
            revisions=[],
            decimals=1,
        )
    assert [code.id for code in described.dimensions[0].codes] == ["2024", "2020"]
    assert described.unit.decimals == 1


def test_records_of_persons_never_pass_as_published_figures(project):
    indicator = (project / "indicators/crossings.yaml").read_text(encoding="utf-8")
    (project / "indicators/born.yaml").write_text(
        indicator.replace("id: crossings", "id: born\nstatistic: value\nof: birth_year"), encoding="utf-8"
    )
    (project / "tables/born.yaml").write_text(
        TABLE.replace("STOCK", "BORN")
        .replace("indicator: stock", "indicator: born")
        .replace("by: [revision, reference_area, sex]", "by: [sex]"),
        encoding="utf-8",
    )
    with pytest.raises(ProjectError, match="cannot be published as they are"):
        open_workspace(project)
