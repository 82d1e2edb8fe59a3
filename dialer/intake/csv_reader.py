"""Read a CSV file of any size and any origin: row by row, in bounded memory, and never trusting it.

Two passes. `inspect` looks at the beginning and tells the shape; `validate` streams through the whole file and raises
UnreadableFile for anything that makes the *file* wrong, so that nothing is written before the file is known to be
readable to its end. `read` then yields the rows; what is wrong with one row only comes as a RefusedRow.

The standard library's parser does the splitting (in strict mode: it is the only one of five tried that coped with
every malformed file). What it lacks is added around it: bounds. It would read a 100 MB line into memory, and after one
quote too many the rest of the file into one cell.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TextIO

from dialer.domain.columns import attribute_name
from dialer.domain.errors import InvalidInput, shown
from dialer.domain.said import Said, marked
from dialer.intake import encodings, sniff
from dialer.intake.faults import FileFault, UnreadableFile

MAX_LINE = 1 << 20  # characters, of a line and of a row that spans several
MAX_FIELD = 1 << 16  # characters
MAX_ROW_LINES = 200  # a quoted cell with more line breaks than that is a quote that was never closed
MAX_COLUMNS = 500
SAMPLE_ROWS = 10
_QUOTE_REMEDY = marked('write a quote inside a cell twice (""), or remove it')


@dataclass(frozen=True, slots=True)
class FileShape:
    """How a file is to be read. `first_line` is the header's line (1-based), or that of the first row without one."""

    encoding: str
    delimiter: str
    header: bool
    columns: tuple[str, ...]
    sample_rows: tuple[tuple[str, ...], ...]
    bytes: int
    first_line: int = 1


@dataclass(frozen=True, slots=True)
class Row:
    """A data row, filled up to the number of columns; `number` is the line of the file on which it begins, from 1."""

    number: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that cannot be split into the columns; `cells` as far as they could be read."""

    number: int
    cells: list[str]
    reason: str


@dataclass(frozen=True, slots=True)
class Census:
    """How many rows `read` will yield, of which `refused` as RefusedRow."""

    rows: int
    refused: int


def inspect(
    path: Path, *, encoding: str | None = None, delimiter: str | None = None, header: bool | None = None
) -> FileShape:
    """The shape of a file from its first rows; what is given is taken, not detected.

    Raises UnreadableFile, and InvalidInput for an encoding or a delimiter that is not offered.
    """
    if delimiter is not None and delimiter not in sniff.DELIMITERS:
        raise InvalidInput.single("delimiter", "%(value)s is not offered; use one of , ; tab |", value=shown(delimiter))
    with path.open("rb") as file:
        head = file.read(encodings.HEAD_BYTES)
    sniff.refuse_foreign(head)
    encoding = encodings.checked_encoding(encoding) if encoding else encodings.detect_encoding(path)
    beginning = _beginning(path, encoding)
    first_line, hinted = _excel_hint(beginning)
    delimiter = delimiter or hinted or sniff.detect_delimiter(beginning)
    first = _first_row(path, encoding, delimiter, first_line)
    header = sniff.is_header(first.cells) if header is None else header
    columns = tuple(cell.strip() for cell in first.cells) if header else sniff.guessed_columns(first.cells)
    _check_columns(columns, first.number)
    shape = FileShape(encoding, delimiter, header, columns, (), path.stat().st_size, first.number)
    sample = tuple(tuple(row.cells) for row in islice(read(path, shape), SAMPLE_ROWS))
    if not sample:
        raise UnreadableFile(FileFault.NO_ROWS, "the file has a header and no rows", "export it again with its data")
    return FileShape(encoding, delimiter, header, columns, sample, shape.bytes, first.number)


def validate(path: Path, shape: FileShape) -> Census:
    """Stream through the whole file (about a second a million rows). Raises UnreadableFile; writes nothing."""
    rows = refused = 0
    for row in read(path, shape):
        rows += 1
        refused += isinstance(row, RefusedRow)
    return Census(rows, refused)


def read(path: Path, shape: FileShape, *, after: int = 0) -> Iterator[Row | RefusedRow]:
    """The rows below the header that begin after line `after` (to go on after a restart); blank rows are left out.

    Raises UnreadableFile in the middle if the file is unreadable from there on.
    """
    start = shape.first_line + 1 if shape.header else shape.first_line
    width = len(shape.columns)
    for row in _rows(path, shape.encoding, shape.delimiter, shape.first_line):
        if row.number < start or row.number <= after:
            continue
        if isinstance(row, Row):
            row = _fitted(row, width)  # noqa: PLW2901 -- the same row, made to fit
        yield row


class _Lines:
    """The lines of a file one at a time, each bounded, with what the parser does not tell: where the row began."""

    __slots__ = ("_file", "last", "number", "row_chars", "row_line")

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.number = 0
        self.last = ""
        self.begin_row()

    def begin_row(self) -> None:
        self.row_line, self.row_chars = self.number + 1, 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._file.readline(MAX_LINE + 1)
        if not line:
            raise StopIteration
        self.number += 1
        self.row_chars += len(line)
        self.last = line
        if "\0" in line:
            reason = Said(
                "line %(line)s contains a NUL byte, so this is not a text file or a damaged one", line=self.number
            )
            raise UnreadableFile(FileFault.NUL, reason, "export it again as CSV UTF-8")
        if self.row_chars > MAX_LINE or self.number - self.row_line >= MAX_ROW_LINES:
            raise self._overlong()
        return line

    def _overlong(self) -> UnreadableFile:
        if self.number == self.row_line:
            reason = Said("line %(line)s is longer than %(most)s characters", line=self.number, most=f"{MAX_LINE:,}")
            return UnreadableFile(FileFault.TOO_LONG, reason, "check that the file has one contact per line")
        return unclosed(self.row_line)


def unclosed(line: int) -> UnreadableFile:
    told = marked("a quote opened in the row at line %(line)s is never closed, or closed in the wrong place")
    reason = Said(told, line=line)
    return UnreadableFile(FileFault.QUOTES, reason, _QUOTE_REMEDY)


def _rows(path: Path, encoding: str, delimiter: str, first_line: int) -> Iterator[Row | RefusedRow]:
    """All rows from that line on, the header's among them, blank ones left out."""
    with path.open(encoding=encoding, errors="strict", newline="") as file:
        lines = _Lines(file)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        try:
            for _ in islice(lines, first_line - 1):
                lines.begin_row()
            while True:
                lines.begin_row()
                row = _next_row(reader, lines)
                if row is None:
                    return
                if any(row.cells):
                    yield row
        except UnicodeError as fault:
            raise encodings.encoding_fault(path, encoding) from fault


def _next_row(reader: "Iterator[list[str]]", lines: _Lines) -> Row | RefusedRow | None:
    """The next row of the parser; None at the end."""
    begin = lines.row_line
    try:
        cells = next(reader)
    except StopIteration:
        return None
    except csv.Error as fault:
        # Within one line it is that row's fault. Over several, rows were swallowed and more might be: the file's.
        if lines.number > begin or "end of data" in str(fault):
            raise unclosed(begin) from fault
        if "larger than field limit" in str(fault):
            raise _overlong_field(begin) from fault
        return RefusedRow(begin, [lines.last.rstrip("\r\n")], _with_remedy(marked("the quotes do not pair")))
    if lines.row_chars > MAX_FIELD and max(map(len, cells)) > MAX_FIELD:
        raise _overlong_field(begin)
    return Row(begin, cells)


def _with_remedy(told: str, **values: int) -> str:
    return Said("%(what)s; %(remedy)s", what=Said(told, **values), remedy=Said(_QUOTE_REMEDY))


def _overlong_field(line: int) -> UnreadableFile:
    reason = Said(
        "the row at line %(line)s has a cell of more than %(most)s characters", line=line, most=f"{MAX_FIELD:,}"
    )
    return UnreadableFile(FileFault.TOO_LONG, reason, "shorten it, or leave its column out of the export")


def _fitted(row: Row, width: int) -> Row | RefusedRow:
    """The row with exactly as many cells as there are columns: programs leave empty ones off, or add some."""
    cells = row.cells
    if len(cells) == width:
        return row
    if len(cells) < width:
        if any("\n" in cell for cell in cells):
            told = marked(
                "has %(cells)s cells instead of %(width)s, one of them with line breaks: a quote is out of place"
            )
            return RefusedRow(row.number, cells, _with_remedy(told, cells=len(cells), width=width))
        return Row(row.number, cells + [""] * (width - len(cells)))
    if any(cell.strip() for cell in cells[width:]):
        told = marked(
            "has %(cells)s cells where the header has %(width)s; put cells that contain the delimiter in quotes"
        )
        return RefusedRow(row.number, cells, Said(told, cells=len(cells), width=width))
    return Row(row.number, cells[:width])


def _beginning(path: Path, encoding: str) -> str:
    """The first characters, whole lines where there are any, for telling the delimiter."""
    try:
        with path.open(encoding=encoding, errors="strict", newline="") as file:
            text = file.read(encodings.HEAD_BYTES // 4)
    except UnicodeError as fault:
        raise encodings.encoding_fault(path, encoding) from fault
    whole = text.rpartition("\n")[0]
    return whole or text


def _excel_hint(beginning: str) -> tuple[int, str | None]:
    """Excel's own first line `sep=;`: the line on which the table begins, and the delimiter it names."""
    line = beginning.partition("\n")[0].strip('"\r ')
    if line.lower().startswith("sep=") and line[4:] in sniff.DELIMITERS:
        return 2, line[4:]
    return 1, None


def _first_row(path: Path, encoding: str, delimiter: str, first_line: int) -> Row:
    first = next(_rows(path, encoding, delimiter, first_line), None)
    if first is None:
        raise UnreadableFile(FileFault.EMPTY, "the file holds nothing but blank lines", "export the table again")
    if isinstance(first, RefusedRow):
        raise unclosed(first.number)
    return first


def _check_columns(columns: tuple[str, ...], line: int) -> None:
    if len(columns) > MAX_COLUMNS:
        reason = Said(
            "the first row (line %(line)s) has %(columns)s columns, more than %(most)s",
            line=line, columns=len(columns), most=MAX_COLUMNS,
        )  # fmt: skip
        raise UnreadableFile(FileFault.COLUMNS, reason, "check the delimiter, or leave columns out of the export")
    seen: dict[str, int] = {}
    for at, column in enumerate(columns, 1):
        name = attribute_name(column)
        if name and name in seen:
            told = {"first": seen[name], "second": at, "name": shown(column)}
            reason = Said("columns %(first)s and %(second)s are both called %(name)s", **told)
            raise UnreadableFile(FileFault.COLUMNS, reason, "rename one of them in the header")
        seen[name] = at
