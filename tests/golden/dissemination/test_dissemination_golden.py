"""Formats as they stood when they were last looked at; write the files anew with SOJOURN_GOLDEN=write."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from portal_publication import AGENCY, Publication, survey
from sojourn.dissemination.formats import csv_bytes, csvw_metadata, sdmx_csv_bytes
from sojourn.dissemination.publication import ReleaseDescription, observations_in_order

GOLDEN = Path(__file__).parent / "files"


def same_as(name: str, content: bytes) -> None:
    file = GOLDEN / name
    if os.environ.get("SOJOURN_GOLDEN") == "write":
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)
    assert content == file.read_bytes()


@pytest.fixture
def release(publication: Publication) -> ReleaseDescription:
    file = publication.public / "releases" / publication.second / "release.json"
    return ReleaseDescription.model_validate_json(file.read_bytes())


def test_csv_is_as_it_was():
    table = survey("1")
    cells = observations_in_order(table.description, table.observations)
    same_as("FB_SHARE.csv", csv_bytes(table.description, cells, "en"))


def test_sdmx_csv_is_as_it_was():
    table = survey("1")
    cells = observations_in_order(table.description, table.observations)
    same_as("FB_SHARE.sdmx.csv", sdmx_csv_bytes(AGENCY, table.description, cells))


def test_metadata_is_as_it_was(release: ReleaseDescription):
    content = csvw_metadata(
        release, survey("1").description, file="FB_SHARE.csv", rows=24, sha256="00", language="en"
    )
    same_as("FB_SHARE.csv-metadata.json", content)


def test_the_manifest_has_the_fields_that_it_had(publication: Publication):
    manifest = json.loads((publication.public / "releases.json").read_text())
    fields = {"manifest": sorted(manifest), "release": sorted(manifest["releases"][0])}
    table = publication.public / "releases" / publication.second / "tables" / "INFLOW" / "table.json"
    fields["table"] = sorted(json.loads(table.read_text()))
    same_as("fields.json", json.dumps(fields, indent=1).encode())
