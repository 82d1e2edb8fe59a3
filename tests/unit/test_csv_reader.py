import csv
import io
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dialer.domain.errors import InvalidInput
from dialer.intake.csv_reader import (
    MAX_COLUMNS,
    MAX_FIELD,
    MAX_LINE,
    MAX_ROW_LINES,
    Census,
    FileShape,
    RefusedRow,
    Row,
    inspect,
    read,
    validate,
)
from dialer.intake.encodings import encoding_fault
from dialer.intake.faults import FileFault, UnreadableFile

Spool = Callable[[bytes | str], Path]
HEAD = "phone,first_name\n"
ROW = "+12025550123,Anna\n"
UMLAUT = "phone,first_name\n+12025550123,Jürgen\n"


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    def write(content: bytes | str) -> Path:
        path = tmp_path / "upload"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def rows(path: Path, shape: FileShape | None = None) -> list[tuple[int, list[str]]]:
    return [(row.number, row.cells) for row in read(path, shape or inspect(path)) if isinstance(row, Row)]


def fault(path: Path) -> UnreadableFile:
    """The fault of the whole file, however deep in it: found before a caller would write anything."""
    with pytest.raises(UnreadableFile) as unreadable:
        validate(path, inspect(path))
    assert unreadable.value.remedy
    assert str(unreadable.value).isprintable()
    return unreadable.value


@pytest.mark.req("K5")
@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (UMLAUT.encode(), "utf-8"),
        (UMLAUT.encode("utf-8-sig"), "utf-8-sig"),
        (UMLAUT.encode("utf-16"), "utf-16"),
        (b"\xfe\xff" + UMLAUT.encode("utf-16-be"), "utf-16"),
        (UMLAUT.encode("utf-16-le"), "utf-16-le"),
        (UMLAUT.encode("utf-16-be"), "utf-16-be"),
        (UMLAUT.encode("utf-32"), "utf-32"),
    ],
)
def test_the_encoding_is_detected(spool: Spool, content: bytes, encoding: str) -> None:
    path = spool(content)
    shape = inspect(path)
    assert shape == FileShape(
        encoding, ",", True, ("phone", "first_name"), (("+12025550123", "Jürgen"),), len(content), 1
    )
    assert rows(path) == [(2, ["+12025550123", "Jürgen"])]
    assert validate(path, shape) == Census(rows=1, refused=0)


@pytest.mark.req("K5", "K6")
def test_a_file_in_an_old_encoding_is_read_in_it_and_a_person_may_name_another(spool: Spool) -> None:
    path = spool(UMLAUT.encode("windows-1252"))
    assert inspect(path).encoding == "windows-1252"
    assert rows(path) == [(2, ["+12025550123", "Jürgen"])]
    assert rows(path, inspect(path, encoding="CP437")) == [(2, ["+12025550123", "Jⁿrgen"])]


@pytest.mark.req("K5")
def test_an_old_encoding_deep_in_a_plain_file_is_found_too(spool: Spool) -> None:
    path = spool((HEAD + ROW * 50_000).encode() + b"+12025550123,J\xfcrgen\n" + ROW.encode() * 10)
    shape = inspect(path)
    assert shape.encoding == "windows-1252"
    assert validate(path, shape) == Census(50_011, 0)


@pytest.mark.req("K6")
@pytest.mark.parametrize("early", [True, False], ids=["in the head", "deep in the file"])
def test_another_encoding_within_utf_8_is_found_before_anything_is_written(spool: Spool, early: bool) -> None:
    """It names the byte, the line and the remedy; a code page would turn every other umlaut to nonsense."""
    umlauts = UMLAUT.encode().splitlines(keepends=True)[1]
    good = HEAD.encode() + umlauts * early + ROW.encode() * 50_000 + umlauts * 3
    path = spool(good + b"+12025550123,J\xfcrgen\n" + ROW.encode() * 10)
    found = fault(path)
    assert found.fault is FileFault.ENCODING
    line = good.count(b"\n") + 1
    assert f"not UTF-8: byte 0xfc at position {len(good) + 15}, line {line}" in found.reason
    assert "UTF-8" in found.remedy


@pytest.mark.req("K6")
def test_a_byte_that_the_detected_encoding_lacks_is_told(spool: Spool) -> None:
    path = spool(b"phone,name\n" + "1,Größe Jürgen Müller Köln\n".encode("windows-1252") * 60_000 + b"2,\x81\n")
    assert "not windows-1252: byte 0x81" in fault(path).reason


@pytest.mark.req("K6")
def test_a_utf_16_file_cut_in_the_middle_of_a_character_is_refused(spool: Spool) -> None:
    assert "not utf-16: byte" in fault(spool(UMLAUT.encode("utf-16")[:-1])).reason


def test_utf_16_that_is_none_is_told(spool: Spool) -> None:
    with pytest.raises(UnreadableFile, match="not utf-16: it does not begin with a byte-order mark"):
        inspect(spool(UMLAUT), encoding="utf-16")


def test_a_multi_byte_character_on_the_edge_of_a_chunk_is_no_fault(spool: Spool) -> None:
    path = spool("phone,n\n" + "ü" * 32_760 + ",\n" + ROW * 20_000)
    assert validate(path, inspect(path)).rows == 20_001
    again = encoding_fault(path, "utf-8")  # asked without need
    assert again.reason == "the file is not utf-8"


@pytest.mark.parametrize("encoding", ["zip", "unicode_escape", "utf-7", "nix", "rot13"])
def test_an_encoding_that_is_not_offered_is_refused(spool: Spool, encoding: str) -> None:
    with pytest.raises(InvalidInput, match=r"encoding: .* is not offered"):
        inspect(spool(UMLAUT), encoding=encoding)


@pytest.mark.req("K5")
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_delimiter_and_line_ends_are_detected(spool: Spool, delimiter: str, newline: str) -> None:
    lines = ["phone,note", '+12025550123,"a;b|c,d\t"', "+12025550124,x"]
    cells = [next(csv.reader([line])) for line in lines]
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=newline).writerows(cells)
    path = spool(out.getvalue())
    assert inspect(path).delimiter == delimiter
    assert rows(path) == [(2, cells[1]), (3, cells[2])]


def test_a_single_column_is_a_table_too(spool: Spool) -> None:
    path = spool("phone\n+12025550123\n")
    assert inspect(path).columns == ("phone",)
    assert rows(path) == [(2, ["+12025550123"])]


def test_what_is_given_is_taken(spool: Spool) -> None:
    path = spool("a;b,c\nd;e,f\n")
    assert inspect(path, delimiter=";").columns == ("a", "b,c")
    assert inspect(path, delimiter=",", header=False).columns == ("column_1", "column_2")
    with pytest.raises(InvalidInput, match="delimiter: 'x' is not offered"):
        inspect(path, delimiter="x")


def test_excels_own_first_line_names_the_delimiter(spool: Spool) -> None:
    path = spool("sep=;\r\nphone;a,b\r\n+12025550123;x,y\r\n")
    shape = inspect(path)
    assert (shape.delimiter, shape.columns, shape.first_line) == (";", ("phone", "a,b"), 2)
    assert rows(path) == [(3, ["+12025550123", "x,y"])]


@pytest.mark.req("K5")
def test_a_file_without_a_header_gets_its_columns_from_its_first_row(spool: Spool) -> None:
    path = spool("+12025550123,Anna,a@example.com,2025550124,b@example.com\n+12025550125,Bob,,,\n")
    shape = inspect(path)
    assert shape.columns == ("phone", "column_2", "email", "phone2", "email2")
    assert not shape.header
    assert [number for number, _ in rows(path)] == [1, 2]


@pytest.mark.req("K5")
@pytest.mark.parametrize(
    "rows",
    [
        "+12025550123,Ann,mobile\n+12025550124,Bob,home\n",
        "Ann,030 1234567,phone\nBob,030 1234568,phone\n",
        "ann@example.com,Name\nbob@example.com,\n",
    ],
)
def test_a_word_that_columns_are_called_by_does_not_make_a_header_of_somebody(spool: Spool, rows: str) -> None:
    path = spool(rows)
    shape = inspect(path)
    assert not shape.header
    assert len(list(read(path, shape))) == 2


def test_a_known_name_makes_a_header_even_beside_digits(spool: Spool) -> None:
    assert inspect(spool("phone,2024-01-01\n+12025550123,7\n")).header


def test_rows_know_their_line_and_blank_ones_are_left_out(spool: Spool) -> None:
    path = spool('\n\nphone,note\n\n1,"two\nlines"\n,,\n2,x\n')
    assert rows(path) == [(5, ["1", "two\nlines"]), (8, ["2", "x"])]
    assert inspect(path).first_line == 3


def test_reading_goes_on_after_a_line(spool: Spool) -> None:
    path = spool(HEAD + ROW * 5)
    assert [row.number for row in read(path, inspect(path), after=4)] == [5, 6]


def test_the_sample_is_the_first_rows(spool: Spool) -> None:
    assert len(inspect(spool(HEAD + ROW * 50)).sample_rows) == 10


@pytest.mark.req("K5")
def test_what_is_wrong_with_one_row_refuses_that_row_only(spool: Spool) -> None:
    path = spool('phone,note\n1\n2,a,,\n3,a,b\n"4"x,a\n5,ok\n"6\nx"\n7,5" pipe\n')
    read_rows = list(read(path, inspect(path)))
    assert [row.number for row in read_rows] == [2, 3, 4, 5, 6, 7, 9]
    refused = {row.number: row for row in read_rows if isinstance(row, RefusedRow)}
    assert [row.cells for row in read_rows[:2]] == [["1", ""], ["2", "a"]]
    assert read_rows[-1].cells == ["7", '5" pipe']
    assert "has 3 cells where the header has 2" in refused[4].reason
    assert refused[4].cells == ["3", "a", "b"]
    assert "quotes do not pair" in refused[5].reason
    assert refused[5].cells == ['"4"x,a']
    assert "a quote is out of place" in refused[7].reason
    assert validate(path, inspect(path)) == Census(rows=7, refused=3)


def workbook() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    return out.getvalue()


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("contacts.csv", UMLAUT)
    return out.getvalue()


@pytest.mark.req("K6")
@pytest.mark.parametrize(
    ("content", "kind", "reason"),
    [
        (b"", FileFault.EMPTY, "the file is empty"),
        (b" \r\n\t\n", FileFault.EMPTY, "the file is empty"),
        (b"\xef\xbb\xbf", FileFault.EMPTY, "the file is empty"),
        (b"\xff\xfe", FileFault.EMPTY, "nothing but blank lines"),
        (b",,\n,,\n", FileFault.EMPTY, "nothing but blank lines"),
        (b"phone,name", FileFault.NO_ROWS, "a header and no rows"),
        (b"phone,name\n\n,\n", FileFault.NO_ROWS, "a header and no rows"),
        (workbook(), FileFault.NOT_CSV, "this is an Excel workbook"),
        (archive(), FileFault.NOT_CSV, "this is a damaged Excel workbook or a zip archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", FileFault.NOT_CSV, "an old Excel"),
        (b"%PDF-1.7\n", FileFault.NOT_CSV, "a PDF document"),
        (b"\x89PNG\r\n\x1a\n", FileFault.NOT_CSV, "a PNG image"),
        (b"\x1f\x8b\x08", FileFault.NOT_CSV, "a gzip archive"),
        (b"<!DOCTYPE html><table>", FileFault.NOT_CSV, "HTML or XML"),
        (b'\n[{"phone": "+1"}]', FileFault.NOT_CSV, "this is JSON"),
        (b"phone,name\n1,a\0b\n", FileFault.NUL, "line 2 contains a NUL byte"),
        (b"\0" * 100, FileFault.NUL, "line 1 contains a NUL byte"),
        (b"x" * (MAX_LINE + 1), FileFault.TOO_LONG, "line 1 is longer than 1,048,576 characters"),
        (HEAD.encode() + b"1," + b"x" * MAX_LINE, FileFault.TOO_LONG, "line 2 is longer than"),
        (HEAD.encode() + b"1," + b"x" * (MAX_FIELD + 1), FileFault.TOO_LONG, "line 2 has a cell of more than 65,536"),
        (HEAD.encode() + b"1," + b"x" * 200_000, FileFault.TOO_LONG, "line 2 has a cell of more than 65,536"),
        (HEAD.encode() + b'1,"' + b"x" * 200_000, FileFault.TOO_LONG, "line 2 has a cell of more than 65,536"),
        (",".join(f"c{at}" for at in range(MAX_COLUMNS + 1)).encode(), FileFault.COLUMNS, "has 501 columns"),
        (b"phone,Name,x,name\n1,2,3,4\n", FileFault.COLUMNS, "columns 2 and 4 are both called 'name'"),
        (b'phone,name\n1,"Anna\n2,Bob\n', FileFault.QUOTES, "a quote opened in the row at line 2"),
        (b'phone,name\n1,"Anna\n2,"Bob"\n', FileFault.QUOTES, "a quote opened in the row at line 2"),
        (b'"phone,name\n1,2\n', FileFault.QUOTES, "a quote opened in the row at line 1"),
        (b'"phone"x,name\n1,2\n', FileFault.QUOTES, "a quote opened in the row at line 1"),
        (b'phone,name\n1,"Anna\n' + b"2,Bob\n" * 1_000_000, FileFault.QUOTES, "line 2 is never closed"),
        (b'phone,name\n1,"' + (b"x" * 9_999 + b"\n") * 150, FileFault.QUOTES, "line 2 is never closed"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_its_reason(
    spool: Spool, content: bytes, kind: FileFault, reason: str
) -> None:
    found = fault(spool(content))
    assert found.fault is kind
    assert reason in found.reason


def test_columns_without_a_name_do_not_clash(spool: Spool) -> None:
    assert inspect(spool("phone,,\n1,2,3\n")).columns == ("phone", "", "")


@pytest.mark.req("K6")
def test_a_long_note_within_the_bounds_is_kept(spool: Spool) -> None:
    note = "line\n" * (MAX_ROW_LINES - 2) + "x" * (MAX_FIELD // 2)
    assert rows(spool(f'phone,note\n1,"{note}"\n')) == [(2, ["1", note])]


@pytest.mark.req("K6")
@pytest.mark.parametrize(
    "body", [b"x" * 100_000_000, ROW.encode() * 2_000_000, b'1,"' + b"x\n" * 20_000_000], ids=["line", "rows", "quote"]
)
def test_memory_stays_bounded(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "huge"
    path.write_bytes(HEAD.encode() + body)
    del body
    shape = FileShape("utf-8", ",", header=True, columns=("phone", "first_name"), sample_rows=(), bytes=0)
    tracemalloc.start()
    try:
        # 20,000 rows and a bit are enough to see growth; tracing makes every allocation slow.
        for at, _ in enumerate(read(path, shape)):
            if at > 20_000:
                break
    except UnreadableFile:
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * MAX_LINE


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@pytest.mark.req("K5")
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    table=st.lists(st.tuples(cells.map(lambda cell: f"x{cell}"), cells), min_size=1, max_size=8),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    newline=st.sampled_from(["\n", "\r\n"]),
)
def test_what_a_program_wrote_is_what_is_read(
    tmp_path: Path, table: list[tuple[str, str]], delimiter: str, encoding: str, newline: str
) -> None:
    path = tmp_path / "table"
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter, lineterminator=newline, quoting=csv.QUOTE_ALL).writerows(
            [("phone", "note"), *table]
        )
    shape = inspect(path)
    assert (shape.encoding, shape.delimiter, shape.columns) == (encoding, delimiter, ("phone", "note"))
    assert [tuple(row.cells) for row in read(path, shape)] == table
    assert validate(path, shape) == Census(len(table), 0)


@pytest.mark.req("K6")
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400) | st.text('",;\n\r|\t aé1"', max_size=80).map(str.encode))
def test_any_bytes_are_read_or_refused_and_both_passes_agree(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bytes"
    path.write_bytes(content)
    try:
        shape = inspect(path)
        census = validate(path, shape)
    except UnreadableFile:
        return
    found = list(read(path, shape))
    assert census == Census(len(found), sum(isinstance(row, RefusedRow) for row in found))
    assert all(len(row.cells) == len(shape.columns) for row in found if isinstance(row, Row))
    assert [row.number for row in found] == sorted({row.number for row in found})
