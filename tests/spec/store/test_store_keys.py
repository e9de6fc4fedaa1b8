"""Keys come from outside the project, are never shown, and each purpose has one of its own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
import traceback

import pyarrow.parquet as pq
import pytest

from small_project import HEADER, SETTINGS, crossing, write_small_project
from sojourn.contracts.table import Zone
from sojourn.errors import ProjectError
from sojourn.production.receive import receive
from sojourn.production.workspace import open_workspace
from sojourn.project.load import load
from sojourn.store.key_sources import KeySource, masters_of
from sojourn.store.keys import KeyRing, derived, mark_of

MASTER = bytes(range(32))


def _told(error):
    """All that an error says, with everything that it came from."""
    return "".join(traceback.format_exception(error))


def _prints(tmp_path, text, code=0, complaint=""):
    program = tmp_path / "manager"
    program.write_text(
        f"#!{sys.executable}\nimport sys\nsys.stdout.write({text!r})\n"
        f"sys.stderr.write({complaint!r})\nsys.exit({code})\n"
    )
    program.chmod(0o700)
    return KeySource((str(program),))


@pytest.mark.oracle
def test_a_key_is_derived_as_rfc_5869_says():
    """Extract with a salt of zeros, then one round of expanding: HMAC of the purpose and the byte 1."""
    parts = (b"sojourn", b"project", b"pseudonyms")
    told = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    extracted = hmac.new(bytes(32), MASTER, hashlib.sha256).digest()
    expanded = hmac.new(extracted, told + b"\x01", hashlib.sha256).digest()
    assert derived(MASTER, "project", "pseudonyms") == expanded


def test_two_purposes_that_read_alike_when_joined_have_two_keys():
    assert derived(MASTER, "ab", "c") != derived(MASTER, "a", "bc")


def test_a_mark_tells_keys_and_projects_apart():
    assert len({mark_of(MASTER, "a"), mark_of(MASTER, "b"), mark_of(MASTER[::-1], "a")}) == 3


def test_two_projects_with_the_same_master_key_have_no_pseudonym_in_common(tmp_path):
    """Same agency, same declarations, same file, same key folder: only the project is another."""
    file = tmp_path / "border.csv"
    file.write_text("\n".join([HEADER, *map(crossing, range(500))]) + "\n", encoding="utf-8")
    found = []
    for name in ("first", "second"):
        project = write_small_project(tmp_path / name, tmp_path / "keys")
        with open_workspace(project) as office:
            receive(office, "border", file, period="2024")
            (records,) = office.store.zone(Zone.SECURE).glob("records_border/*/*.parquet")
        found.append(set(pq.read_table(records)["person_key"].to_pylist()))
    assert [len(keys) for keys in found] == [500, 500]
    assert len(found[0] & found[1]) == 0


@pytest.mark.parametrize("written", [MASTER.hex(), MASTER.hex().upper(), base64.b64encode(MASTER).decode()])
def test_a_secret_manager_gives_a_key_as_hexadecimal_or_base64(tmp_path, written):
    assert masters_of(_prints(tmp_path, f"\n  {written}\n")) == (MASTER,)


def test_a_secret_manager_gives_two_keys_while_the_key_is_changed(tmp_path):
    assert masters_of(_prints(tmp_path, f"{MASTER.hex()}\n{'ab' * 32}\n")) == (MASTER, b"\xab" * 32)


def test_a_descriptor_gives_a_key_and_can_be_asked_again():
    reading, writing = os.pipe()
    os.write(writing, MASTER.hex().encode())
    os.close(writing)
    assert masters_of(KeySource(descriptor=reading)) == (MASTER,)
    assert masters_of(KeySource(descriptor=reading)) == (MASTER,)


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("", 0, "gives no key"),
        (MASTER.hex()[:40], 0, "no key on line 1"),
        (f"{MASTER.hex()} surplus", 0, "no key on line 1"),
        (MASTER.hex(), 3, "ended with 3"),
        (MASTER.hex() * 2_000, 0, "far more than a key"),
    ],
)
def test_what_is_wrong_with_a_secret_is_told_without_it(tmp_path, text, code, said):
    with pytest.raises(ProjectError, match=said) as caught:
        masters_of(_prints(tmp_path, text, code, complaint=f"cannot use {MASTER.hex()}"))
    assert MASTER.hex()[:16] not in _told(caught.value)


def test_a_program_that_is_not_there_and_a_descriptor_that_is_not_open_are_told(tmp_path):
    with pytest.raises(ProjectError, match="cannot be started"):
        masters_of(KeySource((str(tmp_path / "absent"),)))
    with pytest.raises(ProjectError, match="cannot be read"):
        masters_of(KeySource(descriptor=987))


def test_a_command_gives_the_key_of_a_project_and_its_key_is_in_no_word_and_no_file(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(MASTER.hex())
    project = write_small_project(tmp_path / "project", tmp_path / "keys")
    declared = f"{{folder: {tmp_path / 'keys'}, command: [cat, {secret}]}}"
    (project / "sojourn.yaml").write_text(SETTINGS.format(keys=declared), encoding="utf-8")
    file = tmp_path / "border.csv"
    file.write_text("\n".join([HEADER, *map(crossing, range(40))]) + "\n", encoding="utf-8")
    words = b""
    for arguments in (["receive", "border", str(file), "--period", "2024"], ["run"], ["--json", "doctor"]):
        done = subprocess.run(
            [sys.executable, "-m", "sojourn", "-p", str(project), *arguments], capture_output=True, check=True
        )
        words += done.stdout + done.stderr
    assert sorted(path.name for path in (tmp_path / "keys").iterdir()) == [
        "audit-checkpoints.jsonl",
        "audit.key",
    ]
    contents = [path.read_bytes() for path in project.rglob("*") if path.is_file()]
    contents += [path.read_bytes() for path in (tmp_path / "keys").iterdir()]
    for form in (MASTER, MASTER.hex().encode(), base64.b64encode(MASTER).rstrip(b"=")):
        assert not any(form in content for content in [words, *contents])


def test_a_key_from_a_descriptor_opens_a_project(tmp_path):
    project = write_small_project(tmp_path / "project", tmp_path / "keys")
    declared = f"{{folder: {tmp_path / 'keys'}, descriptor: 3}}"
    (project / "sojourn.yaml").write_text(SETTINGS.format(keys=declared), encoding="utf-8")
    secret = tmp_path / "secret"
    secret.write_text(MASTER.hex())
    command = f'"{sys.executable}" -m sojourn -p "{project}" --json doctor'
    done = subprocess.run(
        ["bash", "-c", f'{command} 3< "{secret}"'], capture_output=True, text=True, check=True
    )
    assert ("keys", "ok") in [(f["subject"], f["severity"]) for f in json.loads(done.stdout)]
    without = subprocess.run(["bash", "-c", f"{command} 3<&-"], capture_output=True, text=True, check=False)
    assert without.returncode == 2
    assert "The descriptor 3, which should give the key, cannot be read" in without.stderr


@pytest.mark.parametrize("keys", ["{project}/keys", "{project}", "keys", "{project}/../project/keys"])
def test_a_key_folder_inside_the_project_is_a_mistake(tmp_path, keys):
    project = write_small_project(tmp_path / "project", tmp_path / "keys")
    declared = keys.format(project=project)
    (project / "sojourn.yaml").write_text(SETTINGS.format(keys=declared), encoding="utf-8")
    with pytest.raises(ProjectError, match="keys lie inside the project's folder"):
        load(project)
    assert not list(project.rglob("*.key"))


@pytest.mark.parametrize("command", ["[cat, {project}/secret]", "[cat, --from={project}/secret]"])
def test_a_command_that_reads_the_key_from_the_project_is_a_mistake(tmp_path, command):
    project = write_small_project(tmp_path / "project", tmp_path / "keys")
    declared = f"{{folder: {tmp_path / 'keys'}, command: {command.format(project=project)}}}"
    (project / "sojourn.yaml").write_text(SETTINGS.format(keys=declared), encoding="utf-8")
    with pytest.raises(ProjectError, match="names something inside the project's folder"):
        load(project)


def test_a_key_that_is_a_link_into_the_project_is_refused(tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    keys = tmp_path / "keys"
    KeyRing.open(keys, project)
    (keys / "pseudonym.key").rename(project / "kept.key")
    (keys / "pseudonym.key").symlink_to(project / "kept.key")
    with pytest.raises(ProjectError, match="inside the project's folder"):
        KeyRing.open(keys, project)


def test_a_key_that_others_can_read_or_that_is_damaged_is_refused(tmp_path):
    keys, project = tmp_path / "keys", tmp_path / "project"
    KeyRing.open(keys, project)
    file = keys / "pseudonym.key"
    file.chmod(0o640)
    with pytest.raises(ProjectError, match="Others than its owner can read"):
        KeyRing.open(keys, project)
    file.chmod(0o600)
    file.write_bytes(MASTER[:31])
    with pytest.raises(ProjectError, match="is damaged"):
        KeyRing.open(keys, project)


def test_new_keys_do_not_take_the_place_of_lost_ones(tmp_path):
    project = write_small_project(tmp_path / "project", tmp_path / "keys")
    with open_workspace(project):
        pass
    for name in ("pseudonym.key", "audit.key"):
        (tmp_path / "keys" / name).unlink()
    with pytest.raises(ProjectError, match="holds no key"):
        open_workspace(project)
    assert not list((tmp_path / "keys").glob("*.key"))
