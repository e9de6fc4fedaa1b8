"""What is spent of a privacy budget is kept, and the last part of it is spent once."""

from __future__ import annotations

import threading
from fractions import Fraction

import pytest

from sojourn.catalogue.catalogue import sqlite_url
from sojourn.catalogue.migrate import open_catalogue
from sojourn.disclosure.differential_privacy import Budget, Expense
from sojourn.errors import DisclosureRisk
from sojourn.production.privacy_ledger import pay, spent_on

BUDGET = Budget(Fraction(1))


@pytest.fixture
def catalogue(tmp_path):
    opened = open_catalogue(sqlite_url(tmp_path / "catalogue.sqlite"), None)
    yield opened
    opened.close()


def spend(catalogue, purpose, epsilon, period="2024-01"):
    expense = Expense(purpose, epsilon=Fraction(epsilon))
    pay(catalogue, "statistician-1", "phones", period, budget=BUDGET, expense=expense)


def test_each_period_has_a_budget_of_its_own(catalogue):
    spend(catalogue, "flows", "3/4")
    with pytest.raises(DisclosureRisk, match="stocks would raise"):
        spend(catalogue, "stocks", "1/2")
    spend(catalogue, "stocks", "1/2", period="2024-02")
    assert spent_on(catalogue, "phones", "2024-01") == [Expense("flows", epsilon=Fraction(3, 4))]


def test_of_many_at_once_only_those_that_fit_are_paid(catalogue):
    refused = []

    def one(number):
        try:
            spend(catalogue, f"table {number}", "1/4")
        except DisclosureRisk:
            refused.append(number)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(spent_on(catalogue, "phones", "2024-01")), len(refused)) == (4, 8)
