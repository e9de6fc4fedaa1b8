"""Clerical review on the command line: what it prints, as words and as JSON, and with which exit code."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from review_office import values_of_canaries, write_office
from sojourn.production.review_decisions import decide
from sojourn.production.workspace import open_workspace


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    base = tmp_path_factory.mktemp("office")
    return write_office(base / "ruritania", base / "keys", base / "sent")


@pytest.fixture
def sojourn(commands):
    return lambda folder, *arguments: commands.run("-p", folder, *arguments)


def test_a_review_is_drawn_listed_and_reported(sojourn, folder):
    early = sojourn(folder, "review", "report")
    assert (early.returncode, "sojourn review sample" in early.stderr) == (2, True)
    drawn = sojourn(folder, "--json", "review", "sample", "--size", "1000", "--seed", "7")
    sample = json.loads(drawn.stdout)
    assert sum(stratum["size"] for stratum in sample["strata"]) == 120
    listed = json.loads(sojourn(folder, "--json", "review", "list").stdout)
    assert len(listed) == 120
    with open_workspace(folder) as workspace:
        for one in listed:
            answer = "same" if one["pair_id"].startswith("true") else "different"
            decide(workspace, sample["sample"], one["pair_id"], answer)
    report = sojourn(folder, "review", "report")
    # 50 of 55 links, 50 of 60 same pairs; all were looked at.
    assert report.stdout.splitlines() == [
        f"Sample {sample['sample']}: 120 cases, 60 same, 60 different, 0 unsure, 0 open.",
        "Precision: 90.9% (95 % interval 90.9% to 90.9%)",
        "Recall among the pairs that were compared: 83.3% (95 % interval 83.3% to 83.3%)",
    ]
    assert sojourn(folder, "review", "list").stdout == ""
    everything = sojourn(folder, "review", "list", "--all")
    assert everything.stdout.count(" same\n") == everything.stdout.count(" different\n") == 60
    words = drawn.stdout + drawn.stderr + report.stdout + everything.stdout + everything.stderr
    assert [value for value in values_of_canaries() if value in words] == []


def test_a_sample_that_cannot_be_is_refused_in_words(sojourn, folder):
    refused = sojourn(folder, "review", "sample", "--size", "1")
    assert (refused.returncode, "--minimum" in refused.stderr) == (2, True)


def test_the_office_is_not_served_without_a_project(sojourn, tmp_path):
    refused = sojourn(tmp_path, "serve", "office")
    assert refused.returncode == 2
    assert "Traceback" not in refused.stderr
