"""Going on from earlier results gives what deciding all crossings at once gives, row for row."""

from __future__ import annotations

import datetime
import random
import tempfile
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn.concepts.frameworks import ResidenceRule
from sojourn.integration.movements import Gaps, Observation
from sojourn.production import movement_files
from sojourn.production.movement_files import classify_file

RULE = ResidenceRule(20, 26)
FIRST = datetime.date(2010, 1, 1)
DIRECTIONS = ("arrival", "departure", "transit", None)
WHOLE = """
SELECT * EXCLUDE (filename) FROM read_parquet('{folder}/*.parquet', filename = true)
QUALIFY person_id IS NULL OR filename = max(filename) OVER (PARTITION BY person_id)
"""


def _table(rows):
    """Crossings from (person, identifier, day, direction), the day from the first observed one."""
    days = [None if day is None else FIRST + datetime.timedelta(days=day) for _, _, day, _ in rows]
    return pa.table(
        {
            "person_id": pa.array([row[0] for row in rows], pa.string()),
            "crossing_id": pa.array([row[1] for row in rows], pa.int64()),
            "date": pa.array(days, pa.date32()),
            "direction": pa.array([row[3] for row in rows], pa.string()),
        }
    )


def _decided(rows, target, until, **kept):
    source = target.parent.parent / f"{target.stem}-crossings.parquet"
    pq.write_table(_table(rows), source)
    observation = Observation(FIRST, FIRST + datetime.timedelta(days=until))
    return classify_file(source, target, rule=RULE, observation=observation, **kept)


def _as_at_once(deliveries, gaps, excludes_boundary=False):
    """The rows of a folder that grew by deliveries of (rows, last day), and those of deciding all at once."""
    kept = {"gaps": gaps, "excludes_boundary": excludes_boundary}
    with tempfile.TemporaryDirectory() as place:
        grown, whole = Path(place) / "grown", Path(place) / "whole"
        grown.mkdir()
        whole.mkdir()
        for number, (rows, until) in enumerate(deliveries):
            _decided(rows, grown / f"{number}.parquet", until, after=grown if number else None, **kept)
        everything = [row for rows, _ in deliveries for row in rows]
        _decided(everything, whole / "whole.parquet", deliveries[-1][1], **kept)
        return tuple(
            sorted(duckdb.sql(WHOLE.format(folder=folder)).fetchall(), key=repr) for folder in (grown, whole)
        )


@st.composite
def _deliveries(draw):
    """Up to four deliveries: new crossings, late ones, some that were delivered before, days going on."""
    identifiers, delivered, found, until = iter(range(1000)), [], [], 0
    for _ in range(draw(st.integers(2, 4))):
        until += draw(st.sampled_from([0, 1, 10, 25, 26, 27, 60]))
        rows = [
            (person, next(identifiers), day, direction)
            for person, day, direction in draw(
                st.lists(
                    st.tuples(
                        st.sampled_from(["anna", "boris", "carla", None]),
                        st.one_of(st.none(), st.integers(-5, until + 30)),
                        st.sampled_from(DIRECTIONS),
                    ),
                    max_size=6,
                )
            )
        ]
        if delivered and draw(st.booleans()):
            rows.append(draw(st.sampled_from(delivered)))
        delivered += rows
        found.append((rows, until))
    return found


@settings(max_examples=60, deadline=None)
@given(deliveries=_deliveries(), gaps=st.sampled_from(list(Gaps)), excludes_boundary=st.booleans())
def test_a_folder_that_grew_says_what_deciding_all_at_once_says(deliveries, gaps, excludes_boundary):
    grown, whole = _as_at_once(deliveries, gaps, excludes_boundary)
    assert grown == whole


@pytest.mark.parametrize("seed", range(2))
def test_ten_thousand_people_in_four_deliveries(seed, monkeypatch):
    """Histories of all lengths, a hundredth late by up to two windows, in parts of a thousand rows."""
    monkeypatch.setattr(movement_files, "ROWS_OF_A_PART", 1000)
    draw = random.Random(seed)
    lasts = [200, 230, 230, 260]
    deliveries = [([], last) for last in lasts]
    identifier = 0
    for person in range(10_000):
        day, side = draw.randint(0, 250), draw.randint(0, 1)
        while day <= 260:
            identifier += 1
            late = draw.choice([0, 26, 52]) if draw.random() < 0.01 else 0
            number = next((place for place, last in enumerate(lasts) if day + late <= last), 3)
            if draw.random() > 0.01:
                deliveries[number][0].append((str(person), identifier, day, DIRECTIONS[side]))
            day, side = day + draw.choice([1, 3, 7, 20, 27, 60]), 1 - side
    grown, whole = _as_at_once(deliveries, Gaps.BOUNDS)
    assert len(whole) > 40_000
    assert grown == whole
