"""A publication that was interrupted after it was decided is told as such, and finished by the same step."""

from __future__ import annotations

import json

from passing_the_gate import published
from sojourn.contracts.table import Zone
from sojourn.production.doctor import examine, gate_of
from sojourn.production.publishing import prepare_release
from sojourn.production.receive import receive
from sojourn.production.tables import run_tables
from sojourn.production.workspace import open_workspace


def _severities(office):
    return [finding.severity for finding in examine(office) if finding.subject == "public zone"]


def test_a_release_that_is_published_and_not_shown_yet_is_no_damage(project, border_file):
    with open_workspace(project) as office:
        receive(office, "border", border_file, period="2024")
        run_tables(office)
        people, gate = office.declarations.people, gate_of(office)
        release = prepare_release(office, people["statistician-1"], "2024", on_progress=lambda *_: None)
        published(gate, people, release)
        assert _severities(office) == ["ok"]
        manifest = office.store.zone(Zone.PUBLIC) / "releases.json"
        shown = json.loads(manifest.read_text(encoding="utf-8"))
        manifest.write_text(json.dumps({**shown, "releases": []}), encoding="utf-8")
        assert _severities(office) == ["note"]
        gate.publish(people["publisher-1"], release)
        assert _severities(office) == ["ok"]
