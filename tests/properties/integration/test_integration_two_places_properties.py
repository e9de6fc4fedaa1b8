"""Two places at once: the stays and the kernel against crossings taken one by one."""

from __future__ import annotations

import datetime
import itertools

import numpy as np
import pyarrow as pa
from hypothesis import example, given
from hypothesis import strategies as st

from sojourn.engine import Engine
from sojourn.integration.linkage.persons import Facts, grouped, never
from sojourn.integration.linked_keys import presences_of
from sojourn.integration.record_keys import certain_stays

FIRST = datetime.date(2024, 1, 1)
crossings = st.lists(
    st.tuples(st.sampled_from("pqr"), st.integers(0, 24), st.sampled_from("AD")), min_size=1, max_size=14
)


def by_day(rows, keys):
    """The days on which some keys crossed, in order: the day, the key, A or D or both."""
    found = {}
    for key, day, direction in rows:
        if key in keys:
            found.setdefault((day, key), set()).add(direction)
    return sorted((day, key, "".join(sorted(sides))) for (day, key), sides in found.items())


def contradict(rows, one, other):
    """Whether the crossings of two keys have two arrivals and then two departures, all days apart."""
    listed = by_day(rows, (one, other))
    around = [row[0] for row in listed]
    for at in range(len(listed) - 3):
        in_a_row = listed[at : at + 4]
        keys = [row[1] for row in in_a_row]
        if (
            [row[2] for row in in_a_row] == ["A", "A", "D", "D"]
            and keys[0] != keys[1]
            and keys[2] != keys[3]
            and all(around.count(row[0]) == 1 for row in in_a_row)
            and all(after[0] - before[0] > 1 for before, after in itertools.pairwise(in_a_row))
        ):
            return True
    return False


def facts_of(engine, rows, keys):
    table = pa.table(
        {
            "person_key": [row[0] for row in rows],
            "event_date": pa.array([FIRST + datetime.timedelta(days=row[1]) for row in rows]),
            "direction": [row[2] for row in rows],
        }
    )
    stays = certain_stays(engine.relation(table)).to_arrow()
    listed = [pa.table({"record_key": pa.chunked_array([keys])})]
    size = len(keys)
    return Facts(np.full(size, -1, np.int32), never(size), never(size), presences_of(listed, {0: stays}))


LINKS = ((0, 1), (0, 2), (1, 2))


@given(crossings)
@example([("p", 0, "A"), ("q", 5, "A"), ("p", 10, "D"), ("q", 15, "D")])
@example([("p", 0, "A"), ("q", 5, "A"), ("q", 10, "D"), ("p", 15, "D")])
@example([("p", 0, "A"), ("q", 5, "A"), ("q", 10, "D"), ("p", 15, "D"), ("q", 2, "D"), ("q", 12, "A")])
def test_two_keys_join_unless_their_crossings_contradict_each_other(rows):
    keys = ["p", "q", "r"]
    with Engine() as engine:
        known = facts_of(engine, rows, keys)
    for one, other in LINKS:
        ends = np.array([one], np.int32), np.array([other], np.int32)
        _, joins = grouped(*ends, np.ones(1), np.zeros(3, np.int32), facts=known)
        assert joins[0] == (not contradict(rows, keys[one], keys[other]))


@given(crossings, st.permutations(LINKS))
def test_a_group_holds_no_two_keys_that_contradict_each_other(rows, links):
    keys = ["p", "q", "r"]
    with Engine() as engine:
        known = facts_of(engine, rows, keys)
        again = facts_of(engine, rows[::-1], keys)
    ones, others = (np.array(part, np.int32) for part in zip(*links, strict=True))
    scores = np.array([LINKS.index(link) for link in links], np.float64)
    person, _ = grouped(ones, others, scores, np.zeros(3, np.int32), facts=known)
    for one, other in LINKS:
        if person[one] == person[other]:
            assert not contradict(rows, keys[one], keys[other])
    # Neither the order of crossings nor that of links matters.
    assert (known.presences.days == again.presences.days).all()
    mixed = np.argsort(scores)
    found, _ = grouped(ones[mixed], others[mixed], scores[mixed], np.zeros(3, np.int32), facts=again)
    assert found.tolist() == person.tolist()
