"""The simulation of special designs in small: unbiased within its own error, most intervals hold."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "benchmarks" / "special_designs.py"


def _loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("special_designs_of_benchmarks", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up by name
    spec.loader.exec_module(module)
    return module


BENCHMARK = _loaded()
SAMPLES = 40


@pytest.mark.parametrize(
    "design",
    ["two-phase", "frames", "adaptive", "indirect", "centres", "respondent-driven, as its model says"],
)
def test_a_design_is_unbiased_within_the_error_of_forty_samples(design):
    truth, sample = BENCHMARK.DESIGNS[design]()
    lines = list(BENCHMARK.simulated(design, truth, sample, SAMPLES, 7))
    assert {line["target"] for line in lines} == set(truth)
    for line in lines:
        assert line["samples"] == SAMPLES
        # With about 25 lines one in a thousand simulations would have a bias of more than four errors.
        assert abs(line["bias_in_errors"]) < 4, line
        assert line["coverage"] > 0.75, line


def test_recruitment_from_seeds_of_one_kind_shows_its_bias():
    """What the label warns of: nothing in the sample tells, and the estimate is off."""
    truth, sample = BENCHMARK.DESIGNS["respondent-driven, as people may do"]()
    lines = list(BENCHMARK.simulated("as people may do", truth, sample, 15, 7))
    assert max(abs(line["bias_in_errors"]) for line in lines) > 3
