"""Every distinct text of the compared columns once: its words, how they sound, and keys to find it by.

Names, addresses and numbers of all columns share one list, so that a surname can be compared with a given
name and a text that stands in a million records is looked at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.integration.linkage.comparison_kernel import letter_sets
from sojourn.integration.linkage.letters import romanised, text_buffers
from sojourn.integration.linkage.sounds import is_particle, skeletons, sounds
from sojourn.sources.reader.compiled import Bytes, Integers, Spans

__all__ = ["MISSING", "Keys", "Words", "mixed", "words_of"]

MISSING = -1
# Abd is half a name: its article and what follows belong to it, however they are set apart.
_SERVANT = r"\b(?:abd|abdul|abdel|abdal|abdoul)(?: (?:al|el|ul|ar|ur|as|us|an|ad|at|az|ash))? "
Keys = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Words:
    """Distinct texts as columns, one row a text.

    `word_starts` and `words` list the numbers of each text's words by sound, particles left out where others
    stand beside them; `plain_starts` and `plain` the letters, `sound_starts` and `sound` the sound of all
    words in one. `bag` is the same for texts of the same words in any order, `joined` for texts that are one
    skeleton when their words, particles too, are joined; `spoken` and `spoken_joined` are those of their
    sound with its vowels; `first` is the skeleton of the first word, `start` its first letters, `letters`
    which letters the sound has.
    """

    word_starts: Spans
    words: Spans
    plain_starts: Integers
    plain: Bytes
    sound_starts: Integers
    sound: Bytes
    bag: Keys
    joined: Keys
    spoken: Keys
    spoken_joined: Keys
    first: Spans
    start: Keys
    letters: Keys

    def __len__(self) -> int:
        return len(self.bag)


def mixed(numbers: npt.NDArray[np.integer]) -> Keys:
    """Each number as one that looks random: the finisher of SplitMix64; equal numbers stay equal."""
    found = numbers.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    found = (found ^ (found >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    found = (found ^ (found >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed_numbers: Keys = found ^ (found >> np.uint64(31))
    return mixed_numbers


def words_of(columns: Sequence[pa.ChunkedArray]) -> tuple[Words, list[Spans]]:
    """The distinct texts of several columns, and each record's text in each column, `MISSING` where null."""
    lengths = [len(column) for column in columns]
    everything = pa.chunked_array(
        [chunk.cast(pa.large_string()) for column in columns for chunk in column.chunks], pa.large_string()
    )
    raw = everything.combine_chunks().dictionary_encode() if len(everything) else None
    if raw is None or len(raw.dictionary) == 0:
        return _described(pa.array([], pa.string())), [np.full(n, MISSING, np.int32) for n in lengths]
    plain = romanised(raw.dictionary).dictionary_encode()
    of_raw = plain.indices.fill_null(MISSING).to_numpy().astype(np.int32)
    of_record = np.append(of_raw, np.int32(MISSING))[
        raw.indices.fill_null(len(of_raw)).to_numpy(zero_copy_only=False)
    ]
    ends = np.cumsum(lengths)
    return _described(plain.dictionary), [
        of_record[end - n : end] for end, n in zip(ends, lengths, strict=True)
    ]


def _described(texts: pa.Array) -> Words:
    split = pc.split_pattern(pc.replace_substring_regex(texts, _SERVANT, "abd"), " ")
    flat = split.flatten().dictionary_encode()
    offsets = split.offsets.to_numpy().astype(np.int64)
    owner = np.repeat(np.arange(len(texts)), np.diff(offsets))
    distinct = flat.dictionary.cast(pa.string())
    skeleton = skeletons(distinct).dictionary_encode()
    of_word = flat.indices.to_numpy()
    heard = sounds(distinct)
    # With all particles, so that Delacruz is found to be de la Cruz.
    joined = pc.binary_join(pa.ListArray.from_arrays(split.offsets, heard.take(flat.indices)), "")
    joined_skeleton = skeletons(joined).dictionary_encode().indices.to_numpy()
    joined_sound = joined.dictionary_encode().indices.to_numpy()
    heard_number = heard.dictionary_encode().indices.to_numpy()
    particle = is_particle(distinct).to_numpy(zero_copy_only=False)[of_word]
    has_other = np.bincount(owner[~particle], minlength=len(texts)) > 0
    kept = ~particle | ~has_other[owner]
    owner, of_word = owner[kept], of_word[kept]
    starts = np.concatenate(([0], np.bincount(owner, minlength=len(texts)).cumsum())).astype(np.int32)
    by_sound = skeleton.indices.to_numpy().astype(np.int32)[of_word]
    heard_words = pa.ListArray.from_arrays(pa.array(starts), heard.take(pa.array(of_word)))
    bag = np.zeros(len(texts), dtype=np.uint64)
    np.add.at(bag, owner, mixed(by_sound))
    spoken = np.zeros(len(texts), dtype=np.uint64)
    np.add.at(spoken, owner, mixed(heard_number[of_word]))
    first = by_sound[starts[:-1]] if len(texts) else by_sound
    beginning = pc.utf8_slice_codeunits(skeleton.dictionary, 0, 2).dictionary_encode().indices.to_numpy()
    plain_starts, plain = text_buffers(texts)
    sound_starts, sound = text_buffers(pc.binary_join(heard_words, ""))
    return Words(
        starts, by_sound, plain_starts, plain, sound_starts, sound,
        mixed(bag), mixed(joined_skeleton), mixed(spoken), mixed(joined_sound), first,
        mixed(beginning[first]), letter_sets(sound_starts, sound),
    )  # fmt: skip
