"""What was reviewed is only ever added to: both databases themselves refuse anything else."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from sojourn.catalogue import schema

SAMPLE = {
    "id": "sample-1",
    "version": "v",
    "pairs": "p",
    "key_mark": "k",
    "seed": 2**40,
    "strata": "[]",
    "made_at": "2024-01-01",
    "made_by": "statistician-1",
}
DECISION = {"sequence": 1, "sample": "sample-1", "pair_id": "pair-1", "decision": "same"}


@pytest.fixture
def reviewed(catalogue):
    with catalogue.act("statistician-1", "decide-pair", "pair:pair-1") as act:
        act.insert(schema.review_sample, **SAMPLE)
        act.insert(schema.review_case, sample="sample-1", pair_id="pair-1", stratum=0, position=1)
        act.insert(schema.review_decision, **DECISION, at="2024-01-02", by="statistician-1")
    return catalogue


@pytest.mark.parametrize("table", [schema.review_sample, schema.review_case, schema.review_decision])
def test_a_row_is_neither_changed_nor_deleted(reviewed, table):
    changed = table.columns[table.columns.keys()[-1]]
    for statement in (sa.update(table).values({changed: changed}), sa.delete(table)):
        with (
            pytest.raises(sa.exc.DBAPIError, match="only ever added to"),
            reviewed.engine.begin() as connection,
        ):
            connection.execute(statement)
    assert len(reviewed.rows(sa.select(table))) == 1


def test_a_decision_is_about_a_case_that_was_drawn(reviewed):
    with pytest.raises(sa.exc.IntegrityError), reviewed.engine.begin() as connection:
        stray = {**DECISION, "sequence": 2, "pair_id": "pair-2", "at": "2024-01-02", "by": "x"}
        connection.execute(sa.insert(schema.review_decision).values(**stray))


def test_a_withdrawal_names_a_decision_that_was_made(reviewed):
    with pytest.raises(sa.exc.IntegrityError), reviewed.engine.begin() as connection:
        stray = {**DECISION, "sequence": 2, "decision": "withdrawn", "withdraws": 9}
        connection.execute(sa.insert(schema.review_decision).values(**stray, at="2024-01-02", by="x"))
