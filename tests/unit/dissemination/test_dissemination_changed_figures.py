"""Figures that were changed at random bear a mark, and a table that has some says what it means."""

from __future__ import annotations

import pyarrow as pa

from sojourn.dissemination.flags import flag_symbol, flags_present, is_hollow
from sojourn.dissemination.wording import wording


def test_a_changed_figure_has_a_mark_and_plain_words():
    assert flag_symbol("T", "F") == "[t]"
    assert not is_hollow("T")
    (flag,) = flags_present(pa.table({"OBS_STATUS": ["T", "A"], "CONF_STATUS": ["F", "F"]}), wording("en"))
    assert (flag.symbol, flag.code, flag.meaning) == ("[t]", "T", "Changed a little at random")
