"""Cell keys held to published perturbation tables and to the package of the Office for National Statistics.

The rows of `ptable` are those that its vignette prints (CRAN, ptable 1.0.0, inst/doc/introduction.html,
`create_cnt_ptable(D = 5, V = 3, js = 2)@tMatrix` and others), computed there to 1e-7. What ONS's
package makes of a small file was stored: `oracle_ons_cell_keys.py` says how.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from sojourn.disclosure.cell_keys import (
    NoiseSettings,
    keyed_cells,
    perturbation_table,
    perturbed_counts,
    table_of_columns,
)

pytestmark = pytest.mark.oracle
STORED = Path(__file__).with_name("ons_cell_keys.json")
NAMES = ("area", "sex", "status")

PTABLE_5_3_2 = {
    1: {0: 0.73446954, 3: 0.136720190, 4: 0.07279631, 5: 0.03742956, 6: 0.018584399},
    2: {0: 0.40880704, 3: 0.406643537, 4: 0.14762401, 5: 0.03231882, 6: 0.004266868, 7: 0.0003397188},
    3: {
        0: 0.20398618, 3: 0.393662525, 4: 0.24749239, 5: 0.11056847, 6: 0.035102043, 7: 0.0079189055,
        8: 0.001269491,
    },
    4: {
        0: 0.08485487, 3: 0.277921233, 4: 0.27792123, 5: 0.18939369, 6: 0.105125448, 7: 0.0454553570,
        8: 0.015310774, 9: 0.004017391,
    },
    5: {
        0: 0.02014749, 3: 0.173347467, 4: 0.22063302, 5: 0.22131828, 6: 0.174967643, 7: 0.1090164652,
        8: 0.053532830, 9: 0.020717693, 10: 0.006319113,
    },
    6: {
        3: 0.072029825, 4: 0.13671708, 5: 0.19735138, 6: 0.216652933, 7: 0.1808822561, 8: 0.114850887,
        9: 0.055459983, 10: 0.020367237, 11: 0.005688418,
    },
    7: {
        3: 0.018439196, 4: 0.05548389, 5: 0.12162104, 6: 0.194208159, 7: 0.2259140226, 8: 0.191441399,
        9: 0.118180404, 10: 0.053146176, 11: 0.017410672, 12: 0.004155049,
    },
    8: {
        3: 0.003791861, 4: 0.01659093, 5: 0.05229263, 6: 0.118730368, 7: 0.1941934608, 8: 0.228801496,
        9: 0.194193460, 10: 0.118730371, 11: 0.052292634, 12: 0.016590928, 13: 0.00379186,
    },
}  # fmt: skip
PTABLE_2_09 = {
    1: {0: 0.3625, 1: 0.3625, 2: 0.1875, 3: 0.0875},
    2: {0: 0.05154609, 1: 0.2438156, 2: 0.4092765, 3: 0.2438156, 4: 0.05154609},
}


@pytest.mark.parametrize(
    ("settings", "published"),
    [(NoiseSettings(5, 3.0, 2), PTABLE_5_3_2), (NoiseSettings(2, 0.9), PTABLE_2_09)],
)
def test_tables_are_those_that_ptable_prints(settings, published):
    found = perturbation_table(settings).probabilities()
    assert found.keys() == published.keys()
    for count, row in published.items():
        reached = {count + change: share for change, share in found[count].items()}
        assert reached.keys() == row.keys()
        for target, share in row.items():
            assert reached[target] == pytest.approx(share, abs=5e-8), (count, target)


def test_counts_stay_with_the_probabilities_that_ptable_prints():
    # create_cnt_ptable(D = 4, V = 1, pstay = 0.5): p_var 1 and p_stay 0.5 in every row.
    for row in perturbation_table(NoiseSettings(4, 1.0, stay=0.5)).probabilities().values():
        assert row[0] == pytest.approx(0.5, abs=1e-9)
        assert sum(change**2 * share for change, share in row.items()) == pytest.approx(1, abs=1e-8)


@pytest.fixture
def stored():
    """Records as they were given to the package, its table, and the cells that it made."""
    held = json.loads(STORED.read_text(encoding="utf-8"))
    columns = {name: [None if code == "-" else code for code in held["records"][name]] for name in NAMES}
    count, key = np.repeat(np.arange(1, 751), 256), np.tile(np.arange(256), 750)
    change = np.maximum((count * 7 + key * 13) % 7 - 3, -count)
    table = table_of_columns(pa.table({"pcv": count, "ckey": key, "pvalue": change}))
    records = pa.table({**columns, "record_key": pa.array(held["record_key"], pa.uint32())})
    return records, table, held["cells"]


def cells_of(engine, records, noise):
    """By cell: units, key and perturbed count."""
    keyed = keyed_cells(engine.relation(records), dimensions=NAMES, margins=[])
    counts = {row[:3]: row[3] for row in perturbed_counts(keyed, dimensions=NAMES, noise=noise).rows()}
    return {row[:3]: (row[3], row[4] % 256, counts[row[:3]]) for row in keyed.rows()}


def test_cells_are_those_of_the_ons_package_one_by_one(engine, stored):
    records, noise, theirs = stored
    ours = cells_of(engine, records, noise)
    compared = 0
    for cell in theirs:
        if cell["status"] is not None:
            assert ours[cell["area"], cell["sex"], cell["status"]] == (
                cell["pre_sdc_count"], cell["ckey"], cell["count"],
            )  # fmt: skip
            compared += 1
    assert compared == 36
    assert max(cell["pre_sdc_count"] for cell in theirs) > 750  # rows 501 to 750 are taken again


def test_a_missing_category_has_a_key_of_its_own_and_not_the_zero_of_the_ons_package(engine, stored):
    records, noise, theirs = stored
    unstated = [cell for cell in theirs if cell["status"] is None]
    assert {cell["ckey"] for cell in unstated} == {0}
    ours = cells_of(engine, records, noise)
    found = [ours[cell["area"], cell["sex"], "_U"] for cell in unstated]
    assert [count for count, _, _ in found] == [cell["pre_sdc_count"] for cell in unstated]
    assert len({key for _, key, _ in found}) == len(unstated)
