"""How good is a linkage: precision, recall and F1 along thresholds, against pairs known to be one person.

Recall counts every true pair, also those that no blocking rule reached. Pairs are an Arrow table with `id_l`,
`id_r` (text) and `weight`, each pair once; a pair is linked when its weight is at least the threshold.

Between two sources a record has at most one partner, so that pairs are scored as they are and again after
keeping those that are each other's best. Within one source pairs are scored as they are and again after
connected components: all that a chain of links joins is taken to be one person, and all its pairs count.

    python linkage_scores.py SET PAIRS [--json FILE]       a set of the tutorials
    python linkage_scores.py TRUE_PAIRS PAIRS [--json FILE]  a Parquet file of true pairs between two sources
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

__all__ = [
    "THRESHOLDS",
    "Score",
    "Scored",
    "best",
    "curve",
    "mutual_best",
    "score_in_components",
    "scored_between",
    "scored_within",
    "scores_in_components",
]

THRESHOLDS = (-2.0, 0.0, 2.0, 4.0, 7.0, 10.0, 15.0)
STEP = 0.5  # of the thresholds at which components are tried
Numbers = npt.NDArray[np.int64]
Weights = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Score:
    """What a threshold gives: links made, how many are true, and the shares of both."""

    threshold: float
    links: int
    correct: int
    truths: int

    def __post_init__(self) -> None:
        if self.truths < 1:
            raise ValueError(
                "Recall needs at least one true pair. Give the pairs that are known to be one person."
            )

    @property
    def precision(self) -> float | None:
        """Share of links that are true; None when nothing is linked."""
        return self.correct / self.links if self.links else None

    @property
    def recall(self) -> float:
        """Share of true pairs that are linked."""
        return self.correct / self.truths

    @property
    def f1(self) -> float:
        """Harmonic mean of the two."""
        return 2 * self.correct / (self.links + self.truths)

    def row(self) -> dict[str, float | int | None]:
        """All of it, for a table or JSON."""
        return {**asdict(self), "precision": self.precision, "recall": self.recall, "f1": self.f1}


@dataclass(frozen=True)
class Scored:
    """One way of turning pairs into links: its best threshold and the declared ones."""

    how: str
    best: Score
    declared: list[Score]

    def rows(self) -> list[dict[str, object]]:
        """The best threshold first, then the declared ones."""
        listed = [("best", self.best), *(("declared", score) for score in self.declared)]
        return [{"links_made": self.how, "chosen": chosen, **score.row()} for chosen, score in listed]


def curve(weight: Weights, is_true: npt.NDArray[np.bool_], truths: int) -> tuple[Weights, Numbers, Numbers]:
    """For each distinct weight, highest first, as the threshold: the links made, and how many are true."""
    order = np.argsort(-weight, kind="stable")
    falling = weight[order]
    is_last = np.append(falling[1:] != falling[:-1], True)[: len(falling)]
    correct = np.cumsum(is_true[order])
    return falling[is_last], np.flatnonzero(is_last) + 1, correct[is_last]


def best(scores: Iterable[Score]) -> Score:
    """The score of highest F1; of equals the one of highest threshold."""
    return max(scores, key=lambda score: (score.f1, score.threshold))


def _scored(
    how: str, weight: Weights, is_true: npt.NDArray[np.bool_], truths: int, thresholds: Iterable[float]
) -> Scored:
    at, links, correct = curve(weight, is_true, truths)
    declared = []
    for threshold in thresholds:
        linked = weight >= threshold
        declared.append(Score(threshold, int(linked.sum()), int(is_true[linked].sum()), truths))
    if not len(at):
        return Scored(how, Score(float("inf"), 0, 0, truths), declared)
    place = int(np.argmax(2 * correct / (links + truths)))
    return Scored(how, Score(float(at[place]), int(links[place]), int(correct[place]), truths), declared)


def _ranks(*columns: pa.ChunkedArray) -> list[Numbers]:
    """Identifiers of several columns as ranks in the order of their text."""
    together = pa.concat_arrays([column.cast(pa.string()).combine_chunks() for column in columns])
    coded = pc.dictionary_encode(together)
    order = pc.sort_indices(coded.dictionary).to_numpy()
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    ranks = rank[coded.indices.to_numpy()]
    return np.split(ranks, np.cumsum([len(column) for column in columns])[:-1])


def _is_best(one: Numbers, other: Numbers, weight: Weights) -> npt.NDArray[np.bool_]:
    """Whether a pair is the heaviest of its first record, of equals the one with the first partner."""
    order = np.lexsort((other, -weight, one))
    marked = np.zeros(len(one), np.bool_)
    marked[order[np.append(True, one[order][1:] != one[order][:-1])[: len(one)]]] = True
    return marked


def mutual_best(pairs: pa.Table) -> npt.NDArray[np.bool_]:
    """Whether each pair is the best of both its records. Ties go to the identifier first in order of text.

    No threshold changes the answer: a record's best pair is its heaviest, so that a threshold can be
    set afterwards.
    """
    (left,), (right,) = _ranks(pairs["id_l"]), _ranks(pairs["id_r"])
    weight = pairs["weight"].to_numpy()
    return _is_best(left, right, weight) & _is_best(right, left, weight)


def _refuse_repeated(pairs: Numbers) -> None:
    if len(np.unique(pairs)) != len(pairs):
        raise ValueError("A pair is there twice. Give each pair once.")


def _pairs_in(sizes: Numbers) -> int:
    return int((sizes * (sizes - 1) // 2).sum())


def scored_between(
    pairs: pa.Table, true_pairs: pa.Table, thresholds: Iterable[float] = THRESHOLDS
) -> list[Scored]:
    """Pairs between two sources, as they are and one to one.

    `true_pairs` has `id_l` and `id_r`, each pair once.
    """
    sides = zip(
        _ranks(pairs["id_l"], true_pairs["id_l"]), _ranks(pairs["id_r"], true_pairs["id_r"]), strict=True
    )
    compared, known = (left << 32 | right for left, right in sides)
    _refuse_repeated(compared)
    _refuse_repeated(known)
    is_true = np.isin(compared, known)
    weight, truths, kept = pairs["weight"].to_numpy(), len(known), mutual_best(pairs)
    thresholds = tuple(thresholds)
    return [
        _scored("pairs", weight, is_true, truths, thresholds),
        _scored("mutual best", weight[kept], is_true[kept], truths, thresholds),
    ]


def scored_within(
    pairs: pa.Table, persons: pa.Table, thresholds: Iterable[float] = THRESHOLDS
) -> list[Scored]:
    """Pairs within one source, as they are and after connected components.

    `persons` has every record once: `record_id` and the `cluster` of those that are one person.
    """
    count, thresholds = len(persons), tuple(thresholds)
    record, left, right = _ranks(persons["record_id"], pairs["id_l"], pairs["id_r"])
    (cluster_of_row,) = _ranks(persons["cluster"])
    if len(np.unique(record)) != count or (len(left) and max(left.max(), right.max()) >= count):
        raise ValueError("A pair names a record that is missing or there twice. Give all records, each once.")
    _refuse_repeated(np.minimum(left, right) << 32 | np.maximum(left, right))
    cluster = np.empty(count, np.int64)
    cluster[record] = cluster_of_row
    truths = _pairs_in(np.bincount(cluster))
    weight = pairs["weight"].to_numpy()
    as_they_are = _scored("pairs", weight, cluster[left] == cluster[right], truths, thresholds)
    found = scores_in_components(left, right, weight, cluster, thresholds)
    lowest, highest = (weight.min(), weight.max()) if len(weight) else (0.0, 0.0)
    tried = np.arange(np.floor(lowest), np.ceil(highest) + STEP, STEP)
    chosen = best(scores_in_components(left, right, weight, cluster, tried))
    return [as_they_are, Scored("connected components", chosen, found)]


def scores_in_components(
    left: Numbers, right: Numbers, weight: Weights, cluster: Numbers, thresholds: Iterable[float]
) -> list[Score]:
    """For each threshold the score of all pairs that chains of links join.

    `left` and `right` are places in `cluster`, which has a number of a person for each record.
    """
    return [
        score_in_components(left, right, weight >= threshold, cluster, float(threshold))
        for threshold in thresholds
    ]


def score_in_components(
    left: Numbers, right: Numbers, linked: npt.NDArray[np.bool_], cluster: Numbers, threshold: float
) -> Score:
    """The score of all pairs that chains of the chosen links join; `threshold` says what chose them."""
    count = len(cluster)
    graph = coo_array(
        (np.ones(int(linked.sum()), np.int8), (left[linked], right[linked])), shape=(count, count)
    )
    _, component = connected_components(graph, directed=False)
    # Records of one component and one person: every pair of them is a true link.
    cells = np.unique(component.astype(np.int64) * (cluster.max() + 1) + cluster, return_counts=True)[1]
    truths = _pairs_in(np.bincount(cluster))
    return Score(threshold, _pairs_in(np.bincount(component)), _pairs_in(cells), truths)


def main() -> None:
    """Print the table, and write JSON when asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("truth", help="a set of the tutorials, or a Parquet file of id_l, id_r")
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    pairs = pq.read_table(arguments.pairs)
    if arguments.truth.endswith(".parquet"):
        found = scored_between(pairs, pq.read_table(arguments.truth))
    else:
        found = scored_tutorial(arguments.truth, pairs)
    rows = [row for each in found for row in each.rows()]
    print(table(rows))
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1))


def scored_tutorial(name: str, pairs: pa.Table) -> list[Scored]:
    """The scores of a set of the tutorials."""
    # Read only here: scores of other pairs need none of the public files.
    from tutorial_data import tutorial_data

    persons = tutorial_data(name).persons()
    if len(persons) == 1:
        return scored_within(pairs, persons[0])
    left, right = (
        each.rename_columns([identifier, "cluster"])
        for each, identifier in zip(persons, ("id_l", "id_r"), strict=True)
    )
    return scored_between(pairs, left.join(right, "cluster", join_type="inner"))


def table(rows: list[dict[str, object]]) -> str:
    """Rows of scores as text."""
    lines = [f"{'links':<22} {'chosen':<9} {'weight':>7} {'made':>9} {'true':>9} {'P':>6} {'R':>6} {'F1':>6}"]
    for row in rows:
        precision = "–" if row["precision"] is None else f"{row['precision']:.4f}"
        lines.append(
            f"{row['links_made']:<22} {row['chosen']:<9} {row['threshold']:>7.2f} {row['links']:>9,}"
            f" {row['correct']:>9,} {precision:>6} {row['recall']:>6.4f} {row['f1']:>6.4f}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
