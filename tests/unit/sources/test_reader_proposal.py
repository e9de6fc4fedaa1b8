"""What is proposed for a file whose dialect nobody declared, and on what evidence."""

import pytest

from sojourn.sources.reader.encodings import candidates
from sojourn.sources.reader.proposal import propose
from sojourn.sources.reader.reasons import FileRefused

HEADER = "id,name,day\n"
RECORDS = "".join(f"{number},person {number},2024-01-{number:02}\n" for number in range(1, 29))


@pytest.fixture
def proposed(tmp_path):
    def look(content):
        path = tmp_path / "delivery"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return propose(path)

    return look


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", "||"])
def test_the_separator_is_the_one_that_divides_the_lines_evenly(proposed, separator):
    proposal = proposed((HEADER + RECORDS).replace(",", separator))
    assert proposal.dialect.separator == separator
    assert any("29 of 29 lines have 3 fields" in sentence for sentence in proposal.evidence)


def test_a_header_is_a_line_of_different_names_over_values(proposed):
    assert proposed(HEADER + RECORDS).dialect.header_line == 1
    without = proposed(RECORDS)
    assert (without.dialect.header_line, without.dialect.columns) == (0, ("column_1", "column_2", "column_3"))


def test_lines_above_the_header_and_below_the_records_are_recognised(proposed):
    proposal = proposed(
        "Ministry of Interior\nReport 2024\n\n" + HEADER + RECORDS + "\nTotal,28\nSource: register\n"
    )
    assert proposal.dialect.header_line == 4
    assert len(proposal.dialect.non_data) == 2


def test_a_decimal_comma_does_not_make_the_comma_a_separator(proposed):
    rows = "".join(f"NAM;NOR;{number},5\n" for number in range(20))
    assert proposed("origin;destination;flow\n" + rows).dialect.separator == ";"


def test_single_quotes_and_backslashes_are_recognised(proposed):
    rows = "".join(f"{number},'it\\'s, well',x\n" for number in range(20))
    dialect = proposed("id,text,code\n" + rows).dialect
    assert (dialect.quote, dialect.escape) == ("'", "backslash")


def test_the_sep_line_of_excel_is_believed(proposed):
    proposal = proposed("sep=|\n" + (HEADER + RECORDS).replace(",", "|"))
    assert (proposal.dialect.separator, proposal.dialect.header_line) == ("|", 2)


def test_the_preview_shows_the_names_and_the_first_rows(proposed):
    assert proposed(HEADER + RECORDS).preview[:2] == (("id", "name", "day"), ("1", "person 1", "2024-01-01"))


RUSSIAN = "Щербаков Алексей, родился в Самарканде и приехал на работу\n" * 20
ARABIC = "محمد عبد الله وصل من دمشق إلى بيروت للعمل\n" * 20
GREEK = "Ο Γιώργος Παπαδόπουλος γεννήθηκε στη Θεσσαλονίκη\n" * 20
CHINESE = "王小明出生在北京,现在住在上海工作\n" * 20
JAPANESE = "山田さんは東京で生まれ、大阪に住んでいます\n" * 20


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (RUSSIAN, "cp866"),
        (ARABIC, "cp1256"),
        (GREEK, "cp1253"),
        (CHINESE, "gb18030"),
        (JAPANESE, "shift_jis"),
        (RUSSIAN, "utf-8"),
        (RUSSIAN, "utf-16-le"),
        (RUSSIAN, "utf-8-sig"),
    ],
)
def test_the_likeliest_encoding_is_the_one_in_which_the_text_is_words(text, encoding):
    assert candidates(text.encode(encoding))[0].encoding == encoding.replace("-sig", "")


def test_an_old_encoding_is_never_more_than_likely():
    assert all(candidate.likelihood < 0.95 for candidate in candidates(RUSSIAN.encode("cp1251")))


def test_two_encodings_that_are_about_as_likely_leave_the_question_open(proposed):
    # é has the same byte in Windows-1252 and Windows-1254.
    proposal = proposed(("id,name\n" + "1,café\n" * 20).encode("cp1252"))
    assert proposal.dialect.encoding is None
    assert any("about as likely" in sentence for sentence in proposal.evidence)


@pytest.mark.parametrize(
    ("magic", "format"),
    [(b"PAR1", "parquet"), (b"$FL2", "spss"), (b"<stata_dta>", "stata"), (b"PK\x03\x04", "excel")],
)
def test_files_that_say_what_they_are_are_believed(proposed, magic, format):
    assert proposed(magic + bytes(100)).dialect.format == format


@pytest.mark.parametrize("content", [b"", b"<html><table></table></html>"])
def test_nothing_is_proposed_for_what_is_no_table(proposed, content):
    with pytest.raises(FileRefused):
        proposed(content)
