"""The order of sources and the rules of migratory status are checked with everything else."""

from __future__ import annotations

import pytest

from sojourn.errors import ProjectError
from sojourn.project.load import load

GOOD = """\
spine:
  sources: [border]
  attributes:
    citizenship: border
    region: []
rules:
  migratory_status:
    migrants_by: either
    working_age_to: 74
    protection: {convention: A3, pending: A2}
"""


def _declare(project, text):
    file = project / "sojourn.yaml"
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")


def test_an_order_of_sources_and_rules_of_status_are_read(project):
    _declare(project, GOOD)
    settings = load(project).settings
    assert settings.spine.sources == ("border",)
    assert settings.spine.attributes == {"citizenship": ("border",), "region": ()}
    assert settings.rules.migratory_status.protection == {"convention": "A3", "pending": "A2"}


def test_without_a_declaration_no_source_speaks_and_the_usual_rules_hold(project):
    settings = load(project).settings
    assert settings.spine.sources == ()
    status = settings.rules.migratory_status
    assert (status.migrants_by, status.working_age_from, status.return_months) == ("citizenship", 15, 6)


MISTAKES = [
    ("sources: [border]", "sources: [boarder]", "Did you mean border?", "boarder]"),
    ("sources: [border]", "sources: [border, border]", "named twice", "border, border]"),
    (
        "citizenship: border",
        "citizenship: border\n    citizen_ship: border",
        "mean citizenship?",
        "citizen_sh",
    ),
    ("citizenship: border", "birthplace: border", "Add `birthplace:` to its columns", "birthplace: border"),
    ("citizenship: border", "education: border", "border gives no education. Leave it out.", "education: b"),
    ("migrants_by: either", "migrants_by: ether", "Did you mean either?", "ether"),
    ("pending: A2", "pending: B1", "one of A1, A2, A3, A4, A5, A6", "convention: A3, pending: B1"),
    ("working_age_to: 74", "working_age_to: 14", "lies below working_age_from", "migrants_by"),
]


@pytest.mark.parametrize(("old", "new", "said", "mark"), MISTAKES, ids=[mark for *_, mark in MISTAKES])
def test_each_mistake_is_told_with_its_line(project, old, new, said, mark):
    assert old in GOOD
    _declare(project, GOOD.replace(old, new))
    with pytest.raises(ProjectError) as caught:
        load(project)
    text = (project / "sojourn.yaml").read_text(encoding="utf-8")
    line = text[: text.index(mark)].count("\n") + 1
    told = [(p.file, p.line, f"{p.message} {p.remedy}") for p in caught.value.problems]
    assert [(file, said in words) for file, _, words in told] == [("sojourn.yaml", True)], told
    assert abs(told[0][1] - line) <= 1, told


def test_all_mistakes_are_told_in_one_run(project):
    text = GOOD
    planted = [MISTAKES[number] for number in (0, 2, 6)]
    for old, new, _, _ in planted:
        text = text.replace(old, new)
    _declare(project, text)
    with pytest.raises(ProjectError) as caught:
        load(project)
    words = [f"{p.message} {p.remedy}" for p in caught.value.problems]
    assert len(words) == len(planted)
    assert all(any(said in told for told in words) for _, _, said, _ in planted)


def test_a_source_of_published_figures_does_not_speak_of_persons(project):
    source = project / "sources" / "border" / "source.yaml"
    figures = source.read_text(encoding="utf-8").replace("gives: movement", "gives: published_figure")
    source.write_text(figures, encoding="utf-8")
    _declare(project, GOOD)
    with pytest.raises(ProjectError) as caught:
        load(project)
    assert any("no records of persons" in problem.message for problem in caught.value.problems)
