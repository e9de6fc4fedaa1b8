"""Canary persons: after a whole run, and after every kind of failure, no trace of them outside the vault.

Names and document numbers are unmistakable. They are looked for in every file that Sojourn wrote or kept
outside the vault, as text in several encodings, encoded, hashed without a key, and inside compressed and
columnar files; and in every word that a command printed.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import subprocess
import sys

import pytest

from canaries import PATTERNS, PERSONS, Office, canary, contents, traces
from small_project import HEADER, crossing

SECRET = "a passphrase for the canary test"


@pytest.fixture
def office(project, commands, tmp_path):
    return Office(project, tmp_path / "temporary", commands)


@pytest.fixture
def delivery(tmp_path):
    lines = [crossing(n, **canary(n)) for n in range(PERSONS)]
    lines[3] = crossing(3, **canary(3), DAY="2024-02-30")
    lines[5] = crossing(5, **(canary(5) | {"DOC": "QX000005CANARY;"}))
    lines[7] = crossing(7, **canary(7)) + ",surplus"
    lines[9] = crossing(9, **canary(9), NAT="Zwitscherlein0009")
    lines[11] = crossing(11, **(canary(11) | {"SURNAME": "Zwitscherlein0011" * 40}))
    file = tmp_path / "sent" / "border.csv"
    file.parent.mkdir()
    file.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return file


def test_the_scan_finds_what_it_looks_for(tmp_path):
    """A trace planted in each kind of file is seen."""
    for number, content in enumerate(
        [
            b"...Zwitscherlein0007...",
            "x QX000001CANARY".encode("utf-16-le"),
            gzip.compress(b"Gelbfeder0002"),
            base64.b64encode(b"Zwitscherlein0011"),
            hashlib.sha256(b"QX000003CANARY").hexdigest().encode(),
        ]
    ):
        file = tmp_path / f"trace-{number}"
        file.write_bytes(content)
        assert traces(contents(file)), content
    assert len(PATTERNS) >= 19_000


def test_no_trace_outside_the_vault_after_the_whole_path(office, delivery, tmp_path):
    secret = tmp_path / "passphrase"
    secret.write_text(SECRET)
    signed = ["--passphrase-file", str(secret)]
    for person in ("statistician-1", "checker-1", "checker-2", "publisher-1"):
        office("people", "enrol", person, *signed)
    office("receive", "border", str(delivery), "--period", "2024")
    office("--json", "receive", "border", str(delivery), "--period", "2024")
    office("run")
    office("show", "CROSSINGS")
    office("why", "CROSSINGS", "sex=F")
    office("deliveries")
    office("release", "prepare", "2024", "--as", "statistician-1", *signed)
    release = office("release", "list").split()[0]
    found = json.loads(office("--json", "release", "look", release, "--as", "checker-1", *signed))["findings"]
    for number in [str(each["number"]) for each in found if each["severity"] == "decide"]:
        office("release", "accept", release, number, "--because", "Known.", "--as", "checker-1", *signed)
    office("release", "check", release, "--as", "checker-1", *signed)
    for checker in ("checker-1", "checker-2"):
        office("release", "approve", release, "--as", checker, *signed)
    office("release", "publish", release, "--as", "publisher-1", *signed)
    office("doctor")
    vault = office.folder / "local" / "vault"
    inside = [traces(contents(path)) for path in vault.rglob("*") if path.is_file()]
    assert any(inside), "the canaries never arrived"
    office.assert_clean()


@pytest.mark.parametrize(
    "failure",
    [
        "held",
        "refused",
        "wrong encoding",
        "wrong period",
        "no agreement",
        "unknown source",
        "not a file",
        "interrupted",
    ],
)
def test_no_trace_outside_the_vault_after_a_failure(office, delivery, failure):
    if failure == "held":
        delivery.write_text(delivery.read_text().replace("2024-", "2O24-"), encoding="utf-8")
        office("receive", "border", str(delivery), "--period", "2024", expect=3)
    elif failure == "refused":
        delivery.write_text(delivery.read_text().replace("SURNAME", "Zwitscherlein0001", 1), encoding="utf-8")
        office("receive", "border", str(delivery), "--period", "2024", expect=3)
    elif failure == "wrong encoding":
        delivery.write_bytes(delivery.read_text().encode("utf-16"))
        office("receive", "border", str(delivery), "--period", "2024", expect=None)
    elif failure == "wrong period":
        office("receive", "border", str(delivery), "--period", "2024-13", expect=2)
    elif failure == "no agreement":
        agreements = office.folder / "strategy" / "agreements.yaml"
        agreements.write_text(
            agreements.read_text().replace("from: 2023-01-01", "from: 2023-01-01, until: 2023-12-31")
        )
        office("receive", "border", str(delivery), "--period", "2024", expect=4)
    elif failure == "unknown source":
        office("receive", "nowhere", str(delivery), "--period", "2024", expect=2)
    elif failure == "not a file":
        office("receive", "border", str(delivery.with_name("absent.csv")), "--period", "2024", expect=2)
    else:
        command = [
            sys.executable,
            "-m",
            "sojourn",
            "-p",
            str(office.folder),
            "receive",
            "border",
            str(delivery),
            "--period",
            "2024",
        ]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=1.5)
        process.kill()
        office.words += list(process.communicate())
    office.assert_clean()
