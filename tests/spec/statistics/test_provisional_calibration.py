"""Probabilities that are known: people whose chance to stay, after so many days here, is a formula."""

from __future__ import annotations

import datetime

import numpy as np

from provisional_country import FIRST, RULE, arrivals
from sojourn.integration.movements import Observation
from sojourn.statistics.provisional import histories, latest_flows, provisional_figures, replayed
from sojourn.statistics.provisional.probabilities import LearningWindow
from sojourn.statistics.provisional.revisions import revision_triangle

OBSERVED = Observation(FIRST, datetime.date(2019, 12, 31))
SHARES = {"W": 0.7, "T": 0.05}


def test_probabilities_are_those_of_the_people_who_were_made_up():
    table, _ = arrivals(12_000, 11, "2019-12-31", SHARES)
    found = provisional_figures(table, rule=RULE, observation=OBSERVED, features=["visa"]).crossings
    person, day = found["person_id"].to_numpy(), found["date"].to_numpy()
    left = set(table.filter(np.array(table["direction"].to_pylist()) == "departure")["person_id"].to_pylist())
    here = np.array([each not in left for each in person.tolist()])
    arrived = np.array(found["direction"].to_pylist()) == "arrival"
    days = (np.datetime64("2019-12-31") - day).astype(int)
    visa = dict(zip(table["person_id"].to_pylist(), table["visa"].to_pylist(), strict=True))
    share = np.array([SHARES[visa[each]] for each in person.tolist()])
    # Who stays for p of all and is still here after d of 90 days: p / (p + (1 - p) (90 - d) / 90).
    remain = (1 - share) * np.maximum(90 - days, 0) / 90
    truth = np.where(here & arrived, share / (share + remain), 0.0)
    said = found["probability"].to_numpy()
    assert abs(said.mean() - truth.mean()) < 0.02
    for low, high in ((0, 15), (15, 30), (30, 60), (60, 90), (90, 490)):
        these = here & arrived & (days >= low) & (days < high)
        assert these.any()
        assert abs(said[these].mean() - truth[these].mean()) < 0.06, (low, high)
    assert np.sqrt(((said - truth) ** 2).mean()) < 0.08
    assert said[~here].max() < 0.05


def test_intervals_of_a_replay_cover_what_became_of_it():
    table, _ = arrivals(6_000, 5, "2021-12-31", SHARES)
    known = histories(table, rule=RULE, observed_from=FIRST, features=["visa"])
    last = 12 * 51 + 11
    made = replayed(known, range(last - 17 - 24, last + 1, 3), learning=LearningWindow())
    first = int(made[0].flows.months[0])
    said = [(each.flows, each.spread) for each in made]
    final_until = int(made[-1].flows.months[0]) - 1
    triangle = revision_triangle(said, latest_flows(known, made[-1], first), first, final_until).to_pylist()
    judged = [
        row for row in triangle if row["is_final"] and row["standard_error"] > 0 and row["flow"] != "net"
    ]
    covered = np.mean([row["lower"] <= row["latest"] <= row["upper"] for row in judged])
    assert len(judged) > 100
    assert 0.90 <= covered <= 1.0
