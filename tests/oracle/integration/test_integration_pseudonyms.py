"""Pseudonyms against Python's own HMAC."""

from __future__ import annotations

import hashlib
import hmac

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sojourn.engine import Engine
from sojourn.integration.pseudonyms import masked_keys, pseudonyms, pseudonyms_as_defined

KEY = bytes(range(32))


def _keys(identities, key=KEY, purpose="XRT_NSO"):
    columns = {
        name: pa.array([row.get(name) for row in identities], pa.string())
        for name in ("record_id", "strongest", "description")
    }
    with Engine() as engine:
        given_identities = engine.relation(pa.table(columns))
        found = pseudonyms(given_identities, key=key, purpose=purpose)
        by_kernel = dict(zip(found["record_id"].to_pylist(), found["person_key"].to_pylist(), strict=True))
        defined = pseudonyms_as_defined(given_identities, key=key, purpose=purpose)
        assert by_kernel == dict(defined.rows("record_id", "person_key"))
        return by_kernel


@pytest.mark.oracle
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.text(alphabet="ABCDEFGHIJ0123456789", min_size=1, max_size=200), min_size=1, max_size=20),
    st.binary(min_size=32, max_size=64),
)
def test_a_pseudonym_is_half_of_an_hmac_sha256(documents, key):
    found = _keys([{"record_id": str(i), "strongest": d} for i, d in enumerate(documents)], key=key)
    for i, document in enumerate(documents):
        expected = hmac.new(key, f"XRT_NSO|document|{document}".encode(), hashlib.sha256).hexdigest()[:32]
        assert found[str(i)] == expected


@pytest.mark.oracle
def test_every_length_of_a_message_beside_every_other_gives_its_own_hmac():
    """Records are hashed side by side: long ones, which need more blocks, must leave short ones alone."""
    documents = [("A" * (7 * n % 301 + 1)) + str(n) for n in range(333)]
    found = _keys([{"record_id": str(i), "strongest": d} for i, d in enumerate(documents)])
    for i, document in enumerate(documents):
        expected = hmac.new(KEY, f"XRT_NSO|document|{document}".encode(), hashlib.sha256).hexdigest()[:32]
        assert found[str(i)] == expected


def test_case_blanks_hyphens_and_composed_letters_do_not_matter():
    found = _keys(
        [
            {"record_id": "1", "strongest": "ab 12-34"},
            {"record_id": "2", "strongest": "AB1234"},
            {"record_id": "3", "strongest": None, "description": "Müller|Eva|1990-01-01"},
            {"record_id": "4", "strongest": None, "description": "Mu\u0308ller|Eva|1990-01-01"},
        ]
    )
    assert found["1"] == found["2"]
    assert found["3"] == found["4"]


def test_a_document_and_a_description_that_read_alike_stay_apart():
    found = _keys([{"record_id": "1", "strongest": "X"}, {"record_id": "2", "description": "X"}])
    assert found["1"] != found["2"]


def test_records_that_say_nothing_of_who_they_are_about_stay_apart():
    found = _keys([{"record_id": "1"}, {"record_id": "2"}])
    assert found["1"] != found["2"]


def test_two_projects_or_two_keys_cannot_be_joined():
    person = [{"record_id": "1", "strongest": "AB1234"}]
    keys = {_keys(person)["1"], _keys(person, purpose="OTHER")["1"], _keys(person, key=b"k" * 32)["1"]}
    assert len(keys) == 3


def test_a_short_key_is_refused():
    with pytest.raises(ValueError, match="256 bits"):
        masked_keys(b"short")
