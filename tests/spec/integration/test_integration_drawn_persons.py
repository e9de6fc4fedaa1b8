"""Persons as they could have been: how often two keys stand for one person."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from sojourn.contracts.links import Link, LinkPair
from sojourn.integration.drawn_persons import drawn_persons

VERSIONS = 4_000


def links_of(*keys, born=None):
    """Links of keys `source:key`."""
    rows = [key.split(":") for key in keys]
    given = {
        "source": [row[0] for row in rows],
        "record_key": [row[1] for row in rows],
        "birth_year": pa.array(born or [None] * len(rows), pa.int64()),
    }
    return _filled(Link, given, len(rows))


def pairs_of(*pairs):
    """Pairs `(source:key, source:key, probability)`."""
    ends = [(*one.split(":"), *other.split(":")) for one, other, _ in pairs]
    names = ("source", "record_key", "other_source", "other_key")
    given = {name: [end[place] for end in ends] for place, name in enumerate(names)}
    given["probability"] = [probability for _, _, probability in pairs]
    return _filled(LinkPair, given, len(pairs))


def _filled(contract, given, size):
    return pa.table(
        {
            name: pa.array(given[name]) if name in given else pa.nulls(size, declared.arrow_type)
            for name, declared in contract.columns.items()
        }
    )


def together(links, pairs, one, other, *, repeated=frozenset(), reviewed=None):
    """In which share of the versions two rows of the links are one person."""
    drawn = drawn_persons(links, pairs, repeated=repeated, versions=VERSIONS, seed=7, reviewed=reviewed)
    return np.mean([person[one] == person[other] for person in drawn])


def test_a_pair_is_one_person_as_often_as_its_probability_says():
    links = links_of("border:a", "register:x")
    pairs = pairs_of(("border:a", "register:x", 0.7))
    # 4,000 draws: a standard error of 0.0072.
    assert together(links, pairs, 0, 1) == pytest.approx(0.7, abs=0.03)


def test_a_person_stands_in_a_register_once_in_every_version():
    links = links_of("register:x", "register:y", "tax:a")
    pairs = pairs_of(("register:x", "tax:a", 0.5), ("register:y", "tax:a", 0.4))
    assert together(links, pairs, 0, 1) == 0
    assert together(links, pairs, 0, 2) == pytest.approx(0.5, abs=0.03)
    assert together(links, pairs, 1, 2) == pytest.approx(0.4, abs=0.03)


def test_two_passports_can_be_of_one_person_of_the_register():
    links = links_of("border:a", "border:b", "register:x")
    pairs = pairs_of(("border:a", "register:x", 0.9), ("border:b", "register:x", 0.8))
    border = frozenset({"border"})
    # Each by itself, since both may be true: 0.9 x 0.8.
    assert together(links, pairs, 0, 1, repeated=border) == pytest.approx(0.72, abs=0.03)


def test_keys_of_two_birth_years_are_not_put_together_by_a_third():
    links = links_of("a:1", "b:1", "c:1", born=[1950, None, 1987])
    pairs = pairs_of(("a:1", "b:1", 1.0), ("b:1", "c:1", 1.0))
    assert together(links, pairs, 0, 2) == 0
    assert together(links, pairs, 0, 1) == 1


def test_keys_that_a_reviewer_told_apart_are_not_put_together_by_a_third():
    links = links_of("a:1", "b:1", "c:1")
    pairs = pairs_of(("a:1", "b:1", 1.0), ("b:1", "c:1", 0.9), ("a:1", "c:1", 0.0))
    place = pairs.schema.get_field_index("method")
    decided = pairs.set_column(place, "method", pa.array(["PROB", "PROB", "CLER"]))
    assert together(links, pairs, 0, 2) == pytest.approx(0.9, abs=0.03)
    assert together(links, decided, 0, 2) == 0


def test_pairs_of_less_than_one_in_a_hundred_are_not_drawn():
    links = links_of("a:1", "b:1")
    assert together(links, pairs_of(("a:1", "b:1", 0.009)), 0, 1) == 0


def test_a_review_makes_a_pair_one_person_as_often_as_reviewers_found_its_like_to_be():
    links = links_of("border:a", "register:x")
    pairs = pairs_of(("border:a", "register:x", 0.008))
    strata = {"is_link": [False], "above": [0.0], "up_to": [0.01], "same": [6], "different": [3]}
    # (6 + 0.008) / (9 + 1); without the review such a pair is never drawn.
    assert together(links, pairs, 0, 1, reviewed=pa.table(strata)) == pytest.approx(0.6, abs=0.03)
