"""What an upload says beside its content."""

from pydantic import Field

from admin.schemas.common import In


class UploadQuery(In):
    name: str | None = Field(
        default=None, max_length=255, pattern=r"^[^\x00-\x1f\x7f]*$", description="The file's name."
    )
    mapping: str | None = Field(
        default=None,
        max_length=64_000,
        description="JSON object of column → field; a column mapped to null is left out.",
    )
