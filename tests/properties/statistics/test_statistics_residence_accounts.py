"""Accounts of residents: nothing is left over, and stocks are those counted person by person."""

from __future__ import annotations

import random

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from border_histories import FIRST, RULES, day, events_of, national
from sojourn.concepts.frameworks import ResidenceRule
from sojourn.engine import Engine
from sojourn.integration.movements import Gaps
from sojourn.integration.residents import residents
from sojourn.statistics.residence_accounts import (
    FLOWS,
    Period,
    of_framework,
    presence_by_day,
    residence_account,
    what_is_left_over,
)

LAST = 1500
YEARS = [Period(str(number), day(365 * number), day(365 * number + 364)) for number in range(4)]
MONTHS = [Period(f"m{number}", day(30 * number), day(30 * number + 29)) for number in range(50)]


@pytest.fixture(scope="module")
def engine():
    with Engine() as opened:
        yield opened


def _rows(seed, people=150):
    """Random histories in which crossings are missing, come twice, or share a day."""
    numbers = random.Random(seed)
    rows = []
    for person in range(people):
        when, side = numbers.randint(0, 700), numbers.randint(0, 1)
        while when <= LAST:
            mishap = numbers.random()
            beside = {"sex": "FM"[person % 2]}
            if mishap > 0.08:
                rows += [(f"p{person}", when, "DA"[side], beside)] * (2 if mishap > 0.95 else 1)
            when += numbers.choice([0, 1, numbers.randint(1, 60), numbers.randint(60, 500)])
            side = 1 - side
    return rows


@pytest.fixture(
    scope="module",
    params=[Gaps.BOUNDS, Gaps.MIDPOINT, Gaps.EXCLUDE, "rules that follow one another"],
    ids=str,
)
def events(request, engine):
    if isinstance(request.param, Gaps):
        return events_of(engine, _rows(1), last=LAST, gaps=request.param)
    changed = national(ResidenceRule(365, 365), (day(600), ResidenceRule(365, 487)))
    return events_of(engine, _rows(2), last=LAST, framework=changed)


def _spells(events):
    """For each person: from which day, presence and the residence under each framework, from long ago on."""
    histories = {}
    for row in sorted(events.to_pylist(), key=lambda row: row["position"] or 0):
        if row["position"] is not None:
            histories.setdefault(row["person_key"], []).append(row)
    found = {}
    for person, history in histories.items():
        first = history[0]
        spells = [(None, {"A": "OUT", "D": "IN"}[first["direction"]], "before", first)]
        for place, row in enumerate(history):
            here = {"A": "IN", "D": "OUT"}[row["direction"]]
            if place + 1 < len(history) and history[place + 1]["direction"] == row["direction"]:
                here = "_U"
            spells.append((row["event_date"], here, "after", row))
        found[person] = spells
    return found


def _on(spells, when):
    """Presence and residences at the end of a day: those of the last spell that had begun."""
    _, presence, side, row = [spell for spell in spells if spell[0] is None or spell[0] <= when][-1]
    return presence, {name: row[f"residence_{side}_{name}"] for name in RULES}


def test_residents_are_those_counted_person_by_person(engine, events):
    days = [day(number) for number in (-1, 0, 90, 365, 730, 731, 1100, LAST)]
    found = {
        (row["person_key"], row["reference_date"]): (
            row["presence"],
            {name: row[f"residence_{name}"] for name in RULES},
        )
        for row in residents(engine, events, days).to_pylist()
    }
    wanted = {}
    for person, spells in _spells(events).items():
        for when in days:
            presence, lives = _on(spells, when)
            if presence != "OUT" or set(lives.values()) != {"N"}:
                wanted[person, when] = (presence, lives)
    assert found == wanted


@pytest.mark.parametrize("name", RULES)
def test_the_state_of_each_day_is_that_counted_person_by_person(engine, events, name):
    seen = presence_by_day(of_framework(engine.relation(events), name), FIRST, day(LAST))
    table = {row["day"]: row for row in seen.to_arrow().to_pylist()}
    assert len(table) == LAST + 1
    spells = _spells(events).values()
    in_histories = events.filter(pc.is_valid(events["position"]))
    for number in range(0, LAST + 1, 7):
        when = day(number)
        states = [_on(one, when) for one in spells]
        crossed = in_histories.filter(pc.equal(in_histories["event_date"], pa.scalar(when)))[
            "direction"
        ].to_pylist()
        assert table[when] == {
            "day": when,
            "arrivals": crossed.count("A"),
            "departures": crossed.count("D"),
            "present": sum(presence == "IN" for presence, _ in states),
            "of_unknown_presence": sum(presence == "_U" for presence, _ in states),
            "residents": sum(lives[name] == "R" for _, lives in states),
            "of_unknown_residence": sum(lives[name] == "_U" for _, lives in states),
        }


@pytest.mark.parametrize("periods", [YEARS, MONTHS], ids=["years", "months"])
@pytest.mark.parametrize("name", RULES)
def test_nothing_is_left_over_and_stocks_are_those_of_the_days(engine, events, name, periods):
    account = residence_account(of_framework(engine.relation(events), name), periods).to_arrow()
    assert what_is_left_over(account) == [0] * len(periods)
    lines = {row["period"]: row for row in account.to_pylist()}
    spells = _spells(events).values()
    for period in periods:
        before = day((period.first - FIRST).days - 1)
        for line, when in (("residents_at_start", before), ("residents_at_end", period.last)):
            assert lines[period.name][line] == sum(_on(one, when)[1][name] == "R" for one in spells)


@pytest.mark.parametrize("name", RULES)
def test_flows_are_the_events_of_the_period(engine, events, name):
    account = residence_account(of_framework(engine.relation(events), name), YEARS).to_arrow().to_pylist()
    for row, period in zip(sorted(account, key=lambda row: row["period"]), YEARS, strict=True):
        inside = [one for one in events.to_pylist() if period.first <= one["event_date"] <= period.last]
        residence = [one["direction"] for one in inside if one[f"class_{name}"] in ("LT", "RES")]
        undecided = [one for one in inside if one[f"class_{name}"] == "_U" and one["position"] is not None]
        assert row["immigrations"] == residence.count("A")
        assert row["emigrations"] == residence.count("D")
        assert row["undecided_crossings"] == len(undecided)


def test_the_accounts_of_parts_add_up_to_that_of_all(engine, events):
    whole = residence_account(of_framework(engine.relation(events), "national"), YEARS).to_arrow()
    parts = [
        residence_account(
            of_framework(engine.relation(events.filter(pc.equal(events["sex"], sex))), "national"), YEARS
        ).to_arrow()
        for sex in "FM"
    ]
    for name in ("residents_at_start", "residents_at_end", "undecided_crossings", *FLOWS):
        sums = [
            dict(zip(one["period"].to_pylist(), one[name].to_pylist(), strict=True))
            for one in (*parts, whole)
        ]
        assert {period: sums[0][period] + sums[1][period] for period in sums[2]} == sums[2]


def test_the_account_of_one_migrant(engine):
    rows = [("anna", 400, "A"), ("anna", 800, "D"), ("berta", 500, "D"), ("berta", 510, "A")]
    table = events_of(engine, rows, last=LAST)
    account = residence_account(of_framework(engine.relation(table), "2021_12"), YEARS).to_arrow()
    lines = ("residents_at_start", "immigrations", "emigrations", "residents_at_end")
    # Berta lives here throughout; Anna from the second year until the third.
    assert [[row[line] for line in lines] for row in account.sort_by("period").to_pylist()] == [
        [1, 0, 0, 1],
        [1, 1, 0, 2],
        [2, 0, 1, 1],
        [1, 0, 0, 1],
    ]


@pytest.mark.parametrize("column", ["class_2021_12", "residence_after_2021_12"])
def test_events_that_contradict_themselves_leave_something_over(engine, column):
    table = events_of(engine, [("anna", 400, "A"), ("anna", 800, "D")], last=LAST)
    wrong = {"class_2021_12": ["TMP", "RES"], "residence_after_2021_12": ["N", "N"]}[column]
    broken = table.set_column(table.column_names.index(column), column, pa.array(wrong))
    account = residence_account(of_framework(engine.relation(broken), "2021_12"), YEARS).to_arrow()
    assert any(what_is_left_over(account))


def test_people_of_whom_none_lives_here_make_an_empty_account(engine):
    table = events_of(engine, [("anna", 400, "A"), ("anna", 410, "D")], last=LAST)
    account = residence_account(of_framework(engine.relation(table), "2021_12"), YEARS).to_arrow()
    assert {name: set(account[name].to_pylist()) for name in ("residents_at_start", "residents_at_end")} == {
        "residents_at_start": {0},
        "residents_at_end": {0},
    }
