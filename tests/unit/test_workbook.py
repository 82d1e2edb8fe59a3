"""Excel workbooks: what becomes of their cells, and which are refused before they can do harm."""

import io
import struct
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest

from dialer.intake import workbook as reading
from dialer.intake.csv_reader import inspect, read
from dialer.intake.faults import FileFault, UnreadableFile
from dialer.intake.workbook import is_workbook, to_csv
from tests.support.workbooks import workbook

Spool = Callable[[bytes], Path]
PEOPLE = [["phone", "name"], ["+4930123456", "Jürgen"]]


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    def write(content: bytes) -> Path:
        path = tmp_path / "upload"
        path.write_bytes(content)
        return path

    return write


def fault(path: Path) -> UnreadableFile:
    with pytest.raises(UnreadableFile) as unreadable:
        to_csv(path, path.with_suffix(".csv"))
    assert unreadable.value.remedy
    return unreadable.value


@pytest.mark.req("K5")
def test_cells_become_what_a_person_sees(spool: Spool) -> None:
    path = spool(
        workbook(
            {
                "P": [
                    ["phone", "note", "ratio", "day", "moment", "yes"],
                    [
                        4915112345678.0,
                        "two\nlines",
                        1.5,
                        date(2024, 2, 29),
                        datetime.fromisoformat("2024-02-29T13:05:00"),
                        True,
                    ],
                    [15112345678.0, ' "q", ', -3, None, None, False],
                ]
            }
        )
    )
    target = path.with_suffix(".csv")
    assert is_workbook(path)
    assert to_csv(path, target).name == "P"
    rows = list(read(target, inspect(target, encoding="utf-8", delimiter=",")))
    assert [row.cells for row in rows] == [
        ["4915112345678", "two lines", "1.5", "2024-02-29", "2024-02-29T13:05:00", "TRUE"],
        ["15112345678", ' "q", ', "-3", "", "", "FALSE"],
    ]


@pytest.mark.req("K5")
def test_rows_keep_the_numbers_that_excel_shows(spool: Spool) -> None:
    path = spool(workbook({"P": [*PEOPLE, [], [], ["+4930123457", "a\nb"], ["+4930123458", "c"]]}, first="C4"))
    target = path.with_suffix(".csv")
    to_csv(path, target)
    shape = inspect(target, encoding="utf-8", delimiter=",")
    assert shape.columns == ("phone", "name")
    assert [(row.number, row.cells[1]) for row in read(target, shape)] == [(5, "Jürgen"), (8, "a b"), (9, "c")]


@pytest.mark.req("K5")
def test_the_first_sheet_that_holds_something_is_taken_and_the_others_are_named(spool: Spool) -> None:
    path = spool(workbook({"Cover": [], "Blank": [[""]], "People": PEOPLE, "Old": PEOPLE, "None": []}))
    found = to_csv(path, path.with_suffix(".csv"))
    assert (found.name, found.left_out) == ("People", ("Old",))


@pytest.mark.req("K6")
def test_empty_workbooks_say_so(spool: Spool) -> None:
    found = fault(spool(workbook({"One": [], "Two": [[""]]})))
    assert found.fault is FileFault.EMPTY
    assert "none of its sheets ('One', 'Two') holds anything" in found.reason


@pytest.mark.req("K6")
def test_a_bomb_is_refused_before_it_is_unpacked(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """By what its directory promises: 4 GB in a few kilobytes."""
    out = io.BytesIO(workbook({"P": PEOPLE}))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/zeros.xml", b"0" * 1_000)
    content = out.getvalue()
    at = content.rindex(b"PK\x01\x02")  # the directory's entry of the last part
    content = content[: at + 24] + struct.pack("<I", 0xFFFFFFF0) + content[at + 28 :]
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("it was unpacked"))
    assert "larger than 1,024 MB when it is unpacked" in fault(spool(content)).reason


@pytest.mark.req("K6")
def test_a_bomb_that_lies_about_its_size_is_found_out(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_UNPACKED", 1 << 20)
    out = io.BytesIO(workbook({"P": PEOPLE}))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/zeros.xml", b"0" * (64 << 20))
    content = out.getvalue()
    assert "larger than 1 MB" in fault(spool(content)).reason
    at = content.rindex(b"PK\x01\x02")
    lying = content[: at + 24] + struct.pack("<I", 1_000) + content[at + 28 :]
    assert "damaged" in fault(spool(lying)).reason


@pytest.mark.req("K6")
@pytest.mark.parametrize("cut", [100, 1_500, 60])
def test_a_workbook_cut_in_the_middle_is_damaged(spool: Spool, cut: int) -> None:
    path = spool(workbook({"P": PEOPLE})[:-cut])
    assert is_workbook(path)
    assert "damaged" in fault(path).reason


@pytest.mark.req("K6")
def test_protected_workbooks_say_so(spool: Spool) -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1_000) + "EncryptedPackage".encode("utf-16-le") + bytes(1_000)
    with pytest.raises(UnreadableFile, match="protected by a password"):
        is_workbook(spool(ole))
    assert not is_workbook(spool(ole[:500]))


@pytest.mark.req("K6")
def test_other_archives_are_no_workbooks(spool: Spool) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("people.csv", "phone\n1\n")
    assert not is_workbook(spool(out.getvalue()))
    assert not is_workbook(spool(b"phone\n1\n"))
