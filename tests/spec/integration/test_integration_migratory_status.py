"""Migratory status: each table below was judged by hand."""

from __future__ import annotations

from datetime import date

import pytest

from conftest import rows
from permit_definition import whole
from sojourn.contracts.microdata import Status
from sojourn.contracts.spine import LabourAttachment, MigratoryStatus, PersonSpine, SpellAbroad
from sojourn.integration.migratory_status import MigrantsBy, StatusRules, migratory_status

ON = date(2020, 6, 30)
RULES = StatusRules(protection={"asylum": "A2", "refugee": "A3", "subsidiary": "A4", "temporary": "A5"})


@pytest.fixture
def judged(given):
    """The chosen columns of the status of drawn people, in alphabetical order."""

    def found(people, *columns, days=(ON,), rules=RULES, country="DEU", **told):
        counts = {"as_of": lambda row: ON} | dict.fromkeys(("attributes_stated", "conflicts"), lambda row: 0)
        ids = dict.fromkeys(("record_id", "status_id", "spell_id"), "{:02d}".format)
        contracts = {"statuses": Status, "attachments": LabourAttachment, "spells_abroad": SpellAbroad}
        held = {name: whole(contracts[name], given(contracts[name], told[name]), **ids) for name in told}
        statuses = migratory_status(
            whole(PersonSpine, given(PersonSpine, people), **counts),
            days,
            country=country,
            rules=rules,
            **held,
        )
        MigratoryStatus.conform(statuses.to_arrow())
        return rows(statuses, "person_key", *columns)

    return found


def test_birth_and_citizenship_are_judged_apart_and_stateless_persons_are_a_group_of_their_own(judged):
    people = """
        person_key | birthplace | citizenship
        -----------|------------|------------
        anna       | DEU        | DEU
        boris      | DEU        | TUR
        carla      | TUR        | DEU
        dilek      | TUR        | STLS
        elif       | _U         | TUR
        farid      | TUR        |
        """
    assert judged(people, "nativity", "citizen") == [
        ("anna", "NB", "CIT"),
        ("boris", "NB", "NONCIT"),
        ("carla", "FB", "CIT"),
        ("dilek", "FB", "STLS"),
        ("elif", "_U", "NONCIT"),
        ("farid", "FB", "_U"),
    ]


def test_a_birthplace_is_judged_within_present_borders(judged):
    people = """
        person_key | birthplace | nativity
        -----------|------------|---------
        a_part     | DDR        |
        abroad     | YUG        |
        at_sea     | ATSEA      | NB
        only_said  | _U         | FB
        """
    # All of the German Democratic Republic lies in Germany today, and nothing of Yugoslavia.
    assert judged(people, "birthplace", "nativity") == [
        ("a_part", "DEU", "NB"),
        ("abroad", "YUG", "FB"),
        ("at_sea", "ATSEA", "_U"),
        ("only_said", "_U", "FB"),
    ]
    assert judged(people, "nativity", country="SRB")[1] == ("abroad", "_U")  # in Serbia, or in Croatia


def test_the_second_generation_is_known_when_both_parents_are(judged):
    people = """
        person_key | birthplace | birthplace_mother | birthplace_father
        -----------|------------|-------------------|------------------
        abroad     | TUR        | DEU               | DEU
        both       | DEU        | TUR               | FRA
        father     | DEU        | DEU               | TUR
        half_known | DEU        | TUR               | _U
        nobody     | DEU        | DEU               | DDR
        unborn     | _U         | TUR               | TUR
        """
    assert judged(people, "second_generation") == [
        ("abroad", "_Z"),
        ("both", "BOTH"),
        ("father", "ONE"),
        ("half_known", "_U"),  # one or both
        ("nobody", "NONE"),
        ("unborn", "_U"),
    ]


def test_years_of_stay_are_completed_on_the_day_of_the_year_on_which_somebody_came(judged):
    people = """
        person_key | birthplace | arrival_date
        -----------|------------|-------------
        a          | TUR        | 2019-07-01
        b          | TUR        | 2019-06-30
        c          | TUR        | 2015-07-01
        d          | TUR        | 2015-06-30
        e          | TUR        | 2010-06-30
        f          | TUR        | 2020-06-30
        g          | TUR        | 2020-07-01
        h          | TUR        |
        i          | DEU        |
        j          | DEU        | 2016-02-29
        """
    assert judged(people, "years_of_stay", "duration_of_stay", "reason") == [
        ("a", 0, "Y_LT1", "_U"),
        ("b", 1, "Y1T4", "_U"),
        ("c", 4, "Y1T4", "_U"),
        ("d", 5, "Y5T9", "_U"),
        ("e", 10, "Y_GE10", "_U"),
        ("f", 0, "Y_LT1", "_U"),
        ("g", None, "_U", "_U"),  # this arrival began a later stay
        ("h", None, "_U", "_U"),
        ("i", None, "_Z", "_Z"),  # born here, and no arrival is recorded
        ("j", 4, "Y1T4", "_U"),  # born here, and came back
    ]


def test_a_year_of_arrival_gives_a_band_where_its_first_and_last_day_give_the_same(judged):
    people = """
        person_key | birthplace | arrival_year
        -----------|------------|-------------
        a          | TUR        | 2017
        b          | TUR        | 2015
        c          | TUR        | 2020
        """
    assert judged(people, "years_of_stay", "duration_of_stay") == [
        ("a", None, "Y1T4"),  # two years or three
        ("b", None, "_U"),  # four years or five
        ("c", None, "_U"),  # perhaps after June
    ]
    # On the last day of a year the years are known: 2020 less 2017, 2015 and 2020.
    assert judged(people, "years_of_stay", "duration_of_stay", days=[date(2020, 12, 31)]) == [
        ("a", 3, "Y1T4"),
        ("b", 5, "Y5T9"),
        ("c", 0, "Y_LT1"),
    ]


def test_whoever_is_not_born_yet_or_dead_has_no_status(judged):
    people = """
        person_key | birth_year | death_date
        -----------|------------|-----------
        dead       | 1950       | 2020-06-29
        dies       | 1950       | 2020-06-30
        lives      | 2020       | 2020-07-01
        unborn     | 2021       |
        """
    assert judged(people) == [("lives",)]  # a day is judged at its end


def test_before_naturalisation_the_former_citizenship_counts(judged):
    people = """
        person_key | citizenship | citizenship_since | former_citizenship | citizen
        -----------|-------------|-------------------|--------------------|--------
        later      | DEU         | 2020-07-01        | TUR                | CIT
        now        | DEU         | 2020-06-30        | TUR                | CIT
        unsaid     | DEU         | 2020-07-01        |                    | CIT
        """
    assert judged(people, "citizenship", "citizen") == [
        ("later", "TUR", "NONCIT"),
        ("now", "DEU", "CIT"),
        ("unsaid", "_U", "_U"),
    ]


PROTECTED = """
    person_key | kind       | category   | valid_from | valid_to
    -----------|------------|------------|------------|-----------
    a2         | protection | asylum     | 2020-01-01 |
    a3         | protection | asylum     | 2019-01-01 | 2019-12-31
    a3         | protection | refugee    | 2020-01-01 | 2020-06-30
    a4         | protection | subsidiary | 2019-01-01 |
    a4         | protection | asylum     | 2020-01-01 |
    b1         | protection | refugee    | 2010-01-01 |
    b2         | protection | refugee    | 2010-01-01 | 2019-12-31
    b2         | permit     | work       | 2019-12-31 | 2021-12-31
    both       | protection | refugee    | 2010-01-01 |
    both       | protection | tolerated  | 2020-01-01 |
    anew       | protection | refugee    | 2010-01-01 | 2019-12-31
    anew       | protection | tolerated  | 2020-01-01 |
    anew       | permit     | work       | 2019-12-31 | 2021-12-31
    ended      | protection | refugee    | 2010-01-01 | 2019-12-31
    later      | protection | refugee    | 2020-07-01 |
    other      | protection | tolerated  | 2020-01-01 |
    other      | protection | subsidiary | 2020-01-01 |
    refused    | protection | asylum     | 2018-01-01 | 2018-12-31
    refused    | permit     | work       | 2019-12-31 | 2021-12-31
    unsaid     | protection | refugee    | 2010-01-01 |
    """


def test_the_place_in_refugee_statistics_is_that_of_the_strongest_protection_in_force(judged):
    people = """
        person_key | citizenship | refugee_category
        -----------|-------------|-----------------
        a2         | SYR         |
        a3         | SYR         |
        a4         | SYR         | NONE
        anew       | SYR         |
        b1         | DEU         |
        b2         | STLS        |
        both       | SYR         |
        ended      | SYR         |
        later      | SYR         |
        nobody     | DEU         |
        other      | SYR         |
        refused    | SYR         |
        said       | DEU         | C1
        unsaid     |             |
        """
    assert judged(people, "refugee_category", statuses=PROTECTED) == [
        ("a2", "A2"),
        ("a3", "A3"),  # until the last day of validity
        ("a4", "A4"),  # what a source says counts without any spell only
        ("anew", "_U"),  # another protection, which is not mapped, or none
        ("b1", "B1"),
        ("b2", "B2"),
        ("both", "A3"),  # nothing is stronger
        ("ended", "_U"),  # without a permit nobody knows what came after
        ("later", "_U"),
        ("nobody", "_U"),  # no record is no finding
        ("other", "_U"),  # a category that is not mapped may be the stronger one
        ("refused", "_U"),
        ("said", "C1"),
        ("unsaid", "_U"),  # refugee, or naturalised since
    ]


WORKERS = """
    person_key | reference_date | presence | residence | activity | works_here
    -----------|----------------|----------|-----------|----------|-----------
    citizen    | 2020-06-30     | IN       | R         | EMP      |
    frontier   | 2020-06-30     | IN       | N         |          | Y
    jobless    | 2020-06-30     | IN       | R         | UNE      |
    out        | 2020-06-30     | OUT      | _U        | _U       | _U
    student    | 2020-06-30     | IN       | R         | OLF      | _U
    unasked    | 2020-06-30     | IN       | R         |          | Y
    unsure     | 2020-06-30     | IN       | _U        | EMP      | Y
    visitor    | 2020-06-30     | IN       | N         | EMP      | N
    worker     | 2020-06-30     | IN       | R         | EMP      | N
    young      | 2020-06-30     | IN       | R         | EMP      |
    """


def test_migrant_workers_are_residents_in_the_labour_force_and_others_who_work_here(judged):
    people = """
        person_key | birth_year | birthplace | citizenship
        -----------|------------|------------|------------
        citizen    | 1980       | TUR        | DEU
        elsewhere  | 1980       | TUR        | TUR
        frontier   | 1980       | FRA        | FRA
        jobless    | 1980       | TUR        | STLS
        out        | 1980       | TUR        | TUR
        student    | 1980       | TUR        | TUR
        unasked    | 1980       | TUR        | TUR
        unsure     | 1980       | TUR        | TUR
        visitor    | 1980       | TUR        | TUR
        worker     | 1980       | DEU        | TUR
        young      | 2005       | TUR        | TUR
        """
    by_citizenship = judged(people, "migrant_worker", attachments=WORKERS)
    assert by_citizenship == [
        ("citizen", "N"),
        ("elsewhere", "_U"),
        ("frontier", "Y"),
        ("jobless", "Y"),
        ("out", "N"),  # absence decides alone
        ("student", "N"),
        ("unasked", "_U"),
        ("unsure", "_U"),
        ("visitor", "N"),
        ("worker", "Y"),
        ("young", "_U"),  # fourteen or fifteen on 30 June
    ]
    by_birth = judged(
        people, "migrant_worker", attachments=WORKERS, rules=StatusRules(migrants_by=MigrantsBy.BIRTH)
    )
    assert {
        (*one, other[1]) for one, other in zip(by_citizenship, by_birth, strict=True) if one != other
    } == {
        ("citizen", "N", "Y"),
        ("worker", "Y", "N"),
    }


def test_for_work_migrants_are_known_by_the_reason_for_which_they_came(judged):
    people = """
        person_key | birthplace | arrival_date | reason
        -----------|------------|--------------|--------
        family     | TUR        | 2015-01-01   | FAM_REU
        later      | TUR        | 2020-07-01   | EMP
        native     | DEU        |              | _U
        seeks      | TUR        | 2015-01-01   | EMP_SEEK
        unsaid     | TUR        | 2015-01-01   |
        """
    assert judged(people, "reason", "for_work_migrant") == [
        ("family", "FAM_REU", "N"),
        ("later", "_U", "_U"),
        ("native", "_Z", "_Z"),
        ("seeks", "EMP_SEEK", "Y"),
        ("unsaid", "_U", "_U"),
    ]


def test_return_migrant_workers_live_here_and_worked_abroad_for_half_a_year(judged):
    people = """
        person_key
        ----------
        away
        away_now
        came_back
        never_left
        no_work
        short
        unsaid
        """
    attachments = """
        person_key | reference_date | residence
        -----------|----------------|----------
        away       | 2020-06-30     | N
        away_now   | 2020-06-30     | R
        came_back  | 2020-06-30     | R
        never_left | 2020-06-30     | R
        no_work    | 2020-06-30     | R
        short      | 2020-06-30     | R
        unsaid     | 2020-06-30     | R
        """
    spells = """
        person_key | first_day  | last_day   | worked_abroad
        -----------|------------|------------|--------------
        away       | 2015-01-01 | 2015-12-31 | Y
        away_now   | 2019-12-31 | 2020-07-31 | Y
        came_back  | 2015-01-01 | 2015-06-30 | Y
        no_work    | 2015-01-01 | 2015-12-31 | N
        short      | 2015-01-01 | 2015-06-29 | Y
        unsaid     | 2015-01-01 | 2015-12-31 | _U
        """
    told = {"attachments": attachments, "spells_abroad": spells}
    complete = StatusRules(spells_abroad_complete=True)
    assert judged(people, "return_migrant_worker", rules=complete, **told) == [
        ("away", "N"),
        ("away_now", "N"),
        ("came_back", "Y"),  # 1 January to 30 June are six months
        ("never_left", "N"),
        ("no_work", "N"),
        ("short", "N"),
        ("unsaid", "_U"),
    ]
    # Without a complete record of spells abroad, another one may have been the one.
    assert [code for _, code in judged(people, "return_migrant_worker", **told)] == [
        *("N", "_U", "Y", "_U", "_U", "_U", "_U")
    ]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"protection": {"naturalised": "B1"}}, "No status gives B1: use A3, A4, A5, A6, A2, A1"),
        ({"working_age_from": 15, "working_age_to": 14}, "cannot run from 15 to 14"),
        ({"return_months": 0}, "0 months"),
    ],
)
def test_rules_that_make_no_sense_are_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        StatusRules(**wrong)
