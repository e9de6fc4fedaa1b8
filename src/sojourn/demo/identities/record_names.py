"""Names as a source writes them: in its script, in one spelling or another, with what clerks leave out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.demo.country import Floats, Integers
from sojourn.demo.identities.families import Family
from sojourn.demo.identities.forms import CYRILLIC, LATIN, NATIVE, forms
from sojourn.demo.identities.rates import LINKAGE_RATES, chosen
from sojourn.demo.names import cultures, lexicon
from sojourn.demo.papers import chance, misspelt
from sojourn.demo.people import Flags, Rng

__all__ = ["ZONE_WIDTH", "WrittenNames", "read_from_zone", "written_names"]

# ICAO Doc 9303, part 4: the name field of a passport's machine-readable zone.
ZONE_WIDTH = 39

_PARTICLES = (
    "al|el|an|as|ash|ad|ar|at|az|abu|abou|abd al|abd|ben|bin|"
    "de la|de los|dela|del|de|da|das|dos|di|van|von|le|"
    "аль|ан|аш|эль|абу|бен|де ла|де лос|дель|де|да|дос|ди|ван|фон|"
    "بن|أبو|ابو|عبد"
)
_WITH_PARTICLE = f"(?i)^(?:(?:{_PARTICLES})[ -]|ال)"


@dataclass(frozen=True)
class WrittenNames:
    """Surnames and given names of records, their flaws, and who could have had each of them."""

    surname: pa.StringArray
    given: pa.StringArray
    flaws: dict[str, Flags]
    able: dict[str, Flags]


@dataclass
class _Page:
    """The names of a source's records while they are being written."""

    rng: Rng
    source: str
    size: int
    flaws: dict[str, Flags]
    able: dict[str, Flags]

    def luck(self) -> Floats:
        return self.rng.random(self.size)

    def some(self, flaw: str, able: Flags) -> Flags:
        """Who gets a flaw; remembered with those who could."""
        picked = chosen(self.luck(), able, self.source, flaw)
        if flaw in LINKAGE_RATES[self.source]:
            self.flaws[flaw], self.able[flaw] = picked, able
        return picked


def _scripts(page: _Page) -> Integers:
    """One script for all names of a record: native, Cyrillic, or Latin."""
    rates = LINKAGE_RATES[page.source]
    native, office = rates.get("native_script", 0.0), rates.get("cyrillic", 0.0)
    luck = page.luck()
    script = np.where(luck < native, NATIVE, np.where(luck < native + office, CYRILLIC, LATIN))
    for flaw, of in (("native_script", NATIVE), ("cyrillic", CYRILLIC)):
        if flaw in rates:
            page.flaws[flaw], page.able[flaw] = script == of, np.ones(page.size, dtype=bool)
    return script


def _passport_spelling(seed: int, question: int, who: Integers, family: Integers) -> Integers:
    """The spelling in a person's passport; four in five share that of their family."""
    luck = np.where(
        chance(seed, question, who) < 0.8,
        chance(seed, question + 1, family),
        chance(seed, question + 2, who),
    )
    return np.where(luck < 0.6, 0, 1 + ((luck - 0.6) * 7.5).astype(np.int64))


def _surname_rows(page: _Page, people: Family, who: Integers) -> tuple[Integers, Integers]:
    sex = people.sex[who]
    culture = lexicon().culture_of_area[people.origin[who]].astype(np.int64)
    maiden = people.maiden_name[who]
    bears_husbands = page.some("married_name", maiden >= 0)
    family = np.where((maiden >= 0) & ~bears_husbands, maiden, people.surname[who])
    is_fathers = np.array([custom.father == "surname" for custom in cultures()])[culture]
    rows = np.where(is_fathers, forms().first_given + people.father[who], 2 * family + sex)
    second = people.second_surname[who]
    left_out = page.some("second_surname_left_out", second >= 0)
    return rows, np.where((second >= 0) & ~left_out, 2 * second + sex, -1)


def _given_rows(page: _Page, people: Family, who: Integers) -> tuple[Integers, Integers, Integers]:
    given = forms().first_given + people.given[who]
    second = people.second_given[who]
    left_out = page.some("second_given_left_out", second >= 0)
    second_row = np.where((second >= 0) & ~left_out, forms().first_given + second, -1)
    culture = lexicon().culture_of_area[people.origin[who]].astype(np.int64)
    father = forms().father_row[people.father[who], people.sex[who]]
    # A father from elsewhere leaves no name of a kind that the children's papers know.
    has_custom = np.array([custom.father not in ("", "surname") for custom in cultures()])[culture]
    father = np.where(has_custom, father, -1)
    written = page.some("father_written", father >= 0)
    return given, second_row, np.where(written, father, -1)


def _parted(page: _Page, surname: pa.StringArray) -> pa.StringArray:
    """Particles written together with the name, apart from it, or not at all."""
    able = pc.match_substring_regex(surname, _WITH_PARTICLE).to_numpy(zero_copy_only=False)
    picked = page.some("particle_rewritten", able)
    at = np.flatnonzero(picked)
    if not len(at):
        return surname
    before = surname.take(pa.array(at))
    way = pa.array(page.rng.random(len(at)))
    together = pc.replace_substring_regex(before, f"(?i)^({_PARTICLES})[ -]+", r"\1")
    apart = pc.replace_substring_regex(before, f"(?i)^({_PARTICLES})-", r"\1 ")
    dropped = pc.replace_substring_regex(before, _WITH_PARTICLE, "")
    after = pc.if_else(pc.less(way, 0.4), together, pc.if_else(pc.less(way, 0.6), apart, dropped))
    # Where it stood apart already, or nothing would remain, it is left out or stays.
    after = pc.if_else(pc.equal(after, before), dropped, after)
    after = pc.if_else(pc.equal(pc.utf8_length(after), 0), before, after)
    page.flaws["particle_rewritten"][at] = pc.not_equal(after, before).to_numpy(zero_copy_only=False)
    return pc.replace_with_mask(surname, pa.array(picked), after)


def written_names(
    rng: Rng, seed: int, source: str, people: Family, who: Integers, first: tuple[int, int]
) -> WrittenNames:
    """The names in a source's records; `first` are the block's first person and household."""
    page = _Page(rng, source, len(who), {}, {})
    script = _scripts(page)
    person, household = first[0] + who, first[1] + people.household[who]
    rows, second = _surname_rows(page, people, who)
    given, second_given, father = _given_rows(page, people, who)
    others = forms().others
    parts: dict[str, pa.StringArray] = {}
    for name, question, several in (
        ("surname", 101, (rows, second)),
        ("given_names", 111, (given, second_given, father)),
    ):
        # Given names are spelt one by one, a surname as the family spells it.
        of = household if name == "surname" else person
        spelling = _passport_spelling(seed, question, person, of)
        varied = page.some(f"{name}_variant", others[several[0], script] > 0).astype(np.int64)
        other = rng.integers(0, 12, len(who))
        texts = [forms().written(one, script, spelling, other, varied) for one in several]
        parts[name] = pc.binary_join_element_wise(*texts, " ", null_handling="skip")
    parts["surname"] = _parted(page, parts["surname"])
    everyone = np.ones(len(who), dtype=bool)
    for name, text in parts.items():
        typed, changed = misspelt(rng, text, page.some(f"{name}_misspelt", everyone))
        parts[name], page.flaws[f"{name}_misspelt"] = typed, changed
    swapped = page.some("names_swapped", everyone)
    surname = pc.if_else(pa.array(swapped), parts["given_names"], parts["surname"])
    given_text = pc.if_else(pa.array(swapped), parts["surname"], parts["given_names"])
    return WrittenNames(surname, given_text, page.flaws, page.able)


def read_from_zone(rng: Rng, source: str, names: WrittenNames) -> WrittenNames:
    """Latin names as a reader takes them from the machine-readable zone: capitals, fillers, 39 characters."""
    surname, given = (
        pc.replace_substring_regex(
            pc.replace_substring_regex(pc.utf8_upper(text), "['’`]", ""), "[^A-Z]+", "<"
        )
        for text in (names.surname, names.given)
    )
    whole = pc.binary_join_element_wise(surname, given, "<<")
    cut = pc.greater(pc.utf8_length(whole), ZONE_WIDTH)
    at = np.flatnonzero(cut.to_numpy(zero_copy_only=False))
    if len(at):
        kept = pc.utf8_slice_codeunits(whole.take(pa.array(at)), 0, ZONE_WIDTH)
        halves = pc.extract_regex(kept, "^(?P<surname>.*?)(?:<<(?P<given>.*))?$")
        surname = pc.replace_with_mask(surname, cut, halves.field("surname"))
        given = pc.replace_with_mask(given, cut, halves.field("given"))
    able = pc.or_(pc.match_substring(surname, "<"), pc.match_substring(given, "<"))
    page = _Page(rng, source, len(surname), dict(names.flaws), dict(names.able))
    kept_filler = pa.array(page.some("filler_kept", able.to_numpy(zero_copy_only=False)))
    texts = [
        pc.if_else(kept_filler, text, pc.utf8_trim_whitespace(pc.replace_substring(text, "<", " ")))
        for text in (surname, given)
    ]
    page.flaws["cut_at_39"] = cut.to_numpy(zero_copy_only=False)
    page.able["cut_at_39"] = np.ones(len(surname), dtype=bool)
    return WrittenNames(texts[0], texts[1], page.flaws, page.able)
