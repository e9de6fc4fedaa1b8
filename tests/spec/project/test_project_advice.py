"""What is no mistake and would still surprise a reader is told by `sojourn check`."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from small_project import SETTINGS
from sojourn.cli import app


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("languages: [en]", "languages: [en, tlh]", "no words in tlh"),
        ("title: {en: Ruritania}", "title: {en: Country name}", "still 'Country name'"),
        ("languages: [en]", "languages: [en, ar]", None),
    ],
)
def test_a_check_tells_what_readers_would_wonder_about(project, before, after, told):
    settings = SETTINGS.format(keys=project.parent / "keys").replace(before, after)
    (project / "sojourn.yaml").write_text(settings, encoding="utf-8")
    shown = CliRunner().invoke(app, ["-p", str(project), "check"])
    assert shown.exit_code == 0
    assert ("Note:" in shown.output) == (told is not None)
    assert (told or "") in shown.output
