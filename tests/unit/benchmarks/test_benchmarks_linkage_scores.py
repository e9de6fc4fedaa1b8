"""Scores of a linkage count what a reader would count by hand."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

SCRIPT = Path(__file__).resolve().parents[3] / "benchmarks" / "linkage_peers" / "linkage_scores.py"


def _loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("linkage_scores_of_benchmarks", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up by name
    spec.loader.exec_module(module)
    return module


SCORES = _loaded()


def pairs(*rows: tuple[str, str, float]) -> pa.Table:
    """Pairs with their weights."""
    left, right, weight = zip(*rows, strict=True) if rows else ((), (), ())
    return pa.table(
        {
            "id_l": pa.array(left, pa.string()),
            "id_r": pa.array(right, pa.string()),
            "weight": pa.array(weight, pa.float64()),
        }
    )


def true_pairs(*rows: tuple[str, str]) -> pa.Table:
    """Pairs that are one person."""
    left, right = zip(*rows, strict=True)
    return pa.table({"id_l": list(left), "id_r": list(right)})


def persons(**clusters: str) -> pa.Table:
    """Records with the person that each belongs to."""
    return pa.table({"record_id": list(clusters), "cluster": list(clusters.values())})


def test_recall_counts_true_pairs_that_blocking_never_reached() -> None:
    # Four true pairs, of which blocking gave two. At 5: 2 links, 1 true: P 1/2, R 1/4, F1 2·1/(2+4).
    compared = pairs(("a1", "b1", 9.0), ("a2", "b9", 6.0), ("a2", "b2", 1.0))
    truth = true_pairs(("a1", "b1"), ("a2", "b2"), ("a3", "b3"), ("a4", "b4"))
    score = SCORES.scored_between(compared, truth, [5.0])[0].declared[0]
    assert (score.precision, score.recall, score.f1) == (1 / 2, 1 / 4, 2 / 6)


def test_a_threshold_links_pairs_of_exactly_that_weight() -> None:
    score = SCORES.scored_between(pairs(("a", "b", 4.0)), true_pairs(("a", "b")), [4.0, 4.1])[0]
    assert [each.links for each in score.declared] == [1, 0]


def test_precision_of_no_links_is_unknown_and_f1_zero() -> None:
    score = SCORES.scored_between(pairs(), true_pairs(("a", "b")), [0.0])[0].declared[0]
    assert (score.precision, score.recall, score.f1) == (None, 0.0, 0.0)


def test_the_best_threshold_takes_pairs_of_one_weight_together() -> None:
    # At 8: 1 link, 1 true, F1 2/(1+2) = 0.667. At 5 come a false and a true pair at once: F1 4/(3+2) = 0.8.
    compared = pairs(("a1", "b1", 8.0), ("a2", "b3", 5.0), ("a2", "b2", 5.0), ("a4", "b4", 2.0))
    found = SCORES.scored_between(compared, true_pairs(("a1", "b1"), ("a2", "b2")), [])[0].best
    assert (found.threshold, found.links, found.correct, found.f1) == (5.0, 3, 2, 4 / 5)


def test_one_to_one_keeps_pairs_that_are_each_others_best() -> None:
    # b1 is the best of a1 and of a2, but prefers a1; a2's other pair is not a2's best and is not kept.
    compared = pairs(("a2", "b1", 7.0), ("a1", "b1", 9.0), ("a2", "b2", 3.0), ("a3", "b3", -4.0))
    assert SCORES.mutual_best(compared).tolist() == [False, True, False, True]


def test_equal_pairs_go_to_the_identifier_first_in_order_of_text() -> None:
    # "a10" comes before "a9" as text, in whatever order the pairs come.
    compared = pairs(("a9", "b1", 5.0), ("a10", "b1", 5.0), ("a10", "b0", 1.0))
    assert SCORES.mutual_best(compared).tolist() == [False, True, False]


def test_between_sources_scores_are_given_before_and_after_one_to_one() -> None:
    compared = pairs(("a1", "b1", 9.0), ("a2", "b1", 8.0), ("a2", "b2", 7.0))
    found = SCORES.scored_between(compared, true_pairs(("a1", "b1"), ("a2", "b2")), [0.0])
    assert [(each.how, each.declared[0].links, each.declared[0].correct) for each in found] == [
        ("pairs", 3, 2),
        ("mutual best", 1, 1),
    ]


def test_a_chain_of_links_makes_one_person_of_all_its_records() -> None:
    # r1–r2–r3 is one person and r4–r5 another: 3 + 1 true pairs. Linked are r1–r2, r2–r3 and, at 2, r3–r4.
    truth = persons(r1="x", r2="x", r3="x", r4="y", r5="y")
    compared = pairs(("r1", "r2", 9.0), ("r2", "r3", 8.0), ("r3", "r4", 2.0))
    as_they_are, joined = SCORES.scored_within(compared, truth, [5.0, 0.0])
    assert [(each.links, each.correct, each.truths) for each in as_they_are.declared] == [
        (2, 2, 4),
        (3, 2, 4),
    ]
    # At 5 the component r1 r2 r3 has 3 pairs, all true. At 0 r1 r2 r3 r4 has 6 pairs, of which 3 are true.
    assert [(each.links, each.correct, each.truths) for each in joined.declared] == [(3, 3, 4), (6, 3, 4)]
    assert joined.best.f1 == 6 / 7


def test_a_pair_of_an_unknown_record_is_refused() -> None:
    with pytest.raises(ValueError, match="missing or there twice"):
        SCORES.scored_within(pairs(("r1", "r9", 1.0)), persons(r1="x", r2="x"))


def test_a_pair_given_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        SCORES.scored_between(pairs(("a", "b", 1.0), ("a", "b", 2.0)), true_pairs(("a", "b")))


@given(
    st.dictionaries(
        st.tuples(st.sampled_from("abcd"), st.sampled_from("vwxyz")), st.integers(-2, 2), min_size=1
    )
)
def test_one_to_one_is_what_its_definition_says(weights: dict[tuple[str, str], int]) -> None:
    def first(options: list[tuple[str, str]]) -> tuple[str, str]:
        return min(options, key=lambda pair: (-weights[pair], pair))

    expected = [
        pair == first([p for p in weights if p[0] == pair[0]])
        and pair == first([p for p in weights if p[1] == pair[1]])
        for pair in weights
    ]
    compared = pairs(*((left, right, float(weight)) for (left, right), weight in weights.items()))
    assert SCORES.mutual_best(compared).tolist() == expected
