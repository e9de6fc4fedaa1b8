"""A release is attacked before anybody decides on it: a careless one is taken apart, a careful one is not."""

from __future__ import annotations

import pytest

from passing_the_gate import approved, published
from small_project import HEADER, crossing
from sojourn.errors import NotPermitted
from sojourn.production.doctor import gate_of
from sojourn.production.publishing import prepare_release
from sojourn.production.receive import receive
from sojourn.production.tables import run_tables
from sojourn.production.workspace import open_workspace
from sojourn.release.records import findings_of

CARELESS = "{minimum_contributors: 1, secondary: false}"
CAREFUL = "{minimum_contributors: 5, secondary: true, round_to: 5}"
ATTACKS = {"difference", "rest", "elsewhere", "shown-before", "few-changed"}
TABLE = """\
id: {id}
title: {{en: Crossings}}
indicator: crossings
by: [{by}]
protect: {protect}
"""


def _write(project, protect):
    """Crossings by fine and by broad groups of age, in two releases; the settings of all tables."""
    for name, by in (
        ("FINE", "age_group, sex"),
        ("BROAD", "age_broad, direction"),
        ("SEXES", "sex, citizenship"),
    ):
        text = TABLE.format(id=name, by=by, protect=protect)
        (project / "tables" / f"{name.lower()}.yaml").write_text(text, encoding="utf-8")
    for release, tables in (("early", "FINE"), ("late", "BROAD, SEXES"), ("again", "FINE")):
        text = f"id: {release}\ntitle: {{en: Crossings}}\ntables: [{tables}]\n"
        (project / "releases" / f"{release}.yaml").write_text(text, encoding="utf-8")


def _people():
    """Four hundred crossings: a quarter of people from 70 to 74, the others from 25 to 44, and two of 66."""
    born = [1950 + number % 5 if number % 4 == 0 else 1980 + number % 20 for number in range(398)] + [
        1958,
        1958,
    ]
    return [crossing(number, BORN=f"{year}-01-02") for number, year in enumerate(born)]


def _found(project, border_file, protect):
    """The kinds of findings of a second release beside a published first, and of the first made anew."""
    _write(project, protect)
    border_file.write_text("\n".join([HEADER, *_people()]) + "\n", encoding="utf-8")
    with open_workspace(project) as office:
        receive(office, "border", border_file, period="2024")
        run_tables(office)
        people, gate = office.declarations.people, gate_of(office)
        published(gate, people, prepare_release(office, people["statistician-1"], "early"))
        late = prepare_release(office, people["statistician-1"], "late")
        kinds = {each["kind"]: each for each in findings_of(office.catalogue, late)}
        # One crossing more, of somebody of eighty.
        more = "\n".join([HEADER, *_people(), crossing(9999, BORN="1944-01-02", DIR="A")])
        border_file.write_text(more + "\n", encoding="utf-8")
        receive(office, "border", border_file, period="2024")
        run_tables(office)
        again = prepare_release(office, people["statistician-1"], "again")
        kinds |= {each["kind"]: each for each in findings_of(office.catalogue, again)}
    return kinds


def test_a_careless_release_is_taken_apart(project, border_file):
    found = _found(project, border_file, CARELESS)
    assert {"difference", "few-changed", "unrounded"} <= set(found)
    assert found["few-changed"]["cells"][0].keys() == {"AGE_GROUP", "SEX", "TIME_PERIOD"}
    assert "FINE of early v1" in found["few-changed"]["text"]
    assert found["difference"]["cell_count"] > 0


def test_of_a_protected_release_nothing_is_recovered(project, border_file):
    assert not ATTACKS & set(_found(project, border_file, CAREFUL))


def test_what_was_found_must_be_answered_for_by_name_before_anybody_votes(project, border_file):
    _write(project, CARELESS)
    with open_workspace(project) as office:
        receive(office, "border", border_file, period="2024")
        run_tables(office)
        people, gate = office.declarations.people, gate_of(office)
        release = prepare_release(office, people["statistician-1"], "late")
        with pytest.raises(NotPermitted, match="neither mended nor answered for"):
            gate.check(people["checker-1"], release)
        approved(gate, people, release)
        answered = [each for each in findings_of(office.catalogue, release) if each["severity"] == "decide"]
    assert {each["decided_by"] for each in answered} == {"checker-1"}
