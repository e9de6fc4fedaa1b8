"""All pages of the office."""

from __future__ import annotations

from sojourn.office.desk_acts import DESK_ACTS
from sojourn.office.desk_pages import DESK_PAGES
from sojourn.office.review_pages import REVIEW_PAGES
from sojourn.office.sign_in_pages import SIGN_IN_PAGES

__all__ = ["PAGES"]

PAGES = (*REVIEW_PAGES, *SIGN_IN_PAGES, *DESK_PAGES, *DESK_ACTS)
