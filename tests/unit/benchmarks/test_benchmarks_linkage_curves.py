"""Curves of a linkage hold what a reader would count by hand at each threshold."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pyarrow as pa
import pytest

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"


def _loaded(name: str, monkey: pytest.MonkeyPatch) -> ModuleType:
    monkey.syspath_prepend(str(BENCHMARKS / "linkage_peers"))
    spec = importlib.util.spec_from_file_location(f"{name}_of_benchmarks", BENCHMARKS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up by name
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def curves(monkeypatch) -> ModuleType:
    return _loaded("linkage_curves", monkeypatch)


@pytest.fixture
def picture(monkeypatch) -> ModuleType:
    return _loaded("linkage_picture", monkeypatch)


def records(**clusters: str) -> pa.Table:
    """Records of one source and the persons they are."""
    return pa.table({"record_id": list(clusters), "cluster": list(clusters.values())})


def written(*rows: tuple[str, str, float, bool]) -> pa.Table:
    """Pairs as the command writes them."""
    names = ("record_a", "record_b", "probability", "is_link")
    return pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))


def at(scores: list, threshold: float) -> tuple[int, int, int]:
    (score,) = [each for each in scores if each.threshold == threshold]
    return score.links, score.correct, score.truths


def test_odds_are_binary_logarithms_and_certainty_has_an_end(curves):
    # 1/2 is 0 bits, 4/5 is odds of 4, 2 bits; 1 would be endless.
    assert curves.in_bits(np.array([0.5, 0.8, 1.0])).round(9).tolist() == [0.0, 2.0, 50.0]


def test_between_two_sources_a_record_has_one_partner_at_every_threshold(curves):
    # b1 goes to a1, so that a2 gets b2 at a threshold of 0.2 (-2 bits) and nobody at one half.
    known = curves.Known.of([records(a1="x", a2="y"), records(b1="x", b2="y")])
    table = written(("a1", "b1", 0.8, True), ("a2", "b1", 0.4, False), ("a2", "b2", 0.2, False))
    pairs, links = curves.as_written(table, known)
    curve = curves.curve_of(pairs, links, known)
    assert at(curve.persons, 0.0) == (1, 1, 2)
    assert at(curve.persons, -2.0) == (2, 2, 2)
    # As they are, three pairs reach 0.2, of which two are true.
    assert at(curve.pairs, -2.0) == (3, 2, 2)


def test_within_a_source_a_chain_makes_one_person_only_where_others_bear_it_out(curves):
    # r1 r2 r3 are one person, r4 r5 r6 another. A false link r3-r4 joins nothing: nobody else bears it out.
    known = curves.Known.of([records(r1="x", r2="x", r3="x", r4="y", r5="y", r6="y")])
    sure = [("r1", "r2"), ("r1", "r3"), ("r2", "r3"), ("r4", "r5"), ("r4", "r6"), ("r5", "r6")]
    table = written(*((one, other, 0.9, True) for one, other in sure), ("r3", "r4", 0.6, False))
    pairs, links = curves.as_written(table, known)
    curve = curves.curve_of(pairs, links, known)
    # 3 + 3 pairs of persons, all true; as they are, seven pairs.
    assert at(curve.persons, 0.0) == (6, 6, 6)
    assert at(curve.pairs, 0.0) == (7, 6, 6)


def test_a_file_whose_links_are_not_made_at_one_half_is_refused(curves):
    known = curves.Known.of([records(a1="x"), records(b1="x")])
    with pytest.raises(ValueError, match="not those that were written"):
        curves.as_written(written(("a1", "b1", 0.8, False)), known)


def test_a_pair_of_an_unknown_record_is_refused(curves):
    known = curves.Known.of([records(a1="x"), records(b1="x")])
    with pytest.raises(ValueError, match="not known"):
        curves.as_written(written(("a1", "b9", 0.8, True)), known)


def test_the_picture_says_in_words_where_each_tool_stands(picture):
    drawn = picture.drawn_curves(
        [
            picture.Line("cities", "Sojourn", [(0.8, 1.0), (0.9, 0.95)], (0.9, 0.95)),
            picture.Line("cities", "Splink", [(0.7, 1.0), (0.8, 0.9)], (0.8, 0.9)),
        ]
    ).decode()
    assert "<title id=" in drawn
    assert "cities, Sojourn: recall 0.9000, precision 0.9500; cities, Splink: recall 0.8000" in drawn
    # The second tool is dashed, and each is named beside its mark.
    assert drawn.count('stroke-dasharray="6,4"') == 1
    assert ">Splink</text>" in drawn
