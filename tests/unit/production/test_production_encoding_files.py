"""Encodings on files: nothing of the records in them, and who is who found from them."""

import itertools
import os

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from sojourn.cli import app
from sojourn.errors import DataRefused, ProjectError
from sojourn.production.encoding_files import encode_file, link_encoded_files
from sojourn.project.linkage_declarations import shipped_linkage

SURNAMES = ["Kovalenko", "Fernández", "Oyelaran", "Haddad", "Lindqvist", "Nakamura", "Petrosyan", "Brankovic"]
GIVEN = ["Oksana", "Guillermo", "Adebayo", "Yasmine", "Gunnar", "Haruki", "Anahit", "Zdravka", "Tomasz"]


def records(slips=False):
    rows = []
    for number, (surname, given) in enumerate(itertools.product(SURNAMES, GIVEN)):
        spelled = surname.replace("n", "nn", 1) if slips and number % 4 == 0 else surname
        rows.append(
            {
                "row": f"{'b' if slips else 'a'}{number}",
                "surname": spelled,
                "given_names": given,
                "birth_date": f"{1950 + number % 50}-{1 + number % 12:02}-{2 + number % 27:02}",
                "sex": "FM"[number % 2],
                "document_no": f"QX{7919 * (number + 3) % 1000003:07}",
            }
        )
    return pa.Table.from_pylist(rows)


@pytest.fixture
def key(tmp_path):
    folder = tmp_path / "keys"
    folder.mkdir()
    return written(folder / "linkage.key", bytes((73 * n + 5) % 256 for n in range(32)))


def written(file, content, mode=0o600):
    file.write_bytes(content)
    file.chmod(mode)
    return file


@pytest.fixture
def source(tmp_path):
    file = tmp_path / "data" / "register.csv"
    file.parent.mkdir()
    pcsv.write_csv(records(), file)
    return file


def encode(source, key, name="encoded.parquet", **options):
    target = source.parent / name
    encode_file(source, target, key, declared=shipped_linkage(), identifier="row", **options)
    return target


def leaves(value):
    if isinstance(value, list | tuple):
        return [leaf for each in value for leaf in leaves(each)]
    return [value]


@pytest.mark.parametrize("is_salted", [True, False])
def test_no_value_of_the_records_is_in_the_encodings(source, key, is_salted):
    target = encode(source, key, is_salted=is_salted)
    plain = records().drop(["row"])
    values = {str(each) for column in plain.columns for each in column.to_pylist() if len(str(each)) > 3}
    values |= {each.lower() for each in values} | {each.replace("-", "") for each in values}
    raw, table = target.read_bytes(), pq.read_table(target)
    held = [leaf for column in table.columns for leaf in leaves(column.to_pylist())]
    whole = raw + b"\0".join(leaf if isinstance(leaf, bytes) else str(leaf).encode() for leaf in held)
    assert [value for value in values if value.encode() in whole] == []
    assert {type(leaf) for name in table.column_names[1:] for leaf in leaves(table[name].to_pylist())} <= {
        bytes, type(None)
    }  # fmt: skip
    assert key.read_bytes() not in whole


def test_the_command_prints_no_value_and_not_the_key(source, key):
    target = source.parent / "out.parquet"
    given = ["tool", "encode", str(source), str(target), "--key", str(key), "--id", "row"]
    shown = CliRunner().invoke(app, given)
    assert shown.exit_code == 0, shown.output
    assert [name for name in SURNAMES + GIVEN if name in shown.output] == []
    assert key.read_bytes().hex() not in shown.output
    assert target.exists()


def test_persons_are_found_between_two_encoded_files_without_names(source, key, tmp_path):
    other = tmp_path / "elsewhere" / "border.parquet"
    other.parent.mkdir()
    pq.write_table(records(slips=True), other)
    ours, theirs = encode(source, key), encode(other, key)
    pairs = tmp_path / "pairs.csv"
    found = link_encoded_files((ours, theirs), pairs)
    links = [row for row in pcsv.read_csv(pairs).to_pylist() if row["is_link"]]
    assert found.links == len(links) == 72
    assert all(row["record_a"][1:] == row["record_b"][1:] for row in links)


def test_files_of_two_keys_are_not_linked(source, key, tmp_path):
    other_key = written(key.with_name("other.key"), bytes((91 * n + 1) % 256 for n in range(32)))
    files = encode(source, key), encode(source, other_key, "other.parquet")
    with pytest.raises(DataRefused, match="another key"):
        link_encoded_files(files, tmp_path / "pairs.csv")


def test_files_with_and_without_salt_are_not_linked(source, key, tmp_path):
    files = encode(source, key), encode(source, key, "other.parquet", is_salted=False)
    with pytest.raises(DataRefused, match="otherwise"):
        link_encoded_files(files, tmp_path / "pairs.csv")


def test_a_file_without_encodings_is_not_linked(source, key, tmp_path):
    with pytest.raises(DataRefused, match="no encodings"):
        link_encoded_files((encode(source, key), source), tmp_path / "pairs.csv")


@pytest.mark.parametrize(
    ("content", "mode", "why"),
    [
        (os.urandom(31), 0o600, "256 bits"),
        (b"correct horse battery staple 123", 0o600, "at random"),
        (bytes([200]) * 32, 0o600, "at random"),
        (bytes((73 * n + 5) % 256 for n in range(32)), 0o640, "Others than its owner"),
    ],
    ids=["short", "words", "one byte", "open to others"],
)
def test_a_key_that_is_not_safe_is_refused(source, key, content, mode, why):
    written(key, content, mode)
    with pytest.raises(ProjectError, match=why) as refused:
        encode(source, key)
    assert content.decode("latin-1") not in str(refused.value)
    assert not (source.parent / "encoded.parquet").exists()


def test_a_key_beside_the_data_is_refused(source, key):
    beside = written(source.parent / "linkage.key", key.read_bytes())
    with pytest.raises(ProjectError, match="stands in the folder"):
        encode(source, beside)


def test_a_key_that_is_not_there_is_refused_with_how_to_make_one(source, key):
    with pytest.raises(ProjectError, match="urandom"):
        encode(source, key.with_name("none.key"))


def test_an_identifier_that_is_a_field_is_refused(source, key):
    with pytest.raises(DataRefused, match="one of the fields"):
        encode_file(
            source, source.parent / "o.parquet", key, declared=shipped_linkage(), identifier="document_no"
        )


def test_only_the_named_fields_are_encoded(source, key):
    target = encode(source, key, fields=("surname", "given_names", "birth_date"))
    names = [name for name in pq.read_schema(target).names if not name.startswith("rule_")]
    assert names == ["record_id", "surname", "given_names", "birth_date"]


def test_a_field_that_does_not_exist_is_refused(source, key):
    with pytest.raises(ProjectError, match="no field"):
        encode(source, key, fields=("shoe_size",))


def test_names_are_not_left_unsalted_without_being_told(source, key):
    fields = ("surname", "given_names", "document_no")
    with pytest.raises(ProjectError, match="to salt names with"):
        encode(source, key, fields=fields)
    encode(source, key, fields=fields, is_salted=False)


def test_one_name_of_two_years_of_birth_is_two_encodings_in_the_file(source, key):
    salted, unsalted = encode(source, key), encode(source, key, "unsalted.parquet", is_salted=False)
    # Eight surnames with nine given names each, every record of another day and mostly another year.
    assert len(pq.read_table(unsalted)["surname"].unique()) == 8
    years = {row["birth_date"].partition("-")[0] + row["surname"] for row in records().to_pylist()}
    assert len(pq.read_table(salted)["surname"].unique()) == len(years)
