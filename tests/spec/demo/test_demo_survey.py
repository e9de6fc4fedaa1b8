"""The household survey's weights and replicate weights do what the design promises."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pyreadstat
import pytest

from sojourn.demo import Generated
from sojourn.demo.country import HOME
from sojourn.demo.lives import lives
from sojourn.demo.people import region_of_stratum
from sojourn.demo.survey import COEFFICIENT, REPLICATES, Design, Frame, design, draw


@pytest.fixture(scope="module")
def frame() -> Frame:
    known = lives(np.random.default_rng(5), 20_000)
    return Frame.of(1, known.persons, np.flatnonzero(known.is_resident), 0, 0)


@pytest.fixture(scope="module")
def plan(frame: Frame) -> Design:
    return design(frame, 1_000)


def test_weights_and_every_replicate_add_up_to_each_regions_population(frame: Frame, plan: Design) -> None:
    sample = draw(np.random.default_rng(1), frame, plan)
    region = region_of_stratum()[frame.stratum]
    for weights in (sample.weight, *sample.replicates.T):
        sums = np.bincount(region[sample.row], weights, minlength=12)
        assert sums == pytest.approx(np.bincount(region, minlength=12), rel=1e-12)


def test_weights_are_positive_in_every_replicate(frame: Frame, plan: Design) -> None:
    sample = draw(np.random.default_rng(2), frame, plan)
    assert sample.replicates.shape == (len(sample.row), REPLICATES)
    assert sample.weight.min() > 0
    assert sample.replicates.min() > 0


def test_every_stratum_gives_an_even_number_of_segments(plan: Design) -> None:
    assert (plan.drawn % 2 == 0).all()
    assert (plan.drawn >= 2).all()
    assert (plan.drawn <= plan.segments).all()


def test_all_households_of_a_segment_lie_in_one_stratum(frame: Frame, plan: Design) -> None:
    assert np.array_equal(plan.stratum_of_segment[plan.segment], frame.stratum)
    households = {}
    for household, segment in zip(frame.household, plan.segment, strict=True):
        assert households.setdefault(household, segment) == segment


def test_the_replicate_variance_of_a_total_is_its_true_sampling_variance(frame: Frame, plan: Design) -> None:
    subjects = {
        "born abroad": (frame.birthplace != HOME).astype(float),
        "employed": (frame.activity == 0).astype(float),
    }
    rng = np.random.default_rng(9)
    totals: dict[str, list[float]] = {name: [] for name in subjects}
    variances: dict[str, list[float]] = {name: [] for name in subjects}
    for _ in range(2_000):
        sample = draw(rng, frame, plan)
        for name, subject in subjects.items():
            among = subject[sample.row]
            total = sample.weight @ among
            totals[name].append(total)
            variances[name].append(COEFFICIENT * float(((sample.replicates.T @ among - total) ** 2).sum()))
    for name, subject in subjects.items():
        # Two thousand samples know a variance to about three per cent.
        assert np.mean(variances[name]) / np.var(totals[name], ddof=1) == pytest.approx(1.0, abs=0.1)
        assert np.mean(totals[name]) == pytest.approx(subject.sum(), rel=0.03)


def test_delivered_weights_add_up_to_the_population_of_the_frame(ruritania: Generated) -> None:
    (file,) = (file for file in ruritania.deliveries if file.source == "survey")
    answers, _ = pyreadstat.read_sav(str(file.path), output_format="dict")
    living = sum(answers["WT"])
    names = [f"RW{at:02d}" for at in range(1, REPLICATES + 1)]
    here = pq.read_table(ruritania.truth / "persons.parquet")["lives_here"].to_numpy().sum()
    assert living == pytest.approx(here, rel=1e-9)
    assert [sum(answers[name]) for name in names] == pytest.approx([here] * REPLICATES, rel=1e-9)


def test_a_country_too_small_for_the_strata_is_refused(frame: Frame) -> None:
    few = Frame(*(getattr(frame, name)[:60] for name in Frame.__dataclass_fields__))
    with pytest.raises(ValueError, match="too small for the survey"):
        design(few, 10)
