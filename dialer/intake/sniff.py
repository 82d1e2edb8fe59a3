"""What a file is, from its first bytes: a foreign format by its magic, the encoding, the delimiter, a header or none."""

import codecs
import csv
import re
from collections.abc import Sequence
from pathlib import Path

from dialer.domain.columns import is_known
from dialer.domain.errors import InvalidInput, shown
from dialer.domain.phone import looks_like_phone
from dialer.intake.faults import FileFault, UnreadableFile

HEAD_BYTES = 65_536
CHUNK_BYTES = 1 << 18
DELIMITERS = (",", ";", "\t", "|")
SAMPLE_LINES = 20
# A person may name one of these when a file is neither UTF-8 nor marked; codecs that execute or expand are not here.
ENCODINGS = (
    *("utf-8", "utf-16", "utf-16-le", "utf-16-be", "ascii"),
    *("windows-1252", "windows-1250", "windows-1251", "windows-1253", "windows-1254", "windows-1255", "windows-1256"),
    *("windows-1257", "windows-1258", "iso-8859-1", "iso-8859-2", "iso-8859-5", "iso-8859-7", "iso-8859-8"),
    *("iso-8859-9", "iso-8859-15", "mac-roman", "cp437", "cp850", "koi8-r", "koi8-u"),
    *("shift_jis", "euc-jp", "euc-kr", "gb18030", "big5"),
)
_SAVE = "open it in the program it comes from and save it as CSV UTF-8"
_MAGIC = (
    (b"PK\x03\x04", "a zip archive", "unpack it and upload the CSV file inside"),
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
_BOMS = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF8, "utf-8-sig"))
_BOMS_16 = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_MARKUP = re.compile(rb"\s*<(!doctype|html|\?xml|table|workbook)", re.IGNORECASE)
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


def checked_encoding(name: str) -> str:
    """An encoding a person named, in its usual spelling. Raises InvalidInput for one that is not offered."""
    wanted = name.strip().lower().replace("_", "-")
    for known in ENCODINGS:
        if known.replace("_", "-") in (
            wanted,
            wanted.replace("cp125", "windows-125"),
            wanted.replace("latin1", "iso-8859-1"),
        ):
            return known
    raise InvalidInput.single("encoding", f"{shown(name)} is not offered; use one of {', '.join(ENCODINGS)}")


def detect_encoding(head: bytes) -> str:
    """From a byte-order mark, else from the pattern of NUL bytes, else UTF-8, which the reader then holds it to."""
    for bom, name in (*_BOMS, *_BOMS_16):
        if head.startswith(bom):
            return name
    pairs = max(1, len(head) // 2)
    even, odd = head[0::2].count(0) / pairs, head[1::2].count(0) / pairs
    # Western text in UTF-16 has every other byte NUL; a NUL or two in a file of bytes is a fault of another kind.
    if odd > 0.4 and even < 0.1:  # noqa: PLR2004
        return "utf-16-le"
    if even > 0.4 and odd < 0.1:  # noqa: PLR2004
        return "utf-16-be"
    return "utf-8"


def encoding_fault(path: Path, encoding: str) -> UnreadableFile:
    """Where exactly the file stops being in that encoding: byte (from 1) and line; for the message only."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    position, line = 0, 1
    with path.open("rb") as file:
        while True:
            chunk = file.read(CHUNK_BYTES)
            pending = len(decoder.getstate()[0])
            try:
                line += decoder.decode(chunk, final=not chunk).count("\n")
            except UnicodeDecodeError as fault:
                start = position - pending + fault.start
                line += fault.object[: fault.start].count(b"\n")
                return _named_fault(encoding, fault, start, line)
            if not chunk:
                # Only if the file was changed meanwhile.
                return UnreadableFile(FileFault.ENCODING, f"the file is not {encoding}", "upload it again")
            position += len(chunk)


def detect_delimiter(text: str) -> str:
    """The delimiter that splits the first lines best: known column names first, then rows of one width."""
    lines = text.splitlines(keepends=True)[:SAMPLE_LINES]
    return max(DELIMITERS, key=lambda delimiter: _fit(lines, delimiter))


def is_header(cells: Sequence[str]) -> bool:
    """Whether a first row names columns: a known name among them, or nothing that is an address itself."""
    if any(is_known(cell) for cell in cells):
        return True
    return not any(looks_like_phone(cell) or "@" in cell for cell in cells)


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


def _named_fault(encoding: str, fault: UnicodeDecodeError, start: int, line: int) -> UnreadableFile:
    byte = f"byte 0x{fault.object[fault.start]:02x} at position {start + 1}, line {line}"
    if encoding.startswith("utf-8"):
        return UnreadableFile(FileFault.ENCODING, f"the file is not UTF-8: {byte}", "save it as CSV UTF-8")
    return UnreadableFile(FileFault.ENCODING, f"the file is not {encoding}: {byte}", "save it as CSV UTF-8")


def _fit(lines: list[str], delimiter: str) -> tuple[bool, int, float, int]:
    rows = [row for row in csv.reader(lines, delimiter=delimiter) if row]
    width = len(rows[0]) if rows else 0
    known = sum(is_known(cell) for cell in rows[0]) if rows else 0
    same = sum(len(row) == width for row in rows) / len(rows) if rows else 0.0
    return width > 1, known, same, width
