"""A record counts once, in the period where it belongs, whatever is delivered twice or taken back."""

from __future__ import annotations

import datetime
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from small_project import BORDER, HEADER, crossing
from sojourn.cli.receipts import receipt_text
from sojourn.contracts.table import Zone
from sojourn.errors import DataRefused, ProjectError
from sojourn.production.counted import record_versions, records_of
from sojourn.production.deliveries import all_deliveries, deliveries_in_force, withdraw_delivery
from sojourn.production.figures import method_sql
from sojourn.production.quarantine import write_quarantined
from sojourn.production.receive import receive
from sojourn.production.tables import run_tables
from sojourn.production.workspace import open_workspace
from sojourn.sources.periods import days_of


@pytest.fixture
def office(project):
    with open_workspace(project) as workspace:
        yield workspace


def _file(folder, name, numbers, **changed):
    file = folder / name
    file.write_text("\n".join([HEADER, *(crossing(n, **changed) for n in numbers)]) + "\n", encoding="utf-8")
    return file


def _month(folder, month, numbers, **changed):
    """A file of one month; the identifiers alone decide which records are the same."""
    return _file(folder, f"{month}.csv", numbers, **{"DAY": f"{month}-15", **changed})


def _counted(office):
    """Identifier and sex of every record that counts."""
    run_tables(office)
    indicator = office.declarations.indicators["crossings"]
    versions = record_versions(office, indicator, "CROSSINGS")
    with office.engine(Zone.SECURE) as engine:
        records = records_of(engine, indicator, versions)
        return sorted(records.rows("movement_id", "sex"))


def _total(office):
    """The total that the table gives, before protection."""
    made = run_tables(office).tables["CROSSINGS"]
    figures = pa.concat_tables([pq.read_table(file) for file in made.estimates.files]).to_pylist()
    return sum(f["value"] for f in figures if (f["sex"], f["direction"]) == ("_T", "_T"))


@pytest.fixture
def monthly(project):
    (project / "sources/border/source.yaml").write_text(
        BORDER.replace("every: year", "every: month"), encoding="utf-8"
    )
    return project


@pytest.fixture
def by_month(monthly):
    with open_workspace(monthly) as workspace:
        yield workspace


def test_the_same_file_cannot_count_for_a_second_period(office, tmp_path):
    file = _file(tmp_path, "b.csv", range(40))
    first = receive(office, "border", file, period="2024")
    with pytest.raises(DataRefused) as refused:
        receive(office, "border", file, period="2023")
    assert f"taken in for 2024 as delivery {first.delivery}" in str(refused.value)
    assert f"sojourn withdraw-delivery {first.delivery}" in str(refused.value)
    assert [row["period"] for row in all_deliveries(office)] == ["2024"]


def test_records_of_another_period_are_held(office, tmp_path):
    held = receive(office, "border", _file(tmp_path, "b.csv", range(40)), period="2023")
    assert held.state == "held"
    assert held.reasons_held == (
        "No record has a day in 2023: they run from 2024-01-01 to 2024-12-24. If the period is wrong, give "
        "the right one with --period.",
    )
    assert receive(office, "border", _file(tmp_path, "b.csv", range(40)), period="2024").state == "accepted"
    assert _total(office) == 40


def test_a_few_days_outside_the_period_are_told(office, tmp_path):
    lines = [crossing(n) for n in range(40)] + [crossing(40, DAY="2023-12-31")]
    file = tmp_path / "b.csv"
    file.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    receipt = receive(office, "border", file, period="2024")
    assert receipt.state == "accepted"
    assert (
        "Note: 1 of 41 records have their event_date outside 2024; they run from 2023-12-31 to 2024-12-24."
        in receipt_text(receipt)
    )


def test_a_wrong_period_is_undone_and_the_file_counts_for_the_right_one(by_month, tmp_path):
    file = _month(tmp_path, "2024-02", range(40))
    wrong = receive(by_month, "border", file, period="2024-01", accept_because="looked right")
    assert withdraw_delivery(by_month, wrong.delivery, "sent for February") == []
    assert deliveries_in_force(by_month, "border") == []
    right = receive(by_month, "border", file, period="2024-02")
    assert (right.state, right.loaded, right.supersedes) == ("accepted", 40, None)
    assert [(row["period"], row["state"]) for row in all_deliveries(by_month)] == [
        ("2024-01", "withdrawn"),
        ("2024-02", "accepted"),
    ]
    assert _total(by_month) == 40
    withdrawals = [event for event in by_month.catalogue.events() if event["action"] == "withdraw-delivery"]
    assert [event["purpose"] for event in withdrawals] == ["sent for February"]


@pytest.mark.parametrize("change", ["reordered", "a record more"])
def test_nearly_the_same_file_is_not_counted_for_a_second_period(by_month, tmp_path, change):
    first = receive(by_month, "border", _month(tmp_path, "2024-02", range(40)), period="2024-02")
    numbers = reversed(range(40)) if change == "reordered" else range(41)
    again = _file(tmp_path, "again.csv", numbers, DAY="2024-02-15")
    held = receive(by_month, "border", again, period="2024-03", accept_because=None)
    assert held.state == "held"
    assert any(f"sojourn withdraw-delivery {first.delivery}" in reason for reason in held.reasons_held)
    taken = receive(by_month, "border", again, period="2024-03", accept_because="they insist")
    assert taken.state == "accepted"
    assert _total(by_month) == (40 if change == "reordered" else 41)


def test_the_last_days_of_a_month_that_come_again_count_once_and_are_told(by_month, tmp_path):
    first = receive(by_month, "border", _month(tmp_path, "2024-01", range(100)), period="2024-01")
    fresh = [crossing(n, DAY="2024-02-15") for n in range(100, 200)]
    repeated = [crossing(0, DAY="2024-01-15"), crossing(1, DAY="2024-01-15", SEX="M")]
    file = tmp_path / "feb.csv"
    file.write_text("\n".join([HEADER, *fresh, *repeated]) + "\n", encoding="utf-8")
    second = receive(by_month, "border", file, period="2024-02")
    assert (second.state, second.loaded) == ("accepted", 102)
    assert second.detail["elsewhere"] == [
        {"delivery": first.delivery, "period": "2024-01", "records": 2, "differing": 1}
    ]
    told = receipt_text(second)
    assert f"2 records came with delivery {first.delivery} for 2024-01 too and count once." in told
    counted = dict(_counted(by_month))
    assert len(counted) == 200
    assert counted["M00001"] == "F"  # what came first counts
    assert "ANTI JOIN repetitions" in method_sql(by_month, by_month.declarations.tables["CROSSINGS"])


def test_a_correction_stands_where_the_delivery_stood_that_it_corrects(by_month, tmp_path):
    receive(by_month, "border", _month(tmp_path, "2024-01", range(30)), period="2024-01")
    february = tmp_path / "feb.csv"
    lines = [crossing(n, DAY="2024-02-15") for n in range(30, 60)] + [crossing(1, DAY="2024-02-01")]
    february.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    receive(by_month, "border", february, period="2024-02")
    corrected = [crossing(n, DAY="2024-01-15", **({"SEX": "M"} if n == 1 else {})) for n in range(30)]
    again = tmp_path / "jan2.csv"
    again.write_text("\n".join([HEADER, *corrected]) + "\n", encoding="utf-8")
    receive(by_month, "border", again, period="2024-01")
    assert dict(_counted(by_month))["M00001"] == "M"
    without = tmp_path / "jan3.csv"
    without.write_text("\n".join([HEADER, *(line for line in corrected if "M00001" not in line)]) + "\n")
    receive(by_month, "border", without, period="2024-01")
    counted = _counted(by_month)  # January holds it no more: February's record counts again
    assert (len(counted), dict(counted)["M00001"]) == (60, "F")


def test_a_withdrawn_correction_brings_back_what_it_had_superseded(office, tmp_path):
    lines = [crossing(n) for n in range(39)] + [crossing(39, DIR="?")]
    file = tmp_path / "a.csv"
    file.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    first = receive(office, "border", file, period="2024")
    mended = tmp_path / "mended.csv"
    write_quarantined(office, first.delivery, mended, "to mend")
    mended.write_text(mended.read_text().replace("?", "A"))
    mending = receive(office, "border", mended, repairs=first.delivery)
    assert (mending.period, mending.loaded) == ("2024", 1)
    correction = receive(office, "border", _file(tmp_path, "b.csv", range(39), SEX="F"), period="2024")
    assert _total(office) == 39  # the mended record belongs to what was superseded
    again = withdraw_delivery(office, correction.delivery, "a test file")
    assert set(again) == {first.delivery, mending.delivery}
    assert _total(office) == 40


def test_what_does_not_count_is_not_withdrawn(office, tmp_path):
    first = receive(office, "border", _file(tmp_path, "a.csv", range(40)), period="2024")
    second = receive(office, "border", _file(tmp_path, "b.csv", range(41)), period="2024")
    with pytest.raises(ProjectError, match=f"Delivery {second.delivery} has taken its place"):
        withdraw_delivery(office, first.delivery, "wrong")
    with pytest.raises(ProjectError, match="There is no delivery"):
        withdraw_delivery(office, "0" * 12, "wrong")
    with pytest.raises(ProjectError, match="without a reason"):
        withdraw_delivery(office, second.delivery, "  ")


@pytest.mark.parametrize(
    ("asked", "message"),
    [({"period": "2023"}, "covers 2024"), ({"part": "north"}, "covers 2024"), ({}, "")],
)
def test_mended_records_belong_to_the_period_of_what_they_mend(office, tmp_path, asked, message):
    lines = [crossing(n) for n in range(39)] + [crossing(39, DIR="?")]
    file = tmp_path / "a.csv"
    file.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    first = receive(office, "border", file, period="2024")
    mended = _file(tmp_path, "mended.csv", [39])
    if not message:
        assert receive(office, "border", mended, repairs=first.delivery).period == "2024"
        return
    with pytest.raises(ProjectError, match=message):
        receive(office, "border", mended, repairs=first.delivery, **asked)


def test_a_snapshot_takes_its_day_from_its_period(project, tmp_path):
    (project / "sources/border/source.yaml").write_text(
        BORDER.replace("gives: movement", "gives: person")
        .replace(
            "  movement_id: ID\n  event_date: DAY\n  direction: DIR\n",
            "  reference_date: {period: last_day}\n",
        )
        .replace("birth_year <= year(event_date)", "birth_year <= year(reference_date)"),
        encoding="utf-8",
    )
    (project / "indicators/crossings.yaml").write_text(
        "id: crossings\ntitle: {en: P}\ndefinition: {en: P.}\nsource: border\ntime: reference_date\n"
        "unit: {en: Persons}\n"
    )
    (project / "tables/crossings.yaml").write_text(
        "id: CROSSINGS\ntitle: {en: P}\nindicator: crossings\nby: [sex]\n"
        "protect: {minimum_contributors: 3, secondary: true}\n"
    )
    with open_workspace(project) as office:
        receive(office, "border", _file(tmp_path, "a.csv", range(40)), period="2023")
        twin = receive(office, "border", _file(tmp_path, "b.csv", reversed(range(40))), period="2024")
        assert twin.state == "held"
        assert "holds exactly the same records" in twin.reasons_held[0]
        receive(office, "border", _file(tmp_path, "c.csv", range(50)), period="2024")
        made = run_tables(office).tables["CROSSINGS"]
        figures = pa.concat_tables([pq.read_table(file) for file in made.estimates.files]).to_pylist()
    totals = {f["time_period"]: f["value"] for f in figures if f["sex"] == "_T"}
    assert totals == {"2023": 40, "2024": 50}


MONTHS = ["2024-01", "2024-02", "2024-03"]
_DELIVER = st.tuples(
    st.sampled_from(MONTHS), st.frozensets(st.integers(0, 7), min_size=1), st.sampled_from("FM")
)
_ACTS = st.lists(st.one_of(_DELIVER, st.integers(0, 9)), min_size=1, max_size=6)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=_ACTS)
def test_what_counts_follows_from_the_deliveries_in_force(project, tmp_path_factory, acts):
    """Random deliveries, corrections and withdrawals against the rule in plain words."""
    folder = tmp_path_factory.mktemp("acts")
    copy = _copied(project, folder)
    chains: dict[str, list[tuple[str, frozenset[int], str]]] = {}  # period: what stands and stood there
    first_came: list[str] = []
    with open_workspace(copy) as office:
        for position, act in enumerate(acts):
            if isinstance(act, int):
                standing = [(period, chain[-1]) for period, chain in chains.items() if chain]
                if standing:
                    period, (delivery, _, _) = standing[act % len(standing)]
                    withdraw_delivery(office, delivery, "drawn")
                    chains[period].pop()
                continue
            period, numbers, sex = act
            file = folder / f"{position}.csv"
            lines = [crossing(n, DAY=f"{period}-15", SEX=sex) for n in sorted(numbers)]
            file.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
            receipt = receive(office, "border", file, period=period, accept_because="drawn")
            if receipt.state != "accepted":
                continue
            chains.setdefault(period, []).append((receipt.delivery, numbers, sex))
        if not any(chains.values()):
            return
        for row in all_deliveries(office, "border"):
            if row["state"] in ("accepted", "superseded") and row["period"] not in first_came:
                first_came.append(row["period"])
        expected: dict[str, str] = {}
        for period in first_came:
            if chains[period]:
                _, numbers, sex = chains[period][-1]
                for number in numbers:
                    expected.setdefault(f"M{number:05d}", sex)
        assert _counted(office) == sorted(expected.items())
        assert _total(office) == len(expected)


def _copied(project, folder):
    copy = folder / "office"
    shutil.copytree(project, copy, ignore=shutil.ignore_patterns("local"))
    source = copy / "sources/border/source.yaml"
    source.write_text(BORDER.replace("every: year", "every: month"), encoding="utf-8")
    return copy


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("2024", (2024, 1, 1), (2024, 12, 31)),
        ("2024-Q1/north", (2024, 1, 1), (2024, 3, 31)),
        ("2024-02", (2024, 2, 1), (2024, 2, 29)),
        ("2020-W53", (2020, 12, 28), (2021, 1, 3)),
        ("2024-12-31", (2024, 12, 31), (2024, 12, 31)),
    ],
)
def test_a_period_has_its_days(period, first, last):
    found = days_of(period)
    assert (found.first, found.last) == (datetime.date(*first), datetime.date(*last))
