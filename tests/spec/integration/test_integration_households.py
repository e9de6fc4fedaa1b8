"""Who lives together, and what that says of who is who: cases drawn by hand, and a country of known truth."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from linkage_records import as_records, drawn
from sojourn.demo.identities import write_linkage_country
from sojourn.integration.linkage.encoding import Encoded
from sojourn.integration.linkage.households import MOST_MEMBERS, Tie, second_look, ties, with_households
from sojourn.integration.linkage.linking import Known, linked, planned
from sojourn.integration.linkage.persons import grouped
from sojourn.integration.linked_keys import keys_in_one
from sojourn.integration.record_keys import record_keys
from sojourn.production.linkage_files import LinkageTargets, chosen_specification, link_files
from sojourn.project.linkage_declarations import shipped_linkage


def tied(household, source, links):
    """The tie of each pair, drawn as the two records and the probability."""
    ones, others, chance = (np.array(part) for part in zip(*links, strict=True))
    found = ties(
        ones.astype(np.int32), others.astype(np.int32), chance.astype(np.float64),
        np.array(household, np.int32), np.array(source, np.int32),
    )  # fmt: skip
    return [Tie(tie).name for tie in found]


# Records 0 to 3 are of one source, 4 to 7 of another, in households X = {0, 1}, U = {2, 3}, Y = {4, 5} and
# V = {6, 7}.
HOMES, SOURCES = [0, 0, 1, 1, 2, 2, 3, 3], [0] * 4 + [1] * 4


def test_a_sure_link_ties_two_households_for_all_pairs_of_their_members_but_itself():
    found = tied(HOMES, SOURCES, [(0, 4, 0.99), (1, 5, 0.5), (1, 4, 0.01), (0, 5, 0.01)])
    assert found == ["NOWHERE", "HERE", "HERE", "HERE"]


def test_two_sure_links_tie_each_other():
    assert tied(HOMES, SOURCES, [(0, 4, 0.99), (1, 5, 0.95)]) == ["HERE", "HERE"]


def test_a_doubtful_link_ties_nothing():
    assert tied(HOMES, SOURCES, [(0, 4, 0.9), (1, 5, 0.5)]) == ["NOWHERE", "NOWHERE"]


def test_a_household_whose_other_member_is_linked_to_another_is_tied_elsewhere():
    assert tied(HOMES, SOURCES, [(0, 6, 0.99), (1, 5, 0.5)]) == ["NOWHERE", "ELSEWHERE"]
    assert tied(HOMES, SOURCES, [(2, 4, 0.99), (1, 5, 0.5)]) == ["NOWHERE", "ELSEWHERE"]
    # The record's own sure link with another household is no link of another member.
    assert tied(HOMES, SOURCES, [(1, 6, 0.99), (1, 5, 0.5)]) == ["NOWHERE", "NOWHERE"]


def test_links_with_a_third_source_say_nothing_of_two_others():
    home, source = [*HOMES, 4, 4], [*SOURCES, 2, 2]
    assert tied(home, source, [(0, 8, 0.99), (1, 5, 0.5)]) == ["NOWHERE", "NOWHERE"]


def test_a_household_that_is_not_known_or_has_one_member_says_nothing():
    unknown = [-1, 0, 1, 1, 2, 2, 3, 3]
    assert tied(unknown, SOURCES, [(0, 4, 0.99), (1, 5, 0.5)]) == ["UNKNOWN", "UNKNOWN"]
    nobody = [-1] * 8
    assert tied(nobody, SOURCES, [(0, 4, 0.99), (1, 5, 0.5)]) == ["UNKNOWN", "UNKNOWN"]


def test_a_hostel_is_no_household():
    many = MOST_MEMBERS
    for size, tie in ((many, "HERE"), (many + 1, "UNKNOWN")):
        home = [0] * size + [1, 1]
        source = [0] * size + [1, 1]
        assert tied(home, source, [(0, size, 0.99), (1, size + 1, 0.5)])[1] == tie


FILE = """
    record_id | surname | given_names | birth_date | sex | address | household | date
    ----------|---------|-------------|------------|-----|---------|-----------|-----------
    1         | Garba   | Amina       | 1980-05-17 | F   | Lane 1  | h1        | 2024-01-01
    2         | Garba   | Amina       | 1980-05-17 | F   | Lane 1  | {home}    | {date}
    3         | Toure   | Binta       | 1991-08-02 | F   | Lane 2  | h2        | 2024-01-01
"""


def persons_of_one_file(home, date):
    table = drawn(FILE.format(home=home, date=date))
    compared = table.select(["surname", "given_names", "birth_date", "sex", "address"])
    records, specification = as_records(compared)
    records = with_households(records, [table.select(["household", "date"])], members_once=True, dedupe=True)
    plan = planned(records, specification, dedupe=True)
    return linked(records, specification, plan, dedupe=True)


def test_two_of_one_list_of_a_household_are_not_looked_at_as_a_pair():
    found = persons_of_one_file("h1", "2024-01-01")
    assert (0, 1) not in set(zip(found.ones.tolist(), found.others.tolist(), strict=True))
    assert found.person.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("home", "date"), [("h7", "2024-01-01"), ("", "2024-01-01"), ("h1", "2025-01-01"), ("h1", "")]
)
def test_another_household_or_day_or_one_not_known_keeps_nobody_apart(home, date):
    found = persons_of_one_file(home, date)
    assert (0, 1) in set(zip(found.ones.tolist(), found.others.tolist(), strict=True))


def test_two_of_one_list_do_not_meet_through_a_third():
    ones, others = np.array([0, 1], np.int32), np.array([1, 2], np.int32)
    source, listing = np.zeros(3, np.int32), np.array([5, -1, 5], np.int32)
    chance = np.array([0.9, 0.8])
    person, joins = grouped(ones, others, chance, source, listing=listing)
    assert (person.tolist(), joins.tolist()) == ([0, 0, 2], [True, False])
    elsewhere = np.array([5, -1, 6], np.int32)
    assert grouped(ones, others, chance, source, listing=elsewhere)[0].tolist() == [0, 0, 0]
    # Of two keys themselves a reviewer may say that a household lists somebody twice.
    ends = np.array([0], np.int32), np.array([2], np.int32)
    for said, persons in ((True, [0, 1, 0]), (False, [0, 1, 2])):
        found, _ = grouped(*ends, np.ones(1), source, listing=listing, decided=np.array([said]))
        assert found.tolist() == persons


def test_numbers_of_households_are_those_of_one_source():
    table = drawn("""
        household | date
        ----------|-----------
        h1        | 2024-01-01
        h1        | 2025-01-01
                  | 2024-01-01
    """)
    nobody = pa.table({"surname": pa.array(["Garba"] * 3)})
    records, _ = as_records(nobody, nobody)
    found = with_households(records, [table, table], members_once=True)
    assert found.household.tolist() == [0, 0, -1, 1, 1, -1]
    assert found.listing.tolist() == [0, 1, -1, 2, 3, -1]
    # A person stands once in each source, which is more: it decides alone.
    assert found.apart.tolist() == [0, 0, 0, 1, 1, 1]
    both = replace(found, repeated=frozenset({1}))
    assert both.apart.tolist() == [0, 0, 0, 4, 5, -6]


@pytest.fixture(scope="module")
def country(tmp_path_factory):
    """Register and survey of 6,000 persons in households, and who they are."""
    folder = tmp_path_factory.mktemp("country") / "ruritania"
    write_linkage_country(folder, persons=6_000, seed=8)
    return folder


def scores_of(country, target, files=("register", "survey"), **changed):
    declared = shipped_linkage().model_copy(update=changed)
    sources = [country / f"{name}.parquet" for name in files]
    found = link_files(sources, LinkageTargets(target), declared=declared)
    truth = pq.read_table(country / "truth" / "records.parquet", columns=["record_id", "person"]).to_pylist()
    person = {row["record_id"]: row["person"] for row in truth}
    names = found.identifiers.to_pylist()
    link = found.found.is_link
    ends = zip(found.found.ones[link].tolist(), found.found.others[link].tolist(), strict=True)
    said = {(names[one], names[other]) for one, other in ends}
    return said, sum(person[one] == person[other] for one, other in said)


def test_who_lives_together_tells_members_of_a_household_apart(country, tmp_path):
    said, right = scores_of(country, tmp_path / "with.parquet")
    said_before, right_before = scores_of(country, tmp_path / "without.parquet", household=None)
    false, false_before = len(said) - right, len(said_before) - right_before
    assert false < 0.7 * false_before
    assert right > 0.99 * right_before


def test_the_order_of_rows_does_not_matter(country, tmp_path):
    said, _ = scores_of(country, tmp_path / "one.parquet")
    mixed = tmp_path / "mixed"
    shutil.copytree(country / "truth", mixed / "truth")
    for name in ("register", "survey"):
        table = pq.read_table(country / f"{name}.parquet")
        order = np.random.default_rng(1).permutation(len(table))
        pq.write_table(table.take(pa.array(order)), mixed / f"{name}.parquet")
    assert scores_of(mixed, tmp_path / "other.parquet")[0] == said


def test_with_little_to_learn_from_scores_stay(country, tmp_path):
    tables = [drawn("surname | given_names\n---|---\nGarba | Amina\nGarba | Binta")] * 2
    records, specification = as_records(*tables)
    listed = [drawn("household | date\n---|---\nh | \nh | ")] * 2
    records: Encoded = with_households(records, listed, members_once=False)
    ones, others = np.array([0, 1], np.int32), np.array([2, 3], np.int32)
    known = Known(ones, others, np.array([True, True]))
    plan = planned(records, specification)
    found = linked(records, specification, plan, known=known)
    scores = np.array([3.0, 4.0], np.float32)
    again = second_look(records, found.model, ones, others, scores, np.array([0.99, 0.99]), np.zeros((2, 2)))
    assert again is scores


SURVEYED = """
    record_id | person_key | seen       | household_id | given_names
    ----------|------------|------------|--------------|------------
    1         | a          | 2023-05-01 | h1           | Amina
    2         | a          | 2024-05-01 | h2           | Amina
    3         | b          | 2024-05-01 | h2           | Binta
    4         | c          | 2023-05-01 | h2           | Fanta
    5         | c          | 2024-05-01 |              | Fanta
"""


def test_a_key_lives_where_its_newest_record_that_says_so_has_it(engine):
    table = drawn(SURVEYED)
    size = len(table)
    stated = {name: pa.nulls(size, pa.string()) for name in ("sex", "citizenship", "birthplace", "region")}
    unknown = ("surname", "birth_date", "document_no", "national_id", "address", "phone")
    records = pa.table(
        {
            **{name: table[name] for name in ("record_id", "person_key", "household_id")},
            "seen": table["seen"].cast(pa.date32()),
            "died": pa.nulls(size, pa.date32()),
            "birth_year": pa.nulls(size, pa.int64()),
            **stated,
        }
    )
    identities = pa.table(
        {
            "record_id": table["record_id"],
            "given_names": table["given_names"],
            **{name: pa.nulls(size, pa.string()) for name in unknown},
        }
    )
    found = record_keys(engine.relation(records), engine.relation(identities)).to_arrow()
    assert found["household_id"].to_pylist() == ["h2", "h2", "h2"]
    assert [str(day) for day in found["listed_on"].to_pylist()] == ["2024-05-01", "2024-05-01", "2023-05-01"]
    specification, _ = chosen_specification(shipped_linkage(), [["surname", "given_names"]])
    settings = {"repeated": frozenset({0}), "alive": frozenset()}
    once = keys_in_one([found], ["survey"], specification, **settings, members_once=True).records
    assert once.household.tolist() == [0, 0, 0]
    assert once.listing.tolist() == [0, 0, 1]
    assert once.apart.tolist() == [1, 1, 2]
    silent = keys_in_one([found], ["survey"], specification, **settings).records
    assert (silent.household, silent.listing) == (None, None)
