"""What an upload says beside its content, and what is told about a file before it is imported."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, StringConstraints

from admin.schemas.common import FaultOut, In, Out
from dialer.domain.patterns import LINE
from dialer.domain.uploading import Told
from dialer.operations.foreseeing import Counts
from dialer.operations.pending import Pending
from dialer.operations.uploads import Preview

Word = Annotated[str, StringConstraints(max_length=64, pattern=LINE)]

NAME = Field(default=None, max_length=255, pattern=LINE, description="The file's name.")
MAPPING = Field(
    default=None,
    max_length=64_000,
    description="JSON object of column → field; a column mapped to null is left out.",
)
REGION = Field(default=None, description="Region in which numbers without + are read, two letters; unset: the setting.")
TIME_ZONE = Field(default=None, description="IANA time zone of contacts that name none.")
ENCODING = Field(default=None, description="Encoding of the file; unset: detected.")
DELIMITER = Field(default=None, max_length=3, description="One of , ; | or tab; unset: detected.")
HEADER = Field(default=None, description="Whether the first row names the columns; unset: detected.")


class FileQuery(In):
    name: str | None = NAME
    mapping: str | None = MAPPING
    region: Word | None = REGION
    time_zone: Word | None = TIME_ZONE
    encoding: Word | None = ENCODING
    delimiter: str | None = DELIMITER
    header: bool | None = HEADER


class UploadQuery(FileQuery):
    upload: Word | None = Field(default=None, description="Id of a kept upload to take instead of a file that is sent.")


class ToldIn(In):
    """What is said about a kept upload; what is left out is detected, or the default."""

    mapping: dict[str, str | None] | None = Field(default=None, description="Column → field; null leaves a column out.")
    region: Word | None = REGION
    time_zone: Word | None = TIME_ZONE
    encoding: Word | None = ENCODING
    delimiter: str | None = DELIMITER
    header: bool | None = HEADER

    def told(self) -> Told:
        return Told(self.mapping, self.region, self.time_zone, self.encoding, self.delimiter, self.header)


class ReasonOut(Out):
    """One reason, its values left out; `example` is that of the first row, at `line`."""

    reason: str
    remedy: str
    rows: int
    line: int
    example: str


class CountsOut(Out):
    """What would become of the first `rows` rows; `complete`: these are all.

    `notes` are of rows that are taken, but without an address that can't be used.
    """

    rows: int
    complete: bool
    created: int
    merged: int
    refused: int
    reasons: list[ReasonOut]
    notes: list[ReasonOut]

    @classmethod
    def of(cls, counts: Counts) -> Self:
        return cls.model_validate(counts, from_attributes=True)


class PreviewOut(Out):
    """`fields` is the proposed mapping; `rows` counts all, `refused` those that can't be split into the columns.

    `errors` are the mapping's: nothing is counted until they are mended. `remembered`: the mapping, region or zone come
    from the last file with these columns. `sheet` is the one taken of a workbook.
    """

    encoding: str
    delimiter: str
    header: bool
    columns: list[str]
    fields: dict[str, str]
    sample_rows: list[list[str]]
    rows: int
    refused: int
    sheet: str | None
    sheets_left_out: list[str]
    region: str | None
    time_zone: str | None
    remembered: bool
    errors: list[FaultOut]
    counts: CountsOut | None

    @classmethod
    def of(cls, preview: Preview) -> Self:
        found, shape = preview.found, preview.found.shape
        return cls(
            encoding=shape.encoding,
            delimiter=shape.delimiter,
            header=shape.header,
            columns=list(shape.columns),
            fields=dict(found.fields),
            sample_rows=[list(row) for row in shape.sample_rows],
            rows=found.rows,
            refused=found.split_refused,
            sheet=found.sheet.name if found.sheet else None,
            sheets_left_out=list(found.sheet.left_out) if found.sheet else [],
            region=preview.told.region,
            time_zone=preview.told.time_zone,
            remembered=preview.remembered,
            errors=[FaultOut(field=fault.field, reason=fault.reason) for fault in preview.faults],
            counts=CountsOut.of(preview.counts) if preview.counts else None,
        )


class UploadOut(Out):
    """A file that waits for a person's word; it is removed at `expires_at`."""

    id: str
    name: str
    created_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, pending: Pending) -> Self:
        return cls(
            id=pending.id, name=pending.upload.name, created_at=pending.created_at, expires_at=pending.expires_at
        )


class KeptOut(UploadOut):
    """A new one, with what is in it."""

    preview: PreviewOut


class UploadsOut(Out):
    items: list[UploadOut]
