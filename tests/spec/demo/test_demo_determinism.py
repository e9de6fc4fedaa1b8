"""The same seed and size give the same bytes; another seed does not."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from sojourn.demo import generate
from sojourn.demo.generation import BLOCK


def checksums(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def test_two_runs_with_one_seed_write_the_same_bytes(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    first, second = (
        checksums(generate(tmp_path / name, persons=3_000, seed=11, keys=keys).folder) for name in ("a", "b")
    )
    assert first == second
    assert len(first) > 40


def test_another_seed_makes_another_country(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    first = generate(tmp_path / "a", persons=2_000, seed=1, keys=keys)
    second = generate(tmp_path / "b", persons=2_000, seed=2, keys=keys)
    for one, other in zip(first.deliveries, second.deliveries, strict=True):
        assert one.path.read_bytes() != other.path.read_bytes()


def test_a_country_made_in_blocks_has_persons_and_lines_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sojourn.demo.generation.BLOCK", 1_500)
    assert BLOCK > 1_500
    generated = generate(tmp_path / "a", persons=4_000, seed=3, keys=tmp_path / "keys")
    persons = pq.read_table(generated.truth / "persons.parquet")["person"].to_numpy()
    assert np.array_equal(persons, np.arange(len(persons)))
    records = pq.read_table(generated.truth / "records.parquet")
    for file in generated.deliveries:
        own = records.filter(pc.equal(records["file"], file.path.name))["line"].to_numpy()
        assert len(np.unique(own)) == file.rows
        assert own.max() - own.min() == file.rows - 1


def test_two_thousand_persons_take_about_a_second(tmp_path: Path) -> None:
    generate(tmp_path / "warm", persons=2_000, keys=tmp_path / "keys")
    start = time.process_time()
    generate(tmp_path / "measured", persons=2_000, keys=tmp_path / "keys")
    assert time.process_time() - start < 1.5


def test_progress_runs_from_nothing_to_done(tmp_path: Path) -> None:
    told: list[float] = []
    keys = tmp_path / "keys"
    generate(tmp_path / "a", persons=2_000, keys=keys, on_progress=lambda done, _: told.append(done))
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)
