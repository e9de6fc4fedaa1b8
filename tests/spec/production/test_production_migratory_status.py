"""An office that counts people by migratory status: from two sources, declared in order, to a table."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from small_project import AGREEMENTS, write_small_project
from sojourn.errors import ProjectError
from sojourn.production.counted import record_versions
from sojourn.production.figures import method_sql
from sojourn.production.lineage import lineage
from sojourn.production.receive import receive
from sojourn.production.tables import run_tables
from sojourn.production.workspace import open_workspace
from sojourn.project.load import load

REGISTER = """\
id: register
title: {en: Register}
kind: population_register
provider: nso
agreement: register-2020
gives: person
identifies_by: [national_id]
columns:
  reference_date: {period: last_day}
  national_id: NO
  birthplace: BORN_IN
  citizenship: NAT
"""
GRANTS = """\
id: grants
title: {en: Protection granted}
kind: protection
provider: nso
agreement: register-2020
gives: status
identifies_by: [national_id]
columns:
  status_id: ID
  national_id: NO
  kind: {value: protection}
  category: CATEGORY
  valid_from: SINCE
  valid_to: UNTIL
  birthplace: BORN_IN
  citizenship: NAT
"""
SPINE = """\
spine:
  sources: [register, grants]
  attributes:
    birthplace: [grants, register]
rules:
  migratory_status: {protection: {convention: A3}}
"""
INDICATOR = """\
id: status
title: {en: People by migratory status}
definition: {en: People in the register on 31 December.}
counts: migratory_status
"""
TABLE = """\
id: STATUS
title: {en: People by migratory status}
indicator: status
by: [nativity, citizen, refugee_category]
protect: {minimum_contributors: 1, secondary: false}
"""
# Twenty native citizens, twelve Turkish citizens, of whom the register does not know where eight were born.
PEOPLE = [
    *([f"n{number}", "XRT", "XRT"] for number in range(20)),
    *([f"t{number}", "TUR", "TUR"] for number in range(4)),
    *([f"u{number}", "", "TUR"] for number in range(8)),
]
# The protection office knows it of five of these eight, and has granted protection to three.
HELD = [
    *(f"g{number},u{number},convention,2019-05-01,,TUR,TUR" for number in range(3)),
    *(f"g{number},u{number},tolerated,2019-05-01,,TUR,TUR" for number in (3, 4)),
    "g9,elsewhere,convention,2019-05-01,,TUR,TUR",
    "g8,t0,convention,2021-05-01,,TUR,TUR",
]


FILES = {
    ("register", "2019"): ["NO,BORN_IN,NAT", *map(",".join, PEOPLE[:24])],
    ("register", "2020"): ["NO,BORN_IN,NAT", *map(",".join, PEOPLE)],
    ("grants", "2020"): ["ID,NO,CATEGORY,SINCE,UNTIL,BORN_IN,NAT", *HELD],
}


def _written(folder):
    project = write_small_project(folder / "ruritania", folder / "keys")
    for name, text in (("register", REGISTER), ("grants", GRANTS)):
        (project / "sources" / name).mkdir()
        (project / "sources" / name / "source.yaml").write_text(text, encoding="utf-8")
    agreed = "- {id: register-2020, provider: nso, sources: [register, grants], from: 2019-01-01}\n"
    (project / "strategy/agreements.yaml").write_text(AGREEMENTS + agreed, encoding="utf-8")
    (project / "indicators/status.yaml").write_text(INDICATOR, encoding="utf-8")
    (project / "tables/status.yaml").write_text(TABLE, encoding="utf-8")
    settings = project / "sojourn.yaml"
    settings.write_text(settings.read_text(encoding="utf-8") + SPINE, encoding="utf-8")
    return project


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    """A project with a register of two years and a file of protection, received."""
    folder = tmp_path_factory.mktemp("office")
    with open_workspace(_written(folder)) as workspace:
        for (source, period), lines in FILES.items():
            file = folder / f"{source}-{period}.csv"
            file.write_text("\n".join(lines) + "\n", encoding="utf-8")
            receipt = receive(workspace, source, file, period=period, accept_because="small")
            assert (receipt.state, receipt.quarantined) == ("accepted", 0)
        yield workspace


def _rows(version):
    return pa.concat_tables([pq.read_table(file) for file in version.files]).to_pylist()


def test_people_of_each_year_are_counted_by_the_best_that_was_known_then(office):
    found = _rows(run_tables(office, ["STATUS"]).tables["STATUS"].estimates)
    inner = {
        (row["time_period"], row["nativity"], row["citizen"], row["refugee_category"]): row["value"]
        for row in found
        if "_T" not in (row["nativity"], row["citizen"], row["refugee_category"])
    }
    assert inner == {
        ("2019", "NB", "CIT", "_U"): 20,
        ("2019", "FB", "NONCIT", "_U"): 4,
        ("2020", "NB", "CIT", "_U"): 20,
        ("2020", "FB", "NONCIT", "A3"): 3,
        ("2020", "FB", "NONCIT", "_U"): 6,  # four of the register, and two with a category that is not mapped
        ("2020", "_U", "NONCIT", "_U"): 3,  # neither source knows where they were born
    }


def test_every_best_value_is_kept_with_its_source_and_day(office):
    run_tables(office, ["STATUS"])
    versions = record_versions(office, office.declarations.indicators["status"], "STATUS")
    told = Counter(
        (row["as_of"].year, row["attribute"], row["source"], row["reference_date"].isoformat())
        for row in _rows(versions["spine_value"])
        if row["as_of"].year == 2020
    )
    assert told == {
        (2020, "citizenship", "register", "2020-12-31"): 32,
        (2020, "citizenship", "grants", "2019-05-01"): 1,  # of somebody whom the register does not have
        (2020, "birthplace", "grants", "2019-05-01"): 6,
        (2020, "birthplace", "register", "2020-12-31"): 24,
    }
    assert len(_rows(versions["person_spine"])) == 24 + 32


def test_the_table_tells_its_sources_and_its_statements(office):
    run_tables(office, ["STATUS"])
    told = lineage(office, "STATUS", ["nativity=FB"])
    assert {source["id"] for source in told["sources"]} == {"register", "grants"}
    statements = method_sql(office, office.declarations.tables["STATUS"])
    for words in ("Best values of several sources", "Protection held", "Migratory status"):
        assert f"-- {words}." in statements


def test_nothing_is_made_again_for_the_same_declarations(office):
    run_tables(office, ["STATUS"])
    assert run_tables(office, ["STATUS"]).made == ()


def test_without_a_source_of_persons_under_spine_there_is_nobody_to_count(tmp_path):
    project = _written(tmp_path)
    settings = project / "sojourn.yaml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(
        text.replace("[register, grants]", "[grants]").replace("[grants, register]", "[grants]")
    )
    with pytest.raises(ProjectError, match="no source named under `spine` gives person"):
        load(project)
