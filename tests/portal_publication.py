"""A small public zone for tests: two tables, two releases, withheld and flagged cells, hostile texts."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa

from sojourn.dissemination.publication import (
    Agency,
    ApprovalCount,
    AuditCheckpoint,
    CodeDescription,
    Contact,
    Country,
    Dimension,
    Licence,
    Manifest,
    Method,
    Protection,
    PublishedTable,
    ReleaseDescription,
    ReleaseEntry,
    Revision,
    SourceDescription,
    TableDescription,
    Unit,
    write_manifest,
    write_release_folder,
)

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}${7*7}"
FORMULA = '=HYPERLINK("http://evil.example","x")'
CANARY = "CANARY-7f3a-SECRET-OF-A-PERSON"

AGENCY = Agency(
    id="RNSO",
    name={
        "en": "Ruritania Statistics",
        "ar": "إحصاءات روريتانيا",
        "fr": "Statistiques de Ruritanie",
    },
    url="https://stat.example",
)
COUNTRY = Country(code="RUR", name={"en": "Ruritania", "ar": "روريتانيا", "fr": "Ruritanie"})

CITIZENSHIPS = [
    ("_T", "Total", "المجموع", None),
    ("SYR", "Syrian Arab Republic", "الجمهورية العربية السورية", "760"),
    ("UKR", "Ukraine", "أوكرانيا", "804"),
    ("TUR", "Türkiye", "تركيا", "792"),
    ("CHN", "China", "الصين", "156"),
    ("FRA", "France", "فرنسا", "250"),
    ("NOR", "Norway", "النرويج", "578"),
    ("BRA", "Brazil", "البرازيل", "076"),
    ("STLS", "Stateless", "عديمو الجنسية", None),
]
SEXES = [("_T", "Total", "المجموع"), ("F", "Women", "نساء"), ("M", "Men", "رجال")]
REGIONS = [("_T", "Ruritania", "روريتانيا"), ("R1", "Strelsau", "سترلساو"), ("R2", "Zenda", "زندا")]


def _codes(rows: list[tuple[str, str, str, str | None]]) -> tuple[CodeDescription, ...]:
    return tuple(
        CodeDescription(id=i, name={"en": en, "ar": ar}, parent=None if i == "_T" else "_T", m49=m49)
        for i, en, ar, m49 in rows
    )


def _sexes() -> Dimension:
    return Dimension(
        id="SEX",
        name={"en": "Sex", "ar": "الجنس"},
        codelist="CL_SEX",
        role="sex",
        total="_T",
        codes=_codes([(*row, None) for row in SEXES]),
    )


def _common(**changes: object) -> dict[str, object]:
    return {
        "licence": Licence(id="CC-BY-4.0", url="https://creativecommons.org/licenses/by/4.0/"),
        "contact": Contact(
            name={"en": "Migration statistics desk", "ar": "مكتب إحصاءات الهجرة"},
            email="migration@stat.example",
        ),
        "protection": Protection(
            rules=(
                {
                    "en": "Figures with fewer than 10 people behind them are withheld.",
                    "ar": "تُحجب الأرقام التي يقل عدد أصحابها عن 10 أشخاص.",
                },
                {"en": "Published figures are rounded to 5.", "ar": "تُقرَّب الأرقام المنشورة إلى 5."},
            ),
            cells=108,
            withheld_primary=2,
            withheld_secondary=1,
            minimum_contributors=10,
            rounded_to=5,
        ),
        **changes,
    }


def inflow(version: str, *, years: tuple[str, ...] = ("2021", "2022", "2023", "2024")) -> PublishedTable:
    """Immigrants by citizenship, sex and year: counts from registers, some withheld, the last provisional."""
    description = TableDescription.model_validate(
        _common(
            id="INFLOW",
            indicator="immigrants",
            title={"en": "Immigrants by citizenship and sex", "ar": "المهاجرون الوافدون حسب الجنسية والجنس"},
            description={
                "en": "People who came to live in Ruritania, each year.",
                "ar": "الأشخاص الذين قدموا للإقامة في روريتانيا كل عام.",
            },
            definition={
                "en": "A person who moves to Ruritania for at least twelve months.",
                "ar": "شخص ينتقل إلى روريتانيا لمدة اثني عشر شهرًا على الأقل.",
            },
            unit=Unit(id="PS", name={"en": "Persons", "ar": "أشخاص"}),
            statistic="count",
            dimensions=(
                Dimension(
                    id="CITIZENSHIP",
                    name={"en": "Citizenship", "ar": "الجنسية"},
                    codelist="CL_AREA",
                    role="area",
                    total="_T",
                    codes=_codes(CITIZENSHIPS),
                ),
                _sexes(),
            ),
            time_periods=years,
            sources=(
                SourceDescription(
                    id="border",
                    title={"en": "Border crossings", "ar": "سجلات عبور الحدود"},
                    provider={"en": "Border Guard", "ar": "حرس الحدود"},
                    kind="border_crossings",
                    period="2021–2024",
                ),
                SourceDescription(
                    id="register",
                    title={"en": "Population register"},
                    provider={"en": "Ministry of the Interior"},
                    kind="register",
                ),
            ),
            method=Method(
                id="inflow",
                title={"en": "Counting immigrants", "ar": "عدّ المهاجرين"},
                summary={
                    "en": "Arrivals are paired with departures; a stay of twelve months makes an immigrant.",
                    "ar": "تُربط حالات الوصول بحالات المغادرة، والإقامة اثني عشر شهرًا تجعل الشخص مهاجرًا.",
                },
            ),
            uncertainty={"en": "Counts from registers have no sampling error; late reports add about 1%."},
            quality_notes=({"en": f"Late reports are added in the next release. {HOSTILE}"},),
            revisions=(
                Revision(on=date(2025, 9, 1), version="2024.2", note={"en": "Late arrivals of 2023 added."}),
            ),
            citation={
                "en": f"Ruritania Statistics (2025), Immigrants by citizenship and sex, release {version}.",
                "ar": "إحصاءات روريتانيا (2025)، المهاجرون الوافدون حسب الجنسية والجنس.",
            },
            keywords={"en": ("migration", "arrivals"), "ar": ("هجرة",)},
        )
    )
    return PublishedTable(
        description, _inflow_cells(years), "-- One row for each immigrant.\nselect 1 < 2\n", {}
    )


def _inflow_cells(years: tuple[str, ...]) -> pa.Table:
    cells = list(itertools.product([row[0] for row in CITIZENSHIPS], [row[0] for row in SEXES], years))
    size = {"SYR": 1240, "UKR": 5300, "TUR": 640, "CHN": 880, "FRA": 310, "NOR": 30, "BRA": 95, "STLS": 25}
    size["_T"] = sum(size.values())
    share = {"_T": 1.0, "F": 0.45, "M": 0.55}
    values: list[float | None] = []
    statuses, confidentiality = [], []
    for citizen, sex, year in cells:
        value = 5.0 * round(size[citizen] * share[sex] * (1 + 0.12 * (int(year) - 2021)) / 5)
        withheld = (citizen, sex) in {("STLS", "F"), ("NOR", "F")} and year == "2022"
        secondary = (citizen, sex) == ("STLS", "M") and year == "2022"
        values.append(None if withheld or secondary else value)
        confidentiality.append("C" if withheld else "D" if secondary else "F")
        statuses.append("Q" if withheld or secondary else "P" if year == years[-1] else "A")
    none = pa.nulls(len(cells), pa.float64())
    return pa.table(
        {
            "CITIZENSHIP": [cell[0] for cell in cells],
            "SEX": [cell[1] for cell in cells],
            "TIME_PERIOD": [cell[2] for cell in cells],
            "OBS_VALUE": pa.array(values, pa.float64()),
            "OBS_STATUS": statuses,
            "CONF_STATUS": confidentiality,
            "SE": none,
            "CV": none,
            "LINKAGE_SE": none,
        }
    )


def survey(version: str) -> PublishedTable:
    """Share of foreign-born by region and sex, from a survey: standard errors, one unreliable cell."""
    description = TableDescription.model_validate(
        _common(
            id="FB_SHARE",
            indicator="foreign_born",
            title={
                "en": "Share of people born abroad, by region",
                "ar": "نسبة المولودين في الخارج حسب الإقليم",
            },
            description={"en": f"Estimated from the household survey. {HOSTILE}"},
            definition={"en": "People born outside Ruritania as a percentage of all residents."},
            unit=Unit(id="PT", name={"en": "Per cent", "ar": "نسبة مئوية"}, decimals=1),
            statistic="share",
            dimensions=(
                Dimension(
                    id="REF_AREA",
                    name={"en": "Region", "ar": "الإقليم"},
                    codelist="CL_REGION",
                    role="area",
                    total="_T",
                    codes=(
                        *_codes([(*row, None) for row in REGIONS]),
                        CodeDescription(id="R3", name={"en": FORMULA}, parent="_T"),
                    ),
                ),
                _sexes(),
            ),
            time_periods=("2023", "2024"),
            sources=(
                SourceDescription(
                    id="survey",
                    title={"en": "Household survey"},
                    provider={"en": "Ruritania Statistics"},
                    kind="survey",
                ),
            ),
            method=Method(
                id="foreign-born",
                title={"en": "Estimating the foreign-born"},
                summary={"en": "Weighted shares with 80 replicate weights."},
            ),
            uncertainty={"en": "Intervals hold the true figure in 95 samples of 100."},
            citation={"en": f"Ruritania Statistics (2025), Share of people born abroad, release {version}."},
        )
    )
    areas = [*(row[0] for row in REGIONS), "R3"]
    cells = list(itertools.product(areas, [row[0] for row in SEXES], ["2023", "2024"]))
    level = {"_T": 8.4, "R1": 14.2, "R2": 5.1, "R3": 2.3}
    values = [
        level[a] + {"_T": 0.0, "F": 0.2, "M": -0.2}[s] + (0.3 if y == "2024" else 0.0) for a, s, y in cells
    ]
    errors = [
        value * (0.4 if area == "R3" else 0.05) for value, (area, _, _) in zip(values, cells, strict=True)
    ]
    table = pa.table(
        {
            "REF_AREA": [cell[0] for cell in cells],
            "SEX": [cell[1] for cell in cells],
            "TIME_PERIOD": [cell[2] for cell in cells],
            "OBS_VALUE": values,
            "OBS_STATUS": ["U" if area == "R3" else "A" for area, _, _ in cells],
            "CONF_STATUS": ["F"] * len(cells),
            "SE": errors,
            "CV": [100 * error / value for error, value in zip(errors, values, strict=True)],
            "LINKAGE_SE": pa.nulls(len(values), pa.float64()),
        }
    )
    return PublishedTable(description, table, "select avg(born_abroad) from residents -- </pre><script>", {})


@dataclass(frozen=True)
class Publication:
    """Where the test's public zone lies and what was put there."""

    public: Path
    first: str
    second: str
    withdrawn: str


def _release(
    public: Path, version: str, day: int, tables: tuple[PublishedTable, ...], **more: object
) -> ReleaseEntry:
    title = {"en": f"Migration statistics {version}", "ar": f"إحصاءات الهجرة {version}"}
    description = ReleaseDescription.model_validate(
        {
            "id": more.get("id", "migration"),
            "version": version,
            "title": title,
            "agency": AGENCY,
            "country": COUNTRY,
            "prepared_at": datetime(2025, 6, day, 8, tzinfo=UTC),
            "tables": tuple(table.description.id for table in tables),
            "approvals": (
                ApprovalCount(role="statistician", people=1),
                ApprovalCount(role="director", people=1),
            ),
            "audit": AuditCheckpoint(size=412, root="ab" * 32, signature="c2ln", key="office-2025"),
        }
    )
    name = write_release_folder(public, description, tables)
    return ReleaseEntry.model_validate(
        {
            "id": description.id,
            "version": version,
            "hash": name,
            "title": title,
            "published_at": datetime(2025, 6, day, 9, tzinfo=UTC),
            "tables": description.tables,
            "supersedes": more.get("supersedes"),
        }
    )


def publish(folder: Path) -> Publication:
    """Make the public zone below a folder, with a secret file beside it that nobody may read."""
    public = folder / "public"
    public.mkdir(parents=True)
    (folder / "vault").mkdir()
    (folder / "vault" / "persons.csv").write_text(CANARY, encoding="utf-8")
    (folder / "canary.txt").write_text(CANARY, encoding="utf-8")
    wrong = _release(public, "2024.0", 1, (inflow("2024.0", years=("2021", "2022")),), id="early")
    first = _release(
        public, "2024.1", 2, (inflow("2024.1", years=("2021", "2022", "2023")), survey("2024.1"))
    )
    second = _release(public, "2024.2", 15, (inflow("2024.2"), survey("2024.2")), supersedes=first.hash)
    manifest = Manifest(agency=AGENCY, country=COUNTRY).with_release(wrong).with_release(first)
    manifest = manifest.with_release(second)
    manifest = manifest.with_withdrawal(wrong.hash, {"en": "Two source files were counted twice."})
    write_manifest(public, manifest)
    return Publication(public, first.hash, second.hash, wrong.hash)
