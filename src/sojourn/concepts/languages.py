"""Names of areas in any language that the Unicode CLDR knows, without a table of our own.

The six languages of the United Nations are promised for everything that CLDR names; a project may ask
for others. A name that does not exist in a language is absent, never silently replaced here: those who
show names decide to fall back on English and can say so.
"""

from __future__ import annotations

from functools import cache

from babel import Locale, UnknownLocaleError

from sojourn.errors import ProjectError

__all__ = ["UN_LANGUAGES", "territory_name"]

UN_LANGUAGES = ("ar", "zh", "en", "fr", "ru", "es")


@cache
def _territories(language: str) -> dict[str, str]:
    try:
        return dict(Locale.parse(language, sep="-" if "-" in language else "_").territories)
    except (UnknownLocaleError, ValueError) as unknown:
        raise ProjectError(
            f"There are no names in a language called '{language}'.",
            "Use a language tag that the Unicode CLDR knows, such as ar, fr or pt-BR.",
        ) from unknown


def territory_name(territory: str, language: str) -> str | None:
    """What CLDR calls a territory (alpha-2 or three-digit M49 code), or `None` where it has no name."""
    return _territories(language).get(territory)
