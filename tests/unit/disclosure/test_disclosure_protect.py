"""What a protected table shows, on tables small enough to judge by hand."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from sojourn.contracts.aggregates import Observation
from sojourn.disclosure import Protected, ProtectionRules, protect
from sojourn.engine import Engine
from sojourn.errors import ContractBroken, DisclosureRisk, ProjectError
from sojourn.statistics import cube, estimates

FIVE = ProtectionRules(minimum_contributors=5)


@pytest.fixture
def engine():
    with Engine(threads=1) as engine:
        yield engine


def persons(counts: dict[tuple[str, str], int], weight: float = 1) -> pa.Table:
    """One record a person: region and sex, of equal weight."""
    cells = [cell for cell, count in counts.items() for _ in range(count)]
    return pa.table(
        {
            "region": [region for region, _ in cells],
            "sex": [sex for _, sex in cells],
            "income": [100.0] * len(cells),
            "w": [weight] * len(cells),
        }
    )


COUNTS = {("N", "F"): 3, ("N", "M"): 20, ("S", "F"): 30, ("S", "M"): 40, ("W", "F"): 50, ("W", "M"): 60}


def table(engine, counts, statistic="count", weight=1, error=None, **settings):
    """Figures of the table; each with an error of that share of it, where one is given."""
    made = cube(
        engine.relation(persons(counts, weight)),
        dimensions=["region", "sex"],
        weight="w",
        measures=["income"],
    )
    found = estimates(
        made, statistic=statistic, dimensions=["region", "sex"], of="income" if statistic == "mean" else None,
        time_period="2024", method="m", **settings,
    )  # fmt: skip
    return found if error is None else with_errors(found, error)


def with_errors(figures, share):
    """The same figures with a standard error that is a share of each."""
    held = figures.to_arrow()
    errors = pc.multiply(held["value"], share)
    place = held.column_names.index("variance")
    return figures.engine.relation(held.set_column(place, "variance", pc.multiply(errors, errors)))


def cells(protected, *columns):
    found = protected.observations.rows("REGION", "SEX", *columns)
    return {row[:2]: row[2] if len(columns) == 1 else row[2:] for row in found}


def withheld(protected):
    return {cell for cell, status in cells(protected, "CONF_STATUS").items() if status != "F"}


def protected(engine, counts=COUNTS, statistic="count", rules=FIVE, weight=1, error=None, **settings):
    within = settings.get("within", ())
    return protect(
        table(engine, counts, statistic, weight, error, **settings), dimensions=["region", "sex"],
        statistic=statistic, rules=rules, within=within,
    )  # fmt: skip


def test_a_figure_with_too_few_persons_is_withheld_and_a_rectangle_of_others_with_it(engine):
    found = protected(engine)
    # North women (3) can only hide behind North men, South women and South men: the cheapest rectangle.
    assert withheld(found) == {("N", "F"), ("N", "M"), ("S", "F"), ("S", "M")}
    assert cells(found, "OBS_VALUE")["_T", "_T"] == 203.0
    assert found.report["cells"] == {
        "all": 12, "published": 8, "zero": 0, "withheld_primary": 1, "withheld_secondary": 3,
    }  # fmt: skip


def test_a_withheld_figure_says_nothing_at_all_and_not_why(engine):
    found = protected(engine, error=0.07)
    rows = cells(found, "OBS_VALUE", "OBS_STATUS", "CONF_STATUS", "SE", "CV")
    assert {rows[cell] for cell in withheld(found)} == {(None, "Q", "C", None, None)}


def test_a_table_without_small_figures_is_published_whole(engine):
    found = protected(engine, {cell: count + 10 for cell, count in COUNTS.items()})
    assert withheld(found) == set()
    assert found.report["persons_withheld_percent"] == 0


def test_observations_conform_to_their_contract_with_dimensions_in_capitals(engine):
    found = protected(engine, error=0.07).observations.to_arrow()
    assert Observation.conform(found, ("REGION", "SEX")).column_names[:3] == ["REGION", "SEX", "TIME_PERIOD"]


def test_the_few_who_are_left_over_are_protected_as_well(engine):
    # All but 2 of the 42 in the north are men: the 40 would tell of the 2.
    found = protected(engine, {**COUNTS, ("N", "F"): 2, ("N", "M"): 40})
    assert {("N", "F"), ("N", "M")} <= withheld(found)


def test_counts_shares_and_means_of_the_same_persons_are_withheld_in_the_same_cells(engine):
    pattern = withheld(protected(engine))
    assert withheld(protected(engine, statistic="share")) == pattern
    assert withheld(protected(engine, statistic="share", within=("region",))) == pattern
    assert withheld(protected(engine, statistic="mean")) == pattern
    assert withheld(protected(engine, weight=250)) == pattern


def test_shares_whose_base_is_not_shown_are_refused(engine):
    with pytest.raises(DisclosureRisk, match="without the totals that they are shares of"):
        protected(engine, statistic="share", totals="none")


def test_zero_stays_zero_and_is_no_secret(engine):
    # Nobody lives in the west: a reader who sees the zero learns of nobody.
    counts = {cell: count for cell, count in COUNTS.items() if cell != ("W", "F")}
    found = protected(engine, counts, complete=True)
    assert cells(found, "OBS_VALUE", "OBS_STATUS", "CONF_STATUS", "SE")["W", "F"] == (0.0, "A", "F", None)
    assert found.report["cells"]["zero"] == 1


def test_margins_that_are_not_shown_protect_and_need_no_protection(engine):
    assert withheld(protected(engine, totals="none")) == {("N", "F")}
    # With the total of each region shown, only the row of the north has a gap to close.
    assert withheld(protected(engine, totals=[("sex",)])) == {("N", "F"), ("N", "M")}


def test_without_secondary_protection_a_table_that_gives_a_figure_away_is_refused(engine):
    with pytest.raises(DisclosureRisk, match="1 cells with few persons") as refusal:
        protected(engine, rules=ProtectionRules(minimum_contributors=5, secondary=False))
    assert refusal.value.exit_code == 5
    found = protected(engine, rules=ProtectionRules(minimum_contributors=5, secondary=False), totals="none")
    assert withheld(found) == {("N", "F")}


def test_a_country_of_fewer_persons_than_the_minimum_publishes_nothing(engine):
    found = protected(engine, {("N", "F"): 2, ("S", "M"): 1})
    assert len(withheld(found)) == found.report["cells"]["all"]


def test_counts_are_rounded_to_the_nearest_multiple_and_halves_to_the_even_one(engine):
    rules = ProtectionRules(minimum_contributors=1, round_to=5, publication="none")
    counts = {("N", "F"): 12, ("N", "M"): 13, ("S", "F"): 2, ("S", "M"): 3}
    found = cells(protected(engine, counts, rules=rules), "OBS_VALUE")
    assert [found[cell] for cell in counts] == [10.0, 15.0, 0.0, 5.0]
    halves = cells(
        protected(engine, {("N", "F"): 5, ("S", "F"): 15}, rules=ProtectionRules(1, True, 10)), "OBS_VALUE"
    )
    assert (halves["N", "F"], halves["S", "F"]) == (0.0, 20.0)


def test_with_rounding_neither_error_nor_share_tells_more_than_the_rounded_count(engine):
    rules = ProtectionRules(minimum_contributors=5, round_to=5)
    counts = protected(engine, error=0.07, rules=rules, weight=7)
    for value, error, variation in cells(counts, "OBS_VALUE", "SE", "CV").values():
        if value:
            assert error == float(f"{error:.1e}")
            assert variation == error / value * 100
    shares = cells(protected(engine, statistic="share", rules=rules), "OBS_VALUE")
    # 5 of 203 is 0.0246: the next step of 1, 2 or 5 above it is 0.05. 50/203 = 0.2463.
    assert shares["W", "F"] == pytest.approx(25.0, rel=1e-12)  # published in per cent


def test_imprecise_figures_are_marked_by_the_rule_of_publication(engine):
    records = pa.table({"region": ["N"] * 20 + ["S"] * 20 + ["W"] * 20})
    made = cube(engine.relation(records), dimensions=["region"])
    counts = estimates(
        made, statistic="count", dimensions=["region"], time_period="2024", method="m", totals="none"
    )
    shares = pc.choose(pc.index_in(counts.to_arrow()["region"], pa.array(["N", "S", "W"])), 0.1, 0.3, 0.6)
    counts = with_errors(counts, shares)
    found = protect(counts, dimensions=["region"], statistic="count", rules=ProtectionRules())
    rows = {row[0]: row[1:] for row in found.observations.rows("REGION", "OBS_STATUS", "CV")}
    # Coefficients of variation of 10, 30 and 60 per cent against limits of 16.6 and 33.3.
    assert [rows[region][0] for region in "NSW"] == ["A", "U", "N"]
    assert [rows[region][1] for region in "NSW"] == pytest.approx([10.0, 30.0, 60.0])


def test_a_mean_that_cannot_exist_is_missing_not_withheld(engine):
    records = pa.table({"g": ["x"] * 20 + ["y"] * 20, "v": [1.0] * 20 + [None] * 20})
    made = cube(engine.relation(records), dimensions=["g"], measures=["v"])
    means = estimates(made, statistic="mean", of="v", dimensions=["g"], time_period="2024", method="m")
    found = protect(means, dimensions=["g"], statistic="mean", rules=FIVE)
    assert found.observations.rows("G", "OBS_VALUE", "OBS_STATUS", "CONF_STATUS", order_by=("G",))[2] == (
        "y", None, "M", "F",
    )  # fmt: skip


def test_each_time_period_is_a_table_of_its_own(engine):
    years = [table(engine, COUNTS).to_arrow(), table(engine, dict.fromkeys(COUNTS, 50)).to_arrow()]
    years[1] = years[1].set_column(2, "time_period", pa.array(["2025"] * years[1].num_rows))
    both = engine.relation(pa.concat_tables(years))
    found = protect(both, dimensions=["region", "sex"], statistic="count", rules=FIVE)
    rows = found.observations.rows("TIME_PERIOD", "CONF_STATUS")
    assert sum(row == ("2024", "C") for row in rows) == 4
    assert ("2025", "C") not in rows


def test_the_report_is_json_and_holds_no_figure(engine):
    report = protected(engine, rules=ProtectionRules(minimum_contributors=5, round_to=3)).report
    assert json.loads(json.dumps(report)) == report
    assert report["audit"]["passed"]
    assert report["audit"]["figures_audited"] == 1
    assert report["rules"]["round_to"] == 3
    # 93 of 203 persons are in withheld cells; the report says so in whole per cent only.
    assert report["persons_withheld_percent"] == 46


def test_nobody_but_protect_makes_protected_figures(engine):
    relation = table(engine, COUNTS)
    with pytest.raises(DisclosureRisk, match="only as `protect` returns them"):
        Protected(relation, {})


def test_a_margin_that_its_cells_contradict_is_refused(engine):
    broken = table(engine, COUNTS).to_arrow()
    place = broken.column("region").to_pylist().index("N")
    with pytest.raises(DisclosureRisk, match="occurs twice"):
        protect(
            engine.relation(pa.concat_tables([broken, broken.slice(place, 1)])),
            dimensions=["region", "sex"], statistic="count", rules=FIVE,
        )  # fmt: skip
    inner = [
        region != "_T" and sex != "_T"
        for region, sex in zip(*(broken.column(n).to_pylist() for n in ("region", "sex")), strict=True)
    ]
    margins_only = broken.filter(pa.array([not each for each in inner]))
    with pytest.raises(DisclosureRisk, match="contributors in none of its cells"):
        protect(engine.relation(margins_only), dimensions=["region", "sex"], statistic="count", rules=FIVE)


def test_what_is_no_estimate_table_is_refused(engine):
    with pytest.raises(ContractBroken, match="has no column contributors"):
        protect(engine.relation(pa.table({"sex": ["F"]})), dimensions=["sex"], statistic="count", rules=FIVE)
    with pytest.raises(ProjectError, match="no statistic 'median'"):
        protect(table(engine, COUNTS), dimensions=["region", "sex"], statistic="median", rules=FIVE)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"minimum_contributors": 0}, "Fewer than one contributor"),
        ({"round_to": 1}, "multiples of 1"),
        ({"publication": "ours"}, "no publication rule 'ours'"),
    ],
)
def test_rules_refuse_nonsense(settings, complaint):
    with pytest.raises(ProjectError, match=complaint):
        ProtectionRules(**settings)
