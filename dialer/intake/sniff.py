"""What a file is, from its first bytes: a foreign format by its magic, the delimiter, a header or none."""

import csv
import re
from collections.abc import Sequence

from dialer.domain.columns import is_known
from dialer.domain.phone import looks_like_phone
from dialer.domain.said import marked
from dialer.intake.faults import FileFault, UnreadableFile

DELIMITERS = (",", ";", "\t", "|")
SAMPLE_LINES = 20
_SAVE = marked("open it in the program it comes from and save it as CSV UTF-8")
_MAGIC = (
    (
        b"PK\x03\x04",
        marked("this is a damaged Excel workbook or a zip archive, not a CSV file"),
        marked(
            "open a workbook in Excel and save it again as .xlsx or CSV UTF-8; unpack an archive and upload the file inside"
        ),
    ),
    (
        b"PK\x05\x06",
        marked("this is an empty zip archive, not a CSV file"),
        marked("pack nothing: upload the CSV file itself"),
    ),
    (b"\xd0\xcf\x11\xe0", marked("this is an old Excel or Office document, not a CSV file"), _SAVE),
    (b"%PDF", marked("this is a PDF document, not a CSV file"), marked("export the table as CSV where it was made")),
    (b"\x89PNG", marked("this is a PNG image, not a CSV file"), marked("upload the table as CSV")),
    (b"\xff\xd8\xff", marked("this is a JPEG image, not a CSV file"), marked("upload the table as CSV")),
    (b"GIF8", marked("this is a GIF image, not a CSV file"), marked("upload the table as CSV")),
    (b"\x1f\x8b", marked("this is a gzip archive, not a CSV file"), marked("unpack it and upload the CSV file inside")),
    (b"BZh", marked("this is a bzip2 archive, not a CSV file"), marked("unpack it and upload the CSV file inside")),
    (
        b"7z\xbc\xaf",
        marked("this is a 7-Zip archive, not a CSV file"),
        marked("unpack it and upload the CSV file inside"),
    ),
    (b"Rar!", marked("this is a RAR archive, not a CSV file"), marked("unpack it and upload the CSV file inside")),
    (b"SQLite format 3", marked("this is a SQLite database, not a CSV file"), marked("export the table as CSV")),
    (b"\x7fELF", marked("this is a program, not a CSV file"), marked("upload the table as CSV")),
    (b"{\\rtf", marked("this is an RTF document, not a CSV file"), _SAVE),
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
            raise UnreadableFile(FileFault.NOT_CSV, what, remedy)
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
