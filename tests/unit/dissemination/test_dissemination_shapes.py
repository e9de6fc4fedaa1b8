"""The middle of a shape, where a circle of the map is placed."""

from __future__ import annotations

import numpy as np
import pytest

from sojourn.dissemination.shapes import _middle, installed_shapes, shapes_file


def _square(west: float, east: float, south: float, north: float) -> np.ndarray:
    return np.array([[west, south], [east, south], [east, north], [west, north], [west, south]], dtype=float)


def test_the_middle_of_a_square_is_its_middle():
    assert _middle([_square(10, 20, 40, 60)]) == pytest.approx((15, 50))


def test_the_largest_part_decides():
    assert _middle([_square(0, 1, 0, 1), _square(10, 20, 40, 60)]) == pytest.approx((15, 50))


def test_a_shape_across_the_180th_meridian_has_its_middle_inside():
    """From 160 degrees east to 170 degrees west: the middle is 175 degrees east."""
    across = np.array([[160, 50], [-170, 50], [-170, 70], [160, 70], [160, 50]], dtype=float)
    assert _middle([across]) == pytest.approx((175, 60))


def test_the_middle_of_russia_lies_in_siberia(shared_data, monkeypatch):
    monkeypatch.setenv("SOJOURN_SHAPES", str(shared_data / "geo" / "countries-110m.json"))
    assert shapes_file() is not None
    longitude, latitude = installed_shapes().middles["643"]
    assert 60 < longitude < 140
    assert 50 < latitude < 75
