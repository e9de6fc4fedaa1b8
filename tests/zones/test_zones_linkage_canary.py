"""Canary persons in a linkage: no trace of them in links, pairs, models, pictures, logs or crashes."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys

import pyarrow.csv as pa_csv
import pytest

from canaries import Office, canary, contents, traces
from linked_project import deliveries, write_linked_project
from sojourn.production.receive import receive
from sojourn.production.workspace import open_workspace

MEGABYTE = 1 << 20


def _with_canaries(row: dict[str, str]) -> dict[str, str]:
    """A row in which whoever it speaks of has the names and the number of a canary."""
    person = next(int(row[name][1:]) for name in ("DOC", "NUMBER") if row.get(name))
    known = canary(person)
    number = {"DOC": known["DOC"], "NUMBER": known["DOC"]}
    return {name: number.get(name, known.get(name, value)) for name, value in row.items()}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The six deliveries with canaries; of a row without a document nobody knows whose it is."""
    folder = tmp_path_factory.mktemp("sent")
    found = {}
    for (source, period), rows in deliveries().items():
        named = [_with_canaries(row) for row in rows if row.get("DOC") or row.get("NUMBER")]
        lines = [",".join(named[0]), *(",".join(row.values()) for row in named)]
        found[source, period] = folder / f"{source}-{period}.csv"
        found[source, period].write_text("\n".join(lines) + "\n", encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def received(files, tmp_path_factory):
    """A project that has received them."""
    folder = tmp_path_factory.mktemp("received")
    project = write_linked_project(folder / "ruritania", folder / "keys")
    with open_workspace(project) as office:
        for (source, period), file in files.items():
            receive(office, source, file, period=period)
    return project


@pytest.fixture
def office(received, commands, tmp_path):
    """An office with a copy of the project."""
    shutil.copytree(received, tmp_path / "ruritania")
    return Office(tmp_path / "ruritania", tmp_path / "temporary", commands)


def test_no_trace_after_records_were_linked_in_a_project(office):
    office("run")
    office("why", "MIGRATIONS", "direction=A")
    office("doctor")
    assert list((office.folder / "local" / "secure" / "link").iterdir())
    office.assert_clean()


def test_no_trace_after_a_linkage_was_refused(office):
    settings = office.folder / "sojourn.yaml"
    text = settings.read_text(encoding="utf-8").replace("students]}", "students], pairs_at_most: 10}")
    settings.write_text(text, encoding="utf-8")
    office("run", expect=2)
    office.assert_clean()


@pytest.mark.parametrize("megabytes", [1_300])
def test_no_trace_after_a_linkage_ran_out_of_memory(office, megabytes):
    def little() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (megabytes * MEGABYTE, megabytes * MEGABYTE))

    command = [sys.executable, "-X", "faulthandler", "-m", "sojourn", "-p", str(office.folder), "run"]
    environment = {**os.environ, "TMPDIR": str(office.temporary)}
    done = subprocess.run(
        command, capture_output=True, preexec_fn=little, env=environment, check=False, timeout=300
    )
    office.words += [done.stdout, done.stderr]
    office.assert_clean()


def test_no_trace_in_what_a_linkage_of_plain_files_writes(files, tmp_path):
    one, other = files["border", "2023"], files["register", "2023"]
    renamed = []
    for file in (one, other):
        table = pa_csv.read_csv(file)
        names = {"SURNAME": "surname", "GIVEN": "given_names", "BORN": "birth_date", "NUMBER": "national_id"}
        named = table.rename_columns([names.get(name, name.lower()) for name in table.column_names])
        renamed.append(tmp_path / file.name)
        pa_csv.write_csv(named, renamed[-1])
    # Crossings have identifiers, the register's persons are numbered by their rows.
    ends = [str(pa_csv.read_csv(renamed[0])["id"][0]), "1"]
    written = [tmp_path / name for name in ("pairs.parquet", "persons.csv", "model.csv", "parts.svg")]
    command = [sys.executable, "-m", "sojourn", "tool", "link", *map(str, renamed), str(written[0])]
    command += ["--persons", str(written[1]), "--model", str(written[2])]
    command += ["--explain", str(written[3]), "--pair", *ends]
    done = subprocess.run(command, capture_output=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr.decode()
    for file in written:
        assert traces(contents(file)) == [], file
    assert traces([done.stdout, done.stderr]) == []
