"""Shapes of the world's countries: TopoJSON found at set-up, joined on the UN's three-digit numbers.

No shapes come with the project. Where there are none, maps are said not to be installed; an area that is
too small for the shapes, or is no place at all, is counted and named beside the map.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Shapes", "installed_shapes", "shapes_file"]

_SETTING = "SOJOURN_SHAPES"


@dataclass(frozen=True, eq=False)
class Shapes:
    """A TopoJSON document and, by M49 number, the middle of each country's largest part."""

    topology: Mapping[str, Any]
    middles: Mapping[str, tuple[float, float]]


def shapes_file() -> Path | None:
    """Where the shapes lie: as the environment says, or where set-up puts them; `None` without any."""
    named = os.environ.get(_SETTING)
    file = Path(named) if named else Path(sys.prefix) / "share" / "sojourn" / "shapes" / "countries-110m.json"
    return file if file.is_file() else None


def installed_shapes() -> Shapes | None:
    """The shapes that are installed, or `None`."""
    file = shapes_file()
    return None if file is None else _read(file)


@cache
def _read(file: Path) -> Shapes:
    topology = json.loads(file.read_text(encoding="utf-8"))
    arcs = _arcs(topology)
    middles = {}
    for shape in topology["objects"]["countries"]["geometries"]:
        rings = shape["arcs"] if shape["type"] == "Polygon" else [part[0] for part in shape.get("arcs", [])]
        outer = [rings[0]] if shape["type"] == "Polygon" else rings
        if "id" in shape and outer:
            middles[f"{int(shape['id']):03d}"] = _middle([_ring(ring, arcs) for ring in outer])
    kept = {
        "type": "Topology",
        "arcs": topology["arcs"],
        "transform": topology.get("transform"),
        "objects": {"countries": topology["objects"]["countries"]},
    }
    return Shapes({key: value for key, value in kept.items() if value is not None}, middles)


def _arcs(topology: Mapping[str, Any]) -> list[npt.NDArray[np.float64]]:
    """The arcs in degrees; a quantised topology stores steps on a lattice."""
    transform = topology.get("transform")
    if transform is None:
        return [np.asarray(arc, dtype=float) for arc in topology["arcs"]]
    scale, origin = np.asarray(transform["scale"]), np.asarray(transform["translate"])
    return [np.cumsum(np.asarray(arc, dtype=float), axis=0) * scale + origin for arc in topology["arcs"]]


def _ring(numbers: list[int], arcs: list[npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    """One closed line; a negative number `~n` is arc n backwards."""
    parts = [arcs[number] if number >= 0 else arcs[~number][::-1] for number in numbers]
    return np.concatenate(parts)


def _middle(rings: list[npt.NDArray[np.float64]]) -> tuple[float, float]:
    """The centre of area of the largest of some rings, on a plane: enough to place a circle."""
    best, largest = (0.0, 0.0), -1.0
    for ring in rings:
        # A ring across the 180th meridian jumps from one edge of the map to the other; here it goes on.
        x, y = np.unwrap(ring[:, 0], period=360), ring[:, 1]
        cross = x[:-1] * y[1:] - x[1:] * y[:-1]
        area = cross.sum() / 2
        if abs(area) > largest and area != 0:
            largest = abs(area)
            best = (
                float(((x[:-1] + x[1:]) * cross).sum() / (6 * area)),
                float(((y[:-1] + y[1:]) * cross).sum() / (6 * area)),
            )
    return (best[0] + 180) % 360 - 180, best[1]
