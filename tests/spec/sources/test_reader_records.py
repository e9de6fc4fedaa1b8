"""What becomes of the records of a character-separated file, fact by fact."""

from pathlib import Path

import pytest

from sojourn.sources.reader.dialect import Dialect
from sojourn.sources.reader.frames import Header, Loaded, NonData, Quarantined, Summary
from sojourn.sources.reader.reading import events
from sojourn.sources.reader.reasons import FileRefused


class Told:
    """What a reading of some bytes said."""

    def __init__(self, folder: Path, content: bytes, dialect: Dialect, expected=(), **options):
        path = folder / "delivery.csv"
        path.write_bytes(content)
        self.rows, self.lines, self.faults, self.listed = [], [], [], []
        for event in events(path, dialect, expected, **options):
            if isinstance(event, Header):
                self.header = event
            elif isinstance(event, Loaded):
                lines, *columns = (column.to_pylist() for column in event.batch.columns)
                self.lines += lines
                self.rows += [list(row) for row in zip(*columns, strict=True)]
            elif isinstance(event, Quarantined):
                self.faults += event.batch.to_pylist()
            elif isinstance(event, NonData):
                self.listed.append((event.kind, event.line, event.count))
            elif isinstance(event, Summary):
                self.summary = event

    def reasons(self):
        return [(fault["line"], fault["reason"]) for fault in self.faults]


@pytest.fixture
def told(tmp_path):
    def read(content, dialect=None, expected=(), **options):
        raw = content if isinstance(content, bytes) else content.encode()
        return Told(tmp_path, raw, dialect or Dialect(), expected, **options)

    return read


def test_every_record_is_loaded_quarantined_or_listed(told):
    found = told("a,b\n1,2\n\n3\nTotal,1\n", Dialect(non_data=("Total,.*",)))
    assert (found.rows, found.reasons()) == ([["1", "2"]], [(4, "field-count")])
    assert found.listed == [("header", 1, 1), ("blank", 3, 1), ("declared", 5, 1)]
    summary = found.summary
    # 1 loaded + 1 quarantined + 3 listed
    assert (summary.physical_records, summary.loaded, summary.quarantined, summary.non_data) == (5, 1, 1, 3)


def test_an_empty_field_is_null_and_a_quoted_empty_field_is_empty_text(told):
    assert told('a,b\n,""\n').rows == [[None, ""]]


def test_words_that_other_readers_take_for_missing_stay_text(told):
    assert told("a,b\nNA,NULL\nNaN,None\nNO,0012\n").rows == [["NA", "NULL"], ["NaN", "None"], ["NO", "0012"]]


def test_line_numbers_are_those_of_the_file_with_quoted_line_ends_counted(told):
    found = told('a,b\n"x\ny",1\n\n2,3\n')
    assert (found.lines, found.rows) == ([2, 5], [["x\ny", "1"], ["2", "3"]])


def test_lf_crlf_and_cr_may_stand_in_one_file(told):
    found = told(b"a,b\r\n1,2\n3,4\r5,6")
    assert found.rows == [["1", "2"], ["3", "4"], ["5", "6"]]
    assert found.summary.newlines == {"lf": 1, "crlf": 1, "cr": 1}
    assert found.summary.lines == 4


def test_an_unclosed_quote_quarantines_its_line_and_no_other(told):
    found = told('a,b,c\n1,"2,3\n4,5,6\n7,"8",9\n')
    assert found.rows == [["4", "5", "6"], ["7", "8", "9"]]
    assert found.reasons() == [(2, "quote-never-closed")]
    assert found.faults[0]["raw"] == b'1,"2,3'


def test_an_unclosed_quote_in_the_last_line_is_quarantined(told):
    assert told('a,b\n1,2\n3,"4').reasons() == [(3, "quote-never-closed")]


def test_two_stray_quotes_in_one_column_do_not_swallow_the_records_between_them(told):
    content = 'a,b,c,d\n1,"Hotel Luna,x,y\n2,Inn,x,y\n3,Cafe Luna",x,y\n4,Bar,x,y\n'
    found = told(content)
    # The quote of line 2 is closed in line 4 with the right number of fields; each line alone has it too.
    assert found.reasons() == [(2, "quote-never-closed")]
    assert [row[0] for row in found.rows] == ["2", "3", "4"]


def test_text_after_a_closing_quote_is_quarantined_with_its_column(told):
    found = told('a,b\n1,"x"y\n')
    assert found.reasons() == [(2, "text-after-quote")]
    assert found.faults[0]["column"] == 2


def test_a_single_quote_inside_an_unquoted_field_is_kept(told):
    assert told('a,b\n10" pipe,2\n').rows == [['10" pipe', "2"]]


def test_quotes_in_two_unquoted_fields_may_hide_a_lost_separator_and_are_quarantined(told):
    # Meant was 1,"x, y",2 with the separator before the quote lost: three fields again, all of them wrong.
    found = told('a,b,c\n1"x, y",2\n')
    assert found.reasons() == [(2, "quote-inside-field")]
    assert found.faults[0]["column"] == 1


def test_wrong_numbers_of_fields_are_reported_with_both_counts(told):
    found = told("a,b\n1,2,3\n")
    assert (found.faults[0]["expected"], found.faults[0]["found"]) == ("2 fields", "3 fields")


def test_a_value_under_a_nameless_column_is_quarantined(told):
    found = told("a,b,,\n1,2,,\n3,4,5,\n")
    assert found.rows == [["1", "2"]]
    assert found.reasons() == [(3, "value-without-column")]
    assert [notice.code for notice in found.header.warnings] == ["blank-header"]


@pytest.mark.parametrize(
    "bad",
    [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"],
    ids=lambda bad: bad.hex(),
)
def test_bytes_that_are_not_utf_8_quarantine_their_record_and_name_the_first_offset(told, bad):
    found = told(b"a,b\n1,2\n3," + bad + b"\n5,6\n")
    assert found.reasons() == [(3, "undecodable-byte")]
    # The header has 4 bytes, the second line 4, and 2 stand before the bad one.
    assert found.faults[0]["found"] == "offset 10"
    assert found.summary.warnings[0].line == 3
    assert "offset 10" in found.summary.warnings[0].message


def test_a_nul_byte_quarantines_its_record(told):
    assert told(b"a,b\n1,2\n3,\x00\n").reasons() == [(3, "nul-byte")]


def test_other_encodings_quarantine_only_the_record_with_the_bad_byte_and_keep_its_bytes(told):
    # 0x98 does not exist in Windows-1251.
    found = told("имя,b\nАнна,1\n".encode("cp1251") + b"\xc0\x98,2\n", Dialect(encoding="windows-1251"))
    assert found.rows == [["Анна", "1"]]
    assert found.reasons() == [(3, "undecodable-byte")]
    assert found.faults[0]["raw"] == b"\xc0\x98,2"


@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-16-le", "utf-8-sig", "gb18030", "big5", "shift_jis", "euc_kr"]
)
def test_declared_encodings_give_exact_text(told, encoding):
    word = {"shift_jis": "日本", "euc_kr": "한국", "big5": "中國"}.get(encoding, "中国")
    found = told(f"a,b\n{word},1\n".encode(encoding), Dialect(encoding=encoding))
    assert found.rows == [[word, "1"]]


def test_a_byte_order_mark_is_no_part_of_the_first_name(told):
    assert told(b"\xef\xbb\xbfrecord,b\n1,2\n").header.columns[0].name == "record"


def test_a_field_over_the_limit_quarantines_its_record_and_the_next_is_read(told):
    found = told("a,b\n1," + "x" * 30 + "\n2,3\n", Dialect(field_limit=20))
    assert (found.reasons(), found.rows) == ([(2, "field-too-long")], [["2", "3"]])


def test_a_line_longer_than_any_record_is_skipped_and_its_beginning_kept(told):
    # A record may have 16 times the field limit, and 64 KiB at least.
    long_line = b"x" * 300_000
    found = told(b"a,b\n" + long_line + b"\r\n2,3\n", Dialect(field_limit=1000), chunk=1000)
    assert (found.reasons(), found.rows) == ([(2, "field-too-long")], [["2", "3"]])
    assert (found.faults[0]["raw"], found.faults[0]["raw_cut"]) == (long_line[: 64 * 1024], True)
    assert found.summary.newlines == {"lf": 2, "crlf": 1, "cr": 0}


def test_a_header_met_again_is_listed_and_not_loaded(told):
    found = told('a,b\n1,2\n"a",b\n3,4\n')
    assert found.rows == [["1", "2"], ["3", "4"]]
    assert ("repeated-header", 3, 1) in found.listed


def test_a_row_of_separators_alone_is_listed(told):
    assert ("empty-record", 3, 1) in told("a,b\n1,2\n,\n").listed


def test_blank_lines_are_listed_up_to_a_thousand_and_counted_beyond(told):
    found = told("a,b\n" + "\n" * 1500 + "1,2\n")
    blanks = [entry for entry in found.listed if entry[0] == "blank"]
    assert len([entry for entry in blanks if entry[1] is not None]) == 1000
    assert ("blank", None, 500) in blanks


def test_lines_above_the_declared_header_are_listed(told):
    found = told("Report 2024;;\n\na,b\n1,2\n", Dialect(header_line=3))
    assert found.listed == [("preamble", 1, 1), ("blank", 2, 1), ("header", 3, 1)]
    assert found.lines == [4]


def test_the_sep_line_of_excel_is_listed(told):
    found = told("sep=;\na;b\n1;2\n", Dialect(separator=";"))
    assert (found.rows, found.listed[0]) == ([["1", "2"]], ("sep-line", 1, 1))


def test_a_sep_line_that_contradicts_the_declaration_refuses_the_file(told):
    with pytest.raises(FileRefused) as refused:
        told("sep=;\na;b\n1;2\n", Dialect(separator=","))
    assert refused.value.code == "separator-contradicted"


def test_a_file_without_header_takes_the_declared_names(told):
    found = told("1,2\n3,4\n", Dialect(header_line=0, columns=("a", "b")))
    assert [column.name for column in found.header.columns] == ["a", "b"]
    assert found.rows == [["1", "2"], ["3", "4"]]


def test_patterns_for_non_data_must_match_the_whole_line(told):
    found = told("a,b\nTotal,1\nTotalitarian,2\n", Dialect(non_data=("Total,[0-9]+",)))
    assert found.rows == [["Totalitarian", "2"]]


def test_a_header_without_records_is_never_silent(told):
    assert [notice.code for notice in told("a,b\n").summary.warnings] == ["header-only"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty-file"),
        (b"\xef\xbb\xbf", "empty-file"),
        (b"\n1,2\n", "header-missing"),
        (b'a,"b\n1,2\n', "header-unreadable"),
        (b"a,\xff\n1,2\n", "header-undecodable"),
        ("a,b\n1,2\n".encode("utf-16"), "encoding-contradicted"),
        ("a,b\n1,2\n3,4\n5,6\n".encode("utf-16-be"), "encoding-contradicted"),
    ],
)
def test_files_that_cannot_be_read_as_declared_are_refused_with_a_code(told, content, code):
    with pytest.raises(FileRefused) as refused:
        told(content)
    assert refused.value.code == code


def test_a_file_that_is_plainly_in_another_encoding_is_refused_at_its_first_bad_byte(told):
    with pytest.raises(FileRefused, match="offset 4, on line 2") as refused:
        told(b"a,b\n" + "é,1\n".encode("cp1252") * 20)
    assert refused.value.code == "encoding-contradicted"


def test_columns_that_nobody_expects_never_leave_the_reader(told):
    found = told("a,secret,b\n1,x,2\n", expected=["a", "b"])
    assert found.rows == [["1", "2"]]
    assert [column.name for column in found.header.unknown] == ["secret"]


def test_a_pattern_may_list_a_line_that_has_the_right_number_of_fields(told):
    assert told("a,b\nTotal,\n1,2\n", Dialect(non_data=("Total,",))).rows == [["1", "2"]]


def test_columns_keep_the_order_of_the_file(told):
    found = told("b,a\n1,2\n", expected=["a", "b"])
    assert [(column.name, column.position) for column in found.header.columns] == [("b", 1), ("a", 2)]
