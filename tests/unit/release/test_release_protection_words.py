"""The report of a protection in sentences: nothing of it is passed over."""

from __future__ import annotations

from sojourn.release.protection_words import protection_words

REPORT = {
    "rules": {"minimum_contributors": 3, "secondary": True, "round_to": 5, "publication": "none"},
    "statistic": "count",
    "dimensions": ["sex"],
    "cells": {"all": 8, "published": 5, "zero": 1, "withheld_primary": 1, "withheld_secondary": 2},
    "audit": {
        "standard": "At least `width` more.",
        "width": 3,
        "figures_audited": 3,
        "figures_failed": 0,
        "other_tables_found": 2,
        "passed": True,
    },
    "persons_withheld_percent": 12,
}


def test_a_report_is_told_by_its_rules_its_cost_and_its_proof():
    assert protection_words(REPORT) == [
        (
            "Rules",
            [
                "Figures with fewer than 3 persons behind them are withheld; zeros are shown.",
                "Further figures are withheld until no total gives one away.",
                "Figures are rounded to multiples of 5.",
                "Imprecise figures are marked by the rule none.",
            ],
        ),
        (
            "What it cost",
            [
                "5 of 8 figures are shown: 62.5 per cent.",
                "1 figure is withheld for having too few persons.",
                "2 figures are withheld so that those cannot be worked out.",
                "1 figure is of nobody, and reads zero.",
                "12 per cent of the persons in the table are in figures that are withheld.",
                "Rounding moves a count by at most 2.5.",
            ],
        ),
        (
            "How it was proved",
            [
                "The protection passed its audit.",
                "At least 3 more.",
                "Figures audited: 3; failed: 0.",
                "Other possible tables found: 2.",
            ],
        ),
    ]


def test_a_failed_audit_is_said_in_words():
    told = dict(protection_words({"audit": {"passed": False}}))
    assert told == {"How it was proved": ["The protection did not pass its audit."]}


def test_figures_that_were_public_before_say_so():
    told = dict(protection_words({"rules": {"none_because": "Published by the bank."}, "cells": {}}))
    assert told == {
        "Rules": ["Nothing was protected, as the figures are already public: Published by the bank."]
    }


def test_entries_that_are_not_known_are_told_as_they_stand():
    report = {
        "rules": {"perturbed": True, "epoch": 3},
        "gap": {"between": ["FB", "NB"]},
        "loss": {"mean": 0.5},
    }
    assert dict(protection_words(report)) == {
        "Further entries of the report": [
            "rules, perturbed: yes",
            "rules, epoch: 3",
            "gap, between: FB, NB",
            "loss, mean: 0.5",
        ]
    }
