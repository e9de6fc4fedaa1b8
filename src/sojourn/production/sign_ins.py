"""Sign-ins at the office: guesses are slowed down, and what changes with a person ends their session.

Five wrong passphrases for a name are free, then each must wait twice as long as the one before, up to a
quarter of an hour; a name that nobody has is treated in the same way. Many wrong ones for many names, as
the audit trail counts them whichever process took them, make everybody wait.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from sojourn.catalogue import schema
from sojourn.errors import NotPermitted
from sojourn.production.accounts import signed_in
from sojourn.production.workspace import Workspace
from sojourn.project.people import Person

__all__ = ["Credentials", "SignIns", "TooManyGuesses", "credentials_of"]

FREE_GUESSES = 5
LONGEST_WAIT = 900.0
GUESSES_OF_ALL = 50
_WINDOW = datetime.timedelta(minutes=15)


class TooManyGuesses(NotPermitted):
    """Passphrases were tried too often; `seconds` says when the next may be."""

    def __init__(self, seconds: float) -> None:
        self.seconds = max(1, round(seconds))
        super().__init__(
            "Too many passphrases were tried.", f"Wait {_in_words(self.seconds)}, then sign in again."
        )


@dataclass(frozen=True)
class Credentials:
    """What a session rests on: it ends when the person is declared otherwise or enrolled again."""

    person: Person
    enrolled_at: str


class SignIns:
    """The guesses at passphrases that one office has seen."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: dict[bytes, tuple[int, float]] = {}
        # Names are kept under a key of this run: a passphrase that was typed as a name is no name.
        self._key = secrets.token_bytes(32)
        # One at a time: guesses that come together would all be free, and each takes much work.
        self._lock = threading.Lock()

    def sign_in(self, workspace: Workspace, name: str, passphrase: str) -> Credentials:
        """Who proves to be the person of that name.

        Raises: TooManyGuesses before anything is compared; NotPermitted when the two do not go together.
        """
        with self._lock:
            mark = hmac.digest(self._key, name.encode(), hashlib.sha256)
            self._require_patience(workspace, mark)
            wrong, _ = self._wrong.get(mark, (0, 0.0))
            try:
                person = signed_in(workspace, name, passphrase)
                found = credentials_of(workspace, person.id)
                if found is None:
                    raise NotPermitted("This person is no longer enrolled.", "Ask an administrator.")
            except NotPermitted:
                self._wrong[mark] = (wrong + 1, self._clock())
                raise
            self._wrong.pop(mark, None)
            workspace.catalogue.note(person.id, "sign-in", f"person:{person.id}", "office")
            return found

    def _require_patience(self, workspace: Workspace, mark: bytes) -> None:
        wrong, last = self._wrong.get(mark, (0, 0.0))
        if wrong >= FREE_GUESSES:
            wait = min(LONGEST_WAIT, 2.0 ** (wrong - FREE_GUESSES))
            left = last + wait - self._clock()
            if left > 0:
                raise TooManyGuesses(left)
        event = schema.audit_event.c
        now = datetime.datetime.fromisoformat(workspace.catalogue.now())
        is_recent = event.at > (now - _WINDOW).isoformat(timespec="microseconds")
        query = sa.select(event.at).where(event.action == "sign-in", event.outcome == "failed", is_recent)
        recent = sorted(row["at"] for row in workspace.catalogue.rows(query))
        if len(recent) >= GUESSES_OF_ALL:
            free_at = datetime.datetime.fromisoformat(recent[-GUESSES_OF_ALL]) + _WINDOW
            raise TooManyGuesses((free_at - now).total_seconds())


def credentials_of(workspace: Workspace, name: str) -> Credentials | None:
    """What a session of the person would rest on now; None for somebody not declared or not enrolled."""
    declared = workspace.declarations.people.get(name)
    query = sa.select(schema.account.c.enrolled_at).where(schema.account.c.person == name)
    rows = workspace.catalogue.rows(query)
    return Credentials(declared, rows[0]["enrolled_at"]) if declared is not None and rows else None


def _in_words(seconds: int) -> str:
    if seconds < 60:
        return f"{seconds} second{'s' if seconds != 1 else ''}"
    minutes = -(-seconds // 60)
    return f"{minutes} minute{'s' if minutes != 1 else ''}"
