"""An office that counts migrations: from two border sources to figures of the periods that are decided."""

from __future__ import annotations

import datetime
import itertools

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from small_project import BORDER, HEADER, crossing, write_small_project
from sojourn.demo.project import write_project
from sojourn.errors import ProjectError
from sojourn.integration.movements import Observation
from sojourn.production import counted
from sojourn.production.counted import is_final
from sojourn.production.deliveries import deliveries_in_force, withdraw_delivery
from sojourn.production.figures import method_sql
from sojourn.production.lineage import lineage, selected_cells
from sojourn.production.observed import latest_run, observation_of
from sojourn.production.publishing import prepare_release
from sojourn.production.receive import receive
from sojourn.production.tables import run_tables
from sojourn.production.workspace import open_workspace
from sojourn.project.load import load
from sojourn.sources.periods import Days, days_of

LAND = BORDER.replace("id: border", "id: land").replace("border-2023", "land-2020")
AGREEMENTS = """\
- {id: border-2023, provider: border_guard, sources: [border], from: 2020-01-01}
- {id: land-2020, provider: border_guard, sources: [land], from: 2020-01-01}
"""
INDICATOR = """\
id: {id}
title: {{en: Events}}
definition: {{en: Events.}}
counts: {counts}
framework: {framework}
where: {where}
time: {time}
frequency: {frequency}
"""
TABLE = """\
id: {ID}
title: {{en: Events}}
indicator: {id}
by: {by}
protect: {{minimum_contributors: 1, secondary: false}}
"""
# Who crosses when: how many persons, and for each crossing day, direction and source.
LIVES = [
    (20, [("2021-03-01", "A", "border")]),  # immigrate
    (12, [("2022-02-01", "D", "land")]),  # emigrate
    (15, [("2021-05-01", "A", "border"), ("2021-05-20", "D", "border")]),  # visit
    (8, [("2021-06-01", "A", "border"), ("2021-12-15", "D", "land")]),  # 197 days, in by air, out by land
    (6, [("2022-10-01", "A", "land")]),  # immigrate
    (5, [("2023-10-01", "A", "border")]),  # too late to be decided
    (4, [("2020-03-01", "A", "border")]),  # too early to know where they lived
]


def _declared(project, identifier, counts, framework, where, by, time="event_date", frequency="year"):
    words = {"id": identifier, "ID": identifier.upper(), "by": by, "counts": counts, "framework": framework}
    words |= {"where": where, "time": time, "frequency": frequency}
    (project / f"indicators/{identifier}.yaml").write_text(INDICATOR.format(**words), encoding="utf-8")
    (project / f"tables/{identifier}.yaml").write_text(TABLE.format(**words), encoding="utf-8")


@pytest.fixture
def border_project(tmp_path):
    """A project with crossings by air and by land, and what is counted of them."""
    return _written(tmp_path)


def _written(folder):
    project = write_small_project(folder / "ruritania", folder / "keys")
    (project / "sources/land").mkdir()
    (project / "sources/land/source.yaml").write_text(LAND, encoding="utf-8")
    (project / "strategy/agreements.yaml").write_text(AGREEMENTS, encoding="utf-8")
    changed = "class_2021_12 = 'RES'"
    _declared(project, "migrations", "migration_event", "2021-12", changed, "[direction, sex]")
    six = "class_2021_06 = 'RES' and direction = 'A'"
    _declared(project, "half_a_year", "migration_event", "2021-06", six, "[sex]")
    national = "class_national = 'RES'"
    _declared(project, "by_month", "migration_event", "national", national, "[direction]", frequency="month")
    stock = "residence_2021_12 = 'R'"
    _declared(project, "stock", "resident", "2021-12", stock, "[sex]", time="reference_date")
    return project


def _files(folder, source, years):
    """The files of a source, one for each year, with the crossings of the lives above."""
    lines = {year: [HEADER] for year in years}
    numbers, crossings = itertools.count(), itertools.count()
    for persons, journeys in LIVES:
        for _ in range(persons):
            person = next(numbers)
            for day, direction, by in journeys:
                number = next(crossings)
                if by == source and day[:4] in lines:
                    who = {key: crossing(person).split(",")[place] for key, place in _WHO.items()}
                    lines[day[:4]].append(crossing(number, DAY=day, DIR=direction, **who))
    for year, written in lines.items():
        if len(written) == 1:  # a file without a record would be refused: somebody visits
            for number, (day, direction) in enumerate([("10", "A"), ("12", "D")], 2 * int(year)):
                written.append(crossing(number, DAY=f"{year}-12-{day}", DIR=direction, DOC=f"X{year}"))
        file = folder / f"{source}_{year}.csv"
        file.write_text("\n".join(written) + "\n", encoding="utf-8")
        yield year, file


_WHO = {name: place for place, name in enumerate(HEADER.split(",")) if name not in ("ID", "DAY", "DIR")}


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    """The project with all deliveries of 2020 to 2024, and a release; the last test takes a delivery back."""
    folder = tmp_path_factory.mktemp("office")
    project = _written(folder)
    (project / "releases/2024.yaml").write_text(
        'id: "2024"\ntitle: {en: Migration}\ntables: [MIGRATIONS, STOCK]\n', encoding="utf-8"
    )
    with open_workspace(project) as workspace:
        for source in ("border", "land"):
            for year, file in _files(folder, source, ("2020", "2021", "2022", "2023", "2024")):
                receipt = receive(workspace, source, file, period=year, accept_because="small")
                assert (receipt.state, receipt.quarantined) == ("accepted", 0)
        yield workspace


def _figures(office, name, *dimensions):
    made = run_tables(office, [name]).tables[name]
    found = pa.concat_tables([pq.read_table(file) for file in made.estimates.files]).to_pylist()
    return {(row["time_period"], *(row[one] for one in dimensions)): row["value"] for row in found}


def test_migrations_are_counted_in_the_years_that_are_decided(office):
    # 2020: too little was seen before; 2023 and 2024: too little after.
    assert _figures(office, "MIGRATIONS", "direction", "sex") == {
        ("2021", "A", "F"): 10,
        ("2021", "A", "M"): 10,
        ("2021", "A", "_T"): 20,
        ("2021", "_T", "F"): 10,
        ("2021", "_T", "M"): 10,
        ("2021", "_T", "_T"): 20,
        ("2022", "A", "F"): 3,
        ("2022", "A", "M"): 3,
        ("2022", "A", "_T"): 6,
        ("2022", "D", "F"): 6,
        ("2022", "D", "M"): 6,
        ("2022", "D", "_T"): 12,
        ("2022", "_T", "F"): 9,
        ("2022", "_T", "M"): 9,
        ("2022", "_T", "_T"): 18,
    }


def test_who_comes_by_air_and_leaves_by_land_is_one_traveller(office):
    # 197 days: a resident by six months, and an immigrant for good only if the departure were not seen.
    six = _figures(office, "HALF_A_YEAR", "sex")
    assert (six["2021", "_T"], six["2022", "_T"]) == (28, 6)


def test_months_are_shown_until_the_window_of_the_last_is_over(office):
    # 487 days after the last day of August 2023 are observed, not those after the last of September.
    months = _figures(office, "BY_MONTH", "direction")
    assert {period for period, _ in months} == {"2021-03", "2022-02", "2022-10"}
    observation = observation_of(office, list(office.declarations.sources.values()))
    assert observation == Observation(datetime.date(2020, 1, 1), datetime.date(2024, 12, 31))
    table = office.declarations.tables["BY_MONTH"]
    shown = [f"{year}-{month:02d}" for year in range(2020, 2025) for month in range(1, 13)]
    final = [period for period in shown if is_final(office, table, period)]
    assert (final[0], final[-1], len(final)) == ("2021-01", "2023-08", 32)


def test_residents_are_counted_at_the_end_of_the_years_that_are_decided(office):
    # The 4 of 2020 and 12 who are seen leaving in 2022; 20 immigrants; then 6 come, and the 12 are gone.
    stock = _figures(office, "STOCK", "sex")
    wanted = {"2020": 16, "2021": 36, "2022": 30}
    assert {period: stock[period, "_T"] for period in wanted} == wanted
    assert {period for period, _ in stock} == set(wanted)


def test_why_tells_the_sources_the_observation_and_the_account(office):
    run_tables(office, ["MIGRATIONS"])
    found = lineage(office, "MIGRATIONS", ["direction=A"])
    assert [source["id"] for source in found["sources"]] == ["border", "land"]
    assert len(found["deliveries"]) == 10
    assert found["observed"] == ["2020-01-01", "2024-12-31"]
    account = found["account_of_residents"]
    assert account["2021"] == {
        "residents_at_start": 12 + 4,
        "immigrations": 20,
        "emigrations": 0,
        "unrecorded_immigrations": 0,
        "unrecorded_emigrations": 0,
        "found_to_live_here": 0,
        "lost_from_sight": 0,
        "residents_at_end": 12 + 20 + 4,
        "undecided_crossings": 0,
    }
    assert (account["2022"]["residents_at_end"], account["2023"]["immigrations"]) == (30, 5)


def test_a_table_of_events_is_shown_described_and_published(office):
    run_tables(office)
    assert len(selected_cells(office, "MIGRATIONS", ["direction=A", "sex=_T"])) == 2
    assert prepare_release(office, office.declarations.people["statistician-1"], "2024")
    sql = method_sql(office, office.declarations.tables["STOCK"])
    for step in ("Movements as crossings", "What kind of migrant", "Who was here and who lived here"):
        assert f"-- {step}" in sql


def test_a_delivery_that_is_taken_back_shortens_the_observation(office):
    deliveries = {row["period"]: row["id"] for row in deliveries_in_force(office, "land")}
    withdraw_delivery(office, deliveries["2021"], "wrong file")
    observation = observation_of(office, list(office.declarations.sources.values()))
    assert observation == Observation(datetime.date(2022, 1, 1), datetime.date(2024, 12, 31))
    assert _figures(office, "MIGRATIONS", "direction", "sex") == {}  # too little before, or after


def _days(*periods):
    return [found for period in periods if (found := days_of(period)) is not None]


@pytest.mark.parametrize(
    ("periods", "first", "last"),
    [
        (["2024"], "2024-01-01", "2024-12-31"),
        (["2022", "2024", "2023"], "2022-01-01", "2024-12-31"),
        (["2022", "2024"], "2024-01-01", "2024-12-31"),  # 2023 is not there
        (["2024", "2024-03", "2023-12"], "2023-12-01", "2024-12-31"),  # one lies within another
        (["2024-01", "2024-Q1", "2024-04"], "2024-01-01", "2024-04-30"),
        (["2020-W53", "2021-W01"], "2020-12-28", "2021-01-10"),
        (["2024-02-28", "2024-02-29", "2024-03-01"], "2024-02-28", "2024-03-01"),
        (["2024-02-28", "2024-03-01"], "2024-03-01", "2024-03-01"),
    ],
)
def test_observation_is_the_latest_run_of_days_without_a_gap(periods, first, last):
    wanted = Days(datetime.date.fromisoformat(first), datetime.date.fromisoformat(last))
    for order in itertools.permutations(_days(*periods)):
        assert latest_run(order) == wanted


def _received(project, tmp_path, *deliveries):
    """The observation of a project with these deliveries: source and period of each."""
    with open_workspace(project) as workspace:
        for number, (source, period) in enumerate(deliveries):
            period, _, part = period.partition("/")
            days = days_of(period)
            day = days.first.isoformat() if days is not None else "2024-01-01"
            file = tmp_path / f"{number}.csv"
            lines = [crossing(100 * number + n, DAY=day) for n in range(20)]
            file.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
            receipt = receive(
                workspace,
                source,
                file,
                period=None if period == "all" else period,
                part=part or None,
                accept_because="test",
            )
            assert receipt.state == "accepted"
        found = observation_of(workspace, list(workspace.declarations.sources.values()))
    return found.first.isoformat(), found.last.isoformat()


def test_only_days_count_that_all_sources_saw(border_project, tmp_path):
    deliveries = [("border", "2021"), ("border", "2022"), ("land", "2022"), ("land", "2023")]
    assert _received(border_project, tmp_path, *deliveries) == ("2022-01-01", "2022-12-31")


def test_sources_that_never_saw_the_same_day_are_refused(border_project, tmp_path):
    with pytest.raises(ProjectError, match="On no day did all of border, land record crossings"):
        _received(border_project, tmp_path, ("border", "2021"), ("land", "2023"))


def test_a_delivery_of_all_periods_is_refused(border_project, tmp_path):
    source = border_project / "sources/border/source.yaml"
    text = source.read_text(encoding="utf-8").replace("every: year", "every: once")
    source.write_text(text, encoding="utf-8")
    with pytest.raises(ProjectError, match="which has no days"):
        _received(border_project, tmp_path, ("border", "all"), ("land", "2023"))


def test_only_days_count_that_all_parts_of_a_source_saw(border_project, tmp_path):
    deliveries = [
        ("border", "2021"),
        ("border", "2022/north"),
        ("border", "2022/south"),
        ("border", "2023/north"),
    ]
    assert _received(border_project, tmp_path, *deliveries, ("land", "2021"), ("land", "2022")) == (
        "2021-01-01",
        "2022-12-31",
    )


def test_ruritania_shows_the_periods_that_its_three_years_decide(tmp_path, monkeypatch):
    write_project(tmp_path / "ruritania", tmp_path / "keys")
    seen = Observation(datetime.date(2022, 1, 1), datetime.date(2024, 12, 31))
    monkeypatch.setattr(counted, "observation_of", lambda workspace, sources: seen)
    years = ["2022", "2023", "2024"]
    months = [f"{year}-{month:02d}" for year in years for month in range(1, 13)]
    with open_workspace(tmp_path / "ruritania") as workspace:
        tables = workspace.declarations.tables
        assert [year for year in years if is_final(workspace, tables["IMMIGRANTS"], year)] == ["2023"]
        final = [month for month in months if is_final(workspace, tables["MIGRATIONS"], month)]
        assert final == [f"2023-{month:02d}" for month in range(1, 9)]
        assert [year for year in years if is_final(workspace, tables["TEMPORARY_STAYS"], year)] == ["2023"]


def test_a_table_waits_for_every_framework_that_it_looks_at(border_project, monkeypatch):
    seen = Observation(datetime.date(2021, 1, 1), datetime.date(2023, 12, 31))
    monkeypatch.setattr(counted, "observation_of", lambda workspace, sources: seen)
    six = "class_2021_06 = 'RES'"
    _declared(project := border_project, "sexes", "migration_event", "2021-06", six, "[sex]")
    _declared(project, "both", "migration_event", "2021-06", six, "[class_2021_12]")
    _declared(project, "returns", "migration_event", "2021-06", six, "[return_migrant]")
    where = f"{six} and class_national = 'TMP'"
    _declared(project, "condition", "migration_event", "2021-06", where, "[sex]")
    with open_workspace(project) as workspace:
        tables = workspace.declarations.tables
        found = {name: is_final(workspace, tables[name.upper()], "2022") for name in ("sexes", "both")}
        found |= {
            name: is_final(workspace, tables[name.upper()], "2022") for name in ("returns", "condition")
        }
    # 487 days after 31 December 2022 it is 1 May 2024.
    assert found == {"sexes": True, "both": False, "returns": False, "condition": False}


def test_a_longer_window_of_the_rule_before_is_waited_for(border_project, monkeypatch):
    rules = "rules: {residence: [{from: 2000-01-01, days_present: 365, window_days: 487},"
    rules += " {from: 2022-07-01, days_present: 183, window_days: 365}]}\n"
    settings = border_project / "sojourn.yaml"
    settings.write_text(settings.read_text(encoding="utf-8") + rules, encoding="utf-8")
    with open_workspace(border_project) as workspace:
        table = workspace.declarations.tables["BY_MONTH"]
        # The last day under the old rule is 30 June 2022; 487 days later it is 30 October 2023.
        for last, months in (
            ("2023-10-29", []),
            ("2023-10-30", ["2022-06", "2022-07", "2022-08", "2022-09"]),
        ):
            seen = Observation(datetime.date(2020, 1, 1), datetime.date.fromisoformat(last))
            monkeypatch.setattr(counted, "observation_of", lambda *_, seen=seen: seen)
            summer = [f"2022-{month:02d}" for month in range(6, 11)]
            assert [month for month in summer if is_final(workspace, table, month)] == months


def _problems(project):
    with pytest.raises(ProjectError) as refused:
        load(project)
    return [problem.message for problem in refused.value.problems]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("counts: migration_event", "counts: migration_event\nsource: border", "give one of the two"),
        ("framework: 2021-12\n", "", "an indicator of migration_event needs `framework:`"),
        ("framework: 2021-12", "framework: 2021-13", "There is no migration framework '2021-13'"),
        ("counts: migration_event", "counts: migrations", "'migrations'"),
        ("class_2021_12", "class_2021", "class_2021"),
        ("= 'RES'", "= 'RESIDENT'", "with 'RESIDENT', which CL_STAY_CLASS does not have"),
        ("= 'RES'", "<> 'VISIT'", "with 'VISIT', which CL_STAY_CLASS does not have"),
    ],
)
def test_a_mistake_in_what_is_counted_is_told(border_project, old, new, told):
    file = border_project / "indicators/migrations.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    assert any(told in message for message in _problems(border_project))


def test_net_migration_needs_both_directions(border_project):
    table, indicator = (border_project / kind / "migrations.yaml" for kind in ("tables", "indicators"))
    table.write_text(table.read_text(encoding="utf-8") + "net: true\n", encoding="utf-8")
    load(border_project)
    one_way = "class_2021_12 = 'RES' and direction = 'A'"
    text = indicator.read_text(encoding="utf-8")
    indicator.write_text(text.replace("class_2021_12 = 'RES'", one_way), encoding="utf-8")
    assert any("is about direction" in message for message in _problems(border_project))


def test_an_empty_table_says_what_was_recorded_and_what_would_be_needed(office):
    declared = office.declarations.tables["MIGRATIONS"]
    assert "to 2024-12-31" in counted.why_empty(office, declared)
    assert "2021-12: 365 days before a period and 487 after it" in counted.why_empty(office, declared)


def test_without_a_source_of_movements_there_is_nothing_to_count(border_project):
    for source in ("border", "land"):
        (border_project / f"sources/{source}/source.yaml").unlink()
    told = "counts is 'migration_event', and no source gives movement."
    assert told in _problems(border_project)


def _with_rules(project, rules):
    settings = project / "sojourn.yaml"
    settings.write_text(settings.read_text(encoding="utf-8") + rules, encoding="utf-8")
    return project


def test_movements_out_of_scope_are_nobodys_migration(border_project, tmp_path):
    rules = "rules: {movements: {out_of_scope: \"sex = 'F'\"}}\n"
    with open_workspace(_with_rules(border_project, rules)) as workspace:
        for source in ("border", "land"):
            for year, file in _files(tmp_path, source, ("2020", "2021", "2022", "2023", "2024")):
                receive(workspace, source, file, period=year, accept_because="small")
        figures = _figures(workspace, "MIGRATIONS", "direction", "sex")
    assert figures["2021", "A", "_T"] == figures["2021", "A", "M"] == 10
    assert not [cell for cell in figures if cell[2] == "F"]


def test_a_condition_over_columns_that_movements_do_not_have_is_refused(border_project):
    rules = "rules: {movements: {out_of_scope: \"rank = 'captain'\"}}\n"
    with pytest.raises(ProjectError, match="rank"):
        load(_with_rules(border_project, rules))
