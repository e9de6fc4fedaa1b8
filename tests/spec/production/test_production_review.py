"""Clerical review in an office: drawn, looked at, decided, undone, reported, and fed back."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from review_office import canary, copied_office, write_office, write_pairs
from sojourn.catalogue import schema
from sojourn.errors import NotPermitted, ProjectError
from sojourn.integration.review_masks import ATTRIBUTES
from sojourn.integration.review_sampling import ReviewDesign
from sojourn.production.doctor import examine
from sojourn.production.key_rotation import rotate_key
from sojourn.production.review import cases, draw_sample, look, report, sample_of
from sojourn.production.review_decisions import decide, decisions_in_force, history, undo
from sojourn.production.workspace import open_workspace

EVERY_PAIR = ReviewDesign(size=1000)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    write_office(folder / "ruritania", folder / "keys", folder / "sent")
    return folder


@pytest.fixture
def folder(made, tmp_path):
    return copied_office(made, tmp_path / "office")


@pytest.fixture
def workspace(folder):
    with open_workspace(folder) as opened:
        yield opened


def events(workspace, *actions):
    return [event for event in workspace.catalogue.events() if event["action"] in actions]


def answer_of(pair_id):
    return "same" if pair_id.startswith("true") else "different"


def test_a_sample_is_drawn_of_the_newest_pairs_and_kept_with_its_plan(workspace):
    sample = draw_sample(workspace, design=ReviewDesign(size=40))
    listed = cases(workspace, sample)
    assert [one.position for one in listed] == list(range(1, len(listed) + 1))
    assert len(listed) == sum(stratum["size"] for stratum in sample.strata) == 40
    assert sum(stratum["pairs"] for stratum in sample.strata) == 120
    assert sample_of(workspace).id == sample.id


def test_a_case_shows_the_newest_record_of_each_key_masked_and_says_how_many_there_are(workspace):
    sample = draw_sample(workspace, design=EVERY_PAIR)
    case = look(workspace, sample, "true-000")
    assert case.records == (2, 1)
    fields = {field.name: field for field in case.fields}
    assert (fields["surname"].one, fields["surname"].other) == ("Z" + "·" * 14, "Z" + "·" * 14)
    assert fields["surname"].comparison.kind == "nearly"
    assert fields["given_names"].comparison.words == "the same"
    assert (fields["birth_date"].one, fields["document_no"].one) == ("1950-··-··", "·" * 12 + "RY")
    assert fields["phone"].comparison.words == "neither record states it"


def test_a_case_shows_what_the_linkage_knows_of_both_keys_besides(workspace):
    sample = draw_sample(workspace, design=EVERY_PAIR)
    fields = {field.name: field for field in look(workspace, sample, "true-001").fields}
    told = {name: (fields[name].one, fields[name].other, fields[name].comparison.kind) for name in ATTRIBUTES}
    assert told == {
        "sex": ("M", "F", "differ"),
        "citizenship": ("NOR", "NOR", "agree"),
        "birthplace": ("SYR", "_U", "missing"),
    }


def test_with_a_reason_a_case_is_shown_as_written(workspace):
    sample = draw_sample(workspace, design=EVERY_PAIR)
    case = look(workspace, sample, "other-003", reason="masked-not-enough")
    fields = {field.name: field for field in case.fields}
    assert fields["surname"].one == canary(3)["SURNAME"]
    assert fields["surname"].other == canary(4)["SURNAME"]
    assert case.is_unmasked


def test_a_reason_is_chosen_and_never_typed(workspace):
    sample = draw_sample(workspace, design=EVERY_PAIR)
    with pytest.raises(ProjectError, match="no such reason"):
        look(workspace, sample, "true-000", reason="is this Zwitscherlein?")
    assert events(workspace, "unmask-pair") == []


def test_every_look_and_decision_is_one_event_with_the_pair_and_no_value(workspace):
    sample = draw_sample(workspace, design=EVERY_PAIR)
    look(workspace, sample, "true-000")
    look(workspace, sample, "true-000", reason="method-study")
    decide(workspace, sample.id, "true-000", "same")
    undo(workspace, sample.id, "true-000")
    told = events(workspace, "look-at-pair", "unmask-pair", "decide-pair", "withdraw-decision")
    assert [(one["action"], one["purpose"], json.loads(one["detail"])) for one in told] == [
        ("look-at-pair", "clerical review", {"sample": sample.id}),
        ("unmask-pair", "method-study", {"sample": sample.id}),
        ("decide-pair", "clerical review", {"sample": sample.id, "decision": "same"}),
        ("withdraw-decision", "clerical review", {"sample": sample.id, "withdraws": 1}),
    ]
    assert {one["object"] for one in told} == {"pair:true-000"}
    assert {one["actor"] for one in told} == {workspace.actor}


def test_undo_opens_the_case_again_and_keeps_what_was_decided(workspace):
    sample = draw_sample(workspace, design=EVERY_PAIR)
    decide(workspace, sample.id, "true-007", "different")
    undo(workspace, sample.id, "true-007")
    assert {one.pair_id: one.decision for one in cases(workspace, sample)}["true-007"] is None
    decide(workspace, sample.id, "true-007", "same")
    told = history(workspace, sample.id, "true-007")
    assert [(one.decision, one.withdraws, one.by) for one in told] == [
        ("same", None, workspace.actor),
        ("withdrawn", 1, workspace.actor),
        ("different", None, workspace.actor),
    ]


def test_a_decided_case_cannot_be_decided_over_nor_an_open_one_undone(workspace):
    sample = draw_sample(workspace, design=EVERY_PAIR)
    with pytest.raises(ProjectError, match="no decision to undo"):
        undo(workspace, sample.id, "true-001")
    decide(workspace, sample.id, "true-001", "same")
    with pytest.raises(ProjectError, match="decided already"):
        decide(workspace, sample.id, "true-001", "different")
    with pytest.raises(ProjectError, match="no such case"):
        decide(workspace, sample.id, "true-999", "same")
    with pytest.raises(ProjectError, match="no such decision"):
        decide(workspace, sample.id, "true-002", "withdrawn")
    assert len(history(workspace, sample.id)) == 1


@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}"])
@pytest.mark.parametrize(
    ("table", "column"),
    [("review_decision", "decision"), ("review_case", "position"), ("review_sample", "seed")],
)
def test_the_database_itself_refuses_to_change_or_delete_what_was_reviewed(
    workspace, statement, table, column
):
    sample = draw_sample(workspace, design=EVERY_PAIR)
    decide(workspace, sample.id, "true-001", "same")
    with (
        pytest.raises(sa.exc.DBAPIError, match="only ever added to"),
        workspace.catalogue.engine.begin() as connection,
    ):
        connection.execute(sa.text(statement.format(table, column, column)))


def test_the_report_of_a_whole_review_is_the_truth(workspace):
    sample = draw_sample(workspace, design=EVERY_PAIR)
    for one in cases(workspace, sample):
        decide(workspace, sample.id, one.pair_id, answer_of(one.pair_id))
    found = report(workspace, sample)
    assert (found.cases, found.open, dict(found.decided)) == (
        120,
        0,
        {"same": 60, "different": 60, "unsure": 0},
    )
    # Of 55 links 50 are right; of 60 same pairs 50 are links.
    assert list(vars(found.accuracy.precision).values()) == pytest.approx([50 / 55] * 3)
    assert list(vars(found.accuracy.recall).values()) == pytest.approx([50 / 60] * 3)


def test_decisions_in_force_are_those_that_stand_and_are_sure(workspace):
    sample = draw_sample(workspace, design=EVERY_PAIR)
    for pair, answer in [("true-055", "same"), ("other-002", "different"), ("true-001", "unsure")]:
        decide(workspace, sample.id, pair, answer)
    decide(workspace, sample.id, "true-002", "same")
    undo(workspace, sample.id, "true-002")
    found = decisions_in_force(workspace)
    assert found.select(["pair_id", "same_person"]).to_pylist() == [
        {"pair_id": "other-002", "same_person": False},
        {"pair_id": "true-055", "same_person": True},
    ]
    case = look(workspace, sample, "true-055").pair
    keys = ("source", "record_key", "other_source", "other_key")
    assert {name: found[name][1].as_py() for name in keys} == {name: case[name] for name in keys}


def test_of_two_decisions_on_one_pair_in_two_samples_the_later_one_counts(workspace):
    first, second = (draw_sample(workspace, design=EVERY_PAIR) for _ in range(2))
    assert first.id != second.id
    decide(workspace, second.id, "true-001", "different")
    decide(workspace, first.id, "true-001", "same")
    assert decisions_in_force(workspace)["same_person"].to_pylist() == [True]
    undo(workspace, first.id, "true-001")
    decide(workspace, first.id, "true-001", "unsure")
    assert decisions_in_force(workspace).num_rows == 0


def test_a_project_that_was_never_reviewed_has_no_decisions_in_force(workspace):
    assert decisions_in_force(workspace).num_rows == 0
    assert decisions_in_force(workspace).column_names[-1] == "same_person"


def test_without_pairs_there_is_nothing_to_draw(project):
    with open_workspace(project) as opened, pytest.raises(ProjectError, match="links no sources"):
        draw_sample(opened)


def test_the_catalogue_names_every_version_that_a_review_leaves(workspace):
    draw_sample(workspace)
    assert [one.message for one in examine(workspace) if one.subject == "unfinished work"] == [
        "there is none"
    ]


def test_after_a_change_of_the_key_old_pairs_are_gone_and_count_no_more(folder):
    with open_workspace(folder) as before:
        sample = draw_sample(before, design=EVERY_PAIR)
        decide(before, sample.id, "true-001", "same")
        rotate_key(before)
    with open_workspace(folder) as after:
        assert decisions_in_force(after).num_rows == 0
        kept = after.catalogue.rows(sa.select(schema.table_version.c.name))
        assert {"review_pair", "link_pair", "link"} & {row["name"] for row in kept} == set()
        with pytest.raises(NotPermitted, match="key was changed"):
            look(after, sample_of(after), "true-001")
        write_pairs(after)
        assert len(cases(after, draw_sample(after, design=EVERY_PAIR))) == 120
