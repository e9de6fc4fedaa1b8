"""The specification that ships, unchanged, on public sets whose truth is known."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest

from sojourn.production.linkage_files import LinkageTargets, link_files
from sojourn.production.linkage_scores import scored_by_truth
from sojourn.project.linkage_declarations import shipped_linkage

pytestmark = pytest.mark.oracle

# The best F1 of Splink 5 along all thresholds with the models of its tutorials, after connected components
# or one-to-one (benchmarks/linkage_tutorials.py): what is found here must not be below it.
PEER = {"febrl3": 0.9980, "febrl4": 0.9999, "fake_1000": 0.9252, "historical_50k": 0.8287}


def files_and_truth(name: str, folder: Path, scratch: Path) -> tuple[list[Path], str, Path]:
    """The files of a set, the column that names records, and a file of its truth."""
    truth = scratch / "truth.parquet"
    if name.startswith("febrl"):
        names = ["dataset3.csv"] if name == "febrl3" else ["dataset4a.csv", "dataset4b.csv"]
        files = [folder / each for each in names]
        identifiers = [value.strip() for file in files for value in pcsv.read_csv(file)["rec_id"].to_pylist()]
        persons = [identifier.split("-")[1] for identifier in identifiers]
        pq.write_table(pa.table({"record_id": identifiers, "person": persons}), truth)
        return files, "rec_id", truth
    file = (
        folder
        / {
            "fake_1000": "fake_1000.csv",
            "historical_50k": "historical_figures_with_errors_50k.parquet",
        }[name]
    )
    table = pcsv.read_csv(file) if file.suffix == ".csv" else pq.read_table(file)
    columns = {"record_id": table["unique_id"], "person": table["cluster"]}
    pq.write_table(pa.table({key: column.cast(pa.string()) for key, column in columns.items()}), truth)
    return [file], "unique_id", truth


@pytest.mark.parametrize("name", PEER)
def test_the_shipped_specification_is_at_least_as_good_as_the_peers_best(name, shared_data, tmp_path):
    files, identifier, truth = files_and_truth(name, shared_data / "linkage", tmp_path)
    found = link_files(
        files,
        LinkageTargets(tmp_path / "pairs.parquet"),
        declared=shipped_linkage(),
        dedupe=len(files) == 1,
        identifier=identifier,
    )
    quality = scored_by_truth(found, truth)
    print(name, quality.to_json())
    assert quality.f1 >= PEER[name]
