"""Excel workbooks: the first sheet that holds something becomes a CSV file, so that all behind it is one pipeline.

Nobody's workbook is trusted: what its zip directory promises is added up before anything is unpacked, every part is then
unpacked once without keeping it to see that the promise holds, and the reading itself is done by a process with limits
(see `examine`). A row of the sheet becomes a line of the CSV file, so that messages name the row that Excel shows.
"""

import csv
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import python_calamine

from dialer.domain.errors import shown
from dialer.domain.said import Said, marked
from dialer.intake.faults import FileFault, UnreadableFile

MAX_UNPACKED = 1 << 30  # bytes of all parts; a million rows of ten columns are about half of that
MAX_PARTS = 10_000
ENCODING, DELIMITER = "utf-8", ","
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_CHUNK = 1 << 18
_SAVE = marked("open it in Excel and save it as .xlsx or as CSV UTF-8")
_MIDNIGHT = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Sheet:
    """Which sheet was taken, and the names of those that hold something too and were not."""

    name: str
    left_out: tuple[str, ...]


def is_workbook(path: Path) -> bool:
    """Whether the file is an Excel workbook, readable or not. Raises UnreadableFile for an encrypted one."""
    with path.open("rb") as file:
        head = file.read(_CHUNK)
        if head.startswith(_OLE) and (_ENCRYPTED in head or _ENCRYPTED in _tail(path)):
            raise UnreadableFile(FileFault.WORKBOOK, "the workbook is protected by a password", "save it without one")
    if not head.startswith(_ZIP):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.NameToInfo
    except (zipfile.BadZipFile, OSError, ValueError):
        return b"xl/" in head or b"[Content_Types].xml" in head


def to_csv(path: Path, target: Path) -> Sheet:
    """Write the first sheet that holds something. Raises UnreadableFile: damaged, encrypted, empty, or a bomb."""
    try:
        _check_size(path)
        with python_calamine.CalamineWorkbook.from_path(path) as book:
            return _write(book, target)
    except python_calamine.PasswordError as fault:
        told = marked("the workbook is protected by a password")
        raise UnreadableFile(FileFault.WORKBOOK, told, "save it without one") from fault
    except (zipfile.BadZipFile, zlib.error, python_calamine.CalamineError, EOFError, ValueError) as fault:
        reason = Said("the workbook is damaged: %(why)s", why=str(fault)[:200])
        raise UnreadableFile(FileFault.WORKBOOK, reason, _SAVE) from fault


def _tail(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _CHUNK))
        return file.read()


def _check_size(path: Path) -> None:
    """Against bombs: first by what the directory says, then by what is really in the parts."""
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
        if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
            raise _too_large()
        if any(part.flag_bits & 1 for part in parts):
            raise UnreadableFile(FileFault.WORKBOOK, "the workbook is encrypted", "save it without a password")
        for part in parts:
            with archive.open(part) as content:
                while content.read(_CHUNK):  # no further than it promises; more than that shows in its checksum
                    pass


def _too_large() -> UnreadableFile:
    reason = Said("the workbook is larger than %(most)s MB when it is unpacked", most=f"{MAX_UNPACKED >> 20:,}")
    return UnreadableFile(FileFault.WORKBOOK, reason, "save the sheet with the contacts alone, as CSV UTF-8")


def _write(book: "python_calamine.CalamineWorkbook", target: Path) -> Sheet:
    names = list(_visible(book))
    for at, name in enumerate(names):
        sheet = book.get_sheet_by_name(name)
        if sheet.start is not None and _write_rows(sheet, target):
            del sheet  # before the others are looked at: it holds all of its cells
            return Sheet(name, tuple(other for other in names[at + 1 :] if _is_filled(book, other)))
    none, empty = (
        marked("the workbook is empty: it has no sheet"),
        marked("the workbook is empty: none of its sheets (%(names)s) holds anything"),
    )
    reason = Said(empty, names=", ".join(map(shown, names[:10]))) if names else none
    raise UnreadableFile(FileFault.EMPTY, reason, "save it again with its data")


def _visible(book: "python_calamine.CalamineWorkbook") -> Iterator[str]:
    for sheet in book.sheets_metadata:
        if (
            sheet.visible is python_calamine.SheetVisibleEnum.Visible
            and sheet.typ is python_calamine.SheetTypeEnum.WorkSheet
        ):
            yield sheet.name


def _is_filled(book: "python_calamine.CalamineWorkbook", name: str) -> bool:
    try:
        return book.get_sheet_by_name(name).start is not None
    except python_calamine.CalamineError:
        return False


def _write_rows(sheet: "python_calamine.CalamineSheet", target: Path) -> bool:
    """Whether anything was in it. Blank rows stay, as blank lines."""
    filled = False
    with target.open("w", encoding=ENCODING, newline="") as file:
        writer = csv.writer(file, delimiter=DELIMITER, lineterminator="\n")
        for row in sheet.iter_rows():
            cells = [_text(value) for value in row]
            filled = filled or any(cells)
            writer.writerow(_trimmed(cells))
    return filled


def _trimmed(cells: Sequence[str]) -> Sequence[str]:
    return cells if any(cells) else ()


def _text(value: Any) -> str:
    """What a person sees in the cell; days and times as ISO 8601. Line breaks would part a row from its number."""
    if isinstance(value, str):
        return value if value.isprintable() else " ".join(value.replace("\0", " ").splitlines())
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime):
        time = (value.hour, value.minute, value.second, value.microsecond)
        return value.date().isoformat() if time == _MIDNIGHT else value.isoformat()
    return value.isoformat() if isinstance(value, date) or hasattr(value, "isoformat") else str(value)
