"""Release folders: named by their content, checked cell by cell, never half visible."""

from __future__ import annotations

import dataclasses
import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from portal_publication import AGENCY, COUNTRY, Publication, inflow, survey
from sojourn.dissemination.publication import (
    CodeDescription,
    Dimension,
    Manifest,
    PublishedTable,
    ReleaseDescription,
    ReleaseEntry,
    TableDescription,
    changed_files,
    observations_in_order,
    read_manifest,
    write_manifest,
    write_release_folder,
)
from sojourn.errors import ContractBroken, DisclosureRisk, ProjectError


def release(*tables: str, version: str = "1") -> ReleaseDescription:
    return ReleaseDescription(
        id="test",
        version=version,
        title={"en": "Test"},
        agency=AGENCY,
        country=COUNTRY,
        prepared_at=datetime(2025, 1, 1, tzinfo=UTC),
        tables=tables,
    )


def with_cells(table: PublishedTable, **columns: pa.Array) -> PublishedTable:
    changed = table.observations
    for name, values in columns.items():
        changed = changed.set_column(changed.column_names.index(name), name, values)
    return dataclasses.replace(table, observations=changed)


def test_a_folder_is_named_by_the_digest_of_its_checksums(publication: Publication):
    folder = publication.public / "releases" / publication.second
    listed = (folder / "checksums.txt").read_bytes()
    assert hashlib.sha256(listed).hexdigest() == folder.name
    paths = [line.split("  ")[1] for line in listed.decode().splitlines()]
    assert paths == sorted(paths)
    assert set(paths) == {
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    } - {"checksums.txt"}


def test_the_same_content_written_twice_is_one_folder(tmp_path: Path):
    first = write_release_folder(tmp_path, release("FB_SHARE"), [survey("1")])
    before = (tmp_path / "releases" / first / "checksums.txt").stat().st_ino
    second = write_release_folder(tmp_path, release("FB_SHARE"), [survey("1")])
    assert first == second
    assert (tmp_path / "releases" / first / "checksums.txt").stat().st_ino == before
    assert [path.name for path in (tmp_path / "releases").iterdir()] == [first]


def test_what_an_interrupted_writing_left_is_removed_by_the_next(tmp_path: Path):
    left = tmp_path / "releases" / ".unfinished-test-1"
    left.mkdir(parents=True)
    (left / "half").write_text("half")
    name = write_release_folder(tmp_path, release("FB_SHARE"), [survey("1")])
    assert [path.name for path in (tmp_path / "releases").iterdir()] == [name]
    assert not changed_files(tmp_path, name)


def test_rows_stand_in_the_order_of_the_code_lists_then_of_time(tmp_path: Path):
    shuffled = survey("1").observations.take(pa.array(list(reversed(range(24)))))
    found = observations_in_order(survey("1").description, shuffled)
    assert found["REF_AREA"].to_pylist()[:7] == ["_T"] * 6 + ["R1"]
    assert found["SEX"].to_pylist()[:6] == ["_T", "_T", "F", "F", "M", "M"]
    assert found["TIME_PERIOD"].to_pylist()[:2] == ["2023", "2024"]


@pytest.mark.parametrize("column", ["OBS_VALUE", "SE", "CV", "LINKAGE_SE"])
def test_a_withheld_cell_that_carries_a_figure_stops_the_writing(tmp_path: Path, column: str):
    table = survey("1")
    held_back = with_cells(
        table,
        CONF_STATUS=pa.array(["C"] + ["F"] * 23),
        **{
            name: pc.if_else(
                pa.array([name != column] + [False] * 23), None, pc.coalesce(table.observations[name], 1.0)
            )
            for name in ("OBS_VALUE", "SE", "CV", "LINKAGE_SE")
        },
    )
    with pytest.raises(DisclosureRisk, match=f"1 cells are not free for publication but carry {column}"):
        write_release_folder(tmp_path, release("FB_SHARE"), [held_back])
    assert not (tmp_path / "releases").exists()


def test_a_cell_with_a_code_that_is_not_described_is_refused(tmp_path: Path):
    table = survey("1")
    unknown = with_cells(table, SEX=pa.array(["X", *table.observations["SEX"].to_pylist()[1:]]))
    with pytest.raises(ContractBroken, match="its description has no X of SEX"):
        write_release_folder(tmp_path, release("FB_SHARE"), [unknown])


def test_a_cell_that_occurs_twice_is_refused(tmp_path: Path):
    table = survey("1")
    doubled = dataclasses.replace(table, observations=pa.concat_tables([table.observations] * 2))
    with pytest.raises(ContractBroken, match="24 cells occur twice"):
        write_release_folder(tmp_path, release("FB_SHARE"), [doubled])


def test_a_release_writes_exactly_the_tables_that_it_names(tmp_path: Path):
    with pytest.raises(ProjectError, match="names the tables INFLOW but was given FB_SHARE"):
        write_release_folder(tmp_path, release("INFLOW"), [survey("1")])


def test_a_changed_a_removed_and_a_replaced_file_are_all_found(tmp_path: Path):
    name = write_release_folder(tmp_path, release("FB_SHARE"), [survey("1")])
    folder = tmp_path / "releases" / name / "tables" / "FB_SHARE"
    content = bytearray((folder / "table.json").read_bytes())
    content[-3] ^= 1
    (folder / "table.json").write_bytes(content)
    (folder / "method.sql").unlink()
    (tmp_path / "elsewhere.parquet").write_bytes((folder / "observations.parquet").read_bytes())
    (folder / "observations.parquet").unlink()
    (folder / "observations.parquet").symlink_to(tmp_path / "elsewhere.parquet")
    assert changed_files(tmp_path, name) == (
        "tables/FB_SHARE/method.sql",
        "tables/FB_SHARE/observations.parquet",
        "tables/FB_SHARE/table.json",
    )


def test_a_rewritten_list_of_checksums_is_found(tmp_path: Path):
    name = write_release_folder(tmp_path, release("FB_SHARE"), [survey("1")])
    listed = tmp_path / "releases" / name / "checksums.txt"
    listed.write_text("\n".join(listed.read_text().splitlines()[1:]) + "\n")
    assert changed_files(tmp_path, name) == ("checksums.txt",)


def test_the_observations_are_the_ones_handed_over(publication: Publication):
    file = publication.public / "releases" / publication.second / "tables" / "INFLOW" / "observations.parquet"
    written = pq.read_table(file)
    assert written.num_rows == 9 * 3 * 4
    assert pc.sum(pc.is_null(written["OBS_VALUE"])).as_py() == 3
    assert written.column_names[:2] == ["CITIZENSHIP", "SEX"]


def test_a_zone_in_which_nothing_was_published_has_no_manifest(tmp_path: Path):
    assert read_manifest(tmp_path) is None


def test_a_manifest_with_a_field_that_nobody_knows_is_refused_with_its_place(tmp_path: Path):
    write_manifest(tmp_path, Manifest(agency=AGENCY, country=COUNTRY))
    file = tmp_path / "releases.json"
    file.write_text(file.read_text().replace('"country"', '"land"'))
    with pytest.raises(ProjectError, match=r"releases\.json cannot be understood: country: Field required"):
        read_manifest(tmp_path)


def test_a_superseding_release_marks_the_one_before_it(publication: Publication):
    manifest = read_manifest(publication.public)
    assert manifest is not None
    first, second = manifest.entry(publication.first), manifest.entry(publication.second)
    assert first is not None
    assert second is not None
    assert (first.status, first.superseded_by) == ("superseded", publication.second)
    assert (second.status, second.supersedes) == ("current", publication.first)
    assert [entry.version for entry in manifest.newest_first()] == ["2024.2", "2024.1", "2024.0"]


def test_a_withdrawn_release_stays_withdrawn_when_it_is_superseded():
    def entry(hash_: str, **more: object) -> ReleaseEntry:
        return ReleaseEntry.model_validate(
            {
                "id": "r",
                "version": "1",
                "hash": hash_ * 64,
                "title": {"en": "R"},
                "published_at": datetime(2025, 1, 1, tzinfo=UTC),
                "tables": ("T",),
                **more,
            }
        )

    manifest = Manifest(agency=AGENCY, country=COUNTRY).with_release(entry("a"))
    manifest = manifest.with_withdrawal("a" * 64, {"en": "Wrong."}).with_release(
        entry("b", supersedes="a" * 64)
    )
    assert [(it.status, dict(it.reason)) for it in manifest.releases] == [
        ("withdrawn", {"en": "Wrong."}),
        ("current", {}),
    ]


@pytest.mark.parametrize("name", ["../x", "a/b", "", "1A", "A" * 64, "A;--", "A\0"])
def test_a_table_cannot_have_a_name_that_is_no_plain_word(name: str):
    with pytest.raises(ValidationError):
        TableDescription.model_validate({**inflow("1").description.model_dump(), "id": name})


@pytest.mark.parametrize("name", ["OBS_VALUE", "TIME_PERIOD", "LANG", "sex", "SE", "LINKAGE_SE"])
def test_a_dimension_cannot_take_a_name_that_means_something_else(name: str):
    with pytest.raises(ValidationError):
        Dimension(id=name, name={"en": "x"}, codes=(CodeDescription(id="A", name={"en": "a"}),))


@pytest.mark.parametrize("address", ["javascript:alert(1)", "http://a b", 'https://x"onclick=', "ftp://x"])
def test_a_contact_address_that_could_run_something_is_refused(address: str):
    changed = inflow("1").description.model_dump()
    changed["contact"]["url"] = address
    with pytest.raises(ValidationError):
        TableDescription.model_validate(changed)
