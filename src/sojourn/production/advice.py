"""What is no mistake in a project's declarations and yet would surprise its readers."""

from __future__ import annotations

from sojourn.dissemination.wording import languages
from sojourn.project.load import Declarations
from sojourn.project.templates import NAMELESS_COUNTRY

__all__ = ["advice"]


def advice(declarations: Declarations) -> list[str]:
    """Sentences for the person who checks a project; none when all is well."""
    settings = declarations.settings
    found = [
        f"the portal has no words in {language}, so nothing is shown in it; it has {', '.join(languages())}."
        for language in settings.languages
        if language not in languages()
    ]
    if NAMELESS_COUNTRY in settings.title.values():
        found.append(f"`title` in sojourn.yaml is still {NAMELESS_COUNTRY!r}, and readers will see it.")
    return found
