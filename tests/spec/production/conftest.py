"""Fixtures of this folder: files are read in this process, but where reading itself is looked at."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reading_here import reading_here

IN_A_CHILD = ("test_production_receive",)


@pytest.fixture(scope="module", autouse=True)
def reads_here(request: pytest.FixtureRequest) -> Iterator[None]:
    """No child process for each file that a test delivers."""
    if request.module.__name__.rpartition(".")[2] in IN_A_CHILD:
        yield
        return
    with reading_here():
        yield
