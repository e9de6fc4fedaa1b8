"""What is withheld of tables small enough to judge by hand."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

from sojourn.contracts.aggregates import Observation
from sojourn.disclosure import ProtectionRules
from sojourn.disclosure.suppression import (
    GroupAttributes,
    LinkedTable,
    MinimumContributors,
    Needs,
    Policy,
    Prior,
    Records,
    Search,
    Zeros,
    audit,
    contributions,
    hierarchy_of,
    linked_cells,
    p_percent_rule,
    protect_tables,
    suppress,
    suppress_needs,
)
from sojourn.disclosure.suppression.tables import persons_alone
from sojourn.engine import Engine
from sojourn.errors import DisclosureRisk, ProjectError


@pytest.fixture
def engine():
    with Engine(threads=1) as engine:
        yield engine


def firms(rows: list[tuple[str, float, str]]) -> tuple:
    """Cells of one dimension with their total, and who is behind them."""
    records = pa.table(
        {
            "place": [row[0] for row in rows],
            "size": [row[1] for row in rows],
            "firm": [row[2] for row in rows],
        }
    )
    places = sorted({row[0] for row in rows})
    sums = [sum(row[1] for row in rows if row[0] == place) for place in places]
    held = pa.table({"place": [*places, "_T"], "value": [*sums, float(sum(sums))]})
    cells = linked_cells([held], [["place"]])
    return cells, contributions(cells, [Records(records, ("place",), "size", "firm")])


def withheld(cells, found) -> set[str]:
    return {"/".join(name) for name in cells.names(np.nonzero(found.is_withheld[: found.count])[0])}


def grid(values: list[list[float]], *, labels: str = "abcdefgh"):
    """Cells of a table of two dimensions with all its totals."""
    rows = [
        ("r" + labels[r], "c" + labels[c], v) for r, line in enumerate(values) for c, v in enumerate(line)
    ]
    rows += [("r" + labels[r], "_T", sum(line)) for r, line in enumerate(values)]
    rows += [("_T", "c" + labels[c], sum(line[c] for line in values)) for c in range(len(values[0]))]
    rows += [("_T", "_T", sum(map(sum, values)))]
    table = pa.table(
        {"row": [r[0] for r in rows], "column": [r[1] for r in rows], "value": [float(r[2]) for r in rows]}
    )
    return linked_cells([table], [["row", "column"]])


def needs(cells, asked: dict[tuple[str, str], float], kind: str = "upper") -> Needs:
    found = {name: np.zeros(cells.size) for name in ("upper", "lower", "sliding")}
    names = cells.names(np.arange(cells.size))
    for cell, amount in asked.items():
        found[kind][names.index(cell)] = amount
    return Needs(**found)


# Dimensions stand in alphabetical order: column, row.
SQUARE = [[2, 30, 40], [30, 50, 60], [40, 60, 70]]


def test_one_unsafe_cell_of_a_table_takes_the_cheapest_rectangle_with_it():
    cells = grid(SQUARE)
    found = suppress_needs(cells, needs(cells, {("ca", "ra"): 5}), prior=Prior(upper_share=2))
    # Rectangles through the cell cost 30 + 30 + 50 at least.
    assert withheld(cells, found) == {"ca/ra", "cb/ra", "ca/rb", "cb/rb"}


def test_the_need_may_be_below_or_a_width_wherever_it_lies():
    cells = grid(SQUARE)
    for kind, amount in (("lower", 2.0), ("sliding", 4.0), ("upper", 2.0)):
        found = suppress_needs(cells, needs(cells, {("ca", "ra"): amount}, kind))
        ends = audit(cells, found.is_withheld, found.needs, found.room)
        assert ends.passed
        assert (ends.lowest[0], ends.highest[0]) == (0.0, 32.0)  # 2 + 30, the smaller neighbour


def test_what_a_reader_knows_to_be_impossible_is_not_asked():
    cells = grid(SQUARE)
    # A cell of 2 cannot be 5 lower, and for this reader no more than 1 higher.
    found = suppress_needs(cells, needs(cells, {("ca", "ra"): 5}, "lower"), prior=Prior(upper_share=1.5))
    ends = audit(cells, found.is_withheld, found.needs, found.room)
    assert (ends.lowest[0], ends.highest[0]) == (0.0, 3.0)
    assert ends.passed


def test_the_audit_finds_what_two_sums_give_away():
    cells = grid(SQUARE)
    is_withheld = np.zeros(cells.size, bool)
    is_withheld[[cells.names(np.arange(cells.size)).index(name) for name in (("ca", "ra"), ("cb", "rb"))]] = (
        True
    )
    asked = needs(cells, {("ca", "ra"): 5})
    ends = audit(cells, is_withheld, asked, Prior().room(cells))
    assert (ends.lowest[0], ends.highest[0]) == (2.0, 2.0)
    assert not ends.passed
    assert ends.disclosed.tolist() == ends.cell.tolist()


def test_a_cell_without_an_end_is_not_disclosed():
    # Only the two inner cells are shown, and of them one is withheld: the total may be anything.
    cells = linked_cells([pa.table({"d": ["a", "b"], "value": [2.0, 30]})], [["d"]])
    is_withheld = np.array([False, True, False])
    need = np.array([0.0, 5, 0])
    ends = audit(cells, is_withheld, Needs(need, 0 * need, 0 * need), Prior().room(cells))
    assert (ends.lowest[0], ends.highest[0]) == (0.0, np.inf)
    assert ends.passed
    assert not len(ends.disclosed)


def test_the_audit_of_a_published_cell_is_its_value():
    cells = grid(SQUARE)
    ends = audit(cells, np.zeros(cells.size, bool), needs(cells, {("ca", "ra"): 5}), Prior().room(cells))
    assert (ends.lowest[0], ends.highest[0], ends.passed) == (2.0, 2.0, False)


def test_who_is_alone_in_a_withheld_cell_must_not_learn_the_other_one():
    # Of a and b together 190 is known: each firm would know the other's.
    cells, given = firms([("a", 100, "x"), ("b", 90, "y"), ("c", 200, "u"), ("c", 210, "v"), ("c", 190, "w")])
    found = suppress(cells, given, Policy((p_percent_rule(15),)))
    assert withheld(cells, found) == {"a", "b", "c"}
    nobody = suppress_needs(cells, Needs(found.needs.upper[:4], found.needs.lower[:4], np.zeros(4)))
    assert withheld(cells, nobody) == {"a", "b"}
    ends = audit(cells, nobody.is_withheld, nobody.needs, nobody.room, readers=found.readers)
    assert np.all(ends.is_met)
    assert not np.any(ends.against_alone)


def test_withheld_cells_of_one_owner_are_judged_together():
    # x has 95 of the 100 in a and b: 15 % of 95 is 14.25, and beside x and the next there are 2.
    rows = [("a", 50, "x"), ("a", 2, "y"), ("b", 45, "x"), ("b", 3, "z")]
    more = [("c", 300, "u"), ("c", 310, "v"), ("c", 290, "w")]
    cells, given = firms(rows + more)
    found = suppress(cells, given, Policy((p_percent_rule(15),)))
    assert found.found_by == {"PqRule": 2, "unions": 1}
    assert withheld(cells, found) == {"a", "b", "c"}


def test_holdings_behind_several_records_are_one_contributor():
    rows = [("a", 30, "x"), ("a", 30, "y"), ("a", 30, "z"), ("b", 500, "u"), ("b", 500, "v"), ("b", 400, "w")]
    safe = suppress(*firms(rows), Policy((p_percent_rule(15),)))
    assert not safe.is_withheld.any()
    owned = [(place, size, "x" if place == "a" else firm) for place, size, firm in rows]
    cells, given = firms(owned)
    assert withheld(cells, suppress(cells, given, Policy((p_percent_rule(15),)))) == {"a", "b"}


PERSONS = [
    ("N", "yes", 12),
    ("N", "no", 1),
    ("S", "yes", 40),
    ("S", "no", 60),
    ("W", "yes", 30),
    ("W", "no", 30),
]


def people(counts: list[tuple[str, str, int]]):
    records = pa.table(
        {
            "place": [place for place, _, count in counts for _ in range(count)],
            "ill": [ill for _, ill, count in counts for _ in range(count)],
        }
    )
    rows = [(place, ill, float(count)) for place, ill, count in counts]
    rows += [
        (place, "_T", float(sum(c for p, _, c in counts if p == place)))
        for place in sorted({c[0] for c in counts})
    ]
    rows += [("_T", ill, float(sum(c for _, i, c in counts if i == ill))) for ill in ("no", "yes")]
    rows += [("_T", "_T", float(sum(c for *_, c in counts)))]
    table = pa.table({name: [row[at] for row in rows] for at, name in enumerate(("place", "ill", "value"))})
    cells = linked_cells([table], [["place", "ill"]])
    return cells, contributions(cells, [Records(records, ("place", "ill"))])


def test_a_cell_that_holds_nearly_all_of_its_group_must_stay_uncertain():
    cells, given = people(PERSONS)
    assert not suppress(cells, given, Policy(groups=(GroupAttributes("ill", 0),))).is_withheld.any()
    found = suppress(cells, given, Policy(groups=(GroupAttributes("ill", 1),)))
    assert found.found_by == {"GroupAttributes": 1}
    # The others in N must be able to be two: the cell is withheld, and with it a rectangle or the totals.
    assert {"yes/N", "no/N"} <= withheld(cells, found)
    assert len(withheld(cells, found)) == 4


def test_a_group_that_is_known_to_be_alike_cannot_be_hidden_until_zeros_may_be_withheld():
    counts = [("N", "yes", 12), ("N", "no", 0), *PERSONS[2:]]
    cells, given = people(counts)
    rule = GroupAttributes("ill", 0)
    with pytest.raises(DisclosureRisk, match="cannot be kept uncertain"):
        suppress(cells, given, Policy(groups=(rule,)))
    found = suppress(cells, given, Policy(groups=(rule,), zeros=Zeros.MAY_BE_WITHHELD))
    assert {"yes/N", "no/N"} <= withheld(cells, found)
    with pytest.raises(ProjectError, match="No table has"):
        suppress(cells, given, Policy(groups=(GroupAttributes("sex"),)))


def test_a_zero_that_is_sensitive_is_withheld_and_might_be_one_person():
    counts = [("N", "yes", 12), ("N", "no", 0), *PERSONS[2:]]
    cells, given = people(counts)
    assert not suppress(cells, given, Policy((MinimumContributors(3),))).is_withheld.any()
    found = suppress(cells, given, Policy(zeros=Zeros.SENSITIVE))
    assert "no/N" in withheld(cells, found)
    assert found.found_by["Zeros"] == 1


def test_a_cell_that_must_be_published_is_or_the_tables_are_refused():
    cells = grid(SQUARE)
    names = cells.names(np.arange(cells.size))
    persons = [
        ("r" + "abc"[r], "c" + "abc"[c]) for r in range(3) for c in range(3) for _ in range(SQUARE[r][c])
    ]
    records = pa.table({"row": [row for row, _ in persons], "column": [column for _, column in persons]})
    given = contributions(cells, [Records(records, ("row", "column"))])
    must = np.zeros(cells.size, bool)
    must[names.index(("cb", "rb"))] = True
    found = suppress(cells, given, Policy((MinimumContributors(3, percent=100),)), must_publish=must)
    assert "ca/ra" in withheld(cells, found)
    assert "cb/rb" not in withheld(cells, found)
    few = contributions(cells, [Records(records.slice(0, 1), ("row", "column"))])
    with pytest.raises(DisclosureRisk, match="no contributor"):
        suppress(cells, few, Policy())
    must[names.index(("ca", "ra"))] = True
    with pytest.raises(ProjectError, match="must be published"):
        suppress(cells, given, Policy((MinimumContributors(3),)), must_publish=must)


def test_costs_decide_what_goes_with_an_unsafe_cell():
    values = [[2, 30, 500], [25, 20, 500], [500, 500, 500]]
    cells = grid(values)
    asked = needs(cells, {("ca", "ra"): 2})
    small = withheld(cells, suppress_needs(cells, asked, cost="size", prior=Prior(upper_share=2)))
    assert small == {"ca/ra", "cb/ra", "ca/rb", "cb/rb"}
    few = suppress_needs(cells, asked, cost="constant", prior=Prior(upper_share=2))
    assert len(withheld(cells, few)) == 4


def test_a_neighbourhood_proves_for_all_tables():
    cells = grid([[1 + (3 * r + 5 * c) % 17 for c in range(8)] for r in range(8)])
    asked = needs(cells, dict.fromkeys(cells.names(np.arange(cells.size))[20:30], 2.0))
    found = suppress_needs(cells, asked, search=Search(whole_up_to=0, neighbourhood=8))
    assert audit(cells, found.is_withheld, found.needs, found.room).passed


def test_figures_against_what_readers_know_are_refused():
    cells = grid([[-2, 30], [5, 6]])
    with pytest.raises(DisclosureRisk, match="negative"):
        Prior().room(cells)
    assert np.all(np.isinf(Prior(may_be_negative=True).room(cells).down))
    with pytest.raises(DisclosureRisk, match="smaller than the least"):
        Prior(least=10, may_be_negative=True).room(cells)
    for wrong in ({"lower_share": 2.0}, {"upper_share": 0.5}, {"least": -1.0}):
        with pytest.raises(ProjectError, match="must hold the true figures"):
            Prior(**wrong)
    with pytest.raises(ProjectError, match="8 cells or more"):
        Search(neighbourhood=2)


def estimates(engine, cells: dict[tuple[str, ...], int], dimensions: tuple[str, ...], period: str = "2024"):
    columns = {name: [cell[place] for cell in cells] for place, name in enumerate(dimensions)}
    size = len(cells)
    counts = list(cells.values())
    return engine.relation(
        pa.table(
            columns
            | {
                "time_period": [period] * size, "value": pa.array(counts, pa.float64()),
                "contributors": counts, "variance": pa.nulls(size, pa.float64()),
                "degrees_of_freedom": pa.nulls(size, pa.int64()), "method": ["m"] * size,
            }
        )
    )  # fmt: skip


# Regions N1 and N2 are N; N1 has three persons.
REGIONS = hierarchy_of("region", {"N1": "N", "N2": "N", "S": "_T"})
BY_REGION = {("N1",): 3, ("N2",): 47, ("S",): 90, ("N",): 50, ("_T",): 140}
BY_SEX = {("N", "F"): 30, ("N", "M"): 20, ("S", "F"): 40, ("S", "M"): 50, ("N", "_T"): 50, ("S", "_T"): 90,
          ("_T", "F"): 70, ("_T", "M"): 70, ("_T", "_T"): 140}  # fmt: skip
RULES = ProtectionRules(minimum_contributors=5, publication="none")


def test_linked_tables_withhold_what_only_together_gives_a_figure_away(engine):
    tables = [
        LinkedTable("REGION", estimates(engine, BY_REGION, ("region",)), ("region",)),
        LinkedTable("SEX", estimates(engine, BY_SEX, ("region", "sex")), ("region", "sex")),
    ]
    found = protect_tables(tables, rules=RULES, hierarchies=[REGIONS])
    shown = {
        name: {
            tuple(row[column] for column in ("REGION", "SEX") if column in row)
            for row in each.observations.to_arrow().to_pylist()
            if row["CONF_STATUS"] == "C"
        }
        for name, each in found.items()
    }
    # N1 and N2 hide each other within N; nothing else is needed.
    assert shown == {"REGION": {("N1",), ("N2",)}, "SEX": set()}
    report = found["REGION"].report
    assert report["audit"]["passed"]
    assert report["audit"]["tables"] == ["REGION", "SEX"]
    assert report["cells"] == {
        "all": 5, "published": 3, "zero": 0, "withheld_primary": 1, "withheld_secondary": 1,
    }  # fmt: skip
    json.dumps(report)
    Observation.conform(found["SEX"].observations.to_arrow(), ("REGION", "SEX"))


def test_a_shared_total_that_one_table_withholds_the_other_withholds_too(engine):
    # Of W there are only three persons: the total of W is a figure of both tables.
    region = {("W",): 3, ("S",): 90, ("E",): 60, ("_T",): 153}
    sex = {("W", "F"): 3, ("S", "F"): 40, ("S", "M"): 50, ("E", "M"): 60, ("W", "_T"): 3, ("S", "_T"): 90,
           ("E", "_T"): 60, ("_T", "F"): 43, ("_T", "M"): 110, ("_T", "_T"): 153}  # fmt: skip
    found = protect_tables(
        [
            LinkedTable("A", estimates(engine, region, ("region",)), ("region",)),
            LinkedTable("B", estimates(engine, sex, ("region", "sex")), ("region", "sex")),
        ],
        rules=ProtectionRules(minimum_contributors=5, round_to=5, publication="none"),
    )
    in_a, in_b = ({row["REGION"]: row["OBS_VALUE"] for row in found[name].observations.to_arrow().to_pylist()
                   if row.get("SEX", "_T") == "_T"} for name in ("A", "B"))  # fmt: skip
    assert in_a == in_b
    assert in_a["W"] is None
    assert all(value is None or value % 5 == 0 for value in in_a.values())


def test_a_total_of_one_person_is_of_the_same_person_in_whatever_table():
    by_sex = pa.table({"region": ["N", "S", "S"], "sex": ["F", "F", "M"], "value": [1.0, 1, 7]})
    by_age = pa.table({"region": ["N", "S", "S"], "age": ["y", "y", "o"], "value": [1.0, 1, 7]})
    cells = linked_cells([by_sex, by_age], [["region", "sex"], ["region", "age"]])
    alone = persons_alone(cells, cells.values.astype(np.int64))
    person = dict(zip(cells.names(np.arange(cells.size)), alone.tolist(), strict=True))  # age, region, sex
    # The one person of N is in both tables; which of S is young nobody can tell from which of S is F.
    assert person["_T", "N", "F"] == person["_T", "N", "_T"] == person["y", "N", "_T"] >= 0
    assert len({person["_T", "N", "F"], person["_T", "S", "F"], person["y", "S", "_T"]}) == 3
    assert person["_T", "S", "_T"] == -1


def test_each_time_period_is_protected_apart_and_persons_alone_are_thought_of(engine):
    quiet = {("a",): 60, ("b",): 70, ("_T",): 130}
    alone = {("a",): 1, ("b",): 70, ("_T",): 71}
    both = pa.concat_tables(
        [
            estimates(engine, cells, ("d",), period).to_arrow()
            for cells, period in ((quiet, "2023"), (alone, "2024"))
        ]
    )
    found = protect_tables([LinkedTable("T", engine.relation(both), ("d",))], rules=RULES)["T"]
    hidden = {
        (row["TIME_PERIOD"], row["D"])
        for row in found.observations.to_arrow().to_pylist()
        if row["CONF_STATUS"] == "C"
    }
    # Either the other cell or the total hides one person.
    assert ("2024", "a") in hidden
    assert len(hidden) == 2
    assert {period for period, _ in hidden} == {"2024"}


def test_tables_that_cannot_be_protected_together_are_refused(engine):
    one = estimates(engine, {("a",): 60, ("_T",): 60}, ("d",))
    with pytest.raises(ProjectError, match="not protected together"):
        protect_tables([LinkedTable("T", one, ("d",), "share")], rules=RULES)
    with pytest.raises(ProjectError, match="names of their own"):
        protect_tables([LinkedTable("T", one, ("d",)), LinkedTable("T", one, ("d",))], rules=RULES)
    with pytest.raises(ProjectError, match="names of their own"):
        protect_tables([], rules=RULES)
    doubled = estimates(engine, {("a",): 60, ("b",): 30, ("_T",): 80}, ("d",))
    with pytest.raises(DisclosureRisk, match="not the sum"):
        protect_tables([LinkedTable("T", doubled, ("d",))], rules=RULES)
    small = estimates(engine, {("a",): 2, ("b",): 70, ("_T",): 72}, ("d",))
    with pytest.raises(DisclosureRisk, match="cannot be kept uncertain"):
        protect_tables(
            [LinkedTable("T", small, ("d",))], rules=ProtectionRules(minimum_contributors=5, secondary=False)
        )
