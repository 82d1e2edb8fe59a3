"""What a file is, from its first bytes: a foreign format by its magic, the delimiter, a header or none."""

import csv
import re
from collections.abc import Sequence

from dialer.domain.columns import is_known
from dialer.domain.phone import looks_like_phone
from dialer.intake.faults import FileFault, UnreadableFile

DELIMITERS = (",", ";", "\t", "|")
SAMPLE_LINES = 20
_SAVE = "open it in the program it comes from and save it as CSV UTF-8"
_MAGIC = (
    (
        b"PK\x03\x04",
        "a damaged Excel workbook or a zip archive",
        "open a workbook in Excel and save it again as .xlsx or CSV UTF-8; unpack an archive and upload the file inside",
    ),
    (b"PK\x05\x06", "an empty zip archive", "pack nothing: upload the CSV file itself"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Office document", _SAVE),
    (b"%PDF", "a PDF document", "export the table as CSV where it was made"),
    (b"\x89PNG", "a PNG image", "upload the table as CSV"),
    (b"\xff\xd8\xff", "a JPEG image", "upload the table as CSV"),
    (b"GIF8", "a GIF image", "upload the table as CSV"),
    (b"\x1f\x8b", "a gzip archive", "unpack it and upload the CSV file inside"),
    (b"BZh", "a bzip2 archive", "unpack it and upload the CSV file inside"),
    (b"7z\xbc\xaf", "a 7-Zip archive", "unpack it and upload the CSV file inside"),
    (b"Rar!", "a RAR archive", "unpack it and upload the CSV file inside"),
    (b"SQLite format 3", "a SQLite database", "export the table as CSV"),
    (b"\x7fELF", "a program", "upload the table as CSV"),
    (b"{\\rtf", "an RTF document", _SAVE),
)
_MARKUP = re.compile(rb"\s*<(!doctype|html|\?xml|table|workbook)", re.IGNORECASE)
_DAY = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}|(19|20)\d\d[-/](19|20)\d\d")  # or two years
_JSON = re.compile(rb'\s*(\[\s*\{|\{\s*")')


def refuse_foreign(head: bytes) -> None:
    """Raises UnreadableFile if the bytes are an archive, a document, an image, markup, JSON or nothing at all."""
    if not head.strip(b"\xef\xbb\xbf \t\r\n"):
        raise UnreadableFile(FileFault.EMPTY, "the file is empty", "export the table again and check its size")
    if head.startswith(b"PK\x03\x04") and (b"xl/" in head or b"[Content_Types].xml" in head):
        raise UnreadableFile(FileFault.NOT_CSV, "this is an Excel workbook, not a CSV file", "save it as CSV UTF-8")
    for magic, what, remedy in _MAGIC:
        if head.startswith(magic):
            raise UnreadableFile(FileFault.NOT_CSV, f"this is {what}, not a CSV file", remedy)
    if _MARKUP.match(head):
        raise UnreadableFile(FileFault.NOT_CSV, "this is HTML or XML, not a CSV file", _SAVE)
    if _JSON.match(head):
        raise UnreadableFile(FileFault.NOT_CSV, "this is JSON, not a CSV file", "save the table as CSV")


def detect_delimiter(text: str) -> str:
    """The delimiter that splits the first lines best: known column names first, then rows of one width."""
    lines = text.splitlines(keepends=True)[:SAMPLE_LINES]
    return max(DELIMITERS, key=lambda delimiter: _fit(lines, delimiter))


def is_header(cells: Sequence[str]) -> bool:
    """Whether a first row names columns: it holds no address, or more known names than what reads as one.

    In a file without a header `phone` may be what a person wrote beside a number; in a header a column may be called
    by a day, which reads as a number.
    """
    addresses = sum(not _DAY.fullmatch(cell.strip()) and (looks_like_phone(cell) or "@" in cell) for cell in cells)
    return not addresses or sum(map(is_known, cells)) > addresses


def guessed_columns(cells: Sequence[str]) -> tuple[str, ...]:
    """Names for a file without a header, from its first row: what reads as an address is one."""
    phones = emails = 0
    names = []
    for at, cell in enumerate(cells, 1):
        if looks_like_phone(cell):
            phones += 1
            names.append("phone" if phones == 1 else f"phone{phones}")
        elif "@" in cell:
            emails += 1
            names.append("email" if emails == 1 else f"email{emails}")
        else:
            names.append(f"column_{at}")
    return tuple(names)


def _fit(lines: list[str], delimiter: str) -> tuple[bool, int, float, int]:
    rows = [row for row in csv.reader(lines, delimiter=delimiter) if row]
    width = len(rows[0]) if rows else 0
    known = sum(is_known(cell) for cell in rows[0]) if rows else 0
    same = sum(len(row) == width for row in rows) / len(rows) if rows else 0.0
    return width > 1, known, same, width
