"""Who cannot be one person because two documents were in the country at once: each case drawn by hand."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from conftest import rows
from sojourn.contracts.microdata import Movement
from sojourn.integration.linkage.linking import Known, linked, planned
from sojourn.integration.linkage.persons import NEVER, Facts, Presences, grouped, never
from sojourn.integration.linked_keys import keys_in_one
from sojourn.integration.record_keys import certain_stays, record_keys
from sojourn.production.linkage_files import chosen_specification
from sojourn.project.linkage_declarations import shipped_linkage

JUNE = [date(2024, 6, day) for day in range(1, 31)]


def day(number):
    return JUNE[number - 1]


@pytest.fixture
def stays(given):
    """The stays of drawn crossings."""

    def found(drawing):
        columns = ("record_key", "arrived", "departed", "crossed_before", "crossed_after")
        return rows(certain_stays(given(Movement, drawing)), *columns)

    return found


def test_a_stay_runs_from_an_arrival_to_the_departure_that_is_the_next_crossing(stays):
    assert stays(
        """
        movement_id | person_key | event_date | direction
        ------------|------------|------------|----------
        1           | anna       | 2024-06-03 | A
        2           | anna       | 2024-06-09 | D
        3           | anna       | 2024-06-20 | A
        4           | boris      | 2024-06-05 | D
        """
    ) == [("anna", day(3), day(9), None, day(20))]


def test_where_a_crossing_is_missing_there_is_no_certain_stay(stays):
    # Two arrivals in a row: nobody knows when the first stay ended. The second has both ends.
    assert stays(
        """
        movement_id | person_key | event_date | direction
        ------------|------------|------------|----------
        1           | anna       | 2024-06-03 | A
        2           | anna       | 2024-06-12 | A
        3           | anna       | 2024-06-20 | D
        4           | anna       | 2024-06-28 | D
        """
    ) == [("anna", day(12), day(20), day(3), day(28))]


def test_a_crossing_that_was_recorded_twice_on_its_day_is_one(stays):
    assert stays(
        """
        movement_id | person_key | event_date | direction
        ------------|------------|------------|----------
        1           | anna       | 2024-06-03 | A
        2           | anna       | 2024-06-03 | A
        3           | anna       | 2024-06-09 | D
        """
    ) == [("anna", day(3), day(9), None, None)]


def test_a_day_of_crossings_in_both_directions_begins_and_ends_nothing(stays):
    # On 9 June she left and came, or came and left: nobody says which was first.
    assert (
        stays(
            """
        movement_id | person_key | event_date | direction
        ------------|------------|------------|----------
        1           | anna       | 2024-06-03 | A
        2           | anna       | 2024-06-09 | D
        3           | anna       | 2024-06-09 | A
        4           | anna       | 2024-06-20 | D
        """
        )
        == []
    )


def test_a_direction_that_is_not_known_ends_what_is_certain(stays):
    assert (
        stays(
            """
        movement_id | person_key | event_date | direction
        ------------|------------|------------|----------
        1           | anna       | 2024-06-03 | A
        2           | anna       | 2024-06-09 | _U
        3           | anna       | 2024-06-20 | D
        """
        )
        == []
    )


def test_a_stay_of_a_day_can_be_in_nobody_s_way(stays):
    assert (
        stays(
            """
        movement_id | person_key | event_date | direction
        ------------|------------|------------|----------
        1           | anna       | 2024-06-03 | A
        2           | anna       | 2024-06-04 | D
        """
        )
        == []
    )


def presences(*histories):
    """The stays of records: of each a list of arrival, departure, crossing before, crossing after."""
    sizes = [len(history) for history in histories]
    listed = [stay for history in histories for stay in history]
    days = np.array(listed, np.int32).reshape(-1, 4).T.copy()
    return Presences(np.concatenate(([0], np.cumsum(sizes))).astype(np.int64), days)


def alone(arrived, departed, before=-NEVER, after=NEVER):
    return (arrived, departed, before, after)


def joined(*histories, decided=None, links=None):
    """Which records are one person: all in a chain, or by the links that are given."""
    size = len(histories)
    links = links or [(at, at + 1) for at in range(size - 1)]
    ones, others = (np.array(part, np.int32) for part in zip(*links, strict=True))
    scores = np.arange(len(links), 0, -1).astype(np.float64)
    nobody_knows = Facts(np.full(size, -1, np.int32), never(size), never(size), presences(*histories))
    source = np.zeros(size, np.int32)
    said = None if decided is None else np.array(decided)
    return grouped(ones, others, scores, source, facts=nobody_knows, decided=said)[0].tolist()


def test_two_documents_that_came_and_came_and_left_and_left_are_two_persons():
    # Crossings of both: A on 1, A on 10, D on 20, D on 30. One person would have left and come unseen.
    assert joined([alone(1, 20)], [alone(10, 30)]) == [0, 1]
    assert joined([alone(1, 30)], [alone(10, 20)]) == [0, 1]


def test_stays_one_after_the_other_are_no_contradiction():
    assert joined([alone(1, 10)], [alone(10, 30)]) == [0, 0]
    assert joined([alone(1, 11)], [alone(10, 30)]) == [0, 0]
    assert joined([alone(1, 12)], [alone(10, 30)]) == [0, 1]


def test_two_documents_that_were_shown_at_one_crossing_are_no_contradiction():
    # Both arrivals, or both departures, are within a day of each other: they can be one crossing.
    assert joined([alone(1, 20)], [alone(1, 20)]) == [0, 0]
    assert joined([alone(1, 20)], [alone(2, 30)]) == [0, 0]
    assert joined([alone(1, 29)], [alone(10, 30)]) == [0, 0]
    assert joined([alone(1, 28)], [alone(10, 30)]) == [0, 1]


def test_who_came_on_one_passport_and_left_on_the_other_is_one_person():
    # In on P on 1, out on Q on 5, in on Q on 10, out on Q on 20, in on Q on 25, out on P on 30.
    assert joined([alone(1, 30)], [alone(10, 20, before=5, after=25)]) == [0, 0]
    # With one of the two in the middle missing a single crossing was not recorded, and that happens.
    assert joined([alone(1, 30)], [alone(10, 20, after=25)]) == [0, 0]
    assert joined([alone(1, 30)], [alone(10, 20, before=5)]) == [0, 0]
    # In on P on 1, out on Q on 5, in on Q on 10, out on P on 20, in on P on 25, out on Q on 30.
    assert joined([alone(1, 20, after=25)], [alone(10, 30, before=5)]) == [0, 0]
    # What was crossed before both stays, or after, explains nothing.
    assert joined([alone(4, 20, after=35)], [alone(10, 30, before=3)]) == [0, 1]


def test_one_contradiction_among_many_stays_is_enough():
    one = [alone(1, 5), alone(40, 50), alone(60, 70)]
    other = [alone(10, 30), alone(52, 58), alone(64, 80)]
    assert joined(one, other) == [0, 1]
    assert joined(one[:2], other) == [0, 0]


def test_two_documents_do_not_meet_through_a_third():
    assert joined([alone(1, 20)], [], [alone(10, 30)]) == [0, 0, 2]
    assert joined([], [alone(1, 20)], [], [alone(10, 30)], links=[(0, 1), (2, 3), (0, 2)]) == [0, 0, 2, 2]


def test_what_a_document_or_a_reviewer_says_of_the_two_themselves_stands():
    stays_of = ([alone(1, 20)], [alone(10, 30)])
    assert joined(*stays_of, decided=[True]) == [0, 0]
    # But not of a third: 0 and 2 contradict each other, and nobody said that they are one.
    assert joined(stays_of[0], [], stays_of[1], decided=[True, True]) == [0, 0, 2]


CROSSINGS = {
    "border": [("p", 3, "A"), ("p", 20, "D"), ("r", 4, "A"), ("r", 6, "D")],
    "airport": [("q", 10, "A"), ("q", 28, "D"), ("s", 10, "A"), ("s", 28, "D")],
}


def keys_of(engine, names):
    tables, stays = [], {}
    for at, name in enumerate(names):
        crossed = CROSSINGS[name]
        size = len(crossed)
        records = pa.table(
            {
                "record_id": [f"{name}-{number}" for number in range(size)],
                "person_key": [key for key, _, _ in crossed],
                "event_date": pa.array([day(number) for _, number, _ in crossed]),
                "seen": pa.array([day(number) for _, number, _ in crossed]),
                "died": pa.nulls(size, pa.date32()),
                "direction": [direction for _, _, direction in crossed],
                "birth_year": pa.nulls(size, pa.int64()),
                **{
                    column: pa.nulls(size, pa.string())
                    for column in ("sex", "citizenship", "birthplace", "region", "household_id")
                },
            }
        )
        unknown = ("birth_date", "document_no", "national_id", "address", "phone")
        identities = pa.table(
            {
                "record_id": records["record_id"],
                "surname": ["Garba"] * size,
                "given_names": ["Amina"] * size,
                **{column: pa.nulls(size, pa.string()) for column in unknown},
            }
        )
        tables.append(record_keys(engine.relation(records), engine.relation(identities)).to_arrow())
        stays[at] = certain_stays(engine.relation(records)).to_arrow()
    specification, _ = chosen_specification(shipped_linkage(), [["surname", "given_names"]])
    nobody = frozenset[int]()
    keys = keys_in_one(
        tables, names, specification, repeated=frozenset(range(len(names))), alive=nobody, stays=stays
    )
    return keys, specification


def test_the_keys_of_several_sources_have_their_own_stays(engine):
    keys, _ = keys_of(engine, ["border", "airport"])
    known = keys.facts.presences
    assert keys.table["record_key"].to_pylist() == ["p", "r", "q", "s"]
    since = (date(2024, 6, 1) - date(1970, 1, 1)).days - 1
    assert known.starts.tolist() == [0, 1, 2, 3, 4]
    assert (known.days[:2] - since).tolist() == [[3, 4, 10, 10], [20, 6, 28, 28]]
    assert known.days[2].tolist() == [-NEVER] * 4
    assert known.days[3].tolist() == [NEVER] * 4


@pytest.mark.parametrize("names", [["border", "airport"], ["airport", "border"]])
def test_the_order_of_sources_and_links_does_not_matter(engine, names):
    keys, specification = keys_of(engine, names)
    plan = planned(keys.records, specification)
    of = {key: unit for unit, key in enumerate(keys.table["record_key"].to_pylist())}
    # All four are said to be r by documents; p contradicts q and s, who cross together.
    told = sorted(tuple(sorted((of["r"], of[other]))) for other in "qs")
    for listed in (told, told[::-1]):
        ones, others = (np.array(part, np.int32) for part in zip(*listed, strict=True))
        known = Known(ones, others, np.ones(len(listed), np.bool_))
        person = linked(keys.records, specification, plan, known=known, facts=keys.facts).person
        assert person[of["q"]] == person[of["s"]] == person[of["r"]]
        assert person[of["p"]] != person[of["q"]]
