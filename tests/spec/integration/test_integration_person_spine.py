"""The best value of several sources: each table below was chosen by hand."""

from __future__ import annotations

from datetime import date

import pytest

from conftest import rows
from permit_definition import whole
from sojourn.contracts.microdata import Movement, Status
from sojourn.contracts.spine import PersonRecord, PersonSpine, SpineValue
from sojourn.integration.person_spine import SourceOrder, person_records, person_spine, spine_values

LAST = date(2024, 12, 31)
ORDER = SourceOrder(("register", "permits", "border"))


@pytest.fixture
def best(given):
    """The chosen columns of the best values of drawn records."""

    def found(drawing, *columns, order=ORDER, as_of=LAST):
        values = spine_values(whole(PersonRecord, given(PersonRecord, drawing)), order=order, as_of=as_of)
        SpineValue.conform(values.to_arrow())
        return rows(values, *columns)

    return found


def test_the_first_source_that_states_a_value_gives_it(best):
    drawn = """
        record_id | person_key | source   | reference_date | birthplace
        ----------|------------|----------|----------------|-----------
        b-1       | anna       | border   | 2024-06-01     | MAR
        p-1       | anna       | permits  | 2020-01-01     | DZA
        p-2       | boris      | permits  | 2020-01-01     | MAR
        """
    assert best(drawn, "person_key", "value", "source", "record_id", "reference_date") == [
        ("anna", "DZA", "permits", "p-1", date(2020, 1, 1)),
        ("boris", "MAR", "permits", "p-2", date(2020, 1, 1)),
    ]


def test_a_stated_value_goes_before_not_known_whatever_its_source(best):
    drawn = """
        record_id | person_key | source   | reference_date | birthplace
        ----------|------------|----------|----------------|-----------
        r-1       | anna       | register | 2024-12-31     | _U
        b-1       | anna       | border   | 2015-06-01     | MAR
        r-2       | boris      | register | 2024-12-31     | _U
        b-2       | boris      | border   | 2015-06-01     |
        b-3       | carla      | border   | 2015-06-01     |
        """
    # Of boris it was asked and is not known; of carla nobody says anything.
    assert best(drawn, "person_key", "value", "records", "stated_values") == [
        ("anna", "MAR", 1, 1),
        ("boris", "_U", 0, 0),
    ]


def test_within_a_source_the_latest_record_counts_and_one_without_a_day_comes_last(best):
    drawn = """
        record_id | person_key | source   | reference_date | region
        ----------|------------|----------|----------------|-------
        r-1       | anna       | register | 2023-12-31     | north
        r-2       | anna       | register | 2024-12-31     | south
        r-3       | anna       | register |                | north
        r-4       | boris      | register |                | north
        """
    assert best(drawn, "person_key", "value", "record_id") == [
        ("anna", "south", "r-2"),
        ("boris", "north", "r-4"),
    ]


def test_what_holds_for_a_later_day_does_not_count(best):
    drawn = """
        record_id | person_key | source   | reference_date | region
        ----------|------------|----------|----------------|-------
        r-1       | anna       | register | 2023-12-31     | north
        r-2       | anna       | register | 2024-12-31     | south
        r-3       | boris      | register | 2024-12-31     | south
        """
    assert best(drawn, "as_of", "person_key", "value", "records", as_of=date(2024, 12, 30)) == [
        (date(2024, 12, 30), "anna", "north", 1)
    ]


def test_on_one_day_the_value_that_most_records_of_the_person_state_counts(best):
    drawn = """
        record_id | person_key | source   | reference_date | birth_year
        ----------|------------|----------|----------------|-----------
        r-1       | anna       | register | 2024-12-31     | 1980
        r-2       | anna       | register | 2024-12-31     | 1990
        b-1       | anna       | border   | 2019-01-01     | 1990
        r-3       | boris      | register | 2024-12-31     | 1990
        r-4       | boris      | register | 2024-12-31     | 1980
        """
    # 1990 is said twice of anna; of boris both years once, and the smaller record decides.
    assert best(drawn, "person_key", "value", "record_id", "records", "stated_values") == [
        ("anna", "1990", "r-2", 3, 2),
        ("boris", "1990", "r-3", 2, 2),
    ]


def test_an_order_of_its_own_replaces_the_order_of_sources(best):
    drawn = """
        record_id | person_key | source   | citizenship | birthplace
        ----------|------------|----------|-------------|-----------
        r-1       | anna       | register | FRA         | FRA
        p-1       | anna       | permits  | MAR         | MAR
        b-1       | anna       | border   | DZA         | DZA
        """
    order = SourceOrder(ORDER.sources, {"citizenship": ("permits", "register")})
    # What the border says of citizenship neither counts nor makes a conflict.
    assert best(drawn, "attribute", "value", "records", "stated_values", order=order) == [
        ("birthplace", "FRA", 3, 3),
        ("citizenship", "MAR", 2, 2),
    ]


def test_a_person_has_one_row_with_conflicts_counted(given):
    records = whole(
        PersonRecord,
        given(
            PersonRecord,
            """
            record_id | person_key | source   | sex | birthplace | death_date
            ----------|------------|----------|-----|------------|-----------
            r-1       | anna       | register | F   | _U         | 2024-05-01
            b-1       | anna       | border   | M   |            |
            s-1       | boris      | survey   | M   | FRA        |
            """,
        ),
    )
    people = person_spine(records, spine_values(records, order=ORDER, as_of=LAST), as_of=LAST)
    PersonSpine.conform(people.to_arrow())
    columns = ("person_key", "sex", "birthplace", "death_date", "attributes_stated", "conflicts")
    # sex (two values) and death are stated of anna; boris is in no source that counts.
    assert rows(people, *columns) == [
        ("anna", "F", "_U", date(2024, 5, 1), 2, 1),
        ("boris", None, None, None, 0, 0),
    ]


def test_crossings_hold_for_their_day_and_statuses_for_their_first_one(given):
    numbered = dict.fromkeys(("record_id", "movement_id", "status_id"), "{:02d}".format)
    crossings = given(
        Movement,
        """
        person_key | event_date | direction | citizenship
        -----------|------------|-----------|------------
        anna       | 2020-03-01 | A         | FRA
        """,
    )
    permits = given(
        Status,
        """
        person_key | kind   | valid_from | reason | sex
        -----------|--------|------------|--------|----
        boris      | permit | 2021-04-01 | EMP    | M
        """,
    )
    columns = ("person_key", "source", "reference_date", "citizenship", "reason", "sex", "death_date")
    found = [
        person_records(whole(Movement, crossings, **numbered), Movement, source="border"),
        person_records(whole(Status, permits, **numbered), Status, source="permits"),
    ]
    for records in found:
        PersonRecord.conform(records.to_arrow())
    assert [row for records in found for row in rows(records, *columns)] == [
        ("anna", "border", date(2020, 3, 1), "FRA", None, None, None),
        ("boris", "permits", date(2021, 4, 1), None, "EMP", "M", None),
    ]


@pytest.mark.parametrize(
    ("sources", "attributes", "said"),
    [
        (("a", "a"), {}, "names a source twice"),
        (("a",), {"sex": ("a", "a")}, "names a source twice"),
        (("a",), {"shoe_size": ("a",)}, "no attribute shoe_size"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(sources, attributes, said):
    with pytest.raises(ValueError, match=said):
        SourceOrder(sources, attributes)
