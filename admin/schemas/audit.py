"""The audit log as the API gives it."""

from datetime import datetime
from typing import Any

from pydantic import Field

from admin.schemas.common import RowOut


class AuditOut(RowOut):
    """One change. `before` is null for something new, `after` for something removed; of an edit both have what differs."""

    id: int
    at: datetime
    who: str = Field(description="A user, a token, a campaign's REST source, or who ran a command.")
    kind: str = Field(description="`person`, `token`, `campaign key` or `command`.")
    address: str = Field(description="Where the request came from; empty for a command.")
    action: str
    thing: str
    thing_id: str
    name: str = Field(description="What the thing was called; empty where that could be somebody's name.")
    before: dict[str, Any] | None
    after: dict[str, Any] | None
