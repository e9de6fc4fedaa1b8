"""Samples of hidden groups on plain files: six designs, what is refused, and what the command prints."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest

from sojourn.contracts.sampling import SampledEstimate
from sojourn.errors import DataRefused, ProjectError
from sojourn.production.hidden_group_files import (
    HiddenGroupSources,
    HiddenGroupTargets,
    hidden_group_file,
)
from sojourn.project.load import load_declaration
from sojourn.project.special_design_declarations import HiddenGroupDeclaration

TWO_PHASE = """\
two_phase:
  unit: id
  draw: {stages: [{strata: region, population: of_region}]}
  second: again
  strata: [screened]
  regress_on: age
  regress_on_categories: sex
targets:
  - {id: mean, statistic: mean, of: y, by: sex}
  - {id: women, statistic: share, of: sex, category: f}
"""
SCREENED = "id,region,of_region,screened,again,age,sex,y\n" + "".join(
    f"{one},{'n' if one < 10 else 's'},{200 if one < 10 else 90},{'y' if one % 2 else 'n'},"
    f"{'true' if one % 5 else 'false'},{20 + one * 7 % 31},{'fm'[one // 3 % 2]},"
    f"{one * 3 % 7 if one % 5 else ''}\n"
    for one in range(20)
)
FRAMES = """\
frames:
  unit: id
  frame: frame
  frames: [{id: area, member: in_area, probability: p}, {id: register, member: in_register, probability: q}]
  draw: {stages: [{everyone: 40}]}
  estimator: single-frame
targets: [{id: total, statistic: total, of: y}]
"""
TWO_FRAMES = """\
id,frame,in_area,in_register,p,q,y
1,area,true,false,0.05,0,3
2,area,true,true,0.05,0.05,5
3,register,false,true,0,0.05,2
4,register,true,true,0.05,0.05,6
"""
ADAPTIVE = """\
adaptive:
  unit: block
  initial: drawn
  condition_of: people
  at_least: 2
  everyone: 100
  grid: {row: row, column: column}
targets: [{id: people, statistic: total, of: people}]
"""
BLOCKS = """\
block,drawn,row,column,people
a,1,1,1,0
b,1,5,5,3
c,0,5,6,4
d,0,4,5,0
e,0,6,5,0
f,0,5,4,1
g,0,4,6,0
h,0,6,6,1
i,0,5,7,0
"""
INDIRECT = """\
indirect:
  unit: household
  target: person
  draw: {stages: [{everyone: 30}]}
  links: households
targets:
  - {id: abroad, statistic: total}
  - {id: sends, statistic: share, of: sends, category: "yes"}
"""
HOUSEHOLDS = "household\n1\n2\n3\n"
LINKS = "household,person\n1,p\n1,q\n2,q\n"
ABROAD = "person,households,sends\np,1,yes\nq,3,no\n"
CENTRES = """\
centres:
  unit: id
  centre: met
  centres: [{id: shop, attends: shop}, {id: park, attends: park}]
  replicates: 20
targets: [{id: working, statistic: share, of: works, category: "yes"}]
"""
PEOPLE = """\
id,met,shop,park,works
1,shop,true,false,yes
2,shop,true,true,no
3,shop,true,false,yes
4,park,false,true,no
5,park,true,true,yes
"""
RECRUITED = """\
respondent_driven: {person: id, recruiter: by, degree: knows, replicates: 20}
targets: [{id: working, statistic: share, of: works, category: "yes"}]
"""
RECRUITS = "id,by,knows,works\n1,,4,yes\n2,1,2,no\n3,1,5,yes\n4,2,1,no\n5,4,2,yes\n"

# Declaration, sample, further files, the first figure by hand, and the columns of weights and of details.
KINDS = {
    "two_phase": (TWO_PHASE, SCREENED, {}, None, "adjustment", None),
    # Weights 20, 10, 20 and 10: 60 + 50 + 40 + 60.
    "frames": (FRAMES, TWO_FRAMES, {}, 210.0, "frame_weight", None),
    # The network of two is hit by 1 - 98 · 97/(100 · 99) of all samples of two.
    "adaptive": (ADAPTIVE, BLOCKS, {}, 7 / (1 - 98 * 97 / 9900), "network_size", None),
    # Households weigh 10: p 10 · 1/1, q 10 · 2/3.
    "indirect": (INDIRECT, HOUSEHOLDS, {"links": LINKS, "reached": ABROAD}, 50 / 3, "weight", "abroad:_T=_T"),
    "centres": (CENTRES, PEOPLE, {}, None, "centre", "popularity"),
    # Those who work weigh 1/4 + 1/5 + 1/2 = 0.95, the others 1/2 + 1.
    "respondent_driven": (RECRUITED, RECRUITS, {}, 0.95 / 2.45, "wave", "diagnostic"),
}


def sources(folder: Path, sample: str, more: dict[str, str], suffix: str = ".csv") -> HiddenGroupSources:
    files = {}
    for name, text in {"sample": sample, **more}.items():
        file = folder / f"{name}.csv"
        file.write_text(text, encoding="utf-8")
        if suffix == ".parquet":
            table = pcsv.read_csv(file, convert_options=pcsv.ConvertOptions(strings_can_be_null=True))
            file = file.with_suffix(suffix)
            pq.write_table(table, file)
        files[name] = file
    return HiddenGroupSources(**files)


def declared(folder: Path, text: str) -> HiddenGroupDeclaration:
    file = folder / "hidden.yaml"
    file.write_text(f"id: example\n{text}", encoding="utf-8")
    return load_declaration(file, HiddenGroupDeclaration)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("kind", KINDS)
def test_each_design_is_estimated_from_its_files(tmp_path, kind, suffix):
    spec, sample, more, value, of_weights, of_details = KINDS[kind]
    details = tmp_path / "details.parquet" if of_details is not None else None
    targets = HiddenGroupTargets(tmp_path / "figures.parquet", tmp_path / "weights.csv", details)
    found = hidden_group_file(
        sources(tmp_path, sample, more, suffix), targets, declared=declared(tmp_path, spec)
    )
    assert found.kind == kind
    written = pq.read_table(targets.estimates)
    assert written.to_pylist() == found.rows
    assert SampledEstimate.conform(written).num_rows == len(found.rows)
    assert written.schema.metadata[b"design"] == kind.encode()
    assert written.schema.metadata[b"basis"].startswith(
        b"model" if kind == "respondent_driven" else b"design"
    )
    if value is not None:
        assert found.rows[0]["value"] == pytest.approx(value)
    assert of_weights in pcsv.read_csv(targets.weights).column_names
    if details is not None:
        assert of_details in pq.read_schema(details).names


def test_the_weights_of_a_regression_add_up_to_the_first_phase(tmp_path):
    targets = HiddenGroupTargets(tmp_path / "figures.csv", tmp_path / "weights.csv")
    hidden_group_file(sources(tmp_path, SCREENED, {}), targets, declared=declared(tmp_path, TWO_PHASE))
    weights = pcsv.read_csv(targets.weights)["weight"].to_pylist()
    assert sum(weights) == pytest.approx(290)


@pytest.mark.parametrize(
    ("kind", "part", "old", "new", "said"),
    [
        ("centres", "sample", "1,shop,true", "1,mall,true", "sample.csv: 1 people were asked at centres"),
        (
            "centres",
            "sample",
            "1,shop,true",
            "1,shop,maybe",
            "sample.csv:2: the cell in the column shop is neither true nor false",
        ),
        ("respondent_driven", "sample", "knows", "knew", "there is no column knows"),
        ("indirect", "reached", "q,3,no", "z,3,no", "leads to a target that is not in the table"),
        ("frames", "sample", "0.05,0,3", ",0,3", "sample.csv: The column p is empty in 1 rows"),
    ],
)
def test_files_that_do_not_serve_are_refused_by_name_and_leave_nothing(tmp_path, kind, part, old, new, said):
    spec, sample, more, *_ = KINDS[kind]
    texts = {"sample": sample, **more}
    assert old in texts[part]
    texts[part] = texts[part].replace(old, new)
    targets = HiddenGroupTargets(tmp_path / "figures.csv", tmp_path / "weights.csv")
    with pytest.raises(DataRefused, match=said):
        hidden_group_file(
            sources(tmp_path, texts.pop("sample"), texts), targets, declared=declared(tmp_path, spec)
        )
    assert not targets.estimates.exists()
    assert not targets.weights.exists()


@pytest.mark.parametrize(
    ("kind", "change", "said"),
    [
        ("indirect", {"links": None}, "needs --links"),
        ("indirect", {"reached": None}, "needs --reached"),
        ("centres", {"links": "a\n1\n"}, "has no --links"),
        ("adaptive", {"links": "unit,neighbour\na,b\n"}, "has no --links"),
    ],
)
def test_files_that_are_missing_or_of_no_use_are_named(tmp_path, kind, change, said):
    spec, sample, more, *_ = KINDS[kind]
    texts = {name: text for name, text in {**more, **change}.items() if text is not None}
    targets = HiddenGroupTargets(tmp_path / "figures.csv")
    with pytest.raises(ProjectError, match=said):
        hidden_group_file(sources(tmp_path, sample, texts), targets, declared=declared(tmp_path, spec))


def test_designs_without_details_say_so_before_anything_is_written(tmp_path):
    targets = HiddenGroupTargets(tmp_path / "figures.csv", tmp_path / "weights.csv", tmp_path / "details.csv")
    with pytest.raises(ProjectError, match="has no details"):
        hidden_group_file(sources(tmp_path, TWO_FRAMES, {}), targets, declared=declared(tmp_path, FRAMES))
    assert not targets.weights.exists()


def test_links_of_an_adaptive_sample_may_be_a_file(tmp_path):
    spec = ADAPTIVE.replace("  grid: {row: row, column: column}\n", "")
    links = "unit,neighbour\nb,c\nb,d\nb,e\nb,f\nc,g\nc,h\nc,i\n"
    found = hidden_group_file(
        sources(tmp_path, BLOCKS, {"links": links}),
        HiddenGroupTargets(tmp_path / "figures.csv"),
        declared=declared(tmp_path, spec),
    )
    assert found.rows[0]["value"] == pytest.approx(KINDS["adaptive"][3])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "targets:",
            "centres: {unit: a, centre: b, centres: [{id: c, attends: d}]}\ntargets:",
            "declare one of",
        ),
        ("respondent_driven: {person: id, recruiter: by, degree: knows, replicates: 20}", "", "not none"),
        ("statistic: share", "statistic: median", "statistic"),
        ('category: "yes"', "by: works", "needs a `category`"),
        ("recruiter: by, ", "", "recruiter"),
        ("]\n", ", {id: working, statistic: mean, of: knows}]\n", "declared twice"),
    ],
)
def test_declarations_that_cannot_be_are_errors(tmp_path, old, new, said):
    assert old in RECRUITED
    with pytest.raises(ProjectError, match=said):
        hidden_group_file(
            sources(tmp_path, RECRUITS, {}),
            HiddenGroupTargets(tmp_path / "figures.csv"),
            declared=declared(tmp_path, RECRUITED.replace(old, new)),
        )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  condition_of: people\n", "", "belong together|give `satisfies`"),
        ("  everyone: 100\n", "", "give `population` or `everyone`"),
        ("  everyone: 100\n", "  everyone: 100\n  strata: people\n", "strata need the column"),
        ("  at_least: 2\n", "", "belong together"),
        ("  everyone: 100\n", "  population: n\n  everyone: 100\n", "give `population` or `everyone`"),
    ],
)
def test_adaptive_declarations_say_condition_and_population_once(tmp_path, old, new, said):
    assert old in ADAPTIVE
    with pytest.raises(ProjectError, match=said):
        declared(tmp_path, ADAPTIVE.replace(old, new))


def test_the_command_says_what_the_figures_rest_on(tmp_path):
    sources(tmp_path, RECRUITS, {})
    declared(tmp_path, RECRUITED)
    command = [
        sys.executable,
        "-m",
        "sojourn",
        "--json",
        "tool",
        "estimate-hidden-group",
        "sample.csv",
        "out.csv",
    ]
    done = subprocess.run(
        [*command, "--spec", "hidden.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "5 sampled (respondent_driven); figures are model-based, not a probability sample." in done.stderr
    assert "working: 0.3878" in done.stderr
    told = json.loads(done.stdout)
    assert told["basis"] == "model-based, not a probability sample"
    assert told["rows"][0]["respondents"] == 5


PAGE = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "estimate-from-a-sample-of-a-hidden-group.md"


def test_the_page_has_a_declaration_of_each_design_and_all_of_them_are_sound(tmp_path):
    kinds = []
    for number, text in enumerate(re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)):
        file = tmp_path / f"{number}.yaml"
        file.write_text(text, encoding="utf-8")
        kinds.append(load_declaration(file, HiddenGroupDeclaration).kind)
    assert sorted(kinds) == sorted(KINDS)
